use membrane_core::connector::UniversalAction;
use membrane_core::element::ActionSpec;
use membrane_core::op::{ActionRun, Get, RunAction};
use membrane_core::{Error, Result, Selector};
use serde_json::Value;

use crate::Action;
use crate::connection::ConnectionHandle;

/// One action on one connection.
#[derive(Clone, Debug)]
pub struct ActionHandle {
    connection: ConnectionHandle,
    selector: String,
}

impl ActionHandle {
    pub(crate) fn new(connection: ConnectionHandle, selector: String) -> Self {
        Self { connection, selector }
    }

    fn selector(&self) -> Selector {
        Selector::from(self.selector.as_str()).connection(self.connection.selector())
    }

    /// Reads the action: its schemas, what it does.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the connection has none with this
    /// selector.
    pub async fn get(&self) -> Result<Action> {
        self.connection.call(Get::<ActionSpec>::new(self.selector())).await
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the input does not fit its
    /// schema; [`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported) when the app does not
    /// implement a universal action; what the app gives. The context pair `actionRunId` names the logged run.
    pub async fn run(&self, input: Value) -> Result<ActionRun> {
        self.connection.call(RunAction::new(self.selector(), input)).await
    }
}

impl ConnectionHandle {
    /// Runs a universal action with its own types.
    ///
    /// # Errors
    /// As [`ActionHandle::run`]; [`ErrorKind::External`](membrane_core::ErrorKind::External) when the output
    /// does not fit the type.
    pub async fn run_typed<A: UniversalAction>(&self, input: &A::Input) -> Result<A::Output> {
        let input = serde_json::to_value(input).map_err(|error| {
            Error::invalid_input(format!("the input of `{}` cannot be written as JSON: {error}", A::KEY))
        })?;
        let run = self.action(A::KEY).run(input).await?;
        serde_json::from_value(run.output).map_err(|error| {
            Error::new(
                membrane_core::ErrorKind::External,
                format!("the output of `{}` does not fit its type: {error}", A::KEY),
            )
            .with("actionRunId", &run.action_run_id)
        })
    }
}
