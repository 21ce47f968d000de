//! The default store: one SQLite file.

mod checkpoints;
mod elements;
mod fault;
mod links;
mod open;
mod options;
#[cfg(test)]
mod plans;
mod runs;
mod schema;
mod sealed;
mod select;
mod workspaces;
mod writer;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use membrane_core::element::ElementKind;
use membrane_core::{ElementId, Page, Paging, Result, RunId, WorkspaceId};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;
use tracing::field::Empty;

use self::fault::Patience;
use self::open::Pools;
pub use self::options::SqliteOptions;
use self::select::Select;
use self::writer::{Done, Job, Work, Writer};
use crate::store::{
    CheckpointRow, LinkQuery, LinkRow, Query, Row, RunQuery, RunRow, Scope, Sealed, SealedRow, Store, Write,
};

/// Calls that wait to be written at the most; the next one waits to be let in.
const QUEUE: usize = 1024;

/// Keeps everything in one SQLite file, or in memory.
///
/// A cheap handle: clones share the database. Several processes may open one file. Writes go through one
/// task that the store owns: it commits the calls that are waiting together, waits for the disk, then
/// answers each. A caller that stops waiting changes nothing: its write is made in full, or was never
/// queued. The task ends with [`Store::close`] or when the last handle is dropped, after what was queued
/// is written; it lives on the runtime that opened the store.
///
/// ```
/// use membrane_core::WorkspaceId;
/// use membrane_engine::store::{SqliteStore, Store};
///
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
/// let store = SqliteStore::memory().await?;
/// let made = store.workspace("acme", &WorkspaceId::from("w1")).await?;
/// let found = store.workspace("acme", &WorkspaceId::from("w2")).await?;
/// assert_eq!(made, found);
/// store.close().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    reader: SqlitePool,
    jobs: mpsc::Sender<Job>,
    lock_timeout: Duration,
    owns_pools: bool,
}

/// Whose the connections are, and whether a new one finds the same data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ownership {
    File,
    Host,
    Memory,
}

impl SqliteStore {
    /// Opens a database file and brings it up to date. A file that is not there is made, readable by its
    /// owner only.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when the file cannot be used or comes
    /// from a newer version, [`LockTimeout`](membrane_core::ErrorKind::LockTimeout) when other processes
    /// hold it for too long, [`Internal`](membrane_core::ErrorKind::Internal) otherwise.
    ///
    /// ```
    /// use membrane_engine::store::{SqliteStore, Store};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("membrane.db")).await?;
    /// store.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(SqliteOptions::new(path)).await
    }

    /// Opens a database as these options say.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_with(options: SqliteOptions) -> Result<Self> {
        let pools = open::open(&options).await?;
        Ok(Self::start(
            pools,
            options.lock_timeout,
            if options.path.is_some() { Ownership::File } else { Ownership::Memory },
        ))
    }

    /// Opens an empty database in memory, apart from any other, for tests.
    ///
    /// # Errors
    /// [`Internal`](membrane_core::ErrorKind::Internal) when there is no memory for it.
    pub async fn memory() -> Result<Self> {
        Self::open_with(SqliteOptions::memory()).await
    }

    /// Uses the host's own pool, so that one file holds its tables and these, all named `membrane_…`.
    ///
    /// The pool stays the host's: closing the store does not close it, and its pragmas are left alone.
    /// Write-ahead logging is advised, and a `busy_timeout` of some seconds.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when its connections are not
    /// `synchronous = FULL`, otherwise as [`SqliteStore::open`].
    pub async fn from_pool(pool: SqlitePool) -> Result<Self> {
        let options = SqliteOptions::memory();
        open::adopt(&pool, options.lock_timeout).await?;
        let pools = Pools { reader: pool.clone(), writer: pool };
        Ok(Self::start(pools, options.lock_timeout, Ownership::Host))
    }

    fn start(pools: Pools, lock_timeout: Duration, ownership: Ownership) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let writer = Writer {
            pool: pools.writer,
            jobs,
            lock_timeout,
            owns_pool: ownership != Ownership::Host,
            renews: ownership == Ownership::File,
        };
        tokio::spawn(writer.run());
        Self {
            inner: Arc::new(Inner {
                reader: pools.reader,
                jobs: sender,
                lock_timeout,
                owns_pools: ownership != Ownership::Host,
            }),
        }
    }

    /// Queues a write and waits until it is on disk.
    async fn submit(&self, work: Work) -> Result<Done> {
        let operation = work.operation();
        spanned(operation, self.queue(operation, work)).await
    }

    async fn queue(&self, operation: &'static str, work: Work) -> Result<Done> {
        let (reply, answer) = oneshot::channel();
        let queued = self.inner.jobs.send(Job { work, reply }).await;
        queued.map_err(|_| fault::closed(operation))?;
        // The task only goes away unanswered when its runtime does.
        answer.await.map_err(|_| fault::closed(operation))?
    }

    async fn fetch(&self, operation: &'static str, select: &Select) -> Result<Vec<SqliteRow>> {
        spanned(operation, self.read(operation, select)).await
    }

    async fn read(&self, operation: &'static str, select: &Select) -> Result<Vec<SqliteRow>> {
        let mut patience = Patience::new(self.inner.lock_timeout);
        loop {
            if self.inner.jobs.is_closed() {
                return Err(fault::closed(operation));
            }
            let attempt = async { select.fetch(&mut *self.inner.reader.acquire().await?).await };
            match attempt.await {
                Ok(rows) => return Ok(rows),
                Err(fault) => {
                    if !patience.again(&fault).await {
                        return Err(fault::error(operation, fault));
                    }
                }
            }
        }
    }

    async fn fetch_one<T>(
        &self,
        operation: &'static str,
        select: &Select,
        read: impl FnOnce(&SqliteRow) -> Result<T>,
    ) -> Result<Option<T>> {
        let rows = self.fetch(operation, select).await?;
        rows.first().map(read).transpose().map_err(|error| error.with_operation(operation))
    }
}

