//! The retry layer: the one place that sends a request again.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use membrane_core::{Error, Retry as Advice};
use tokio::time::sleep;

use super::budget::{Purse, RetryBudget};
use super::call::Call;
use super::fault;
use super::guard::Arrived;
use super::limit::{Failed, Judged, Limit};
use super::transport::{TransportErrorKind, TransportResponse};

/// No back-off grows beyond this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);

/// When and how often the stack sends a request again.
///
/// | what happened | sent again |
/// |---|---|
/// | no connection came about | always: the request never left |
/// | 429; 403 or 503 with `Retry-After` or nothing remaining | always: it was refused, not done |
/// | timeout, connection or body cut | when idempotent, or sent with an idempotency key |
/// | 502, 503, 504 | when idempotent, or sent with an idempotency key |
/// | anything else | never |
///
/// Nothing is sent again when the time of the whole call would be over before. A `DELETE` that was sent again since
/// its answer was lost, and finds nothing to delete (404, 410), is answered as done (204).
///
/// ```
/// use std::time::Duration;
///
/// use membrane_engine::http::RetryPolicy;
///
/// let policy = RetryPolicy::default().with_max_attempts(3).with_base(Duration::from_millis(50));
/// assert_eq!(policy.max_wait, Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included; 5 unless said otherwise.
    pub max_attempts: u32,
    /// The bound of the first back-off, doubled for each one after; 200 ms unless said otherwise. The wait
    /// is drawn at random below the bound.
    pub base: Duration,
    /// The longest wait that is waited out when an app or its rate limit asks for one; 60 s unless said
    /// otherwise. A longer one is an error that says when to come back.
    pub max_wait: Duration,
    /// How many retries the whole stack may make.
    pub budget: RetryBudget,
}

impl RetryPolicy {
    /// Sets how often a request is sent at most; 1 means no retries.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the bound of the first back-off.
    #[must_use]
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the longest wait that is waited out.
    #[must_use]
    pub fn with_max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets how many retries the whole stack may make.
    #[must_use]
    pub fn with_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base: Duration::from_millis(200),
            max_wait: Duration::from_secs(60),
            budget: RetryBudget::default(),
        }
    }
}

pub(crate) struct Retry {
    pub(crate) inner: Limit,
    pub(crate) policy: RetryPolicy,
    pub(crate) purse: Purse,
}

impl Retry {
    /// Sends a call until it is answered or given up; says how often it was sent, too.
    pub(crate) async fn send(&self, call: &Call<'_>) -> (u32, Result<Arrived, Error>) {
        self.purse.earn();
        let (mut attempt, mut may_be_gone, mut before) = (0, false, None);
        loop {
            attempt += 1;
            let mut outcome = self.inner.send(call).await;
            // Time that ends before another attempt is sent hides nothing of how the last one ended.
            if matches!(outcome, Err(Failed::Late))
                && let Some(before) = before.take()
            {
                (attempt, outcome) = (attempt - 1, before);
            }
            let patience = self.policy.max_wait.min(call.left());
            let again = self.again(call, &outcome, patience).filter(|_| attempt < self.policy.max_attempts);
            let again =
                again.map(|again| (again.asked_for, again.wait.unwrap_or_else(|| self.backoff(attempt))));
            let again =
                again.filter(|(asked_for, wait)| *wait < call.left() && (*asked_for || self.purse.pay()));
            let Some((_, wait)) = again else {
                let last = self.last(call, outcome, attempt, patience);
                return (attempt, if may_be_gone { last.map(gone_is_done) } else { last });
            };
            may_be_gone |= call.method == Method::DELETE && may_have_happened(&outcome);
            tracing::debug!(
                name: "http.retry",
                target: "membrane::http",
                key = call.target.limit_key(),
                attempt,
                wait_ms = wait.as_millis() as u64,
                "sending the request again"
            );
            sleep(wait).await;
            before = Some(outcome);
        }
    }

    /// Whether and how to send the call again.
    fn again(&self, call: &Call<'_>, outcome: &Result<Judged, Failed>, patience: Duration) -> Option<Again> {
        let backoff = Some(Again { wait: None, asked_for: false });
        match outcome {
            Ok(Judged { refusal: Some(refusal), .. }) => match refusal.wait {
                Some(wait) if wait > patience => None,
                // The gate of the key is closed that long: entering it again is the wait. What is added
                // spreads the ones that were refused together.
                Some(wait) if !wait.is_zero() => {
                    Some(Again { wait: Some(random_below(self.policy.base)), asked_for: true })
                }
                _ => Some(Again { wait: None, asked_for: true }),
            },
            Ok(Judged { arrived, .. }) => backoff.filter(|_| call.repeatable && is_passing(arrived)),
            Err(Failed::Closed(_) | Failed::Late) => None,
            Err(Failed::Transport(error)) => match error.kind() {
                TransportErrorKind::Connect => backoff,
                TransportErrorKind::Broken | TransportErrorKind::Timeout => {
                    backoff.filter(|_| call.repeatable)
                }
                _ => None,
            },
        }
    }

    /// What the caller gets when the call is not sent again.
    fn last(
        &self,
        call: &Call<'_>,
        outcome: Result<Judged, Failed>,
        attempts: u32,
        patience: Duration,
    ) -> Result<Arrived, Error> {
        match outcome {
            Ok(Judged { arrived, refusal: Some(refusal) }) if refusal.limit => {
                let long = refusal.wait.filter(|wait| *wait > patience);
                let advice = long.map_or(Advice::Never, Advice::After);
                Err(fault::refused(call, &arrived, attempts, advice))
            }
            Ok(Judged { arrived, .. }) => Ok(arrived),
            Err(Failed::Closed(wait)) => Err(fault::closed(call, wait)),
            Err(Failed::Late) => Err(fault::late(call)),
            Err(Failed::Transport(error)) => Err(fault::unanswered(call, error, attempts)),
        }
    }

    /// Full jitter: anything up to a bound that doubles.
    fn backoff(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        random_below(self.policy.base.saturating_mul(factor))
    }
}

struct Again {
    /// The back-off when absent.
    wait: Option<Duration>,
    /// The app asked for it, so it costs nothing.
    asked_for: bool,
}

/// Whether the app may have done what a failed attempt asked for.
fn may_have_happened(outcome: &Result<Judged, Failed>) -> bool {
    match outcome {
        Ok(judged) => judged.refusal.is_none(),
        Err(Failed::Transport(error)) => {
            matches!(error.kind(), TransportErrorKind::Broken | TransportErrorKind::Timeout)
        }
        Err(Failed::Closed(_) | Failed::Late) => false,
    }
}

/// What is no longer there after an attempt to delete it was deleted by that.
fn gone_is_done(mut arrived: Arrived) -> Arrived {
    if matches!(arrived.response.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
        arrived.response = TransportResponse::new(StatusCode::NO_CONTENT, HeaderMap::new(), Bytes::new());
    }
    arrived
}

fn is_passing(arrived: &Arrived) -> bool {
    matches!(
        arrived.response.status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

fn random_below(bound: Duration) -> Duration {
    let bound = bound.min(LONGEST_BACKOFF);
    let mut bytes = [0; 4];
    // Without randomness the waits are merely equal.
    let drawn = aws_lc_rs::rand::fill(&mut bytes).map_or(u32::MAX, |()| u32::from_ne_bytes(bytes));
    bound.mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}
