use http::Method;
use membrane_core::element::{ActionSpec, ConnectionSpec};
use membrane_core::op::{
    ApiLogRecord, Archive, ConnectionAttemptRecord, GetActionRun, GetApiLog, GetConnection, ListActionRuns,
    ListApiLogs, ListConnectionAttempts, ListQuery, ProxyRequest, ProxyResponse, Restore, RunOperation,
    TestConnection,
};
use membrane_core::{Page, Result};
use serde_json::Value;

use crate::action::ActionHandle;
use crate::backend::{Backend, Callable, Who};
use crate::collection::CollectionHandle;
use crate::data_link::DataLinkTableHandle;
use crate::data_source::DataSourceHandle;
use crate::field_mapping::FieldMappingHandle;
use crate::{Action, ActionRunRecord, Connection};

/// One connection of one customer.
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
/// let taskly = client.customer("acme").connection("taskly");
/// let id = taskly.collection("tasks").create(json!({"title": "Call back"})).await?;
/// taskly.action("complete-task").run(json!({ "id": id })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectionHandle {
    backend: Backend,
    who: Who,
    selector: String,
}

impl ConnectionHandle {
    pub(crate) fn new(backend: Backend, who: Who, selector: String) -> Self {
        Self { backend, who, selector }
    }

    pub(crate) fn selector(&self) -> &str {
        &self.selector
    }

    pub(crate) async fn call<T: Callable>(&self, op: T) -> Result<T::Output> {
        self.backend.call(&self.who, op).await
    }

