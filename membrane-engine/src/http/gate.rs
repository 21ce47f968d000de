//! Gates: how many requests of one key an app takes, and when; who comes first is let through first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use membrane_core::connector::RateLimit;
use tokio::sync::{Mutex as FairMutex, Notify};
use tokio::time::{Instant, sleep, timeout};

use super::target::Target;
use super::wait::Refusal;
use super::window::Window;

/// However long an app asks to be left alone, it is asked again after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// A window that an `Instant` can be moved by.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 86_400);

/// So many requests under way after a refusal show that the app takes as many as there are.
const FREE: usize = 64;

/// The gates of all keys of a stack; idle ones are forgotten.
#[derive(Default)]
pub(crate) struct Gates(Mutex<Known>);

#[derive(Default)]
struct Known {
    gates: HashMap<String, Arc<Gate>>,
    sweep_at: usize,
}

impl Gates {
    /// The gate of a target's key. Another rate than before makes a new one, that keeps the pause.
    pub(crate) fn of(&self, target: &Target) -> Arc<Gate> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.gates.get(target.limit_key());
        if let Some(gate) = before.filter(|gate| gate.rate == target.rate()) {
            return gate.clone();
        }
        let gate = Arc::new(Gate::new(target.rate(), before.and_then(|before| before.paused())));
        if known.gates.len() >= known.sweep_at {
            let now = Instant::now();
            known.gates.retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_idle(now));
            known.sweep_at = (known.gates.len() * 2).max(64);
        }
        known.gates.insert(target.limit_key().to_owned(), gate.clone());
        gate
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().unwrap().gates.len()
    }
}

/// Lets the requests of one key through, first come first served.
pub(crate) struct Gate {
    rate: Option<RateLimit>,
    span: Duration,
    /// Held by the one whose turn it is while it waits; the lock is fair, and leaving the queue is
    /// dropping the future.
    turn: FairMutex<Window>,
    state: Mutex<State>,
    /// Told when a place may have become free.
    freed: Notify,
    /// How many wait to be let in.
    queued: AtomicU32,
}

struct State {
    paused_until: Option<Instant>,
    under_way: usize,
    /// How many may be under way. Half of them after a refusal, and one more for each answer since:
    /// those who waited out a pause together must not be refused together.
    places: usize,
    /// How often the places were halved.
    halved: u64,
}

/// The place of a request under way; dropping it frees the place.
pub(super) struct Place<'a> {
    gate: &'a Gate,
    /// How often the places had been halved when it was taken.
    halved: u64,
}

impl Place<'_> {
    /// Slows the key down after a refusal, as long as the app says, and up with each other answer.
    pub(super) fn learn(&self, refusal: Option<&Refusal>) {
        let mut state = self.gate.state();
        let Some(refusal) = refusal else {
            state.places = state.places.saturating_add(1);
            if state.places > FREE {
                state.places = usize::MAX;
            }
            return;
        };
        // What was sent before the places were halved says nothing about their number now.
        if self.halved == state.halved {
            state.places = (state.places.min(state.under_way) / 2).max(1);
            state.halved += 1;
        }
        if let Some(wait) = refusal.wait {
            let until = Instant::now() + wait.min(LONGEST_PAUSE);
            state.paused_until = Some(state.paused_until.map_or(until, |before| before.max(until)));
        }
    }
}

/// One that waits before a gate.
struct Queued<'a> {
    count: &'a AtomicU32,
    /// How many were there before it.
    number: u32,
}

impl<'a> Queued<'a> {
    fn join(count: &'a AtomicU32) -> Self {
        Self { count, number: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.state().under_way -= 1;
        self.gate.freed.notify_one();
    }
}

impl Gate {
    fn new(rate: Option<RateLimit>, paused_until: Option<Instant>) -> Self {
        // Requests sent a window apart arrive a little less apart when the second travels faster.
        let seconds = rate.map_or(0.0, |rate| rate.per_seconds * 1.02);
        Self {
            rate,
            span: Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_SPAN).min(LONGEST_SPAN),
            turn: FairMutex::default(),
            state: Mutex::new(State { paused_until, under_way: 0, places: usize::MAX, halved: 0 }),
            freed: Notify::new(),
            queued: AtomicU32::new(0),
        }
    }

