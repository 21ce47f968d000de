use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Access, Op, OpInfo, Route};
use crate::id::RunId;
use crate::page::{Page, Paging};

/// What any list of the log can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogQuery {
    /// Of this integration, by id or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// Of this connection, by id, key or integration key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// Of the customer with this id of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Of the customer with this id of yours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Of this app of a catalogue; nothing belongs to one yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_app_id: Option<String>,
    /// Of runs that began at this time or later, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of runs that began before this time, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Lists the requests that were sent to apps, newest first.
///
/// ```
/// use membrane_core::op::ListApiLogs;
///
/// let mut query = ListApiLogs::default();
/// query.of.connection_id = Some("github".to_owned());
/// query.is_success = Some(false);
/// assert_eq!(serde_json::to_value(&query)?["isSuccess"], false);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListApiLogs {
    /// Which page.
    #[serde(flatten)]
    pub paging: Paging,
    /// Whose and when.
    #[serde(flatten)]
    pub of: LogQuery,
    /// That were answered with a status from 200 to 299, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_success: Option<bool>,
    /// In this order; newest first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<SortOrder>,
}

/// Which of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SortOrder {
    /// The oldest.
    Asc,
    /// The newest.
    Desc,
}

impl Op for ListApiLogs {
    type Output = Page<ApiLogRecord>;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/external-api-logs")];
        let summary = "Lists the requests that were sent to apps, newest first.";
        OpInfo::new("external-api-logs.list", summary, Access::Customer, routes)
    }
}

/// Reads one request with what was sent and answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetApiLog {
    /// The record.
    pub id: String,
}

impl GetApiLog {
    /// Reads this one.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Op for GetApiLog {
    type Output = ApiLogRecord;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/external-api-logs/{id}")];
        let summary = "Reads one request that was sent to an app, and the answer.";
        OpInfo::new("external-api-logs.get", summary, Access::Customer, routes)
    }
}

/// One request to an app as it was logged, secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiLogRecord {
    /// The record.
    pub id: String,
    /// The run it was a part of.
    pub run_id: RunId,
    /// What ran: `action`, `data-collection`, `operation`, `proxy` or `connection-test`, which is any attempt to
    /// connect.
    pub source: String,
    /// The customer, by your id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The customer, by the engine's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// The connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The HTTP method.
    pub request_method: String,
    /// The address that was called.
    pub request_url: String,
    /// The HTTP status; absent when nothing was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Whether the status is one from 200 to 299.
    pub is_success: bool,
    /// Milliseconds.
    pub duration: u64,
    /// ISO 8601, UTC, milliseconds.
    pub created_at: String,
    /// What was sent, what was answered and why nothing was; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Value>,
}

impl ApiLogRecord {
    /// A request of a run, with nothing known of its answer yet.
    ///
    /// ```
    /// use membrane_core::op::ApiLogRecord;
    ///
    /// let record = ApiLogRecord::new("r.0", "r", "proxy", "GET", "https://api.example.com/user");
    /// assert!(!record.is_success && record.status_code.is_none());
    /// ```
    pub fn new(
        id: impl Into<String>,
        run_id: impl Into<RunId>,
        source: impl Into<String>,
        request_method: impl Into<String>,
        request_url: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            run_id: run_id.into(),
            source: source.into(),
            user_id: None,
            tenant_id: None,
            integration_id: None,
            connection_id: None,
            request_method: request_method.into(),
            request_url: request_url.into(),
            status_code: None,
            is_success: false,
            duration: 0,
            created_at: String::new(),
            exchange: None,
        }
    }
}
