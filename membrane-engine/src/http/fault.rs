//! What a caller is told when there is no answer to hand out. No message, context or data holds a secret.

use std::time::Duration;

use membrane_core::{Error, ErrorKind, Retry};
use serde_json::{Value, json};
use url::{Position, Url};

use super::call::Call;
use super::guard::Arrived;
use super::recorder::{shown_body, shown_headers};
use super::transport::{TransportError, TransportErrorKind};

/// An address without query, masked.
pub(crate) fn shown(call: &Call<'_>, url: &Url) -> String {
    call.target.mask().text(&url[..Position::AfterPath]).into_owned()
}

/// No answer came.
pub(crate) fn unanswered(call: &Call<'_>, error: TransportError, attempts: u32) -> Error {
    let kind = match error.kind() {
        TransportErrorKind::Blocked => ErrorKind::Blocked,
        TransportErrorKind::Broken | TransportErrorKind::Connect => ErrorKind::Unavailable,
        TransportErrorKind::Invalid | TransportErrorKind::TooLarge => ErrorKind::External,
        TransportErrorKind::Timeout => ErrorKind::Timeout,
    };
    let left = matches!(error.kind(), TransportErrorKind::Broken | TransportErrorKind::Timeout);
    let mut message = call.target.mask().text(error.message()).into_owned();
    if left && !call.repeatable {
        message.push_str("; not sent again, since it may have been done");
    } else if attempts > 1 {
        message.push_str(&format!("; given up after {attempts} attempts"));
    }
    named(call, Error::new(kind, message)).with_data(data(call, Value::Null)).with_source(error)
}

/// The app refused the request for the number of requests.
pub(crate) fn refused(call: &Call<'_>, arrived: &Arrived, attempts: u32, advice: Retry) -> Error {
    let response = &arrived.response;
    let status = response.status.as_u16();
    let message = match advice {
        Retry::After(wait) => format!("the app takes no more requests for {} s ({status})", wait.as_secs()),
        _ => format!("the app takes no more requests ({status}); given up after {attempts} attempts"),
    };
    let body = shown_body(call.target, &response.body)
        .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    let response = json!({
        "status": status,
        "headers": shown_headers(call.target, &response.headers),
        "data": body,
    });
    let error = Error::new(ErrorKind::RateLimited, message).with_retry(advice);
    named(call, error).with_data(data(call, response))
}

/// Nothing was sent: the limit of the key opens too late.
pub(crate) fn closed(call: &Call<'_>, wait: Duration) -> Error {
    let message = format!("the app's limit leaves no room for a request for {} s", wait.as_secs());
    let error = Error::new(ErrorKind::RateLimited, message).with_retry(Retry::After(wait));
    named(call, error).with_data(data(call, Value::Null))
}

/// The time of the whole call was over before this request was sent.
pub(crate) fn late(call: &Call<'_>) -> Error {
    let span = call.deadline.map(|whole| whole.span).unwrap_or_default();
    let message = format!("the {span:?} that a call may take were over before this request was sent");
    named(call, Error::new(ErrorKind::Timeout, message)).with_data(data(call, Value::Null))
}

fn named(call: &Call<'_>, error: Error) -> Error {
    error.with("method", &call.method).with("url", shown(call, &call.url))
}

fn data(call: &Call<'_>, response: Value) -> Value {
    let mut data = json!({"request": {"method": call.method.as_str(), "url": shown(call, &call.url)}});
    if !response.is_null() {
        data["response"] = response;
    }
    data
}
