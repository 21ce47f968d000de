//! The guard layer: judges every address a request goes to, and follows redirects itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use url::Url;

use super::address;
use super::call::Call;
use super::recorder::Pending;
use super::redirect;
use super::transport::{Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse};

/// How often one request may be sent elsewhere.
const MAX_HOPS: u32 = 5;

pub(crate) struct Guard {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) allow_private: bool,
}

/// An answer and the address that gave it.
pub(crate) struct Arrived {
    pub(crate) response: TransportResponse,
    /// What was sent there.
    pub(crate) request: Arc<TransportRequest>,
}

/// The time of one attempt: its own, or what is left of the whole call's.
struct Time {
    until: Instant,
    span: Duration,
    /// Whether it is the whole call's.
    is_last: bool,
}

impl Time {
    fn of(call: &Call<'_>) -> Self {
        let own = Instant::now() + call.timeout;
        match call.deadline {
            Some(whole) if whole.at <= own => Self { until: whole.at, span: whole.span, is_last: true },
            _ => Self { until: own, span: call.timeout, is_last: false },
        }
    }

    fn over(&self) -> TransportError {
        let which = if self.is_last { " that a call may take" } else { "" };
        let message = format!("the app did not answer within {:?}{which}", self.span);
        TransportError::new(TransportErrorKind::Timeout, message)
    }
}

impl Guard {
    /// Sends a request, and again to where the answer points.
    pub(crate) async fn send(
        &self,
        call: &Call<'_>,
        request: TransportRequest,
    ) -> Result<Arrived, TransportError> {
        let time = Time::of(call);
        let mut request = Arc::new(request);
        for _ in 0..=MAX_HOPS {
            let pending = Pending::new(call.recorder, call.target, &request);
            let outcome = match self.judge(&request.url) {
                Ok(()) => self.exchange(&request, &time).await,
                Err(refused) => Err(refused),
            };
            pending.done(&outcome);
            let response = outcome?;
            match redirect::next(call, &request, &response)? {
                None => return Ok(Arrived { response, request }),
                Some(next) => request = Arc::new(next),
            }
        }
        let message = format!("the app redirected the request more than {MAX_HOPS} times");
        Err(TransportError::new(TransportErrorKind::Invalid, message))
    }

    async fn exchange(
        &self,
        request: &TransportRequest,
        time: &Time,
    ) -> Result<TransportResponse, TransportError> {
        let response =
            timeout_at(time.until, self.transport.send(request)).await.map_err(|_| time.over())??;
        if response.body.len() as u64 > request.max_response_bytes {
            return Err(TransportError::too_large(request.max_response_bytes));
        }
        Ok(response)
    }

    /// Judges an address as it is written; the transport judges what a name resolves to.
    fn judge(&self, url: &Url) -> Result<(), TransportError> {
        let host = if self.allow_private { Ok(()) } else { address::judge_host(url) };
        address::judge_form(url)
            .and(host)
            .map_err(|reason| TransportError::blocked(url.host_str().unwrap_or_default(), reason))
    }
}
