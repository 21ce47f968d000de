//! The raw exchanges of one run, kept cheaply and written out without secrets.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::call::Call;
use super::mask::BEYOND;
use super::target::Target;
use super::transport::{TransportError, TransportRequest, TransportResponse};

/// How much of a body is shown.
const BODY_SHOWN: usize = 16 * 1024;

/// How much of a body is kept, so that a secret across the end of what is shown is still recognised.
const BODY_KEPT: usize = BODY_SHOWN + BEYOND;

/// How many exchanges are kept, and how many bytes of their bodies; a run that reads a thousand pages keeps the
/// last ones.
const EXCHANGES_KEPT: usize = 200;
const BYTES_KEPT: usize = 1024 * 1024;

/// Collects what went over the wire during one run: every attempt, every redirect, every failure.
///
/// Recording copies no body; masking and formatting are done when the exchanges are taken out. Secrets of
/// the [`Target`] are masked wherever they appear (URL, query, headers, bodies) and however they are
/// spelled there (plain, percent-encoded, JSON-escaped, within base64), as are headers and fields that
/// hold a secret by their name. Of each body 16 KiB are shown, of a run the last 200 exchanges that
/// are at most 1 MiB together.
///
/// ```
/// use std::sync::Arc;
///
/// use membrane_engine::http::{HttpStack, Recorder, Target};
///
/// let stack = HttpStack::builder().build()?;
/// let target = Target::builder("https://api.example.com".parse()?).build()?;
/// let recorder = Arc::new(Recorder::new());
/// let client = stack.client(Arc::new(target), Some(recorder.clone()));
/// // … `client.send(request).await` …
/// let log = serde_json::to_value(recorder.take_exchanges())?;
/// assert_eq!(log, serde_json::json!([]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Recorder {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    exchanges: VecDeque<Raw>,
    bytes: usize,
}

impl Recorder {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out what was recorded so far, oldest first, masked.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        let raw = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        raw.exchanges.into_iter().map(Raw::shown).collect()
    }

    /// Ends the recording and gives what was recorded, oldest first, masked.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        self.take_exchanges()
    }

    /// Whether nothing went over the wire.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).exchanges.is_empty()
    }

    /// Bytes of bodies that are kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    fn push(&self, raw: Raw) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += raw.bytes();
        kept.exchanges.push_back(raw);
        while kept.exchanges.len() > EXCHANGES_KEPT || kept.bytes > BYTES_KEPT && kept.exchanges.len() > 1 {
            let Some(oldest) = kept.exchanges.pop_front() else { return };
            kept.bytes -= oldest.bytes();
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// One request and what came of it, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Exchange {
    /// What was sent.
    pub request: ExchangeRequest,
    /// What was answered, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ExchangeResponse>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// The request of an [`Exchange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExchangeRequest {
    /// The method.
    pub method: String,
    /// The address with its query.
    pub url: String,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The body, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// The answer of an [`Exchange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExchangeResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The body, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// An exchange under way. When it is dropped before it is done, that is recorded too.
pub(crate) struct Pending<'a>(Option<Begun<'a>>);

struct Begun<'a> {
    recorder: &'a Recorder,
    target: &'a Arc<Target>,
    request: &'a TransportRequest,
    at: Timestamp,
    since: Instant,
}

impl<'a> Pending<'a> {
    pub(crate) fn new(call: &Call<'a>, request: &'a TransportRequest) -> Self {
        Self(call.recorder.map(|recorder| Begun {
            recorder,
            target: call.target,
            request,
            at: Timestamp::now(),
            since: Instant::now(),
        }))
    }

    pub(crate) fn done(mut self, outcome: &Result<TransportResponse, TransportError>) {
        if let Some(begun) = self.0.take() {
            begun.end(outcome.as_ref().map_err(TransportError::message));
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(begun) = self.0.take() {
            begun.end(Err("the caller stopped waiting"));
        }
    }
}

impl Begun<'_> {
    fn end(self, outcome: Result<&TransportResponse, &str>) {
        let request = self.request;
        self.recorder.push(Raw {
            target: self.target.clone(),
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: Body::new(&request.body),
            outcome: match outcome {
                Ok(response) => Ok((response.status, response.headers.clone(), Body::new(&response.body))),
                Err(message) => Err(message.to_owned()),
            },
            at: self.at,
            took: self.since.elapsed(),
        });
    }
}

struct Raw {
    target: Arc<Target>,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Body,
    outcome: Result<(StatusCode, HeaderMap, Body), String>,
    at: Timestamp,
    took: Duration,
}

impl Raw {
    fn bytes(&self) -> usize {
        let answer = self.outcome.as_ref().map_or(0, |(_, _, body)| body.start.len());
        self.body.start.len() + answer
    }

    fn shown(self) -> Exchange {
        let mask = self.target.mask();
        let (response, error) = match &self.outcome {
            Ok((status, headers, body)) => {
                let headers = shown_headers(&self.target, headers);
                (
                    Some(ExchangeResponse {
                        status: status.as_u16(),
                        headers,
                        body: body.shown(&self.target),
                    }),
                    None,
                )
            }
            Err(message) => (None, Some(mask.text(message).into_owned())),
        };
        Exchange {
            request: ExchangeRequest {
                method: self.method.to_string(),
                url: mask.text(self.url.as_str()).into_owned(),
                headers: shown_headers(&self.target, &self.headers),
                body: self.body.shown(&self.target),
            },
            response,
            error,
            started_at: self.at.to_string(),
            duration_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Headers as text, masked; values of one name in one line.
pub(crate) fn shown_headers(target: &Target, headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = target.mask().header(name, value);
        let line = shown.entry(name.as_str().to_owned()).or_default();
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&value);
    }
    shown
}

/// A body as text, masked and cut.
pub(crate) fn shown_body(target: &Target, body: &Bytes) -> Option<String> {
    Body::new(body).shown(target)
}

struct Body {
    start: Bytes,
    length: usize,
}

impl Body {
    fn new(whole: &Bytes) -> Self {
        // A long body is copied in part, not held whole until the run ends.
        let start = match whole.get(..BODY_KEPT) {
            Some(start) => Bytes::copy_from_slice(start),
            None => whole.clone(),
        };
        Self { start, length: whole.len() }
    }

    fn shown(&self, target: &Target) -> Option<String> {
        if self.length == 0 {
            return None;
        }
        if std::str::from_utf8(&self.start).is_err_and(|error| error.error_len().is_some()) {
            return Some(format!("({} bytes that are no text)", self.length));
        }
        let mut text =
            target.mask().bytes(&self.start, BODY_SHOWN, self.start.len() < self.length).into_owned();
        if self.length > BODY_SHOWN {
            text.push_str(&format!("… (cut, {} bytes in all)", self.length));
        }
        Some(text)
    }
}
