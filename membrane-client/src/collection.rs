use std::collections::VecDeque;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use membrane_core::op::{
    CollectionTarget, CreateRecord, DeleteRecord, FindRecord, ListRecords, MatchRecord, SearchRecords,
    UpdateRecord,
};
use membrane_core::{Error, Result};
use serde_json::{Map, Value};

use crate::connection::ConnectionHandle;
use crate::{Record, Records};

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
        RecordList { collection: self.clone(), filter: None, search: None, validate: None }
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
        RecordList { collection: self.clone(), filter: None, search: Some(query.into()), validate: None }
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
            .call(FindRecord::new(self.target.clone(), id.into()))
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

/// A listing that was not started yet.
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
/// let open = tasks.list().filter(json!({"status": "open"}));
/// assert_eq!(open.all().await?.len(), 80);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RecordList {
    collection: CollectionHandle,
    filter: Option<Value>,
    search: Option<String>,
    validate: Option<bool>,
}

impl RecordList {
    /// Keeps records that fit: an object of fields that must be equal, or a list of
    /// `{field, operator, value}`. What the app cannot try itself is tried here; no condition is dropped.
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
    /// let filter = json!([{"field": "title", "operator": "contains", "value": "Call"}]);
    /// let calls = tasks.list().filter(filter).all().await?;
    /// assert!(calls.iter().all(|task| task.name.as_deref().is_some_and(|name| name.contains("Call"))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter(mut self, filter: Value) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Checks each record against the collection's schema. One that does not fit is an error
    /// ([`ErrorKind::External`](membrane_core::ErrorKind::External)) that names the record and the place.
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
    /// assert_eq!(tasks.list().validate().all().await?.len(), 120);
    /// # Ok(())
    /// # }
    /// ```
    pub fn validate(mut self) -> Self {
        self.validate = Some(true);
        self
    }

    /// Reads one page; `None` is the first.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported) when the app cannot list or search;
    /// else what it gives.
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
    /// let first = tasks.list().page(None).await?;
    /// let second = tasks.list().page(first.cursor.as_deref()).await?;
    /// assert_ne!(first.records[0].id, second.records[0].id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn page(&self, cursor: Option<&str>) -> Result<Records> {
        let (target, cursor) = (self.collection.target.clone(), cursor.map(str::to_owned));
        let connection = &self.collection.connection;
        match &self.search {
            Some(query) => connection.call(SearchRecords::new(target, query.clone(), cursor)).await,
            None => {
                connection.call(ListRecords::new(target, self.filter.clone(), cursor, self.validate)).await
            }
        }
    }

    /// Reads page after page, each when its records are asked for. After an error the stream ends.
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let tasks = client.customer("acme").connection("taskly").collection("tasks");
    /// let mut tasks = tasks.list().stream();
    /// let mut seen = 0;
    /// while let Some(task) = tasks.try_next().await? {
    ///     seen += usize::from(task.name.is_some());
    /// }
    /// assert_eq!(seen, 120);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> BoxStream<'static, Result<Record>> {
        struct State {
            list: RecordList,
            ready: VecDeque<Record>,
            cursor: Option<String>,
            is_last: bool,
        }
        let start = State { list: self, ready: VecDeque::new(), cursor: None, is_last: false };
        stream::try_unfold(start, |mut state| async move {
            while state.ready.is_empty() && !state.is_last {
                let page = state.list.page(state.cursor.as_deref()).await?;
                state.is_last = page.cursor.is_none();
                state.cursor = page.cursor;
                state.ready = page.records.into();
            }
            Ok(state.ready.pop_front().map(|record| (record, state)))
        })
        .boxed()
    }

    /// Reads every record.
    ///
    /// # Errors
    /// The first error of any page.
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
    /// let names: Vec<_> = tasks.list().all().await?.into_iter().filter_map(|task| task.name).collect();
    /// assert_eq!(names.len(), 120);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn all(self) -> Result<Vec<Record>> {
        self.stream().try_collect().await
    }
}

fn object(field: &'static str, value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Error::invalid_input(format!("`{field}` is an object")).with("field", field)),
    }
}
