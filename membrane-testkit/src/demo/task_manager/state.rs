//! The data of the task manager.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{Project, Task, TaskStatus, User};

/// The data of Taskly: all tasks by number, and the answers that were given to idempotency keys.
#[derive(Debug, Default)]
pub struct Taskly {
    tasks: BTreeMap<u64, Task>,
    // Never goes back, so that a deleted task's number is not given to another.
    last: u64,
    replays: HashMap<String, Replay>,
}

/// What a request with an idempotency key asked and got.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    pub(super) body: Bytes,
    pub(super) task: Task,
}

impl Taskly {
    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// The tasks after a number, each with its own.
    pub(super) fn tasks_after(&self, number: u64) -> impl Iterator<Item = (u64, &Task)> {
        let range = self.tasks.range((Bound::Excluded(number), Bound::Unbounded));
        range.map(|(number, task)| (*number, task))
    }

    pub(super) fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.get(&number_of(id)?)
    }

    pub(super) fn task_mut(&mut self, id: &str) -> Option<&mut Task> {
        self.tasks.get_mut(&number_of(id)?)
    }

    /// Files a task under the next number, and answers it with its id.
    pub(super) fn add(&mut self, mut task: Task) -> Task {
        self.last += 1;
        task.id = format!("tsk_{:06}", self.last);
        task.url = format!("https://taskly.example/tasks/{}", task.id);
        self.tasks.insert(self.last, task.clone());
        task
    }

    /// Removes a task; says whether there was one.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        number_of(id).is_some_and(|number| self.tasks.remove(&number).is_some())
    }

    pub(super) fn replay(&self, key: &str) -> Option<&Replay> {
        self.replays.get(key)
    }

    pub(super) fn remember(&mut self, key: String, replay: Replay) {
        self.replays.insert(key, replay);
    }

    /// Adds tasks whose fields depend on their numbers alone.
    pub(super) fn add_seeded(&mut self, tasks: usize) {
        for _ in 0..tasks {
            let task = seeded(self.last);
            self.add(task);
        }
    }
}

/// A task without content, made now.
pub(super) fn blank() -> Task {
    let now = now();
    Task {
        id: String::new(),
        title: String::new(),
        description: None,
        status: TaskStatus::Open,
        assignee: None,
        project_id: None,
        due_at: None,
        created_at: now.clone(),
        updated_at: now,
        url: String::new(),
    }
}

/// The time, to the millisecond.
pub(super) fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

pub(super) fn users() -> [User; 3] {
    [("usr_1", "Ada Moreau"), ("usr_2", "Ben Okafor"), ("usr_3", "Chloe Lindqvist")].map(|(id, name)| {
        let first = name.split(' ').next().unwrap_or(name).to_lowercase();
        User { id: id.to_owned(), name: name.to_owned(), email: format!("{first}@taskly.example") }
    })
}

pub(super) fn projects() -> [Project; 3] {
    [("prj_1", "Website"), ("prj_2", "Onboarding"), ("prj_3", "Billing")]
        .map(|(id, name)| Project { id: id.to_owned(), name: name.to_owned() })
}

/// The number in `tsk_000042`; nothing for any other spelling, so that a task has one id only.
fn number_of(id: &str) -> Option<u64> {
    let number = id.strip_prefix("tsk_")?.parse().ok()?;
    (format!("tsk_{number:06}") == id).then_some(number)
}

fn seeded(n: u64) -> Task {
    const VERBS: [&str; 7] = ["Call", "Review", "Draft", "Fix", "Plan", "Send", "Update"];
    const OBJECTS: [&str; 5] =
        ["the invoice", "the landing page", "the contract", "the report", "the roadmap"];
    let pick = |words: &[&str]| words[n as usize % words.len()].to_owned();
    // Monday 5 January 2026, 09:00 UTC, and then a task every seven minutes.
    let base = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_767_603_600);
    let after = |minutes: u64| format!("{:.3}", base + SignedDuration::from_mins(minutes.cast_signed()));
    Task {
        title: format!("{} {} #{}", pick(&VERBS), pick(&OBJECTS), n + 1),
        description: n.is_multiple_of(2).then(|| format!("Seeded task number {}.", n + 1)),
        status: if n % 3 == 2 { TaskStatus::Done } else { TaskStatus::Open },
        assignee: (n % 4 != 3).then(|| format!("usr_{}", n % 4 + 1)),
        project_id: (n % 5 != 4).then(|| format!("prj_{}", n % 3 + 1)),
        due_at: (n % 2 == 1).then(|| after(n * 7 + 7 * 24 * 60)),
        created_at: after(n * 7),
        updated_at: after(n * 7),
        ..blank()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_given_twice() {
        let mut state = Taskly::default();
        state.add_seeded(2);
        assert!(state.remove("tsk_000002"));
        assert_eq!(state.add(blank()).id, "tsk_000003");
    }

    #[test]
    fn a_task_has_one_id_only() {
        let mut state = Taskly::default();
        state.add_seeded(1);
        assert!(state.task("tsk_000001").is_some());
        assert!(state.task("tsk_1").is_none());
        assert!(state.task("tsk_+00001").is_none());
    }

    #[test]
    fn seeds_are_the_same_in_each_run() {
        let seeded = |n| {
            let mut state = Taskly::default();
            state.add_seeded(n);
            state.tasks().cloned().collect::<Vec<_>>()
        };
        assert_eq!(seeded(40), seeded(40));
        assert_eq!(seeded(1)[0].created_at, "2026-01-05T09:00:00.000Z");
    }
}
