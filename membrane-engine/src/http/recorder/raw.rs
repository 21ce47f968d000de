//! An exchange as it is kept: shared with whoever sent it, nothing masked yet.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::exchange::{Exchange, ExchangeRequest, ExchangeResponse, Headers};
use crate::clock::iso;
use crate::http::mask::Mask;
use crate::http::target::Target;
use crate::http::transport::{TransportRequest, TransportResponse};

/// How much of a body or an address is shown.
const SHOWN: usize = 16 * 1024;

/// How much is shown of the body of an answer that is no failure. Most of what is logged are pages of lists, and
/// their first records tell what the others look like.
const SHOWN_OF_SUCCESS: usize = 4 * 1024;

pub(super) struct Raw {
    target: Arc<Target>,
    /// Its body is at most as long as what is kept of one.
    request: Arc<TransportRequest>,
    body: Body,
    outcome: Result<(StatusCode, HeaderMap, Body), String>,
    at: Timestamp,
    took: Duration,
}

impl Raw {
    pub(super) fn new(
        target: &Arc<Target>,
        request: &Arc<TransportRequest>,
        outcome: Result<&TransportResponse, &str>,
        at: Timestamp,
        took: Duration,
    ) -> Self {
        let mask = target.mask();
        let body = Body::new(&request.body, SHOWN, mask);
        let request = if body.is_whole() {
            Arc::clone(request)
        } else {
            Arc::new(TransportRequest { body: body.start.clone(), ..TransportRequest::clone(request) })
        };
        let outcome = match outcome {
            Ok(response) => {
                let shown = if response.status.is_success() { SHOWN_OF_SUCCESS } else { SHOWN };
                Ok((response.status, response.headers.clone(), Body::new(&response.body, shown, mask)))
            }
            Err(message) => Err(message.to_owned()),
        };
        Self { target: Arc::clone(target), request, body, outcome, at, took }
    }

    /// About how many bytes are kept.
    pub(super) fn bytes(&self) -> usize {
        let answer = match &self.outcome {
            Ok((_, headers, body)) => size(headers) + body.start.len(),
            Err(message) => message.len(),
        };
        let request = self.request.url.as_str().len() + size(&self.request.headers) + self.body.start.len();
        size_of::<Self>() + request + answer
    }

    pub(super) fn is_success(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|(status, _, _)| status.is_success())
    }

    pub(super) fn shown(&self) -> Exchange<'_> {
        let mask = self.target.mask();
        let (response, error) = match &self.outcome {
            Ok((status, headers, body)) => {
                let headers = shown_headers(&self.target, headers);
                let body = body.shown(&self.target);
                (Some(ExchangeResponse { status: status.as_u16(), headers, body }), None)
            }
            Err(message) => (None, Some(mask.text(message))),
        };
        Exchange {
            request: ExchangeRequest {
                method: self.request.method.as_str(),
                url: cut(mask, self.request.url.as_str().as_bytes(), SHOWN, self.request.url.as_str().len()),
                headers: shown_headers(&self.target, &self.request.headers),
                body: self.body.shown(&self.target),
            },
            response,
            error,
            started_at: iso(self.at),
            duration_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// About how many bytes headers take.
fn size(headers: &HeaderMap) -> usize {
    const EACH: usize = 100;
    headers.iter().map(|(name, value)| EACH + name.as_str().len() + value.len()).sum()
}

/// Headers as text, masked; values of one name in one line.
pub(crate) fn shown_headers<'h>(target: &Target, headers: &'h HeaderMap) -> Headers<'h> {
    let mut shown = Headers::new();
    for (name, value) in headers {
        let value = target.mask().header(name, value);
        shown
            .entry(target.mask().header_name(name))
            .and_modify(|line| {
                let line = line.to_mut();
                line.push_str(", ");
                line.push_str(&value);
            })
            .or_insert(value);
    }
    shown
}

/// A body as text, masked and cut.
pub(crate) fn shown_body(target: &Target, body: &Bytes) -> Option<String> {
    Body::new(body, SHOWN, target.mask()).shown(target).map(Cow::into_owned)
}

struct Body {
    start: Bytes,
    /// How much of it is shown.
    shown: usize,
    length: usize,
}

impl Body {
    /// More is kept than is shown, so that a secret across the end of what is shown is still recognised.
    fn new(whole: &Bytes, shown: usize, mask: &Mask) -> Self {
        // A long body is copied in part, not held whole until the run ends.
        let start = match whole.get(..shown + mask.reach()) {
            Some(start) => Bytes::copy_from_slice(start),
            None => whole.clone(),
        };
        Self { start, shown, length: whole.len() }
    }

    fn is_whole(&self) -> bool {
        self.start.len() == self.length
    }

    fn shown(&self, target: &Target) -> Option<Cow<'_, str>> {
        if self.length == 0 {
            return None;
        }
        if std::str::from_utf8(&self.start).is_err_and(|error| error.error_len().is_some()) {
            return Some(format!("({} bytes that are no text)", self.length).into());
        }
        Some(cut(target.mask(), &self.start, self.shown, self.length))
    }
}

/// The start of a text of this length, masked.
fn cut<'t>(mask: &Mask, start: &'t [u8], shown: usize, length: usize) -> Cow<'t, str> {
    let mut text = mask.bytes(start, shown, start.len() < length);
    if length > shown {
        text.to_mut().push_str(&format!("… (cut, {length} bytes in all)"));
    }
    text
}
