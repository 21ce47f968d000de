//! The log layer: one event a request, outermost, so that it tells what the caller saw.

use std::time::Instant;

use membrane_core::Error;

use super::call::Call;
use super::fault;
use super::guard::Arrived;
use super::retry::Retry;

pub(crate) struct Log {
    pub(crate) inner: Retry,
}

impl Log {
    /// Sends a call; says how often it was sent until it was answered, too.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<(u32, Arrived), Error> {
        let since = Instant::now();
        let (attempts, outcome) = self.inner.send(call).await;
        let duration_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(arrived) => tracing::debug!(
                name: "http.request",
                target: "membrane::http",
                key = call.target.limit_key(),
                method = call.method.as_str(),
                url = fault::shown(call, &call.url),
                status = arrived.response.status.as_u16(),
                attempts,
                duration_ms,
                "request answered"
            ),
            Err(error) => tracing::warn!(
                name: "http.request",
                target: "membrane::http",
                key = call.target.limit_key(),
                method = call.method.as_str(),
                url = fault::shown(call, &call.url),
                error = error.kind().as_str(),
                reason = error.message(),
                attempts,
                duration_ms,
                "request failed"
            ),
        }
        outcome.map(|arrived| (attempts, arrived))
    }
}
