//! From the body of a request into a task, or a list of what is wrong with it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::state::{projects, users};
use super::{Task, TaskStatus};

/// One thing that is wrong with a body.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    field: &'static str,
    message: String,
}

/// Sets the fields a body names; `null` clears those that may be empty, unknown ones are passed over.
///
/// The task is as before where the answer is an error.
pub(super) fn apply(body: &Map<String, Value>, task: &mut Task) -> Result<(), Vec<FieldError>> {
    let mut changed = task.clone();
    let mut errors = Vec::new();
    let mut note = |field, result: Result<(), String>| {
        errors.extend(result.err().map(|message| FieldError { field, message }));
    };
    note("title", title(body.get("title"), &mut changed.title));
    note("description", optional(body.get("description"), &mut changed.description, |_| Ok(())));
    note("status", status(body.get("status"), &mut changed.status));
    note("assignee", optional(body.get("assignee"), &mut changed.assignee, known_user));
    note("project_id", optional(body.get("project_id"), &mut changed.project_id, known_project));
    note("due_at", optional(body.get("due_at"), &mut changed.due_at, timestamp));
    if errors.is_empty() {
        *task = changed;
        Ok(())
    } else {
        Err(errors)
    }
}

fn title(value: Option<&Value>, title: &mut String) -> Result<(), String> {
    match value {
        // A new task has none yet, a known one keeps its own.
        None if title.is_empty() => Err("is required".to_owned()),
        None => Ok(()),
        Some(Value::String(text)) if text.trim().is_empty() => Err("must not be blank".to_owned()),
        Some(Value::String(text)) if text.chars().count() > 200 => {
            Err("must have 200 characters at the most".to_owned())
        }
        Some(Value::String(text)) => {
            title.clone_from(text);
            Ok(())
        }
        Some(_) => Err("must be a string".to_owned()),
    }
}

fn status(value: Option<&Value>, status: &mut TaskStatus) -> Result<(), String> {
    *status = match value.map(Value::as_str) {
        None => return Ok(()),
        Some(Some("done")) => TaskStatus::Done,
        Some(Some("open")) => TaskStatus::Open,
        Some(_) => return Err("must be `open` or `done`".to_owned()),
    };
    Ok(())
}

fn optional(
    value: Option<&Value>,
    field: &mut Option<String>,
    check: impl FnOnce(&str) -> Result<(), String>,
) -> Result<(), String> {
    match value {
        None => Ok(()),
        Some(Value::Null) => {
            *field = None;
            Ok(())
        }
        Some(Value::String(text)) => {
            check(text)?;
            *field = Some(text.clone());
            Ok(())
        }
        Some(_) => Err("must be a string or null".to_owned()),
    }
}

fn known_user(id: &str) -> Result<(), String> {
    users().iter().any(|user| user.id == id).then_some(()).ok_or_else(|| format!("there is no user {id}"))
}

fn known_project(id: &str) -> Result<(), String> {
    let known = projects().iter().any(|project| project.id == id);
    known.then_some(()).ok_or_else(|| format!("there is no project {id}"))
}

fn timestamp(text: &str) -> Result<(), String> {
    text.parse::<Timestamp>().map(drop).map_err(|_| "must be an RFC 3339 timestamp".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::state::blank;
    use super::*;

    fn fields(body: &Value, task: &mut Task) -> Result<(), Vec<&'static str>> {
        apply(body.as_object().unwrap(), task).map_err(|errors| errors.iter().map(|e| e.field).collect())
    }

    #[test]
    fn names_every_wrong_field_and_changes_nothing() {
        let mut task = blank();
        let before = task.clone();
        let body = json!({"description": 1, "status": "later", "assignee": "usr_9", "due_at": "soon"});
        let wrong = fields(&body, &mut task);
        assert_eq!(wrong, Err(vec!["title", "description", "status", "assignee", "due_at"]));
        assert_eq!(task, before);
    }

    #[test]
    fn null_clears_and_absent_keeps() {
        let mut task = blank();
        let due = "2026-02-01T10:00:00+01:00";
        fields(&json!({"title": "a", "assignee": "usr_1", "due_at": due}), &mut task).unwrap();
        fields(&json!({"assignee": null, "status": "done", "color": "red"}), &mut task).unwrap();
        assert_eq!((task.title.as_str(), task.assignee, task.due_at.as_deref()), ("a", None, Some(due)));
        assert_eq!(task.status, TaskStatus::Done);
    }
}
