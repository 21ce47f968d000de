//! The call that travels through the layers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use super::deadline::Deadline;
use super::gate::Gate;
use super::recorder::Recorder;
use super::target::Target;

/// One request of a caller on its way through the layers; what is tried may be sent many times.
pub(crate) struct Call<'a> {
    pub(crate) method: http::Method,
    pub(crate) url: Url,
    /// Of the request alone; the auth layer puts them over those of the target.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Sending it twice has the effect of sending it once.
    pub(crate) repeatable: bool,
    /// Of one attempt, redirects and body included.
    pub(crate) timeout: Duration,
    /// Of all attempts, and of what else the caller's call sends.
    pub(crate) deadline: Option<Deadline>,
    pub(crate) max_response_bytes: u64,
    pub(crate) target: &'a Arc<Target>,
    pub(crate) gate: &'a Gate,
    pub(crate) recorder: Option<&'a Recorder>,
}

impl Call<'_> {
    /// What is left of the time of the whole call.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, Deadline::left)
    }
}
