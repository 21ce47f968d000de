use bytes::Bytes;
use http::Method;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::element::SELECTOR;
use super::{Access, Op, OpInfo, OperationInfo, Route};
use crate::element::{ConnectionSpec, Element};
use crate::id::Selector;

/// Connects the customer to an app with credentials, or with the input the connector makes them of.
///
/// ```
/// use membrane_core::op::CreateConnection;
/// use serde_json::json;
///
/// let mut connect = CreateConnection::new("github", json!({"token": "t0ken"}));
/// connect.name = Some("GitHub of the web team".to_owned());
/// assert!(!format!("{connect:?}").contains("t0ken"));
/// ```
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateConnection {
    /// The integration, by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_key: Option<String>,
    /// The integration, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// The connector, by key or id; its integration is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_key: Option<String>,
    /// The connector, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<String>,
    /// The key; lets a customer have several connections of one integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name; the integration's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The caller's own bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
    /// The credentials as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Value>,
    /// What the customer typed; the connector makes the credentials of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// Values for the connector's connection parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_parameters: Option<Value>,
    /// Which of the connector's ways to connect; the main one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_option_key: Option<String>,
    /// Adds a further connection to an integration that has one; otherwise that one is connected anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_multiple_connections: Option<bool>,
    /// For a manager: the customer, by your id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

impl std::fmt::Debug for CreateConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Credentials and input hold secrets.
        f.debug_struct("CreateConnection")
            .field("integration_key", &self.integration_key)
            .field("integration_id", &self.integration_id)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl CreateConnection {
    /// Connects to an integration with what the customer typed.
    pub fn new(integration_key: impl Into<String>, input: Value) -> Self {
        Self { integration_key: Some(integration_key.into()), input: Some(input), ..Self::default() }
    }
}

impl Op for CreateConnection {
    type Output = Element<ConnectionSpec>;

    fn info() -> OpInfo {
        let routes = vec![Route::post("/connections")];
        OpInfo::new("connections.create", "Connects the customer to an app.", Access::Customer, routes)
    }
}

/// Reads a connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetConnection {
    /// Which: id, key, or integration key for the customer's default connection.
    #[serde(flatten)]
    pub selector: Selector,
    /// The credentials too, for callers that may have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_secrets: Option<bool>,
}

impl GetConnection {
    /// Names the connection.
    pub fn new(selector: impl Into<Selector>) -> Self {
        Self { selector: selector.into(), include_secrets: None }
    }
}

impl Op for GetConnection {
    type Output = Element<ConnectionSpec>;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/connections/{selector}"), Route::get("/connection")];
        OpInfo::new("connections.get", "Reads a connection.", Access::Customer, routes)
    }
}

/// Tries a connection's credentials against the app and notes the outcome.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct TestConnection {
    /// Which.
    #[serde(flatten)]
    pub selector: Selector,
}

impl TestConnection {
    /// Names the connection.
    pub fn new(selector: impl Into<Selector>) -> Self {
        Self { selector: selector.into() }
    }
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestOutcome {
    /// The credentials work.
    pub success: bool,
}

impl Op for TestConnection {
    type Output = TestOutcome;

    fn info() -> OpInfo {
        let routes = vec![
            Route::post("/connections/{selector}/test").query(SELECTOR),
            Route::post("/connection/test").query(SELECTOR),
        ];
        OpInfo::new("connections.test", "Tries a connection's credentials.", Access::Customer, routes)
    }
}

/// Reads one operation of a connection's connector.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetConnectionOperation {
    /// The connection.
    pub connection_id: String,
    /// The operation.
    pub operation_key: String,
}

impl Op for GetConnectionOperation {
    type Output = OperationInfo;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/connections/{connectionId}/operations/{operationKey}")];
        OpInfo::new("operations.get", "Reads one operation of the app.", Access::Customer, routes)
    }
}

/// Runs an operation of the connector on a connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunOperation {
    /// The connection.
    pub connection_id: String,
    /// The operation.
    pub operation_key: String,
    /// The input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
}

impl RunOperation {
    /// Runs it with this input.
    pub fn new(connection: impl Into<String>, operation: impl Into<String>, input: Value) -> Self {
        Self { connection_id: connection.into(), operation_key: operation.into(), input: Some(input) }
    }
}

/// What an operation gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationOutput {
    /// The output.
    #[serde(default)]
    pub output: Value,
}

impl Op for RunOperation {
    type Output = OperationOutput;

    fn info() -> OpInfo {
        let routes = vec![Route::post("/connections/{connectionId}/operations/{operationKey}/run")];
        OpInfo::new("operations.run", "Runs an operation of the app.", Access::Customer, routes)
    }
}

/// Runs an operation of the connector on a connection and answers with its output alone.
///
/// The older spelling of [`RunOperation`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExecuteRequest {
    /// The connection.
    pub connection_id: String,
    /// The operation.
    pub key: String,
    /// The input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
}

impl Op for ExecuteRequest {
    type Output = Value;

    fn info() -> OpInfo {
        let routes = vec![Route::post("/connections/{connectionId}/execute-request")];
        OpInfo::new("connections.execute-request", "Runs an operation of the app.", Access::Customer, routes)
    }
}

/// Sends a request to the app as the connection, and hands its answer through as it is.
///
/// Over REST the method, the path and the body are those of the request itself, and the answer is the app's:
/// status, content type and body.
///
/// ```
/// use membrane_core::op::ProxyRequest;
/// use serde_json::json;
///
/// let request = ProxyRequest::new("github", http::Method::POST, "/user/repos").json(&json!({"name": "website"}));
/// assert_eq!(request.body.map(|(content_type, _)| content_type).as_deref(), Some("application/json"));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProxyRequest {
    /// The connection: id, key or integration key.
    pub connection_id: String,
    /// The method.
    pub method: Method,
    /// The path below the app's base address, with its query.
    pub path: String,
    /// Headers to add; what authorizes the request is added by the engine.
    pub headers: IndexMap<String, String>,
    /// The body: content type and bytes.
    pub body: Option<(String, Bytes)>,
}

impl ProxyRequest {
    /// A request without body.
    pub fn new(connection: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Self {
            connection_id: connection.into(),
            method,
            path: path.into(),
            headers: IndexMap::new(),
            body: None,
        }
    }

    /// Sends this JSON.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Some(("application/json".to_owned(), Bytes::from(body.to_string())));
        self
    }
}

/// What the app answered.
///
/// ```
/// use membrane_core::op::ProxyResponse;
///
/// let answer = ProxyResponse::new(201, Default::default(), r#"{"id": 7}"#.into());
/// assert_eq!(answer.json()?["id"], 7);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyResponse {
    /// The status.
    pub status: u16,
    /// The headers, as far as they are about the content.
    pub headers: IndexMap<String, String>,
    /// The body.
    pub body: Bytes,
}

impl ProxyResponse {
    /// Makes an answer; the engine and the remote client do.
    pub fn new(status: u16, headers: IndexMap<String, String>, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    /// Reads the body as JSON; nothing is `null`.
    ///
    /// # Errors
    /// [`ErrorKind::External`](crate::ErrorKind::External) when it is not JSON.
    pub fn json(&self) -> crate::Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            crate::Error::new(crate::ErrorKind::External, format!("the app's answer is not JSON: {error}"))
        })
    }
}
