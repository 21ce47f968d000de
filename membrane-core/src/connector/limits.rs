use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much an app lets one connection ask, as its documentation states it.
///
/// The engine waits before it sends, so that the app's own refusal (429) stays the exception.
///
/// ```
/// use membrane_core::connector::RateLimit;
///
/// let limit: RateLimit = serde_json::from_str(r#"{"requests": 100, "perSeconds": 60}"#)?;
/// assert_eq!(limit, RateLimit { requests: 100, per_seconds: 60.0, concurrency: None });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// Requests within the window.
    pub requests: u32,
    /// The window, in seconds.
    pub per_seconds: f64,
    /// Requests under way at once; unbounded when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}
