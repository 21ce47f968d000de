use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::rest::response_value;
use super::{ApiResponse, Connector};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::formula::{Formula, Vars};

/// A rule for what an app's answer means. The first rule that matches counts.
///
/// Needed where an app does not follow HTTP, for example one that answers 200 with `{"ok": false}`.
///
/// ```
/// use http::{HeaderMap, Method, StatusCode};
/// use membrane_core::connector::{ApiResponse, AuthOption, Connector, ResponseHandler, classify};
/// use membrane_core::{DataSchema, ErrorKind, Formula};
/// use serde_json::json;
///
/// let refused = Formula::parse(&json!({"$eval": {"$var": "$.response.data.ok"}, "is": false}))?;
/// let reason = Formula::parse(&json!({"$var": "$.response.data.error"}))?;
/// let connector = Connector::builder("chat", "Chat")
///     .base_uri("https://chat.example")
///     .auth(AuthOption::client_credentials(DataSchema::any()))
///     .response(ResponseHandler::failure(refused, ErrorKind::InvalidInput, Some(reason)))
///     .build()?;
/// let body = r#"{"ok": false, "error": "channel_not_found"}"#;
/// let answer = ApiResponse::new(StatusCode::OK, HeaderMap::new(), body, "https://chat.example");
/// let error = classify(&connector, &Method::POST, &answer).unwrap_err();
/// assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, "Chat refused: channel_not_found"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResponseHandler {
    /// Whether it matches: a formula over `response.data`, `response.headers`, `response.statusCode`.
    pub matches: Formula,
    /// Takes the answer as a success.
    pub is_success: bool,
    /// For a success: a formula for the result; the body when absent.
    pub data: Option<Formula>,
    /// For a failure: a formula for the message.
    pub message: Option<Formula>,
    /// For a failure: what it means.
    pub kind: ErrorKind,
}

impl ResponseHandler {
    /// Takes a matching answer as a failure of this kind.
    pub fn failure(matches: Formula, kind: ErrorKind, message: Option<Formula>) -> Self {
        Self { matches, is_success: false, data: None, message, kind }
    }

    /// Takes a matching answer as a success.
    pub fn success(matches: Formula, data: Option<Formula>) -> Self {
        Self { matches, is_success: true, data, message: None, kind: ErrorKind::External }
    }
}

