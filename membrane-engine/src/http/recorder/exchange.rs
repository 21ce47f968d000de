//! An exchange as it is shown: without secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

/// Headers by name; several values of one name stand in one line, with commas
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)).
pub(super) type Headers<'r> = BTreeMap<Cow<'r, str>, Cow<'r, str>>;

/// One request and what came of it, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Exchange<'r> {
    /// What was sent.
    pub request: ExchangeRequest<'r>,
    /// What was answered, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ExchangeResponse<'r>>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Cow<'r, str>>,
    /// When it began: ISO 8601, UTC, milliseconds.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// The request of an [`Exchange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExchangeRequest<'r> {
    /// The method.
    pub method: &'r str,
    /// The address with its query.
    pub url: Cow<'r, str>,
    /// The headers.
    pub headers: Headers<'r>,
    /// The body, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Cow<'r, str>>,
}

/// The answer of an [`Exchange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExchangeResponse<'r> {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers<'r>,
    /// The body, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Cow<'r, str>>,
}
