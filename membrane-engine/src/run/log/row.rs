//! A run as the store keeps it, and as answers show it.

use membrane_core::op::{ActionRunRecord, RunStatus};
use membrane_core::{CustomerId, Error, ErrorBody, Result};
use serde::Serialize;
use serde_json::{Value, json};

use super::running::{Finished, Outcome};
use crate::clock::iso;
use crate::store::RunRow;

/// What the store keeps of a run beyond its columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
    completed_at: String,
    /// Milliseconds.
    duration: u64,
}

/// A run without secrets.
pub(super) fn row(run: &Finished) -> RunRow {
    let connected = &run.plan.connected;
    let (place, target) = (&connected.connection.place, &connected.target);
    let error = run.error();
    let is_success = error.is_none();
    let record = Record {
        name: &run.plan.name,
        user_id: place.user_id.as_deref(),
        error,
        completed_at: iso(run.started_at + run.duration),
        duration: u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX),
    };
    let output = match &run.outcome {
        Outcome::Success(output) => Some(output),
        Outcome::Error(_) | Outcome::Unknown => None,
    };
    let mut record = serde_json::to_string(&record).unwrap_or_else(|_| r#"{"name":null}"#.to_owned());
    // The texts of values are JSON already.
    record.pop();
    for (name, value) in [("input", Some(&run.input)), ("output", output), ("meta", run.meta.as_ref())] {
        if let Some(value) = value {
            record.push_str(",\"");
            record.push_str(name);
            record.push_str("\":");
            value.write(target, &mut record);
        }
    }
    record.push('}');
    RunRow {
        id: run.id.clone(),
        workspace: connected.workspace.clone(),
        customer: place.tenant_id.clone().unwrap_or_else(|| CustomerId::from("")),
        integration: place.integration_id.clone(),
        connection: Some(connected.connection.id.clone().into()),
        actions: run.plan.actions.clone(),
        is_success,
        created_at: iso(run.started_at),
        record,
        exchanges: serde_json::to_string(&run.recorder.take_exchanges()).unwrap_or_else(|_| "[]".to_owned()),
    }
}

/// A logged run as answers show it.
pub(crate) fn run_record(row: &RunRow, details: bool) -> Result<ActionRunRecord> {
    let unreadable =
        |error: serde_json::Error| Error::internal("a logged run cannot be read").with_source(error);
    let mut record: Value = serde_json::from_str(&row.record).map_err(unreadable)?;
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
