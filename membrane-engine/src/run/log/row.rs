//! A run as the store keeps it, and as answers show it.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use membrane_core::op::{ActionRunRecord, RunStatus};
use membrane_core::{CustomerId, Error, ErrorBody, Result};
use serde::Serialize;
use serde_json::{Value, json};

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
    /// Milliseconds.
    duration: u64,
    /// Requests beyond those that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_api_logs_omitted: Option<usize>,
}

/// A run without secrets.
pub(super) fn row(run: &Finished) -> RunRow {
    let connected = run.subject.connected();
    let (place, target) = (&connected.connection.place, &connected.target);
    let error = run.error();
    let is_success = error.is_none();
    let kept = run.recorder.kept_bytes();
    let recording = run.recorder.take();
    let record = Record {
        name: target.mask().bytes(run.subject.name().as_bytes(), NAME_SHOWN, false),
        user_id: place.user_id.as_deref(),
        error,
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
    for (name, value) in [("input", Some(&run.input)), ("output", output), ("meta", run.meta.as_ref())] {
        if let Some(value) = value {
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
        kind: run.subject.kind(),
        workspace: connected.workspace.clone(),
        customer: place.tenant_id.clone().unwrap_or_else(|| CustomerId::from("")),
        integration: place.integration_id.clone(),
        connection: Some(connected.connection.id.clone().into()),
        actions: run.subject.actions(),
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

/// A logged run as answers show it.
pub(crate) fn run_record(row: &RunRow, details: bool) -> Result<ActionRunRecord> {
    let unreadable =
        |error: serde_json::Error| Error::internal("a logged run cannot be read").with_source(error);
    let mut record: Value = serde_json::from_str(&row.record).map_err(unreadable)?;
    let began = row.created_at.parse::<Timestamp>();
    let took = record.get("duration").and_then(Value::as_u64).map(Duration::from_millis);
    let completed_at = began.ok().zip(took).and_then(|(began, took)| began.checked_add(took).ok()).map(iso);
    let [universal, of_app, own] = &row.actions;
    let most_specific = own.as_ref().or(of_app.as_ref()).or(universal.as_ref());
    let facts = json!({
        "id": row.id,
        "status": if row.is_success { RunStatus::Success } else { RunStatus::Error },
        "tenantId": row.customer,
        "integrationId": row.integration,
        "connectionId": row.connection,
        "actionId": most_specific,
        "universalActionId": universal,
        "integrationActionId": of_app,
        "connectionActionId": own,
        "createdAt": row.created_at,
        "completedAt": completed_at,
    });
    if let (Value::Object(record), Value::Object(facts)) = (&mut record, facts) {
        record.extend(facts);
        record.retain(|_, value| !value.is_null());
        if details {
            record.insert(
                "externalApiLogs".to_owned(),
                serde_json::from_str(&row.exchanges).map_err(unreadable)?,
            );
        }
    }
    serde_json::from_value(record).map_err(unreadable)
}
