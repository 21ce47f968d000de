//! The rate limit layer: what an app allows is waited for before a request is sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use membrane_core::connector::RateLimit;
use tokio::sync::{Mutex as FairMutex, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};

use super::auth::Auth;
use super::client::Call;
use super::guard::Arrived;
use super::target::Target;
use super::transport::TransportError;
use super::wait::{self, Refusal};
use super::window::Window;

/// However long an app asks to be left alone, it is asked again after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// A window that an `Instant` can be moved by.
const LONGEST_SPAN: Duration = Duration::from_secs(366 * 86_400);

pub(crate) struct Limit {
    pub(crate) inner: Auth,
    /// A longer wait is an error that says when to come back.
    pub(crate) max_wait: Duration,
}

/// An answer, and whether it refused the request.
pub(crate) struct Judged {
    pub(crate) arrived: Arrived,
    pub(crate) refusal: Option<Refusal>,
}

/// Why there is no answer.
pub(crate) enum Failed {
    /// The limit opens only after this long; nothing was sent.
    Closed(Duration),
    Transport(TransportError),
}

impl Limit {
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Judged, Failed> {
        let _place = call.gate.enter(self.max_wait).await.map_err(Failed::Closed)?;
        let arrived = self.inner.send(call).await.map_err(Failed::Transport)?;
        let response = &arrived.response;
        let refusal = match response.status.as_u16() {
            403 | 429 | 503 => wait::refusal(response.status, &response.headers, Timestamp::now()),
            _ => None,
        };
        if let Some(wait) = refusal.and_then(|refusal| refusal.wait) {
            call.gate.pause(wait);
        }
        Ok(Judged { arrived, refusal })
    }
}

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
    places: Option<Semaphore>,
    /// Held by the one whose turn it is while it waits; the lock is fair, and leaving the queue is
    /// dropping the future.
    turn: FairMutex<Window>,
    paused_until: Mutex<Option<Instant>>,
}

impl Gate {
    fn new(rate: Option<RateLimit>, paused_until: Option<Instant>) -> Self {
        // Requests sent a window apart arrive a little less apart when the second travels faster.
        let seconds = rate.map_or(0.0, |rate| rate.per_seconds * 1.02);
        Self {
            rate,
            span: Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_SPAN).min(LONGEST_SPAN),
            places: rate.and_then(|rate| rate.concurrency).map(|places| {
                Semaphore::new(usize::try_from(places).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS))
            }),
            turn: FairMutex::default(),
            paused_until: Mutex::new(paused_until),
        }
    }

    /// Waits for the turn, a free place, the end of a pause and room in the window; dropping what it
    /// gives frees the place.
    ///
    /// Fails with the wait when that is longer than `max_wait`.
    async fn enter(&self, max_wait: Duration) -> Result<Option<SemaphorePermit<'_>>, Duration> {
        let mut window = self.turn.lock().await;
        let place = match &self.places {
            // Never closed, so never an error.
            Some(places) => places.acquire().await.ok(),
            None => None,
        };
        loop {
            let now = Instant::now();
            let pause = self.paused().map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
            let room = self.rate.map_or(Duration::ZERO, |rate| window.wait(now, rate.requests, self.span));
            let wait = pause.max(room);
            if wait.is_zero() {
                if self.rate.is_some() {
                    window.take(now, self.span);
                }
                return Ok(place);
            }
            if wait > max_wait {
                return Err(wait);
            }
            sleep(wait).await;
        }
    }

    fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }

    fn paused(&self) -> Option<Instant> {
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self, now: Instant) -> bool {
        let over = self.paused().is_none_or(|until| until <= now);
        over && self.turn.try_lock().is_ok_and(|mut window| window.is_idle(now, self.span))
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
                gate.enter(LONG).await.unwrap();
                order.lock().unwrap().push(n);
            }
        }))
        .await;
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_dropped_wait_frees_its_place() {
        let gate = Gate::new(Some(rate(100, 1.0, Some(1))), None);
        let first = gate.enter(LONG).await.unwrap();
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
        gate.pause(Duration::from_millis(50));
        gate.pause(Duration::from_millis(10));
        gate.enter(LONG).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(50));
        gate.pause(Duration::from_secs(500));
        assert!(gate.enter(LONG).await.unwrap_err() > LONG);
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
            gates.of(&target(n)).enter(LONG).await.unwrap();
            if n % 50 == 0 {
                sleep(Duration::from_millis(2)).await;
            }
        }
        assert!(gates.len() < 300, "{}", gates.len());
        assert!(Arc::ptr_eq(&held, &gates.of(&target(0))));
    }
}
