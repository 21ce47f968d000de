use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::connector::{AuthOption, Connector, Cx, Settings};
use membrane_core::element::{Connection, ConnectionSpec};
use membrane_core::op::{
    ExecuteRequest, GetConnection, GetConnectionOperation, OperationInfo, OperationOutput, RunOperation,
    TestConnection, TestOutcome,
};
use membrane_core::{Error, ErrorBody, ErrorKind, Result};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::Execute;
use crate::connect::{by_connection_id, connected};
use crate::element::sealed::owner;
use crate::element::{Kind, put, select};
use crate::http::{Deadline, Recorder, Target};
use crate::run::{Attempt, logged, run_operation};
use crate::store::RunKind;
use crate::vault::Part;
use crate::{Caller, Engine};

#[async_trait]
impl Execute for GetConnection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Connection> {
        let mut found = ConnectionSpec::select(engine, caller, &self.selector, false).await?;
        if self.include_secrets == Some(true) {
            if !caller.is_manager() {
                return Err(Error::new(
                    ErrorKind::AccessDenied,
                    "only a manager of the workspace may read credentials",
                ));
            }
            let (parts, owner) = (engine.parts(), owner(engine, &found));
            if let Some(sealed) = parts.store.sealed(&caller.scope(), &owner.element).await? {
                let credentials = parts.vault.open(&owner, Part::Credentials, &sealed).await?;
                found.spec.credentials = Some(credentials.expose().clone());
            }
        }
        ConnectionSpec::show(engine, caller, &mut found).await?;
        Ok(found)
    }
}

#[async_trait]
impl Execute for TestConnection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<TestOutcome> {
        let current = ConnectionSpec::select(engine, caller, &self.selector, false).await?;
        let running = Attempt::to_test(engine, &current).begin(engine).await?;
        let outcome = test(engine, caller, &current, running.recorder()).instrument(running.span()).await;
        running.end(match &outcome {
            Ok(None) => Ok(None),
            Ok(Some(error)) | Err(error) => Err(error),
        });
        let error = outcome?;
        let success = error.is_none();
        if current.spec.connected != Some(success) || error.is_some() {
            let mut element = current.clone();
            note(&mut element.spec, error.as_ref());
            match put(engine, caller, current, element, &[], None).await {
                // Somebody changed the connection meanwhile; the test's outcome is still true.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Concurrency => {}
                Err(error) => return Err(error),
            }
        }
        Ok(TestOutcome { success })
    }
}

#[async_trait]
impl Execute for GetConnectionOperation {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<OperationInfo> {
        let found = select::connection(engine, caller, &self.connection_id, false).await?;
        let connector = engine.registered(found.spec.connector_id.as_deref().unwrap_or_default())?;
        connector.operation(&self.operation_key.into()).map(Into::into)
    }
}

#[async_trait]
impl Execute for RunOperation {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<OperationOutput> {
        let connected = connected(engine, caller, &self.connection_id).await?;
        let input = self.input.unwrap_or_else(|| json!({}));
        let what = (RunKind::Operation, self.operation_key.clone());
        let output = logged(engine, &connected, what, &input, async |client| {
            run_operation(&connected.cx(client), &self.operation_key, input.clone()).await
        })
        .await?;
        Ok(OperationOutput { output })
    }
}

#[async_trait]
impl Execute for ExecuteRequest {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Value> {
        let input = self.payload.unwrap_or_else(|| json!({}));
        let run = RunOperation::new(self.connection_id, self.key, input);
        Ok(run.execute(engine, caller).await?.output)
    }
}

/// Tries a connection; gives what the app says against it.
async fn test(
    engine: &Engine,
    caller: &Caller,
    connection: &Connection,
    recorder: &Arc<Recorder>,
) -> Result<Option<Error>> {
    let connected = by_connection_id(engine, caller, connection.id.clone().into()).await?;
    let option = connected.connector.auth_option(connection.spec.auth_option_key.as_deref())?;
    let client = connected.client(engine, Some(Arc::clone(recorder)), engine.deadline());
    match ask(option, &connected.cx(&client)).await {
        Ok(()) => Ok(None),
        Err(error) => {
            let error = error.with("connectionId", &connection.id);
            let error = error.masked(|text| connected.target.mask().said(text));
            if says_no(error.kind()) { Ok(Some(error)) } else { Err(error) }
        }
    }
}

/// Whether it is the app that says no, and not we who could not ask.
fn says_no(kind: ErrorKind) -> bool {
    use ErrorKind::{AccessTokenExpired, Connection, ConnectionDefunct, External, NotFound};
    matches!(kind, AccessTokenExpired | Connection | ConnectionDefunct | External | NotFound)
}

/// Writes what a test found into a connection.
pub(super) fn note(spec: &mut ConnectionSpec, error: Option<&Error>) {
    spec.connected = Some(error.is_none());
    spec.disconnected = Some(error.is_some());
    spec.error = error.map(ErrorBody::from);
}

/// Tries credentials before they are stored, and records what is sent.
pub(super) async fn try_out(
    engine: &Engine,
    connector: &Connector,
    option: &AuthOption,
    settings: &Settings,
    (target, recorder, deadline): (Target, &Arc<Recorder>, Deadline),
) -> Result<()> {
    let target = Arc::new(target);
    let client = engine.parts().http.client(Arc::clone(&target), Some(Arc::clone(recorder))).until(deadline);
    let asked = ask(option, &Cx::new(connector, &client, settings)).await;
    asked.map_err(|error| error.masked(|text| target.mask().said(text)))
}

/// Asks the app whether it takes the credentials, where the connector knows how.
async fn ask(option: &AuthOption, cx: &Cx<'_>) -> Result<()> {
    let Some(test) = &option.test else { return Ok(()) };
    let answer = cx.run(test, &json!({})).await?;
    if answer == Value::Bool(false) {
        return Err(Error::new(ErrorKind::Connection, "the connector's test says no"));
    }
    Ok(())
}
