//! The raw exchanges of one run, kept cheaply and written out without secrets.

mod exchange;
mod raw;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

pub use self::exchange::{Exchange, ExchangeRequest, ExchangeResponse};
use self::raw::Raw;
pub(crate) use self::raw::{shown_body, shown_headers};
use super::target::Target;
use super::transport::{TransportError, TransportRequest, TransportResponse};

/// How many exchanges are kept, and about how many bytes of them; a run that reads a thousand pages keeps the
/// last ones.
const EXCHANGES_KEPT: usize = 200;
const BYTES_KEPT: usize = 1024 * 1024;

/// Collects what went over the wire during one run: every attempt, every redirect, every failure.
///
/// Recording copies no body; masking and formatting are done when the exchanges are read. Secrets of
/// the [`Target`] are masked wherever they appear (URL, query, headers, bodies) and however they are
/// spelled there (plain, percent-encoded, JSON-escaped, within base64), as are headers and fields that
/// hold a secret by their name. Of each body 16 KiB are shown, of that of
/// an answer that is no failure 4 KiB; of a run the last 200 exchanges that are at most 1 MiB together.
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
/// let log = serde_json::to_value(recorder.take())?;
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
    /// Older exchanges that were let go.
    omitted: usize,
}

impl Recorder {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out what was recorded so far.
    pub fn take(&self) -> Recording {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        Recording { exchanges: kept.exchanges, omitted: kept.omitted }
    }

    /// Whether nothing went over the wire.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).exchanges.is_empty()
    }

    /// About how many bytes are kept.
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
            kept.omitted += 1;
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// What a [`Recorder`] collected, oldest first. Serialized, it is the list of its exchanges.
pub struct Recording {
    exchanges: VecDeque<Raw>,
    omitted: usize,
}

impl Recording {
    /// The exchanges without secrets.
    pub fn exchanges(&self) -> impl Iterator<Item = Exchange<'_>> {
        self.exchanges.iter().map(Raw::shown)
    }

    /// How many older exchanges of the run were let go, since a run keeps its last 200 of at most 1 MiB.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// How many were not answered with a status from 200 to 299.
    pub(crate) fn failed(&self) -> usize {
        self.exchanges.iter().filter(|raw| !raw.is_success()).count()
    }
}

impl Serialize for Recording {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.exchanges())
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.exchanges()).finish()
    }
}

/// An exchange under way. When it is dropped before it is done, that is recorded too.
pub(crate) struct Pending<'a> {
    request: &'a Arc<TransportRequest>,
    begun: Option<Begun<'a>>,
}

struct Begun<'a> {
    recorder: &'a Recorder,
    target: &'a Arc<Target>,
    at: Timestamp,
    since: Instant,
}

impl<'a> Pending<'a> {
    pub(crate) fn new(
        recorder: Option<&'a Recorder>,
        target: &'a Arc<Target>,
        request: &'a Arc<TransportRequest>,
    ) -> Self {
        let begun =
            recorder.map(|recorder| Begun { recorder, target, at: Timestamp::now(), since: Instant::now() });
        Self { request, begun }
    }

    pub(crate) fn done(mut self, outcome: &Result<TransportResponse, TransportError>) {
        self.end(outcome.as_ref().map_err(TransportError::message));
    }

    fn end(&mut self, outcome: Result<&TransportResponse, &str>) {
        if let Some(begun) = self.begun.take() {
            let took = begun.since.elapsed();
            begun.recorder.push(Raw::new(begun.target, self.request, outcome, begun.at, took));
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.end(Err("the caller stopped waiting"));
    }
}
