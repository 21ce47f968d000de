//! Reading requests the way JSON APIs do.

use std::collections::HashMap;
use std::str::FromStr;

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

/// The parameters of a query string; of a repeated one the last counts.
pub(super) type Params = HashMap<String, String>;

/// Reads a body that must be a JSON object; otherwise says which status and why.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, (StatusCode, String)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        let message = "Send the body as application/json.".to_owned();
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err((StatusCode::BAD_REQUEST, "The body must be a JSON object.".to_owned())),
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("The body is not JSON: {error}."))),
    }
}

/// Reads a numeric parameter; `None` when it is no number or outside the range.
pub(super) fn number<T: FromStr + PartialOrd>(
    params: &Params,
    name: &str,
    default: T,
    range: impl std::ops::RangeBounds<T>,
) -> Option<T> {
    let Some(text) = params.get(name) else { return Some(default) };
    text.parse().ok().filter(|number| range.contains(number))
}

/// Says whether a text holds a needle that is lower case already.
pub(super) fn holds(text: &str, needle: &str) -> bool {
    text.to_lowercase().contains(needle)
}
