use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use membrane_core::Result;
use membrane_core::connector::{ApiClient, ApiRequest, ApiResponse};
use serde_json::Value;

use crate::serve::lock;

/// Stands in for an app's API: notes each request, and answers what it was told to, in order.
///
/// For tests of connectors without network. When it runs out of answers it says `200 {}`.
///
/// ```
/// use membrane_core::connector::{ApiRequest, AuthOption, Connector, Cx, Settings};
/// use membrane_core::schema::DataSchema;
/// use membrane_testkit::Recorder;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let connector = Connector::builder("taskly", "Taskly")
///     .base_uri("https://api.taskly.example")
///     .auth(AuthOption::client_credentials(DataSchema::any()))
///     .build()?;
/// let api = Recorder::new().answer(200, json!({"name": "Ada"}));
/// let settings = Settings::default();
/// let cx = Cx::new(&connector, &api, &settings);
/// assert_eq!(cx.call(ApiRequest::get("/me")).await?, json!({"name": "Ada"}));
/// assert_eq!(api.requests()[0].path, "/me");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Recorder {
    answers: Mutex<VecDeque<ApiResponse>>,
    requests: Mutex<Vec<ApiRequest>>,
}

impl Recorder {
    /// Makes one without answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer.
    #[must_use]
    pub fn answer(self, status: u16, body: impl Into<Value>) -> Self {
        self.push(status, HeaderMap::new(), &body.into())
    }

    /// Adds an answer with a header; a name or value that cannot be sent is left out.
    #[must_use]
    pub fn answer_with(self, status: u16, header: (&str, &str), body: impl Into<Value>) -> Self {
        let mut headers = HeaderMap::new();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(header.0), HeaderValue::try_from(header.1)) {
            headers.append(name, value);
        }
        self.push(status, headers, &body.into())
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<ApiRequest> {
        lock(&self.requests).clone()
    }

    fn push(self, status: u16, headers: HeaderMap, body: &Value) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        lock(&self.answers).push_back(ApiResponse::new(status, headers, body, "https://app.example/"));
        self
    }
}

#[async_trait]
impl ApiClient for Recorder {
    async fn send(&self, request: ApiRequest) -> Result<ApiResponse> {
        lock(&self.requests).push(request);
        let answer = lock(&self.answers).pop_front();
        Ok(answer.unwrap_or_else(|| {
            ApiResponse::new(StatusCode::OK, HeaderMap::new(), "{}", "https://app.example/")
        }))
    }
}
