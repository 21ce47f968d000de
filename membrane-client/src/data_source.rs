use membrane_core::op::{
    CollectionSpec, CreateSourceRecord, DeleteSourceRecord, FindSourceRecord, GetSourceCollection,
    ListSourceRecords, MatchSourceRecord, SearchSourceRecords, SourceChange, SourceFields, SourceList,
    SourceMatch, SourceRecord, SourceSearch, SourceTarget, UnifiedToNative, UpdateSourceRecord,
};
use membrane_core::{Result, Selector};
use serde_json::{Map, Value, json};

use crate::collection::object;
use crate::connection::ConnectionHandle;
use crate::list::RecordList;
use crate::{Record, Records};

/// The records of a data source, or of a unified model, on one connection: the same calls whatever the app is.
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
/// let tasks = client.customer("acme").connection("taskly").unified("tasks");
/// let id = tasks.create(json!({"subject": "Call back"})).await?;
/// tasks.update(&id, json!({"status": "done"})).await?;
/// assert_eq!(tasks.get(&id).await?.fields["status"], "done");
/// tasks.delete(&id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DataSourceHandle {
    connection: ConnectionHandle,
    target: SourceTarget,
    field_mapping: Option<Map<String, Value>>,
    /// Whether what is written is in terms of the unified model.
    is_unified: bool,
}

impl DataSourceHandle {
    pub(crate) fn new(connection: ConnectionHandle, selector: String) -> Self {
        let target = SourceTarget::new(Selector::key(selector).connection(connection.selector()));
        Self { connection, target, field_mapping: None, is_unified: false }
    }

    pub(crate) fn of_model(connection: ConnectionHandle, model: String) -> Self {
        let mut target = SourceTarget::new(Selector::default().connection(connection.selector()));
        target.udm = Some(model);
        let everything = ("defaultImportValue".to_owned(), json!({"$var": "$"}));
        let field_mapping = Some(Map::from_iter([everything]));
        Self { connection, target, field_mapping, is_unified: true }
    }