/// Carries out a call of the database within a span that says which it is, and nothing of what it is about.
async fn spanned<T>(operation: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
    let span = tracing::debug_span!(target: "membrane::store", "store", operation, error = Empty);
    let outcome = call.instrument(span.clone()).await;
    if let Err(error) = &outcome {
        span.record("error", error.kind().as_str());
    }
    outcome
}

#[async_trait]
impl Store for SqliteStore {
    async fn row(&self, scope: &Scope, kind: ElementKind, id: &ElementId) -> Result<Option<Row>> {
        let select = elements::select_one(scope, kind, id);
        self.fetch_one("store.row", &select, |row| elements::read(kind, row)).await
    }

    async fn rows(
        &self,
        scope: &Scope,
        kind: ElementKind,
        query: &Query,
        paging: &Paging,
    ) -> Result<Page<Row>> {
        let select = elements::select_page(scope, kind, query, paging)?;
        let rows = self.fetch("store.rows", &select).await?;
        elements::read_page(kind, paging, rows).map_err(|error| error.with_operation("store.rows"))
    }

    async fn write(&self, scope: &Scope, writes: Vec<Write>) -> Result<()> {
        self.submit(Work::Write { scope: scope.clone(), writes }).await.map(|_| ())
    }

    async fn checkpoints(
        &self,
        scope: &Scope,
        kind: ElementKind,
        id: &ElementId,
        paging: &Paging,
    ) -> Result<Page<CheckpointRow>> {
        let select = checkpoints::select_page(scope, kind, id, paging)?;
        let rows = self.fetch("store.checkpoints", &select).await?;
        checkpoints::read_page(kind, id, paging, rows)
            .map_err(|error| error.with_operation("store.checkpoints"))
    }

    async fn checkpoint(
        &self,
        scope: &Scope,
        kind: ElementKind,
        id: &ElementId,
        number: u64,
    ) -> Result<Option<CheckpointRow>> {
        let select = checkpoints::select_one(scope, kind, id, number);
        self.fetch_one("store.checkpoint", &select, |row| checkpoints::read(kind, id, row)).await
    }

    async fn sealed(&self, scope: &Scope, element: &ElementId) -> Result<Option<Sealed>> {
        let select = sealed::select_one(scope, element);
        self.fetch_one("store.sealed", &select, sealed::read).await
    }

    async fn sealed_not_under(&self, key_id: &str, paging: &Paging) -> Result<Page<SealedRow>> {
        let select = sealed::select_not_under(key_id, paging)?;
        let rows = self.fetch("store.sealed_not_under", &select).await?;
        sealed::read_page(paging, rows).map_err(|error| error.with_operation("store.sealed_not_under"))
    }

    async fn rewrap(&self, row: &SealedRow, key_id: &str, wrapped_key: &[u8]) -> Result<()> {
        let (key_id, wrapped_key) = (key_id.to_owned(), wrapped_key.to_owned());
        self.submit(Work::Rewrap { row: row.clone(), key_id, wrapped_key }).await.map(|_| ())
    }

    async fn links(&self, scope: &Scope, query: &LinkQuery, paging: &Paging) -> Result<Page<LinkRow>> {
        let select = links::select_page(scope, query, paging)?;
        let rows = self.fetch("store.links", &select).await?;
        links::read_page(paging, rows).map_err(|error| error.with_operation("store.links"))
    }

    async fn append_runs(&self, runs: Arc<[RunRow]>) -> Result<()> {
        self.submit(Work::Append(runs)).await.map(|_| ())
    }

    async fn remove_runs(&self, before: &str, limit: u32) -> Result<u64> {
        Ok(match self.submit(Work::RemoveRuns { bound: runs::bound(before)?, limit }).await? {
            Done::Removed(runs) => runs,
            Done::Workspace(_) | Done::Written => 0,
        })
    }

    async fn runs(&self, scope: &Scope, query: &RunQuery, paging: &Paging) -> Result<Page<RunRow>> {
        let select = runs::select_page(scope, query, paging)?;
        let rows = self.fetch("store.runs", &select).await?;
        runs::read_page(paging, rows).map_err(|error| error.with_operation("store.runs"))
    }

    async fn run(&self, scope: &Scope, id: &RunId) -> Result<Option<RunRow>> {
        self.fetch_one("store.run", &runs::select_one(scope, id), runs::read).await
    }

    async fn workspace(&self, key: &str, new_id: &WorkspaceId) -> Result<WorkspaceId> {
        let found = self.fetch_one("store.workspace", &workspaces::select_one(key), workspaces::read).await?;
        if let Some(found) = found {
            return Ok(found);
        }
        let work = Work::Workspace { key: key.to_owned(), new_id: new_id.clone() };
        Ok(match self.submit(work).await? {
            Done::Workspace(made) => made,
            Done::Removed(_) | Done::Written => new_id.clone(),
        })
    }

    async fn close(&self) {
        // Closed already is as good as closed now.
        let _ = self.submit(Work::Close).await;
        if self.inner.owns_pools {
            self.inner.reader.close().await;
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
