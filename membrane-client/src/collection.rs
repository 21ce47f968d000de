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
    pub fn list(&self) -> RecordList {
        RecordList { collection: self.clone(), filter: None, search: None, validate: None }
    }

    /// Lists the records a text finds.
    pub fn search(&self, query: impl Into<String>) -> RecordList {
        RecordList { collection: self.clone(), filter: None, search: Some(query.into()), validate: None }
    }

    /// Finds one record by fields.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported) when the app cannot;
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) for fields it cannot find by.
    pub async fn find(&self, query: Value) -> Result<Option<Record>> {
        let op = MatchRecord::new(self.target.clone(), object("query", query)?);
        self.connection.call(op).await.map(|outcome| outcome.record)
    }

    /// Reads one record by its id.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is none.
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
    pub async fn create(&self, fields: Value) -> Result<String> {
        let op = CreateRecord::new(self.target.clone(), object("fields", fields)?);
        self.connection.call(op).await.map(|outcome| outcome.id)
    }

    /// Changes a record and gives its id.
    ///
    /// # Errors
    /// As [`CollectionHandle::create`], and [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound).
    pub async fn update(&self, id: impl Into<String>, fields: Value) -> Result<String> {
        let op = UpdateRecord::new(self.target.clone(), id.into(), object("fields", fields)?);
        self.connection.call(op).await.map(|outcome| outcome.id)
    }

    /// Removes a record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is none.
    pub async fn delete(&self, id: impl Into<String>) -> Result<()> {
        self.connection.call(DeleteRecord::new(self.target.clone(), id.into())).await.map(|_| ())
    }
}

/// A listing that was not started yet.
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
    pub fn filter(mut self, filter: Value) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Checks each record against the collection's schema. One that does not fit is an error
    /// ([`ErrorKind::External`](membrane_core::ErrorKind::External)) that names the record and the place.
    pub fn validate(mut self) -> Self {
        self.validate = Some(true);
        self
    }

    /// Reads one page; `None` is the first.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported) when the app cannot list or search;
    /// else what it gives.
    pub async fn page(&self, cursor: Option<&str>) -> Result<Records> {
        let (target, cursor) = (self.collection.target.clone(), cursor.map(str::to_owned));
        let connection = &self.collection.connection;
        match &self.search {
            Some(query) => connection.call(SearchRecords::new(target, query.clone(), cursor)).await,
            None => {
                connection
                    .call(ListRecords::new(target, self.filter.clone(), None, cursor, self.validate))
                    .await
            }
        }
    }

    /// Reads page after page, each when its records are asked for. After an error the stream ends.
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
