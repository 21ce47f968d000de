//! A bound on how much retrying adds to what an app has to bear.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many retries a stack may make: a share of its requests, and a few a second whatever happens.
///
/// When an app is down, every request fails; without a budget each would be sent five times. Retries that
/// an app itself asks for (429 with a wait) take nothing from it.
///
/// ```
/// use membrane_engine::http::RetryBudget;
///
/// let none = RetryBudget::new(0.0, 0.0, 0.0);
/// assert_ne!(none, RetryBudget::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryBudget {
    /// Retries earned by each request; 0.2 unless said otherwise.
    pub ratio: f64,
    /// Retries earned by each second; 10 unless said otherwise.
    pub per_second: f64,
    /// How many may be saved up, and are there at the start; 100 unless said otherwise.
    pub burst: f64,
}

impl RetryBudget {
    /// Makes a budget; see the fields.
    pub fn new(ratio: f64, per_second: f64, burst: f64) -> Self {
        Self { ratio, per_second, burst }
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { ratio: 0.2, per_second: 10.0, burst: 100.0 }
    }
}

pub(crate) struct Purse {
    budget: RetryBudget,
    saved: Mutex<(f64, Instant)>,
}

impl Purse {
    pub(crate) fn new(budget: RetryBudget) -> Self {
        Self { budget, saved: Mutex::new((budget.burst, Instant::now())) }
    }

    /// Earns what one request earns.
    pub(crate) fn earn(&self) {
        self.change(self.budget.ratio, Instant::now());
    }

    /// Pays for one retry, if it can.
    pub(crate) fn pay(&self) -> bool {
        self.change(-1.0, Instant::now())
    }

    fn change(&self, by: f64, now: Instant) -> bool {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = now.saturating_duration_since(saved.1).as_secs_f64() * self.budget.per_second;
        saved.1 = now;
        let have = (saved.0 + earned).min(self.budget.burst);
        let sum = have + by;
        saved.0 = if sum < 0.0 { have } else { sum.min(self.budget.burst) };
        sum >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn retries_stay_a_share_of_requests() {
        let purse = Purse::new(RetryBudget::new(0.2, 0.0, 10.0));
        let paid = (0..1_000).filter(|_| {
            purse.earn();
            purse.pay()
        });
        assert!((200..=212).contains(&paid.count()));
    }

    #[test]
    fn a_second_earns_some() {
        let purse = Purse::new(RetryBudget::new(0.0, 10.0, 10.0));
        let now = Instant::now();
        let paid = |now| (0..100).filter(|_| purse.change(-1.0, now)).count();
        assert_eq!(paid(now), 10);
        assert_eq!(paid(now + Duration::from_millis(550)), 5);
        assert_eq!(paid(now + Duration::from_secs(3_600)), 10);
    }
}