/// Reads the body of an answer as JSON and decides what it means.
///
/// The connector's response handlers come first. Otherwise: 2xx is a success, 401 means that the access
/// token is no longer taken, 403 that the connection lacks a right, 404 that the thing is not there, 429 that
/// the app wants fewer requests, 5xx that it is out of order; any other status is the app's refusal.
///
/// # Errors
/// [`ErrorKind::AccessTokenExpired`], [`ErrorKind::Connection`], [`ErrorKind::NotFound`],
/// [`ErrorKind::RateLimited`], [`ErrorKind::Unavailable`], [`ErrorKind::External`], or the kind of the handler. Each carries Membrane's
/// `data.request` and `data.response`. Limits are [`Retry::Backoff`]; so is an outage, of a request that may be
/// sent twice. Once the answer is the last of several attempts, nothing is.
///
/// ```
/// use http::{HeaderMap, Method, StatusCode};
/// use membrane_core::ErrorKind;
/// use membrane_core::connector::{ApiResponse, Connector, classify};
///
/// let connector = Connector::from_yaml(
///     "
/// key: demo
/// name: Demo
/// auth: {type: client-credentials}
/// api: {baseUri: 'https://demo.example'}
/// ",
///     "connector.yml",
/// )?;
/// let answer = |status, body: &'static str| ApiResponse::new(status, HeaderMap::new(), body, "https://demo.example");
/// assert_eq!(classify(&connector, &Method::GET, &answer(StatusCode::OK, "[1]"))?[0], 1);
/// let gone = classify(&connector, &Method::GET, &answer(StatusCode::NOT_FOUND, "")).unwrap_err();
/// assert_eq!(gone.kind(), ErrorKind::NotFound);
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn classify(connector: &Connector, method: &Method, response: &ApiResponse) -> Result<Value> {
    let handlers = &connector.api.responses;
    if handlers.is_empty() {
        return if response.status.is_success() {
            response.json().map_err(|error| error.with_data(exchange(method, response)))
        } else {
            Err(by_status(connector, method, response))
        };
    }
    let body = if response.status.is_success() {
        response.json().map_err(|error| error.with_data(exchange(method, response)))?
    } else {
        response.json_or_text()
    };
    let mut value = response_value(body, response);
    let matched = handlers.iter().find(|handler| {
        let vars = Vars::new().equipped().with("response", &value);
        handler.matches.build_with(&vars).as_ref().is_some_and(is_truthy)
    });
    match matched {
        None if response.status.is_success() => Ok(value["data"].take()),
        None => Err(by_status(connector, method, response)),
        Some(handler) if handler.is_success => match &handler.data {
            None => Ok(value["data"].take()),
            Some(data) => {
                Ok(data.try_build(&Vars::new().equipped().with("response", &value))?.unwrap_or_default())
            }
        },
        Some(handler) => {
            let said = handler
                .message
                .as_ref()
                .and_then(|m| m.build_with(&Vars::new().equipped().with("response", &value)));
            let said = said.as_ref().and_then(Value::as_str).map_or("no reason given".to_owned(), sentence);
            Err(failure(handler.kind, format!("{} refused: {said}", connector.name), method, response))
        }
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|n| n != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// An answer as an error. Waiting helps against limits and outages, not against refusals; a write that ended in
/// an outage may have been done, and what the engine has repeated in vain is given up.
fn failure(kind: ErrorKind, mut message: String, method: &Method, response: &ApiResponse) -> Error {
    let passes = matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
    let may_be_done = kind == ErrorKind::Unavailable && !response.repeatable;
    if may_be_done {
        message.push_str("; not sent again, since it may have been done");
    } else if passes && response.attempts > 1 {
        message.push_str(&format!("; given up after {} attempts", response.attempts));
    }
    let is_open = passes && !may_be_done && response.attempts <= 1;
    let retry = if is_open { Retry::Backoff } else { Retry::Never };
    Error::new(kind, message).with_retry(retry).with_data(exchange(method, response))
}

fn by_status(connector: &Connector, method: &Method, response: &ApiResponse) -> Error {
    let kind = match response.status {
        StatusCode::UNAUTHORIZED => ErrorKind::AccessTokenExpired,
        StatusCode::FORBIDDEN => ErrorKind::Connection,
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        status if status.is_server_error() => ErrorKind::Unavailable,
        _ => ErrorKind::External,
    };
    let mut message = format!("{} answered {}", connector.name, response.status);
    if let Some(said) = said(&response.json_or_text()) {
        message.push_str(": ");
        message.push_str(&said);
    }
    failure(kind, message, method, response)
}

/// The sentence in an error body, in the places where most APIs put one.
fn said(body: &Value) -> Option<String> {
    const PLACES: &[&str] = &[
        "/message",
        "/error/message",
        "/error_description",
        "/error",
        "/errors/0/message",
        "/errors/0",
        "/detail",
    ];
    PLACES.iter().find_map(|place| body.pointer(place)?.as_str()).map(sentence)
}

/// What an app said, as much of it as an error's message takes.
fn sentence(text: &str) -> String {
    const LONGEST: usize = 300;
    text.chars().take(LONGEST).collect()
}

/// How much of an error body travels in an error.
const MAX_BODY: usize = 4096;

fn exchange(method: &Method, response: &ApiResponse) -> Value {
    const HEADERS: &[&str] = &["content-type", "retry-after", "x-request-id", "x-ratelimit-remaining"];
    let headers: serde_json::Map<String, Value> =
        HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), response.header(name)?.into()))).collect();
    let data = if response.body.len() <= MAX_BODY {
        response.json_or_text()
    } else {
        let start = String::from_utf8_lossy(&response.body[..MAX_BODY]);
        // What was cut stands last, where an engine looks for the beginning of a secret.
        Value::String(format!("({} bytes, of which the first) {start}", response.body.len()))
    };
    json!({
        "request": {"method": method.as_str(), "url": response.url},
        "response": {"status": response.status.as_u16(), "headers": headers, "data": data},
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::connector::{ApiClient, ApiRequest, AuthOption, Cx, Settings};
    use crate::schema::DataSchema;

    /// Answers everything alike.
    struct Always(ApiResponse);

    #[async_trait::async_trait]
    impl ApiClient for Always {
        async fn send(&self, _: ApiRequest) -> Result<ApiResponse> {
            Ok(self.0.clone())
        }
    }

    fn answer(status: u16, body: &'static str) -> ApiResponse {
        let status = StatusCode::from_u16(status).unwrap();
        ApiResponse::new(status, HeaderMap::new(), body, "https://demo.example/rows")
    }

    async fn error(request: ApiRequest, answer: ApiResponse) -> Error {
        let is =
            |status: u16| Formula::parse(&json!({"$eval": {"$var": "$.response.statusCode"}, "is": status}));
        let connector = Connector::builder("demo", "Demo")
            .auth(AuthOption::client_credentials(DataSchema::any()))
            .response(ResponseHandler::failure(is(520).unwrap(), ErrorKind::Unavailable, None))
            .response(ResponseHandler::failure(is(420).unwrap(), ErrorKind::RateLimited, None))
            .build()
            .unwrap();
        let settings = Settings::default();
        Cx::new(&connector, &Always(answer), &settings).call(request).await.unwrap_err()
    }

    #[tokio::test]
    async fn only_what_does_no_harm_may_be_repeated() {
        let (get, post) = (ApiRequest::get("/rows"), ApiRequest::post("/rows"));
        let read = ApiRequest { idempotent: true, ..post.clone() };
        let keyed = |status| answer(status, "").sent(1, true);
        let cases = [
            (&get, answer(502, ""), Retry::Backoff),
            (&post, answer(502, ""), Retry::Never),
            (&read, answer(502, ""), Retry::Backoff),
            (&post, keyed(502), Retry::Backoff),
            (&get, answer(520, ""), Retry::Backoff),
            (&post, answer(520, ""), Retry::Never),
            (&get, answer(200, "{\"id\": "), Retry::Backoff),
            (&post, answer(201, "{\"id\": "), Retry::Never),
            // Refused is not done.
            (&post, answer(429, ""), Retry::Backoff),
            (&post, answer(420, ""), Retry::Backoff),
            (&get, answer(422, ""), Retry::Never),
        ];
        for (request, answer, expected) in cases {
            let status = answer.status;
            let error = error(request.clone(), answer).await;
            assert_eq!(error.retry(), expected, "{} {status}: {error}", request.method);
            let warns = expected == Retry::Never && error.kind() == ErrorKind::Unavailable;
            assert_eq!(error.message().ends_with("; not sent again, since it may have been done"), warns);
        }
    }

    #[tokio::test]
    async fn what_the_engine_gave_up_on_says_so() {
        for status in [502, 429, 520] {
            let error = error(ApiRequest::get("/rows"), answer(status, "").sent(5, true)).await;
            assert_eq!(error.retry(), Retry::Never);
            assert!(error.message().ends_with("; given up after 5 attempts"), "{error}");
        }
        let cut = error(ApiRequest::get("/rows"), answer(200, "[1,").sent(5, true)).await;
        assert_eq!(cut.retry(), Retry::Never);
        let refused = error(ApiRequest::get("/rows"), answer(422, "").sent(2, true)).await;
        assert!(!refused.message().contains("given up"), "{refused}");
    }
}
