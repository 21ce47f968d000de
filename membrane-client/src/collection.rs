use membrane_core::op::{
    CollectionTarget, CreateRecord, DeleteRecord, FindRecord, MatchRecord, UpdateRecord,
};
use membrane_core::{Error, Result};
use serde_json::{Map, Value};

use crate::Record;
use crate::connection::ConnectionHandle;
use crate::list::RecordList;

/// One data collection of one connection, used like a table.
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
/// let tasks = client.customer("acme").connection("taskly").collection("tasks");
/// let id = tasks.create(json!({"title": "Call back"})).await?;
/// tasks.update(&id, json!({"status": "done"})).await?;
/// assert_eq!(tasks.get(&id).await?.fields["status"], "done");
/// tasks.delete(&id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CollectionHandle {
    connection: ConnectionHandle,
    target: CollectionTarget,
}

impl CollectionHandle {
    pub(crate) fn new(connection: ConnectionHandle, key: String) -> Self {
        let target = CollectionTarget::new(connection.selector(), key);
        Self { connection, target }
    }

    pub(crate) fn target(&self) -> CollectionTarget {
        self.target.clone()
    }

    pub(crate) fn connection(&self) -> &ConnectionHandle {
        &self.connection
    }

    /// Sets the collection's parameters, an object: for example which repository.
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
    /// let notes = client.customer("acme").connection("contactly").collection("notes");
    /// let notes = notes.parameters(json!({"contactId": "1"}));
    /// notes.create(json!({"text": "Called, no answer"})).await?;
    /// assert_eq!(notes.list().all().await?[0].name.as_deref(), Some("Called, no answer"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn parameters(mut self, parameters: Value) -> Self {
        self.target.parameters = match parameters {
            Value::Object(parameters) => Some(parameters),
            Value::Null => None,
            // Kept so that the schema of the parameters can refuse it by name.
            other => Some(Map::from_iter([("value".to_owned(), other)])),
        };
        self
    }

    /// Lists the records.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// assert_eq!(tasks.list().all().await?.len(), 120);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> RecordList {
        RecordList::new(self.clone(), None)
    }

    /// Lists the records a text finds.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// let found = tasks.search("invoice").all().await?;
    /// assert!(found.iter().all(|task| task.name.as_deref().is_some_and(|name| name.contains("invoice"))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn search(&self, query: impl Into<String>) -> RecordList {
        RecordList::new(self.clone(), Some(query.into()))
    }

    /// Finds one record by fields.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported) when the app cannot;
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) for fields it cannot find by.
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
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// let task = tasks.find(json!({"title": "Call the invoice #1"})).await?;
    /// assert_eq!(task.map(|task| task.id).as_deref(), Some("tsk_000001"));
    /// assert!(tasks.find(json!({"title": "Nothing to do"})).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn find(&self, query: Value) -> Result<Option<Record>> {
        let op = MatchRecord::new(self.target.clone(), object("query", query)?);
        self.connection.call(op).await.map(|outcome| outcome.record)
    }

    /// Reads one record by its id.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is none.
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
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// assert_eq!(tasks.get("tsk_000001").await?.fields["status"], "open");
    /// assert_eq!(tasks.get("tsk_999999").await.unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, id: impl Into<String>) -> Result<Record> {
        self.connection
            .call(FindRecord::new(self.target.clone(), id.into(), None))
            .await
            .map(|outcome| outcome.record)
    }

    /// Adds a record and gives its id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the fields do not fit; the
    /// app's refusal.
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
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// let id = tasks.create(json!({"title": "Call back"})).await?;
    /// assert_eq!(tasks.get(id).await?.name.as_deref(), Some("Call back"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, fields: Value) -> Result<String> {
        let op = CreateRecord::new(self.target.clone(), object("fields", fields)?);
        self.connection.call(op).await.map(|outcome| outcome.id)
    }

    /// Changes a record and gives its id.
    ///
    /// # Errors
    /// As [`CollectionHandle::create`], and [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound).
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
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// tasks.update("tsk_000001", json!({"status": "done"})).await?;
    /// assert_eq!(tasks.get("tsk_000001").await?.fields["status"], "done");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update(&self, id: impl Into<String>, fields: Value) -> Result<String> {
        let op = UpdateRecord::new(self.target.clone(), id.into(), object("fields", fields)?);
        self.connection.call(op).await.map(|outcome| outcome.id)
    }

    /// Removes a record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is none.
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
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// tasks.delete("tsk_000001").await?;
    /// assert_eq!(tasks.delete("tsk_000001").await.unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, id: impl Into<String>) -> Result<()> {
        self.connection.call(DeleteRecord::new(self.target.clone(), id.into())).await.map(|_| ())
    }
}

pub(crate) fn object(field: &'static str, value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Error::invalid_input(format!("`{field}` is an object")).with("field", field)),
    }
}