    /// Waits for the turn, a free place, the end of a pause and room in the window.
    ///
    /// Fails with the wait when that is longer than `max_wait`.
    pub(super) async fn enter(&self, max_wait: Duration) -> Result<Place<'_>, Duration> {
        let begun = Instant::now();
        let ahead = Queued::join(&self.queued);
        let mut window = match self.turn.try_lock() {
            Ok(window) => window,
            Err(_) => {
                // Those ahead take the room of whole windows.
                let windows = self.rate.map_or(0, |rate| ahead.number / rate.requests.max(1));
                let wait = self.span.saturating_mul(windows);
                if wait > max_wait {
                    return Err(wait);
                }
                timeout(max_wait, self.turn.lock()).await.map_err(|_| self.busy())?
            }
        };
        loop {
            let now = Instant::now();
            let pause = self.paused().map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
            let room = self.rate.map_or(Duration::ZERO, |rate| window.wait(now, rate.requests, self.span));
            let wait = pause.max(room);
            if wait + (now - begun) > max_wait && !wait.is_zero() {
                return Err(wait);
            }
            if !wait.is_zero() {
                sleep(wait).await;
            } else if let Some(place) = self.place() {
                if self.rate.is_some() {
                    window.take(now, self.span);
                }
                return Ok(place);
            } else {
                let left = max_wait.saturating_sub(begun.elapsed());
                timeout(left, self.freed.notified()).await.map_err(|_| self.busy())?;
            }
        }
    }

    /// When to come back, where those who are in the way do not say when they are done.
    fn busy(&self) -> Duration {
        self.span.max(Duration::from_secs(1))
    }

    fn place(&self) -> Option<Place<'_>> {
        let stated = self.rate.and_then(|rate| rate.concurrency).map_or(usize::MAX, |stated| stated as usize);
        let mut state = self.state();
        if state.under_way >= state.places.min(stated) {
            return None;
        }
        state.under_way += 1;
        Some(Place { gate: self, halved: state.halved })
    }

    fn paused(&self) -> Option<Instant> {
        self.state().paused_until
    }

    fn is_idle(&self, now: Instant) -> bool {
        let over = self.paused().is_none_or(|until| until <= now);
        over && self.turn.try_lock().is_ok_and(|mut window| window.is_idle(now, self.span))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{join_all, poll_immediate};

    use super::*;

    fn rate(requests: u32, per_seconds: f64, concurrency: Option<u32>) -> RateLimit {
        RateLimit { requests, per_seconds, concurrency }
    }

    const LONG: Duration = Duration::from_secs(100);

    #[tokio::test]
    async fn the_window_holds_back_in_order() {
        let gate = Gate::new(Some(rate(3, 0.1, None)), None);
        let begun = Instant::now();
        let order = Mutex::new(Vec::new());
        join_all((0..10).map(|n| {
            let (gate, order) = (&gate, &order);
            async move {
                assert!(gate.enter(LONG).await.is_ok());
                order.lock().unwrap().push(n);
            }
        }))
        .await;
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn the_queue_is_no_longer_than_the_longest_wait() {
        let gate = Gate::new(Some(rate(2, 10.0, None)), None);
        let longest = Duration::from_secs(21);
        for _ in 0..2 {
            assert!(gate.enter(longest).await.is_ok());
        }
        let mut queued: Vec<_> = (0..8).map(|_| Box::pin(gate.enter(longest))).collect();
        for (n, one) in queued.iter_mut().enumerate() {
            // Two a window: those after the sixth would wait for a third one.
            let refused = poll_immediate(one).await.map(|entered| entered.map(drop));
            assert_eq!(refused.is_some(), n > 5, "{n}: {refused:?}");
        }
        drop(queued);
        assert!(poll_immediate(Box::pin(gate.enter(longest))).await.is_none());
    }

    #[tokio::test]
    async fn a_dropped_wait_frees_its_place() {
        let gate = Gate::new(Some(rate(100, 1.0, Some(1))), None);
        let first = gate.enter(LONG).await.ok();
        let mut second = Box::pin(gate.enter(LONG));
        assert!(poll_immediate(&mut second).await.is_none());
        let mut third = Box::pin(gate.enter(LONG));
        assert!(poll_immediate(&mut third).await.is_none());
        drop(second);
        drop(first);
        assert!(third.await.is_ok());
    }

    #[tokio::test]
    async fn a_pause_holds_everyone_and_a_long_one_is_an_error() {
        let gate = Gate::new(None, None);
        let begun = Instant::now();
        let refusal = |millis| Refusal { wait: Some(Duration::from_millis(millis)), limit: true };
        let place = gate.place().unwrap();
        place.learn(Some(&refusal(50)));
        place.learn(Some(&refusal(10)));
        drop(place);
        assert!(gate.enter(LONG).await.is_ok());
        assert!(begun.elapsed() >= Duration::from_millis(50));
        gate.place().unwrap().learn(Some(&refusal(500_000)));
        assert!(gate.enter(LONG).await.is_err_and(|wait| wait > LONG));
    }

    #[test]
    fn refused_together_slows_down_once() {
        let gate = Gate::new(None, None);
        let refusal = Refusal { wait: None, limit: true };
        let together: Vec<_> = std::iter::from_fn(|| gate.place()).take(40).collect();
        together.iter().for_each(|place| place.learn(Some(&refusal)));
        drop(together);
        let after: Vec<_> = std::iter::from_fn(|| gate.place()).collect();
        assert_eq!(after.len(), 20);
        after[0].learn(Some(&refusal));
        drop(after);
        let place = gate.place().unwrap();
        place.learn(None);
        place.learn(None);
        assert_eq!(std::iter::from_fn(|| gate.place()).collect::<Vec<_>>().len(), 11);
        (0..FREE).for_each(|_| place.learn(None));
        assert_eq!(gate.state().places, usize::MAX);
    }

    #[tokio::test]
    async fn idle_keys_are_forgotten() {
        let gates = Gates::default();
        let target = |n: usize| {
            let builder = Target::builder("https://api.example.com".parse().unwrap());
            builder.limit_key(format!("c{n}")).rate(Some(rate(5, 0.001, None))).build().unwrap()
        };
        let held = gates.of(&target(0));
        for n in 0..2_000 {
            assert!(gates.of(&target(n)).enter(LONG).await.is_ok());
            if n % 50 == 0 {
                sleep(Duration::from_millis(2)).await;
            }
        }
        assert!(gates.len() < 300, "{}", gates.len());
        assert!(Arc::ptr_eq(&held, &gates.of(&target(0))));
    }
}
