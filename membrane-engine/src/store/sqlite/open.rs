use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use membrane_core::{Error, Result};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::fault::{self, Patience, Stop};
use super::options::SqliteOptions;
use super::schema;

pub(super) const OPERATION: &str = "store.open";

/// `PRAGMA synchronous` that waits for the disk at every commit.
const SYNCHRONOUS_FULL: i64 = 2;

/// SQLite's own waiting for a lock. Short, since its steps grow; [`Patience`] goes on from there.
const BUSY_TIMEOUT: Duration = Duration::from_millis(10);

/// The connections of one store.
pub(super) struct Pools {
    pub(super) reader: SqlitePool,
    pub(super) writer: SqlitePool,
}

/// Opens a database and brings it up to date.
pub(super) async fn open(options: &SqliteOptions) -> Result<Pools> {
    let pools = match &options.path {
        None => memory(options),
        Some(path) => file(options, path)?,
    };
    prepare(&pools.writer, options.lock_timeout).await?;
    Ok(pools)
}

/// Brings the database behind a host's pool up to date, and holds that it is durable.
pub(super) async fn adopt(pool: &SqlitePool, lock_timeout: Duration) -> Result<()> {
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(pool)
        .await
        .map_err(|fault| fault::error(OPERATION, fault))?;
    if synchronous < SYNCHRONOUS_FULL {
        return Err(Error::configuration(
            "the pool's connections do not wait for the disk; open them with `PRAGMA synchronous = FULL`",
        )
        .with_operation(OPERATION));
    }
    prepare(pool, lock_timeout).await
}

/// One connection for everything: a private database in memory has no second one.
fn memory(options: &SqliteOptions) -> Pools {
    let pool = lasting_pool(1, options).test_before_acquire(false).min_connections(1);
    let pool = pool.connect_lazy_with(connect_options());
    Pools { reader: pool.clone(), writer: pool }
}

fn file(options: &SqliteOptions, path: &Path) -> Result<Pools> {
    // An absolute path cannot be taken for a `file:` URI or for `:memory:`.
    let path = std::path::absolute(path).map_err(|error| cannot_open(path, error))?;
    if options.create {
        create(&path)?;
    }
    let connect = connect_options().filename(&path);
    let write = connect
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // macOS takes a second pragma to reach the platter; elsewhere it does nothing.
        .pragma("fullfsync", "ON")
        // What a statement may have to undo stays in memory; it is at most a batch of runs.
        .pragma("temp_store", "MEMORY")
        // Logged runs are some kilobytes each: fewer and bigger pages are fewer writes. Pages that change again
        // and again reach the database once.
        .page_size(8192)
        .pragma("wal_autocheckpoint", "2000")
        // The log is cut back to this once a burst of writes is over.
        .pragma("journal_size_limit", "67108864")
        // What rotation replaces must not be left in free pages under the old key.
        .pragma("secure_delete", "ON");
    let read = connect.pragma("query_only", "ON");
    Ok(Pools {
        reader: lasting_pool(options.readers, options).connect_lazy_with(read),
        writer: lasting_pool(1, options).connect_lazy_with(write),
    })
}

fn connect_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

fn lasting_pool(connections: u32, options: &SqliteOptions) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.lock_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Makes the file, readable by its owner only. SQLite gives its side files the same rights.
fn create(path: &PathBuf) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Connects and migrates, waiting for other processes that do the same.
async fn prepare(pool: &SqlitePool, lock_timeout: Duration) -> Result<()> {
    let mut patience = Patience::new(lock_timeout);
    loop {
        let attempt = async { schema::migrate(&mut *pool.acquire().await?).await };
        match attempt.await {
            Ok(()) => return Ok(()),
            Err(Stop::Refused(error)) => return Err(error),
            Err(Stop::Fault(fault)) => {
                if !patience.again(&fault).await {
                    return Err(fault::open_error(OPERATION, fault));
                }
            }
        }
    }
}

fn cannot_open(path: &Path, error: io::Error) -> Error {
    Error::configuration(format!("cannot open the database {}: {error}", path.display()))
        .with_operation(OPERATION)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writes_are_durable_and_reads_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let pools = open(&SqliteOptions::new(folder.path().join("membrane.db"))).await.unwrap();
        let expected = [("synchronous", 2), ("fullfsync", 1), ("foreign_keys", 1), ("secure_delete", 1)];
        for (pragma, value) in expected {
            let text = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
            assert_eq!(sqlx::query_scalar::<_, i64>(text).fetch_one(&pools.writer).await.unwrap(), value);
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&pools.reader).await.unwrap();
        assert_eq!(mode, "wal");
        let write = sqlx::query("DELETE FROM membrane_elements").execute(&pools.reader).await;
        assert!(write.is_err());
    }
}
