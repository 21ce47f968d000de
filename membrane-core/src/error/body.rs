use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, ErrorKind, Retry};

/// The context key whose value also travels as the top-level field `actionRunId`.
const ACTION_RUN_ID: &str = "actionRunId";

/// An [`Error`] on the wire: Membrane's error object.
///
/// `type`, `key`, `message`, `data` and `causedByError` are Membrane's. `kind`, `retry`, `operation` and
/// `context` are ours; they let a remote caller rebuild an equal error, and other clients ignore them.
///
/// ```
/// use membrane_core::{Error, ErrorBody};
///
/// let body = ErrorBody::from(&Error::not_found("no such action"));
/// assert_eq!((body.r#type.as_str(), body.key.as_deref()), ("bad_request", Some("not_found")));
/// assert_eq!(Error::from(body), Error::not_found("no such action"));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ErrorBody {
    /// Membrane's error type, for example `bad_request`.
    pub r#type: String,
    /// Narrows the type, for example `not_found`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The sentence for a person.
    pub message: String,
    /// Machine-readable detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The run that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_run_id: Option<String>,
    /// [`Error::kind`] by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// [`Error::retry`]: `"never"`, `"backoff"` or `{"after": milliseconds}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    pub retry: Option<Retry>,
    /// [`Error::operation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// [`Error::context`].
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub context: IndexMap<String, String>,
    /// [`Error::cause`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by_error: Option<Box<ErrorBody>>,
}

impl From<&Error> for ErrorBody {
    fn from(error: &Error) -> Self {
        let kind = error.kind();
        // An app that is out of quota is the connection's trouble; our own limits are the caller's.
        let at_the_app = kind == ErrorKind::RateLimited && error.data().is_some();
        Self {
            r#type: if at_the_app { "connection" } else { kind.wire_type() }.to_owned(),
            key: kind.wire_key().map(str::to_owned),
            message: error.message().to_owned(),
            data: error.data().cloned(),
            action_run_id: error.context_value(ACTION_RUN_ID).map(str::to_owned),
            kind: Some(kind.as_str().to_owned()),
            retry: Some(error.retry()),
            operation: error.operation().map(str::to_owned),
            context: error.context().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            caused_by_error: error.cause().map(|cause| Box::new(Self::from(cause))),
        }
    }
}

impl From<ErrorBody> for Error {
    fn from(body: ErrorBody) -> Self {
        let named = body.kind.as_deref().and_then(ErrorKind::from_name);
        let kind = named.unwrap_or_else(|| ErrorKind::from_wire(&body.r#type, body.key.as_deref()));
        let mut error = Error::new(kind, body.message).with_retry(body.retry.unwrap_or_default());
        for (key, value) in body.context {
            error = error.with(key, value);
        }
        if let Some(run) = body.action_run_id {
            error = error.with(ACTION_RUN_ID, run);
        }
        if let Some(operation) = body.operation {
            error = error.with_operation(operation);
        }
        if let Some(data) = body.data {
            error = error.with_data(data);
        }
        if let Some(cause) = body.caused_by_error {
            error = error.with_cause(Error::from(*cause));
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_comes_back_equal_over_the_wire() {
        for kind in ErrorKind::all() {
            for retry in [Retry::Never, Retry::Backoff, Retry::After(Duration::from_millis(1500))] {
                let error = Error::new(kind, "what")
                    .with_retry(retry)
                    .with_operation("actions.run")
                    .with("actionRunId", "r1")
                    .with("connectionId", "c1")
                    .with_data(json!({"request": {"method": "GET", "url": "https://a.example/"}}))
                    .with_cause(Error::new(kind, "why"));
                let text = serde_json::to_string(&ErrorBody::from(&error)).unwrap();
                let back = Error::from(serde_json::from_str::<ErrorBody>(&text).unwrap());
                assert_eq!(error, back, "{text}");
            }
        }
    }

    #[test]
    fn a_foreign_body_needs_only_type_and_message() {
        let body: ErrorBody = serde_json::from_value(json!({"type": "internal", "message": "x"})).unwrap();
        assert_eq!(Error::from(body).kind(), ErrorKind::Internal);
        let body: ErrorBody = serde_json::from_value(
            json!({"type": "connection", "key": "rate_limit_exceeded", "message": "x"}),
        )
        .unwrap();
        assert_eq!(Error::from(body).kind(), ErrorKind::RateLimited);
    }
}
