use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use membrane_core::op::{ListRecords, SearchRecords, SourceList};
use membrane_core::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::collection::CollectionHandle;
use crate::data_source::DataSourceHandle;
use crate::{Record, Records};

/// How many pages without a record may follow each other.
const MAX_EMPTY_PAGES: usize = 1000;

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
    of: Listed,
    filter: Option<Value>,
    unified_filter: Option<Value>,
    search: Option<String>,
    validate: Option<bool>,
}

/// Whose records are listed.
#[derive(Clone, Debug)]
pub(crate) enum Listed {
    Collection(Box<CollectionHandle>),
    DataSource(Box<DataSourceHandle>),
}

impl From<CollectionHandle> for Listed {
    fn from(collection: CollectionHandle) -> Self {
        Self::Collection(Box::new(collection))
    }
}

impl From<DataSourceHandle> for Listed {
    fn from(source: DataSourceHandle) -> Self {
        Self::DataSource(Box::new(source))
    }
}

impl RecordList {
    pub(crate) fn new(of: impl Into<Listed>, search: Option<String>) -> Self {
        Self { of: of.into(), filter: None, unified_filter: None, search, validate: None }
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

    /// Keeps records that fit in terms of the unified model of a data source; a [`filter`](Self::filter) counts
    /// more. The app is asked for these only, where it can be.
    ///
    /// A field of the model that the collection has none for is an error
    /// ([`ErrorKind::Unsupported`](membrane_core::ErrorKind::Unsupported)): no condition is dropped. A data
    /// collection knows no model and refuses it.
    pub fn unified_filter(mut self, filter: Value) -> Self {
        self.unified_filter = Some(filter);
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
        let cursor = cursor.map(str::to_owned);
        let (filter, unified) = (self.filter.clone(), self.unified_filter.clone());
        match (&self.of, &self.search) {
            (Listed::Collection(of), Some(query)) => {
                of.connection().call(SearchRecords::new(of.target(), query.clone(), cursor)).await
            }
            (Listed::Collection(of), None) => {
                let op = ListRecords::new(of.target(), filter, unified, cursor, self.validate);
                of.connection().call(op).await
            }
            (Listed::DataSource(of), Some(query)) => of.search_page(query.clone(), cursor).await,
            (Listed::DataSource(of), None) => {
                let mut request = SourceList::new();
                (request.filter, request.unified_filter) = (filter, unified);
                (request.cursor, request.validate) = (cursor, self.validate);
                of.list_page(request).await
            }
        }
    }

    /// Reads page after page, each when its records are asked for. After an error the stream ends.
    ///
    /// An app that names a page it has answered before as the next one, or answers 1,000 pages without a
    /// record in a row, is an error ([`ErrorKind::External`](membrane_core::ErrorKind::External)): reading on
    /// might never end.
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
        pages(move |cursor| {
            let list = self.clone();
            async move { list.page(cursor.as_deref()).await }
        })
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

/// The records of page after page, as `read` gives them for a cursor.
fn pages<F, P>(read: F) -> BoxStream<'static, Result<Record>>
where
    F: Fn(Option<String>) -> P + Send + 'static,
    P: Future<Output = Result<Records>> + Send + 'static,
{
    struct State<F> {
        read: F,
        ready: VecDeque<Record>,
        cursor: Option<String>,
        is_last: bool,
        hashing: RandomState,
        /// Hashes of the cursors that were used: cursors may be long, and there may be many.
        seen: HashSet<u64>,
        empty: usize,
    }
    let start = State {
        read,
        ready: VecDeque::new(),
        cursor: None,
        is_last: false,
        hashing: RandomState::new(),
        seen: HashSet::new(),
        empty: 0,
    };
    stream::try_unfold(start, |mut state| async move {
        while state.ready.is_empty() && !state.is_last {
            let page = (state.read)(state.cursor.take()).await?;
            if let Some(next) = &page.cursor
                && !state.seen.insert(state.hashing.hash_one(next))
            {
                return Err(endless("names a page it has answered already as the next one"));
            }
            state.is_last = page.cursor.is_none();
            state.cursor = page.cursor;
            state.ready = page.records.into();
            state.empty = if state.ready.is_empty() { state.empty + 1 } else { 0 };
            if state.empty >= MAX_EMPTY_PAGES && !state.is_last {
                return Err(endless(&format!("answered {MAX_EMPTY_PAGES} pages in a row without a record")));
            }
        }
        Ok(state.ready.pop_front().map(|record| (record, state)))
    })
    .boxed()
}

fn endless(what: &str) -> Error {
    Error::new(ErrorKind::External, format!("the app {what}; reading on would never end"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn page(records: usize, cursor: Option<String>) -> Records {
        let record = serde_json::json!({"id": "1", "fields": {}});
        let records = (0..records).map(|_| serde_json::from_value(record.clone()).unwrap()).collect();
        Records::new(records, cursor)
    }

    /// Reads until the end or an error: how many pages were asked for, and what came of it.
    async fn read(next: impl Fn(usize) -> Records + Send + Sync + 'static) -> (usize, Result<usize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, next) = (Arc::clone(&asked), Arc::new(next));
        let records = pages(move |_| {
            let page = next(count.fetch_add(1, Ordering::Relaxed));
            async move { Ok(page) }
        });
        let found = records.try_collect::<Vec<_>>().await.map(|found| found.len());
        (asked.load(Ordering::Relaxed), found)
    }

    #[tokio::test]
    async fn a_circle_of_pages_is_noticed() {
        for length in [1, 2, 7] {
            let (asked, found) = read(move |at| page(1, Some((at % length).to_string()))).await;
            assert_eq!(found.unwrap_err().kind(), ErrorKind::External);
            assert_eq!(asked, length + 1);
        }
    }

    #[tokio::test]
    async fn pages_without_records_end() {
        let (asked, found) = read(|at| page(0, Some(at.to_string()))).await;
        assert_eq!((asked, found.unwrap_err().kind()), (MAX_EMPTY_PAGES, ErrorKind::External));
        let (asked, found) =
            read(|at| page(usize::from(at % 900 == 899), (at < 2000).then(|| at.to_string()))).await;
        assert_eq!((asked, found.unwrap()), (2001, 2));
    }
}
