//! What carries one request over the wire, behind one object-safe trait.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// Carries one request to a host and brings the whole answer back.
///
/// The innermost layer of the [`HttpStack`](super::HttpStack). The stack's own transport resolves names
/// itself and connects only to addresses the guard let pass. A transport put in its place (a recorded
/// one, a proxy of the host's) still gets only URLs that the guard let pass, but answers itself for what
/// their names resolve to.
///
/// An implementation
/// - MUST NOT follow redirects, keep cookies or repeat a request: the layers above do;
/// - MUST report an answer that ended early as [`TransportErrorKind::Broken`];
/// - MUST say [`TransportErrorKind::Connect`] only when no byte of the request left, since such a
///   request is repeated even when it is not idempotent;
/// - SHOULD stop reading after [`TransportRequest::max_response_bytes`];
/// - need not bound the time: the guard does, by dropping the future.
///
/// ```
/// use async_trait::async_trait;
/// use membrane_engine::http::{Transport, TransportError, TransportRequest, TransportResponse};
///
/// struct Echo;
///
/// #[async_trait]
/// impl Transport for Echo {
///     async fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
///         let headers = request.headers.clone();
///         Ok(TransportResponse::new(http::StatusCode::OK, headers, request.body.clone()))
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer. An error status is an answer.
    ///
    /// # Errors
    /// A [`TransportError`] of the kind that says what became of the request.
    async fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError>;
}

/// A request as it goes over the wire, credentials included.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportRequest {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// All headers but those of the connection itself (`host`, `content-length` …).
    pub headers: HeaderMap,
    /// The body; empty when there is none.
    pub body: Bytes,
    /// How long the decoded body of the answer may be.
    pub max_response_bytes: u64,
}

impl fmt::Debug for TransportRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// An answer as it came over the wire, content encoding undone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl TransportResponse {
    /// Makes an answer.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: body.into() }
    }
}

/// What became of a request that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The address is refused. Never repeated.
    Blocked,
    /// The connection ended before the answer did. Repeated only when the request is idempotent.
    Broken,
    /// No connection came about, so the request never left. Repeated always.
    Connect,
    /// The request cannot be sent, or never will be taken (a bad certificate). Never repeated.
    Invalid,
    /// The answer did not come in time. Repeated only when the request is idempotent.
    Timeout,
    /// The answer is longer than allowed. Never repeated.
    TooLarge,
}

/// A request without an answer: what became of it, and a reason for a person.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// Makes an error. The message must not hold a secret, so no query and no header value.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Attaches the error behind this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What became of the request.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// The reason.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn blocked(host: &str, reason: &str) -> Self {
        Self::new(TransportErrorKind::Blocked, format!("`{host}` is refused: {reason}"))
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        Self::new(
            TransportErrorKind::TooLarge,
            format!("the app's answer is longer than the {limit} bytes allowed"),
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
