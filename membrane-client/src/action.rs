use membrane_core::connector::UniversalAction;
use membrane_core::element::ActionSpec;
use membrane_core::op::{ActionRun, Get, RunAction};
use membrane_core::{Error, Result, Selector};
use serde_json::Value;

use crate::Action;
use crate::connection::ConnectionHandle;

/// One action on one connection.
///
/// ```
/// use serde_json::json;
/// # use membrane_client::{Client, Result};
/// # use membrane_testkit::demo::Stage;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let stage = Stage::start().await?;
/// # let client = Client::in_process(stage.engine.clone());
/// let create = client.customer("acme").connection("taskly").action("create-task");
/// assert_eq!(create.run(json!({"title": "Call back"})).await?.output["name"], "Call back");
/// # Ok(())
/// # }
/// ```
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
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let action = taskly.action("create-task").get().await?;
    /// let required = action.spec.input_schema.map(|schema| schema.required());
    /// assert_eq!(required.map(|places| places[0].to_string()).as_deref(), Some("$.title"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self) -> Result<Action> {
        self.connection.call(Get::<ActionSpec>::new(self.selector())).await
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the input does not fit its
    /// schema; [`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported) when the app does not
    /// implement a universal action; what the app gives. The context pair `actionRunId` names the logged run.
    ///
    /// ```
    /// use membrane_client::ErrorKind;
    /// use serde_json::json;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let run = taskly.action("create-task").run(json!({"title": "Call back"})).await?;
    /// assert!(run.output["id"].is_string());
    ///
    /// let error = taskly.action("create-task").run(json!({"title": 5})).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidInput);
    /// assert!(error.context_value("actionRunId").is_some());
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// use membrane_client::universal::{CreateTask, NewTask};
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let task = NewTask { title: "Call back".to_owned(), ..NewTask::default() };
    /// let created = taskly.run_typed::<CreateTask>(&task).await?;
    /// assert_eq!(created.name.as_deref(), Some("Call back"));
    /// # Ok(())
    /// # }
    /// ```
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
