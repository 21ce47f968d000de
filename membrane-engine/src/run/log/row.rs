//! A run as the store keeps it, and as answers show it.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use membrane_core::op::{ActionRunRecord, ConnectionAttemptRecord, RunStatus};
use membrane_core::{ConnectionId, CustomerId, ElementId, Error, ErrorBody, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::running::{Finished, Outcome};
use crate::clock::iso;
use crate::http::Recording;
use crate::store::RunRow;

/// How much of a name is shown; that of a proxy request is a path of any length.
const NAME_SHOWN: usize = 1024;

/// What the store keeps of a run beyond its columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_option_key: Option<&'a str>,
    /// Milliseconds.
    duration: u64,
    /// Requests beyond those that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_api_logs_omitted: Option<usize>,
}

/// A run without secrets.
pub(super) fn row(run: &Finished) -> RunRow {
    let (subject, place, attempt) = (&run.subject, run.subject.place(), run.subject.attempt());
    let error = run.error();
    let is_success = error.is_none();
    let kept = run.recorder.kept_bytes();
    let recording = run.recorder.take();
    let record = Record {
        name: match subject.target() {
            Some(target) => target.mask().bytes(subject.name().as_bytes(), NAME_SHOWN, false),
            None => Cow::Borrowed(subject.name()),
        },
        user_id: place.user_id.as_deref(),
        error,
        connector_id: attempt.and_then(|attempt| attempt.connector_id.as_deref()),
        connector_version: attempt.and_then(|attempt| attempt.connector_version.as_deref()),
        auth_option_key: attempt.and_then(|attempt| attempt.auth_option_key.as_deref()),
        duration: u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX),
        external_api_logs_omitted: Some(recording.omitted()).filter(|omitted| *omitted > 0),
    };
    let output = match &run.outcome {
        Outcome::Success(output) => output.as_ref(),
        Outcome::Error(_) | Outcome::Unknown => None,
    };
    let mut record = serde_json::to_string(&record).unwrap_or_else(|_| r#"{"name":null}"#.to_owned());
    // The texts of values are JSON already.
    record.pop();
    record.reserve(run.bytes.saturating_sub(kept));
    for (name, value) in [("input", run.input.as_ref()), ("output", output), ("meta", run.meta.as_ref())] {
        if let (Some(value), Some(target)) = (value, subject.target()) {
            record.push_str(",\"");
            record.push_str(name);
            record.push_str("\":");
            value.write(target, &mut record);
        }
    }
    record.push('}');
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    RunRow {
        id: run.id.clone(),
        kind: subject.kind(),
        workspace: subject.workspace().clone(),
        customer: place.tenant_id.clone().unwrap_or_else(|| CustomerId::from("")),
        integration: place.integration_id.clone(),
        connection: subject.connection().map(ConnectionId::from),
        actions: subject.actions(),
        is_success,
        created_at: iso(run.started_at),
        requests: count(recording.len()),
        requests_failed: count(recording.failed()),
        record,
        exchanges: text_of(&recording, kept),
    }
}

/// A recording as JSON text; it is about as long as what was kept.
fn text_of(recording: &Recording, kept: usize) -> String {
    let mut text = Vec::with_capacity(kept);
    let written =
        serde_json::to_writer(&mut text, recording).ok().and_then(|()| String::from_utf8(text).ok());
    written.unwrap_or_else(|| "[]".to_owned())
}

/// A logged run of an action as answers show it.
pub(crate) fn run_record(row: &RunRow, details: bool) -> Result<ActionRunRecord> {
    let record = stored(row)?;
    let began = row.created_at.parse::<Timestamp>();
    let took = record.get("duration").and_then(Value::as_u64).map(Duration::from_millis);
    let completed_at = began.ok().zip(took).and_then(|(began, took)| began.checked_add(took).ok()).map(iso);
    let [universal, of_app, own] = &row.actions;
    let most_specific = own.as_ref().or(of_app.as_ref()).or(universal.as_ref());
    let replay = most_specific.and_then(|action| replay(row, action, &record));
    let facts = json!({
        "actionId": most_specific,
        "universalActionId": universal,
        "integrationActionId": of_app,
        "connectionActionId": own,
        "action": replay,
        "completedAt": completed_at,
    });
    finished(row, record, facts, details)
}

/// A logged attempt to connect as answers show it.
pub(crate) fn attempt_record(row: &RunRow, details: bool) -> Result<ConnectionAttemptRecord> {
    let record = stored(row)?;
    let operation = record.get("name").cloned();
    finished(row, record, json!({ "operation": operation }), details)
}

/// What runs an action the same again; nothing when its input is not known whole.
fn replay(row: &RunRow, action: &ElementId, record: &Map<String, Value>) -> Option<Value> {
    let is_whole = |value: &Value| value.get("truncated") != Some(&Value::Bool(true));
    let (input, meta) = (record.get("input"), record.get("meta"));
    let mut body = Map::new();
    body.insert("id".to_owned(), action.as_str().into());
    body.extend(row.connection.as_ref().map(|id| ("connectionId".to_owned(), id.as_str().into())));
    body.extend(input.map(|input| ("input".to_owned(), input.clone())));
    body.extend(meta.map(|meta| ("meta".to_owned(), meta.clone())));
    input.into_iter().chain(meta).all(is_whole).then_some(Value::Object(body))
}

/// What the store keeps of a run beyond its columns.
fn stored(row: &RunRow) -> Result<Map<String, Value>> {
    serde_json::from_str(&row.record).map_err(unreadable)
}

/// Adds to what is stored of a run its columns and these facts, and with `details` its exchanges.
fn finished<T: DeserializeOwned>(
    row: &RunRow,
    mut record: Map<String, Value>,
    facts: Value,
    details: bool,
) -> Result<T> {
    let columns = json!({
        "id": row.id,
        "status": if row.is_success { RunStatus::Success } else { RunStatus::Error },
        "tenantId": row.customer,
        "integrationId": row.integration,
        "connectionId": row.connection,
        "createdAt": row.created_at,
    });
    for facts in [columns, facts] {
        if let Value::Object(facts) = facts {
            record.extend(facts);
        }
    }
    record.retain(|_, value| !value.is_null());
    if details {
        let exchanges = serde_json::from_str(&row.exchanges).map_err(unreadable)?;
        record.insert("externalApiLogs".to_owned(), exchanges);
    }
    serde_json::from_value(Value::Object(record)).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("a logged run cannot be read").with_source(error)
}
