//! What stands before the handlers of a demo app: counts, the key, the rate limit.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use axum::response::Response;
use tokio::time::Instant;

use crate::serve::lock;

/// Counts every request, knows the key, and holds callers to the rate limit if there is one.
#[derive(Debug)]
pub(super) struct Gate {
    prefix: &'static str,
    generation: Mutex<u32>,
    counts: Mutex<BTreeMap<String, u64>>,
    limit: Mutex<Option<Limit>>,
}

impl Gate {
    /// Makes a gate whose first key is `prefix` itself.
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            generation: Mutex::new(1),
            counts: Mutex::new(BTreeMap::new()),
            limit: Mutex::new(None),
        }
    }

    /// The key that opens the gate now.
    pub(super) fn key(&self) -> String {
        match *lock(&self.generation) {
            1 => self.prefix.to_owned(),
            n => format!("{}_{n}", self.prefix),
        }
    }

    /// Makes a new key; the old one opens nothing any more.
    pub(super) fn rotate(&self) -> String {
        *lock(&self.generation) += 1;
        self.key()
    }

    /// Says whether what a caller presented is the key.
    pub(super) fn opens_to(&self, presented: Option<&str>) -> bool {
        presented == Some(&self.key())
    }

    /// Counts a request under its route, or under its path where no route fits.
    pub(super) fn count(&self, request: &Request) {
        let route = request.extensions().get::<MatchedPath>();
        let path = route.map_or(request.uri().path(), MatchedPath::as_str);
        *lock(&self.counts).entry(format!("{} {path}", request.method())).or_default() += 1;
    }

    /// How many requests came in.
    pub(super) fn requests(&self) -> u64 {
        lock(&self.counts).values().sum()
    }

    /// How many requests came in for one route, such as `GET /v1/tasks/{id}`.
    pub(super) fn requests_to(&self, route: &str) -> u64 {
        lock(&self.counts).get(route).copied().unwrap_or_default()
    }

    /// Lets `allowed` requests pass in each window from now on.
    pub(super) fn limit(&self, allowed: u32, window: Duration) {
        *lock(&self.limit) = Some(Limit { allowed, window, used: 0, opened: Instant::now() });
    }

    /// Takes one request off the allowance; `None` where there is no limit.
    pub(super) fn admit(&self) -> Option<Pass> {
        lock(&self.limit).as_mut().map(|limit| limit.take(Instant::now()))
    }
}

/// A fixed window: the simplest kind, and the one most vendors have.
#[derive(Debug)]
struct Limit {
    allowed: u32,
    window: Duration,
    used: u32,
    opened: Instant,
}

impl Limit {
    fn take(&mut self, now: Instant) -> Pass {
        // A window opens with its first request, so that a test need not guess where it stands.
        if self.used == 0 || now.duration_since(self.opened) >= self.window {
            self.used = 0;
            self.opened = now;
        }
        let admitted = self.used < self.allowed;
        self.used = self.used.saturating_add(1);
        Pass {
            admitted,
            allowed: self.allowed,
            remaining: self.allowed.saturating_sub(self.used),
            reset: self.window.saturating_sub(now.duration_since(self.opened)),
        }
    }
}

/// What the rate limit said about one request.
#[derive(Debug)]
pub(super) struct Pass {
    /// Whether it may go on.
    pub(super) admitted: bool,
    allowed: u32,
    remaining: u32,
    reset: Duration,
}

impl Pass {
    /// Whole seconds until the next window, never less than the wait.
    pub(super) fn wait(&self) -> u64 {
        self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0)
    }

    /// Says in headers what is left, and when refused how long to wait.
    pub(super) fn stamp(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-ratelimit-limit"), self.allowed.into());
        headers.insert(HeaderName::from_static("x-ratelimit-remaining"), self.remaining.into());
        if !self.admitted {
            headers.insert(RETRY_AFTER, HeaderValue::from(self.wait()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lets_its_allowance_pass_and_then_names_the_wait() {
        let start = Instant::now();
        let mut limit = Limit { allowed: 2, window: Duration::from_millis(1500), used: 0, opened: start };
        let at = |millis| start + Duration::from_millis(millis);
        assert!(limit.take(at(100)).admitted);
        assert!(limit.take(at(200)).admitted);
        let refused = limit.take(at(300));
        assert_eq!((refused.admitted, refused.remaining, refused.wait()), (false, 0, 2));
        assert!(limit.take(at(1600)).admitted);
    }

    #[test]
    fn an_old_key_opens_nothing() {
        let gate = Gate::new("key");
        let old = gate.key();
        let new = gate.rotate();
        assert_ne!(old, new);
        assert!(gate.opens_to(Some(&new)));
        assert!(!gate.opens_to(Some(&old)));
        assert!(!gate.opens_to(None));
    }
}
