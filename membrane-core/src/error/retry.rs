use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whether and when the same call may be tried again.
///
/// Separate from the kind: the same timeout is [`Retry::Backoff`] for a read and [`Retry::Never`] for a
/// write without an idempotency key, since the write may have reached the app. Only the engine's retry
/// layer retries; what it gives up on leaves it as `Never`.
///
/// ```
/// use std::time::Duration;
///
/// use membrane_core::{Error, ErrorKind, Retry};
///
/// let refused = Error::new(ErrorKind::RateLimited, "the app wants fewer requests")
///     .with_retry(Retry::After(Duration::from_secs(30)));
/// let wait = match refused.retry() {
///     Retry::After(wait) => Some(wait),
///     Retry::Backoff => Some(Duration::from_secs(1)),
///     _ => None,
/// };
/// assert_eq!(wait, Some(Duration::from_secs(30)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Retry {
    /// Repeating the call will not help, or may do harm.
    #[default]
    Never,
    /// May be repeated, with growing waits.
    Backoff,
    /// May be repeated after this long; milliseconds on the wire.
    After(#[serde(with = "millis")] Duration),
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
