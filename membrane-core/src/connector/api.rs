//! A call of an app's API as a value: built here, sent elsewhere.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result, Retry};

/// A request to the app a connection leads to.
///
/// ```
/// use membrane_core::connector::ApiRequest;
/// use serde_json::json;
///
/// let request = ApiRequest::post("/issues").query("notify", "1").json(json!({"title": "Broken"}));
/// assert_eq!(request.method, http::Method::POST);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiRequest {
    /// The HTTP method.
    pub method: Method,
    /// A path below the API's base address, or a whole address within `reach`.
    pub path: String,
    /// How far a whole address may lead.
    pub reach: Reach,
    /// Query pairs, appended to those in `path`.
    pub query: Vec<(String, String)>,
    /// Headers, over those of the API description.
    pub headers: HeaderMap,
    /// The body.
    pub body: ApiBody,
    /// How long one exchange may take; the engine's own bound when absent. What is left of the time of the whole
    /// call bounds it too.
    pub timeout: Option<Duration>,
    /// Says that sending it twice has the effect of sending it once.
    pub idempotent: bool,
}

/// How far a whole address in [`ApiRequest::path`] may lead. It never leaves the origin of the API's base address.
///
/// ```
/// use membrane_core::connector::{ApiRequest, Reach};
///
/// // Of an app whose base address is `https://demo.example/api/v1`.
/// let file = ApiRequest::get("https://demo.example/files/7").within(Reach::Origin);
/// assert_eq!(ApiRequest::get("/issues").reach, Reach::Base);
/// assert_eq!(file.reach, Reach::Origin);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// The base address and what is below it. Anything else is refused.
    #[default]
    Base,
    /// Anywhere on the origin of the base address, for addresses that the app itself handed out and no caller could change.
    Origin,
}

/// The body of an [`ApiRequest`].
///
/// ```
/// use membrane_core::connector::{ApiBody, ApiRequest};
/// use serde_json::json;
///
/// assert_eq!(ApiRequest::get("/me").body, ApiBody::None);
/// let pairs = vec![("grant".to_owned(), "code".to_owned())];
/// assert_eq!(ApiRequest::post("/token").form(pairs.clone()).body, ApiBody::Form(pairs));
/// assert_eq!(ApiRequest::post("/issues").json(json!({})).body, ApiBody::Json(json!({})));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum ApiBody {
    /// `application/x-www-form-urlencoded` pairs.
    Form(Vec<(String, String)>),
    /// `application/json`.
    Json(Value),
    /// No body.
    #[default]
    None,
    /// Anything else: content type and bytes.
    Raw(String, Bytes),
}

impl ApiRequest {
    /// Makes a request without query, headers and body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let idempotent = method.is_idempotent();
        Self {
            method,
            path: path.into(),
            reach: Reach::Base,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: ApiBody::None,
            timeout: None,
            idempotent,
        }
    }

    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A `POST`.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Sets how far a whole address may lead.
    #[must_use]
    pub fn within(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Adds a query pair.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = ApiBody::Json(body);
        self
    }

    /// Sets a form as body.
    #[must_use]
    pub fn form(mut self, pairs: Vec<(String, String)>) -> Self {
        self.body = ApiBody::Form(pairs);
        self
    }

    /// Sets a parameter in place of the one of this name: in a JSON object or form that is the body,
    /// otherwise in the query.
    ///
    /// ```
    /// use membrane_core::connector::{ApiBody, ApiRequest};
    /// use serde_json::json;
    ///
    /// let mut get = ApiRequest::get("/issues").query("page", "1");
    /// get.set_parameter("page", json!(2));
    /// assert_eq!(get.query, [("page".to_owned(), "2".to_owned())]);
    ///
    /// let mut post = ApiRequest::post("/issues/search").json(json!({"q": "bug"}));
    /// post.set_parameter("page", json!(2));
    /// assert_eq!(post.body, ApiBody::Json(json!({"q": "bug", "page": 2})));
    /// ```
    pub fn set_parameter(&mut self, name: &str, value: Value) {
        let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = |value: Value| match &value {
            Value::Array(items) => items.iter().map(one).collect::<Vec<_>>().join(","),
            value => one(value),
        };
        let pairs = match &mut self.body {
            ApiBody::Json(Value::Object(fields)) => {
                fields.insert(name.to_owned(), value);
                return;
            }
            ApiBody::Form(pairs) => pairs,
            _ => &mut self.query,
        };
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), text(value)));
    }

    /// Sets a header.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the name or the value cannot stand in an HTTP header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let bad = || Error::invalid_input(format!("`{name}` cannot be sent as an HTTP header"));
        let parsed = http::HeaderName::try_from(name).map_err(|_| bad())?;
        let value = http::HeaderValue::try_from(value).map_err(|_| bad())?;
        self.headers.insert(parsed, value);
        Ok(self)
    }
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the app answered. An error status is an answer too, not an [`Error`].
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use membrane_core::connector::ApiResponse;
///
/// let answer = ApiResponse::new(StatusCode::OK, HeaderMap::new(), r#"{"id": 7}"#, "https://demo.example/issues");
/// assert_eq!(answer.json()?["id"], 7);
///
/// let page = ApiResponse::new(StatusCode::OK, HeaderMap::new(), "<html>", "https://demo.example/issues");
/// assert_eq!(page.json_or_text(), "<html>");
/// assert!(page.json().unwrap_err().message().contains("where JSON was expected"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, within the engine's bound.
    pub body: Bytes,
    /// The address that answered, without query.
    pub url: String,
    /// Names of the query pairs that the client adds to requests by itself, often a key: an address of this app
    /// that is handed out is handed out without them.
    pub client_query: Vec<String>,
    /// How often the request was sent until this answer was taken; more than once means that repeating it was
    /// given up.
    pub attempts: u32,
    /// Says that sending the request twice has the effect of sending it once.
    pub repeatable: bool,
}