    /// Reads and writes the product's own fields, as this field mapping has them: by key or id.
    ///
    /// ```
    /// use membrane_core::element::{DataSourceSpec, FieldMappingSpec};
    /// use membrane_core::op::Create;
    /// use serde_json::{Map, json};
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let manager = stage.engine.manager();
    /// let text = |name: &str, value: &str| (name.to_owned(), json!(value));
    /// let people = Map::from_iter([text("key", "people"), text("udm", "contacts")]);
    /// let mut person = Map::from_iter([text("key", "person"), text("dataSourceKey", "people")]);
    /// person.insert("defaultImportValue".to_owned(), json!({"mail": {"$var": "$.primaryEmail"}}));
    /// // Once, as a manager of the workspace:
    /// stage.engine.call(&manager, Create::<DataSourceSpec>::new(people)).await?;
    /// stage.engine.call(&manager, Create::<FieldMappingSpec>::new(person)).await?;
    ///
    /// let acme = client.customer("acme");
    /// for app in ["taskly", "contactly"] {
    ///     let people = acme.connection(app).data_source("people").mapped("person").list().all().await?;
    ///     assert!(people.iter().all(|person| person.fields["mail"].is_string()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mapped(mut self, key: impl Into<String>) -> Self {
        self.is_unified = false;
        self.field_mapping.get_or_insert_default().shift_remove("defaultImportValue");
        self.with("key", key.into().into())
    }

    /// Gives the app's own fields beside the mapped ones.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let tasks = client.customer("acme").connection("taskly").unified("tasks").with_raw_fields();
    /// let task = tasks.get("tsk_000001").await?;
    /// assert_eq!(task.raw_fields.map(|raw| raw["title"] == task.fields["subject"]), Some(true));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_raw_fields(self) -> Self {
        self.with("includeRawFields", true.into())
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.field_mapping.get_or_insert_default().insert(name.to_owned(), value);
        self
    }

    /// Lists the records.
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
    /// let tasks = client.customer("acme").connection("taskly").unified("tasks");
    /// let open = tasks.list().unified_filter(json!({"status": "open"})).all().await?;
    /// assert_eq!(open.len(), 80);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> RecordList {
        RecordList::new(self.clone(), None)
    }

    /// Lists the records a text finds.
    pub fn search(&self, query: impl Into<String>) -> RecordList {
        RecordList::new(self.clone(), Some(query.into()))
    }

    /// Finds one record by fields of the collection.
    ///
    /// # Errors
    /// As [`CollectionHandle::find`](crate::CollectionHandle::find).
    pub async fn find(&self, query: Value) -> Result<Option<Record>> {
        let mut request = SourceMatch::new(object("query", query)?);
        request.field_mapping = self.field_mapping();
        let op = MatchSourceRecord::new(self.target.clone(), request);
        self.connection.call(op).await.map(|outcome| outcome.record)
    }

    /// Reads one record by its id.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is none;
    /// [`ErrorKind::Dependency`](membrane_core::ErrorKind::Dependency) when the data source leads to no collection
    /// of this app, or the field mapping is not there.
    pub async fn get(&self, id: impl Into<String>) -> Result<Record> {
        let mut request = SourceRecord::new(id.into());
        request.field_mapping = self.field_mapping();
        let op = FindSourceRecord::new(self.target.clone(), request);
        self.connection.call(op).await.map(|outcome| outcome.record)
    }

    /// Adds a record and gives its id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the fields do not fit once they
    /// are mapped; the app's refusal; as [`DataSourceHandle::get`] for what it depends on.
    pub async fn create(&self, fields: Value) -> Result<String> {
        let mut request = SourceFields::default();
        let fields = object("fields", fields)?;
        match self.is_unified {
            true => request.unified_fields = Some(fields),
            false => request.fields = fields,
        }
        request.field_mapping = self.field_mapping();
        let op = CreateSourceRecord::new(self.target.clone(), request);
        self.connection.call(op).await.map(|outcome| outcome.id)
    }

    /// Changes a record and gives its id.
    ///
    /// # Errors
    /// As [`DataSourceHandle::create`], and [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound).
    pub async fn update(&self, id: impl Into<String>, fields: Value) -> Result<String> {
        let mut request = SourceChange::new(id.into(), Map::new());
        let fields = object("fields", fields)?;
        match self.is_unified {
            true => request.unified_fields = Some(fields),
            false => request.fields = fields,
        }
        request.field_mapping = self.field_mapping();
        let op = UpdateSourceRecord::new(self.target.clone(), request);
        self.connection.call(op).await.map(|outcome| outcome.id)
    }

    /// Removes a record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is none.
    pub async fn delete(&self, id: impl Into<String>) -> Result<()> {
        let op = DeleteSourceRecord::new(self.target.clone(), SourceRecord::new(id.into()));
        self.connection.call(op).await.map(|_| ())
    }

    /// What the collection behind it can do.
    ///
    /// # Errors
    /// [`ErrorKind::Dependency`](membrane_core::ErrorKind::Dependency) when it leads to no collection of this app.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let collection = client.customer("acme").connection("contactly").unified("contacts").collection().await?;
    /// assert_eq!(collection.key, "contacts");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn collection(&self) -> Result<CollectionSpec> {
        self.connection.call(GetSourceCollection::new(self.target.clone())).await
    }

    /// The fields of the collection for those of the data source's unified model.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](membrane_core::ErrorKind::Configuration) when it has no such model.
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
    /// let contacts = client.customer("acme").connection("contactly").unified("contacts");
    /// let native = contacts.native(json!({"fullName": "Ada Moreau"})).await?;
    /// assert_eq!(native, json!({"first_name": "Ada", "last_name": "Moreau"}));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn native(&self, fields: Value) -> Result<Value> {
        let op = UnifiedToNative::new(self.target.clone(), object("fields", fields)?);
        self.connection.call(op).await.map(Value::Object)
    }

    fn field_mapping(&self) -> Option<Value> {
        self.field_mapping.clone().map(Value::Object)
    }

    pub(crate) async fn search_page(&self, query: String, cursor: Option<String>) -> Result<Records> {
        let mut request = SourceSearch::new(query);
        request.cursor = cursor;
        request.field_mapping = self.field_mapping();
        self.connection.call(SearchSourceRecords::new(self.target.clone(), request)).await
    }

    pub(crate) async fn list_page(&self, mut request: SourceList) -> Result<Records> {
        request.field_mapping = self.field_mapping();
        self.connection.call(ListSourceRecords::new(self.target.clone(), request)).await
    }
}
