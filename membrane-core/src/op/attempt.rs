use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::RunStatus;
use super::log::LogQuery;
use super::{Access, Op, OpInfo, Route};
use crate::error::ErrorBody;
use crate::id::RunId;
use crate::page::{Page, Paging};

/// Lists attempts to connect, newest first: connections that were made or were not, that were connected anew, that
/// were tested.
///
/// ```
/// use membrane_core::op::{ListConnectionAttempts, RunStatus};
///
/// let mut query = ListConnectionAttempts::default();
/// query.of.integration_id = Some("github".to_owned());
/// query.status = Some(RunStatus::Error);
/// assert_eq!(serde_json::to_value(&query)?["status"], "error");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListConnectionAttempts {
    /// Which page.
    #[serde(flatten)]
    pub paging: Paging,
    /// Whose and when.
    #[serde(flatten)]
    pub of: LogQuery,
    /// That ended like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
}

impl Op for ListConnectionAttempts {
    type Output = Page<ConnectionAttemptRecord>;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/connection-attempt-logs")];
        let summary = "Lists attempts to connect, newest first.";
        OpInfo::new("connection-attempt-logs.list", summary, Access::Customer, routes)
    }
}

/// Reads one attempt to connect with the raw exchanges of the connector's test.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetConnectionAttempt {
    /// The attempt.
    pub id: String,
}

impl GetConnectionAttempt {
    /// Reads this one.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Op for GetConnectionAttempt {
    type Output = ConnectionAttemptRecord;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/connection-attempt-logs/{id}")];
        OpInfo::new("connection-attempt-logs.get", "Reads one attempt to connect.", Access::Customer, routes)
    }
}

/// One attempt to connect as it was logged. What the customer typed and the credentials are no part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionAttemptRecord {
    /// The attempt.
    pub id: RunId,
    /// The operation that tried: `connections.create` or `connections.test`.
    pub operation: String,
    /// How it ended. A connection whose app could not be reached is made all the same, with an error.
    pub status: RunStatus,
    /// The customer, by your id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The customer, by the engine's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// The connection; absent where none came about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_version: Option<String>,
    /// Which of the connector's ways to connect was chosen; absent for the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_option_key: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// ISO 8601, UTC, milliseconds.
    pub created_at: String,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// The raw exchanges with the app, secrets masked; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_api_logs: Option<Vec<Value>>,
}