    /// Reads the connection.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the customer has none with this
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
    /// assert_eq!(taskly.get().await?.name, "Taskly");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self) -> Result<Connection> {
        self.call(GetConnection::new(self.selector.as_str())).await
    }

    /// Tries the credentials against the app.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](membrane_core::ErrorKind::Unavailable) and the like when the app cannot be
    /// asked; credentials it does not take are `false`, not an error.
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
    /// assert!(taskly.test().await?);
    /// stage.tasks.rotate_api_key();
    /// assert!(!taskly.test().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn test(&self) -> Result<bool> {
        self.call(TestConnection::new(self.selector.as_str())).await.map(|outcome| outcome.success)
    }

    /// Archives the connection: its actions and records are out of reach until it is restored.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    ///
    /// ```
    /// use membrane_client::ErrorKind;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let acme = client.customer("acme");
    /// # let taskly = acme.connection("taskly");
    /// let id = taskly.archive().await?.id;
    /// assert_eq!(taskly.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    /// acme.connection(id.as_str()).restore().await?;
    /// assert!(taskly.test().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn archive(&self) -> Result<Connection> {
        self.call(Archive::<ConnectionSpec>::new(self.selector.as_str())).await
    }

    /// Brings an archived connection back.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    pub async fn restore(&self) -> Result<Connection> {
        self.call(Restore::<ConnectionSpec>::new(self.selector.as_str())).await
    }

    /// What can be run on it.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
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
    /// let actions = taskly.actions().await?;
    /// assert!(actions.iter().any(|action| action.name == "Complete task"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn actions(&self) -> Result<Vec<Action>> {
        let mut query = ListQuery::default();
        query.connection_id = Some(self.selector.clone());
        self.backend.all::<ActionSpec>(&self.who, query).await
    }

    /// One action, by key or id.
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
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let run = taskly.action("get-task").run(json!({"id": "tsk_000001"})).await?;
    /// assert_eq!(run.output["title"], "Call the invoice #1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn action(&self, selector: impl Into<String>) -> ActionHandle {
        ActionHandle::new(self.clone(), selector.into())
    }

    /// One data collection, by key.
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
    /// assert_eq!(taskly.collection("users").list().all().await?.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn collection(&self, key: impl Into<String>) -> CollectionHandle {
        CollectionHandle::new(self.clone(), key.into())
    }

    /// One data source, by key or id: the same records whatever the app calls them.
    ///
    /// ```
    /// use membrane_core::element::DataSourceSpec;
    /// use membrane_core::op::Create;
    /// use serde_json::{Map, json};
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let people = Map::from_iter([("key".to_owned(), json!("people")), ("udm".to_owned(), json!("contacts"))]);
    /// stage.engine.call(&stage.engine.manager(), Create::<DataSourceSpec>::new(people)).await?;
    ///
    /// let acme = client.customer("acme");
    /// assert_eq!(acme.connection("taskly").data_source("people").list().all().await?.len(), 3);
    /// assert_eq!(acme.connection("contactly").data_source("people").list().all().await?.len(), 60);
    /// # Ok(())
    /// # }
    /// ```
    pub fn data_source(&self, selector: impl Into<String>) -> DataSourceHandle {
        DataSourceHandle::new(self.clone(), selector.into())
    }

    /// The records of a unified model, in the fields of the model both ways.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let acme = client.customer("acme");
    /// for app in ["taskly", "contactly"] {
    ///     let contacts = acme.connection(app).unified("contacts").list().all().await?;
    ///     assert!(contacts.iter().all(|contact| contact.fields["primaryEmail"].is_string()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn unified(&self, model: impl Into<String>) -> DataSourceHandle {
        DataSourceHandle::of_model(self.clone(), model.into())
    }

    /// One field mapping, by key or id.
    pub fn field_mapping(&self, selector: impl Into<String>) -> FieldMappingHandle {
        FieldMappingHandle::new(self.clone(), selector.into())
    }

    /// One data link table, by key or id.
    pub fn data_link_table(&self, selector: impl Into<String>) -> DataLinkTableHandle {
        DataLinkTableHandle::new(self.clone(), selector.into())
    }

    /// Runs an operation of the app as its connector describes it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the connector has no such operation;
    /// else what the app gives.
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
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let task = taskly.operation("complete-task", json!({"id": "tsk_000001"})).await?;
    /// assert_eq!(task["status"], "done");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn operation(&self, key: impl Into<String>, input: Value) -> Result<Value> {
        self.call(RunOperation::new(self.selector.as_str(), key, input)).await.map(|outcome| outcome.output)
    }

    /// Sends a request to the app as this connection and hands its answer through, whatever its status.
    ///
    /// # Errors
    /// What finding the connection and reaching the app gives.
    ///
    /// ```
    /// use http::Method;
    /// use serde_json::json;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let answer = taskly.proxy(Method::GET, "/v1/me", None).await?;
    /// assert_eq!((answer.status, &answer.json()?["email"]), (200, &json!("ada@taskly.example")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn proxy(
        &self,
        method: Method,
        path: impl Into<String>,
        body: Option<&Value>,
    ) -> Result<ProxyResponse> {
        let mut request = ProxyRequest::new(self.selector.as_str(), method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.backend.proxy(&self.who, request).await
    }

    /// The runs of actions on this connection, newest first.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
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
    /// # let taskly = client.customer("acme").connection("taskly");
    /// taskly.action("get-task").run(json!({"id": "tsk_000001"})).await?;
    /// # stage.engine.flush().await; // the log is written in batches
    /// assert_eq!(taskly.runs().await?.items.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn runs(&self) -> Result<Page<ActionRunRecord>> {
        self.runs_after(None).await
    }

    /// The runs behind the `cursor` of a page of [`ConnectionHandle::runs`], older ones; `None` is the first page.
    ///
    /// # Errors
    /// As [`ConnectionHandle::runs`].
    pub async fn runs_after(&self, cursor: Option<&str>) -> Result<Page<ActionRunRecord>> {
        let mut query = ListActionRuns::default();
        query.of.connection_id = Some(self.selector.clone());
        query.paging.cursor = cursor.map(str::to_owned);
        self.call(query).await
    }

    /// One run with its raw exchanges, secrets masked.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the customer has no such run.
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
    /// # let taskly = client.customer("acme").connection("taskly");
    /// let run = taskly.action("get-task").run(json!({"id": "tsk_000001"})).await?;
    /// # stage.engine.flush().await; // the log is written in batches
    /// let logged = taskly.run(run.action_run_id.as_str()).await?;
    /// assert_eq!(logged.external_api_logs.map(|exchanges| exchanges.len()), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(&self, id: impl Into<String>) -> Result<ActionRunRecord> {
        self.call(GetActionRun::detailed(id)).await
    }

    /// What was sent to the app on this connection, newest first: by actions, data collections, operations, the
    /// proxy and tests. `cursor` is that of the page before; `None` is the first page.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
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
    /// taskly.collection("tasks").get("tsk_000001").await?;
    /// # stage.engine.flush().await; // the log is written in batches
    /// let request = &taskly.api_logs(None).await?.items[0];
    /// assert_eq!((request.source.as_str(), request.status_code), ("data-collection", Some(200)));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn api_logs(&self, cursor: Option<&str>) -> Result<Page<ApiLogRecord>> {
        let mut query = ListApiLogs::default();
        query.of.connection_id = Some(self.selector.clone());
        query.paging.cursor = cursor.map(str::to_owned);
        self.call(query).await
    }

    /// The attempts to connect that were about this connection, newest first: when it was made, connected anew and
    /// tested. `cursor` is that of the page before; `None` is the first page. Attempts no connection came of are those
    /// of the [customer](crate::CustomerHandle::attempts).
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    pub async fn attempts(&self, cursor: Option<&str>) -> Result<Page<ConnectionAttemptRecord>> {
        let mut query = ListConnectionAttempts::default();
        query.of.connection_id = Some(self.selector.clone());
        query.paging.cursor = cursor.map(str::to_owned);
        self.call(query).await
    }

    /// One request with what was sent and answered, secrets masked.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the customer has no such record.
    pub async fn api_log(&self, id: impl Into<String>) -> Result<ApiLogRecord> {
        self.call(GetApiLog::new(id)).await
    }
}

impl std::fmt::Debug for ConnectionHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ConnectionHandle").field(&self.who).field(&self.selector).finish()
    }
}
