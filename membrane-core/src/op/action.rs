use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::element::{SELECTOR, with_parent_names};
use super::log::LogQuery;
use super::{Access, Body, Op, OpInfo, Route};
use crate::element::ActionSpec;
use crate::error::ErrorBody;
use crate::id::{RunId, Selector};
use crate::page::{Page, Paging};

/// Runs an action on a connection.
///
/// The connection is the one the selector names, or the one the action belongs to, or the customer's default
/// connection of the integration. A universal action takes the integration's or connection's way to do it.
///
/// ```
/// use membrane_core::Selector;
/// use membrane_core::op::{Op, RunAction};
/// use serde_json::json;
///
/// let action = Selector::key("create-task").connection("github");
/// let run = RunAction::new(action, json!({"title": "Bug"}));
/// assert_eq!(RunAction::info().name, "actions.run");
/// # let _ = run;
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunAction {
    /// Which action, on which connection.
    #[serde(flatten)]
    pub selector: Selector,
    /// The input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The caller's own bag; goes into the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl RunAction {
    /// Runs it with this input.
    pub fn new(selector: impl Into<Selector>, input: Value) -> Self {
        Self { selector: selector.into(), input: Some(input), meta: None }
    }
}

/// What a run answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionRun {
    /// What the action gave.
    #[serde(default)]
    pub output: Value,
    /// Where the run is in the log.
    pub action_run_id: RunId,
}

impl Op for RunAction {
    type Output = ActionRun;

    fn info() -> OpInfo {
        let routes = vec![
            Route::post("/actions/{selector}/run").query(SELECTOR),
            Route::post("/action/run").query(SELECTOR),
            Route::post("/connections/{connectionId}/actions/{selector}/run")
                .query(&["instanceKey"])
                .body(Body::Field("input")),
            with_parent_names::<ActionSpec>(
                Route::post("/action-instance/run").query(SELECTOR).body(Body::Field("input")),
            ),
        ];
        OpInfo::new("actions.run", "Runs an action on a connection.", Access::Customer, routes)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It failed; see the error.
    Error,
    /// It gave an output.
    Success,
}

/// Lists runs of actions, newest first.
///
/// ```
/// use membrane_core::op::ListActionRuns;
///
/// let mut query = ListActionRuns::default();
/// query.of.connection_id = Some("github".to_owned());
/// assert_eq!(serde_json::to_value(&query)?["connectionId"], "github");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListActionRuns {
    /// Which page.
    #[serde(flatten)]
    pub paging: Paging,
    /// Whose and when.
    #[serde(flatten)]
    pub of: LogQuery,
    /// Of this action, whatever its layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// That ended like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
}

impl Op for ListActionRuns {
    type Output = Page<ActionRunRecord>;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/action-run-logs")];
        OpInfo::new("action-run-logs.list", "Lists runs of actions, newest first.", Access::Customer, routes)
    }
}

/// Reads one run; with `details` its raw exchanges too.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetActionRun {
    /// The run.
    pub id: String,
    /// The raw exchanges with the app too, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<bool>,
}

impl GetActionRun {
    /// Reads the run and its raw exchanges.
    pub fn detailed(id: impl Into<String>) -> Self {
        Self { id: id.into(), details: Some(true) }
    }
}

impl Op for GetActionRun {
    type Output = ActionRunRecord;

    fn info() -> OpInfo {
        let routes = vec![
            Route::get("/action-run-logs/{id}"),
            Route::get("/action-run-logs/{id}/details").fixed("details", "true"),
        ];
        OpInfo::new("action-run-logs.get", "Reads one run of an action.", Access::Customer, routes)
    }
}

/// One run as it was logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionRunRecord {
    /// The run.
    pub id: RunId,
    /// The action's name.
    pub name: String,
    /// How it ended.
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
    /// The connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The most specific element that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The universal action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_action_id: Option<String>,
    /// The integration's action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_action_id: Option<String>,
    /// The connection's action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_action_id: Option<String>,
    /// What runs the same again: the body of a `POST /act`, which is a [`RunAction`] too. Secrets are masked, so
    /// they are to be filled in; absent where the input is not kept whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Map<String, Value>>,
    /// The input, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The output, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// The caller's own bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
    /// ISO 8601, UTC, milliseconds.
    pub created_at: String,
    /// ISO 8601, UTC, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// The raw exchanges with the app, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_api_logs: Option<Vec<Value>>,
    /// How many older exchanges were let go: a run keeps its last 200, of 1 MiB together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_api_logs_omitted: Option<u64>,
}
