use std::collections::VecDeque;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use membrane_core::Result;
use membrane_core::op::{ListRecords, SearchRecords};
use serde_json::Value;

use crate::collection::CollectionHandle;
use crate::{Record, Records};

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
    pub(crate) fn new(collection: CollectionHandle, search: Option<String>) -> Self {
        Self { collection, filter: None, search, validate: None }
    }

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
        let (target, cursor) = (self.collection.target(), cursor.map(str::to_owned));
        let connection = self.collection.connection();
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