impl ApiResponse {
    /// Makes an answer, for tests and transports: of a request that was sent once and may not be sent again.
    pub fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: impl Into<Bytes>,
        url: impl Into<String>,
    ) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
            url: url.into(),
            client_query: Vec::new(),
            attempts: 1,
            repeatable: false,
        }
    }

    /// Says how the request was sent, for transports: how often, and whether it may be sent again.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use membrane_core::Retry;
    /// use membrane_core::connector::ApiResponse;
    ///
    /// let cut = ApiResponse::new(StatusCode::OK, HeaderMap::new(), r#"{"id": "#, "https://demo.example/issues");
    /// assert_eq!(cut.json().unwrap_err().retry(), Retry::Never); // a write that was done
    /// assert_eq!(cut.sent(1, true).json().unwrap_err().retry(), Retry::Backoff);
    /// ```
    #[must_use]
    pub fn sent(mut self, attempts: u32, repeatable: bool) -> Self {
        self.attempts = attempts;
        self.repeatable = repeatable;
        self
    }

    /// Whether the call may be made again: sending twice does no harm, and the engine has not tried in vain.
    pub(super) fn may_repeat(&self) -> bool {
        self.repeatable && self.attempts <= 1
    }

    /// The body without the byte order mark some servers put before it.
    pub(super) fn content(&self) -> &[u8] {
        self.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.body)
    }

    /// Reads the body as JSON; an empty body (204, 205, or simply nothing) is `null`, a byte order mark is
    /// skipped.
    ///
    /// # Errors
    /// [`ErrorKind::External`] when it is not JSON: says the content type and where reading stopped. For a
    /// body that ends too early it is [`Retry::Backoff`] where the request may be sent again, so never for a
    /// write: that was done.
    pub fn json(&self) -> Result<Value> {
        let content = self.content();
        if content.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(content).map_err(|error| {
            let kind = self.content_type().unwrap_or("no content type");
            let retry = if error.is_eof() && self.may_repeat() { Retry::Backoff } else { Retry::Never };
            Error::new(
                ErrorKind::External,
                format!(
                    "the app answered {} with {kind} where JSON was expected: {error}",
                    self.status.as_u16()
                ),
            )
            .with_retry(retry)
            .with("url", &self.url)
        })
    }

    /// The body as JSON when it is JSON, as text otherwise; `null` when empty.
    pub fn json_or_text(&self) -> Value {
        self.json().unwrap_or_else(|_| Value::String(String::from_utf8_lossy(self.content()).into_owned()))
    }

    /// The media type, without parameters.
    pub fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
        value.split(';').next().map(str::trim).filter(|kind| !kind.is_empty())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends requests to the app of one connection: base address, headers, authorization, limits and guard
/// are applied on the way.
///
/// The engine implements it; connector code is handed one in its [`Cx`](super::Cx).
///
/// ```
/// use async_trait::async_trait;
/// use membrane_core::Result;
/// use membrane_core::connector::{ApiClient, ApiRequest, ApiResponse};
///
/// /// Answers every request with its own path, for a test.
/// struct Echo;
///
/// #[async_trait]
/// impl ApiClient for Echo {
///     async fn send(&self, request: ApiRequest) -> Result<ApiResponse> {
///         Ok(ApiResponse::new(http::StatusCode::OK, http::HeaderMap::new(), request.path, "https://demo.example"))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// assert_eq!(Echo.send(ApiRequest::get("/me")).await?.body, "/me");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait ApiClient: Send + Sync {
    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`], [`ErrorKind::Unavailable`], [`ErrorKind::Blocked`],
    /// [`ErrorKind::RateLimited`]; an error *status* of the app is an [`ApiResponse`], not an error.
    async fn send(&self, request: ApiRequest) -> Result<ApiResponse>;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let read = |body: &'static [u8]| {
            ApiResponse::new(StatusCode::OK, HeaderMap::new(), body, "https://demo.example")
        };
        assert_eq!(read(b"\xEF\xBB\xBF{\"a\": 1}").json().unwrap(), json!({"a": 1}));
        assert_eq!(read(b"\xEF\xBB\xBF").json().unwrap(), Value::Null);
        assert_eq!(read(b"\xEF\xBB\xBF<html>").json_or_text(), "<html>");
        assert!(read(b"\xEF\xBB\xBF\xEF\xBB\xBF1").json().is_err());
    }
}
