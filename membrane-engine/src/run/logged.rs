use std::sync::Arc;

use membrane_core::Result;
use serde_json::Value;
use tracing::Instrument as _;

use super::log::Subject;
use crate::Engine;
use crate::connect::Connected;
use crate::http::AppClient;
use crate::store::RunKind;

/// Does something on a connection that is no action, and logs it with what went over the wire. Errors name
/// the connection and hide its secrets.
pub(crate) async fn logged<T>(
    engine: &Engine,
    connected: &Arc<Connected>,
    (kind, name): (RunKind, String),
    input: &Value,
    work: impl AsyncFnOnce(&AppClient) -> Result<T>,
) -> Result<T> {
    let deadline = engine.deadline();
    let subject = Subject::Other { kind, name, connected: Arc::clone(connected) };
    let running = engine.parts().log.begin(subject, input, None).await?;
    let client = connected.client(engine, Some(Arc::clone(running.recorder())), deadline);
    let outcome = work(&client).instrument(running.span()).await.map_err(|error| {
        error.with("connectionId", &connected.connection.id).masked(|text| connected.target.mask().said(text))
    });
    // What came out stands in the exchanges.
    running.end(outcome.as_ref().map(|_| None));
    outcome
}
