//! The log of runs: written off the hot path, in batches, and not lost on a clean stop.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use membrane_core::ErrorBody;
use membrane_core::op::{ActionRunRecord, RunStatus};
use membrane_core::{Result, RunId};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::plan::Plan;
use crate::clock::iso;
use crate::http::Recorder;
use crate::store::{RunRow, Store};

/// Runs that wait to be written; a run beyond that waits for the writer.
const QUEUE: usize = 4096;

/// Runs a batch.
const BATCH: usize = 256;

/// How long the first run of a batch waits for others.
const LINGER: Duration = Duration::from_millis(20);

/// Longest text of an input or output that is logged whole, in bytes.
const MAX_VALUE: usize = 64 * 1024;

/// Levels of an input or output that is logged; what is read back may nest 128 with what stands around it.
const MAX_DEPTH: usize = 100;

/// How often a batch is tried before it is given up.
const TRIES: u32 = 5;

/// A run that ended, as it came off the hot path: nothing is formatted or masked yet.
pub(crate) struct Finished {
    pub(crate) id: RunId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) input: Value,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<ErrorBody>,
    pub(crate) meta: Option<Map<String, Value>>,
    pub(crate) started_at: Timestamp,
    pub(crate) duration: Duration,
    pub(crate) recorder: Arc<Recorder>,
}

enum Message {
    Run(Box<Finished>),
    Flush(oneshot::Sender<()>),
}

/// The queue and the one task that empties it.
pub(crate) struct RunLog {
    queue: Mutex<Option<mpsc::Sender<Message>>>,
    sender: mpsc::WeakSender<Message>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl RunLog {
    /// Starts the writer. It ends when the log is closed or dropped.
    pub(crate) fn start(store: Arc<dyn Store>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let task = tokio::spawn(write_all(store, receiver));
        Self { sender: sender.downgrade(), queue: Mutex::new(Some(sender)), task: Mutex::new(Some(task)) }
    }

    pub(crate) async fn push(&self, finished: Finished) {
        if let Some(sender) = self.sender.upgrade() {
            // A closed queue means that the engine was shut down while this run was under way.
            let _ = sender.send(Message::Run(Box::new(finished))).await;
        }
    }

    /// Waits until what was pushed so far is written.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if let Some(sender) = self.sender.upgrade()
            && sender.send(Message::Flush(done)).await.is_ok()
        {
            let _ = written.await;
        }
    }

    /// Writes what is left and ends the task.
    pub(crate) async fn close(&self) {
        self.queue.lock().await.take();
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }
}

async fn write_all(store: Arc<dyn Store>, mut queue: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(BATCH);
    loop {
        if queue.recv_many(&mut messages, BATCH).await == 0 {
            return;
        }
        let waits = messages.iter().all(|message| matches!(message, Message::Run(_)));
        if waits && messages.len() < BATCH && !queue.is_closed() {
            tokio::time::sleep(LINGER).await;
            while messages.len() < BATCH {
                match queue.try_recv() {
                    Ok(message) => messages.push(message),
                    Err(_) => break,
                }
            }
        }
        let mut rows = Vec::with_capacity(messages.len());
        let mut waiting = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::Run(finished) => rows.push(row(&finished)),
                Message::Flush(done) => waiting.push(done),
            }
        }
        write(&*store, &rows).await;
        for done in waiting {
            let _ = done.send(());
        }
    }
}

async fn write(store: &dyn Store, rows: &[RunRow]) {
    if rows.is_empty() {
        return;
    }
    for attempt in 1..=TRIES {
        match store.append_runs(rows).await {
            Ok(()) => return,
            Err(error) if attempt == TRIES => {
                tracing::error!(target: "membrane::log", runs = rows.len(), %error, "runs could not be logged");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(attempt)).await,
        }
    }
}

fn row(finished: &Finished) -> RunRow {
    let connected = &finished.plan.connected;
    let place = &connected.connection.place;
    let mask = |value: &Value| masked(value, &finished.plan);
    let exchanges = finished.recorder.take_exchanges();
    let completed_at = finished.started_at + finished.duration;
    let record = json!({
        "name": finished.plan.name,
        "userId": place.user_id,
        "input": mask(&finished.input),
        "output": finished.output.as_ref().map(mask),
        "error": finished.error,
        "meta": finished.meta.as_ref().map(|meta| mask(&Value::Object(meta.clone()))),
        "completedAt": iso(completed_at),
        "duration": u64::try_from(finished.duration.as_millis()).unwrap_or(u64::MAX),
    });
    RunRow {
        id: finished.id.clone(),
        workspace: finished.plan.connected.workspace.clone(),
        customer: place.tenant_id.clone().unwrap_or_else(|| "".into()),
        integration: place.integration_id.clone(),
        connection: Some(connected.connection.id.clone().into()),
        actions: finished.plan.actions.clone(),
        is_success: finished.error.is_none(),
        created_at: iso(finished.started_at),
        record: record.to_string(),
        exchanges: serde_json::to_string(&exchanges).unwrap_or_else(|_| "[]".to_owned()),
    }
}

/// A value with the connection's secrets masked, and cut when it is long.
fn masked(value: &Value, plan: &Plan) -> Value {
    if !is_within(value, MAX_DEPTH) {
        return json!({"truncated": true, "reason": format!("nested deeper than {MAX_DEPTH} levels")});
    }
    let text = value.to_string();
    if text.len() > MAX_VALUE {
        // The cut is the mask's own, so that no half of a secret stays.
        let start = plan.connected.target.mask().bytes(text.as_bytes(), MAX_VALUE);
        return json!({"truncated": true, "bytes": text.len(), "start": start});
    }
    match plan.connected.target.mask().text(&text) {
        std::borrow::Cow::Borrowed(_) => value.clone(),
        std::borrow::Cow::Owned(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    }
}

/// Whether a value nests no deeper than this.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|item| is_within(item, levels - 1)),
        _ => true,
    }
}

/// A logged run as answers show it.
pub(crate) fn run_record(row: &RunRow, details: bool) -> Result<ActionRunRecord> {
    let unreadable = |error: serde_json::Error| {
        membrane_core::Error::internal("a logged run cannot be read").with_source(error)
    };
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
