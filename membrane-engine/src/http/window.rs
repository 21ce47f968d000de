//! A sliding window of past requests, in bounded memory.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Requests closer together than this part of the window are counted as one moment, the later one.
const GRAINS: u32 = 64;

/// Counts the requests of the last window, so that no window of the app's, wherever it begins, holds more.
///
/// A bucket that refills would allow twice the number in one window after a pause.
#[derive(Debug, Default)]
pub(crate) struct Window {
    moments: VecDeque<Moment>,
    count: u32,
}

#[derive(Debug)]
struct Moment {
    first: Instant,
    last: Instant,
    count: u32,
}

impl Window {
    /// How long until one more request fits; zero when it fits now.
    pub(crate) fn wait(&mut self, now: Instant, requests: u32, span: Duration) -> Duration {
        self.forget(now, span);
        match self.moments.front() {
            Some(oldest) if self.count >= requests => (oldest.last + span).saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    /// Counts a request.
    pub(crate) fn take(&mut self, now: Instant, span: Duration) {
        self.count += 1;
        match self.moments.back_mut() {
            Some(moment) if now.saturating_duration_since(moment.first) < span / GRAINS => {
                moment.last = now;
                moment.count += 1;
            }
            _ => self.moments.push_back(Moment { first: now, last: now, count: 1 }),
        }
    }

    /// Whether nothing is remembered that still counts.
    pub(crate) fn is_idle(&mut self, now: Instant, span: Duration) -> bool {
        self.forget(now, span);
        self.moments.is_empty()
    }

    fn forget(&mut self, now: Instant, span: Duration) {
        while let Some(oldest) = self.moments.front().filter(|oldest| oldest.last + span <= now) {
            self.count -= oldest.count;
            self.moments.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, proptest};

    use super::*;

    proptest! {
        #[test]
        fn no_window_holds_more(
            requests in 1_u32..200,
            gaps in prop::collection::vec(0_u64..40, 1..600),
        ) {
            let span = Duration::from_millis(1_000);
            let mut window = Window::default();
            let mut now = Instant::now();
            let mut sent = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                now += window.wait(now, requests, span);
                prop_assert!(window.wait(now, requests, span).is_zero());
                window.take(now, span);
                sent.push(now);
                let within = sent.iter().filter(|at| **at + span > now).count();
                prop_assert!(within <= requests as usize);
                prop_assert!(window.moments.len() <= GRAINS as usize + 2);
            }
        }
    }
}
