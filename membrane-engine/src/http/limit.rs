//! The rate limit layer: what an app allows is waited for before a request is sent.

use std::time::Duration;

use jiff::Timestamp;

use super::auth::Auth;
use super::call::Call;
use super::guard::Arrived;
use super::transport::TransportError;
use super::wait::{self, Refusal};

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
    /// The time of the whole call was over before it was sent.
    Late,
    Transport(TransportError),
}

impl Limit {
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Judged, Failed> {
        let patience = self.max_wait.min(call.left());
        let place = call.gate.enter(patience).await.map_err(Failed::Closed)?;
        if call.left().is_zero() {
            return Err(Failed::Late);
        }
        let arrived = self.inner.send(call).await.map_err(Failed::Transport)?;
        let response = &arrived.response;
        let refusal = match response.status.as_u16() {
            403 | 429 | 503 => wait::refusal(response.status, &response.headers, Timestamp::now()),
            _ => None,
        };
        place.learn(refusal.as_ref());
        Ok(Judged { arrived, refusal })
    }
}
