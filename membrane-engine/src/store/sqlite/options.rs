use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to open a [`SqliteStore`](super::SqliteStore).
///
/// ```
/// use std::time::Duration;
///
/// use membrane_engine::store::SqliteOptions;
///
/// let options = SqliteOptions::new("membrane.db").with_readers(8).with_lock_timeout(Duration::from_secs(5));
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// `None` for a database in memory.
    pub(super) path: Option<PathBuf>,
    pub(super) readers: u32,
    pub(super) lock_timeout: Duration,
    pub(super) create: bool,
}

impl SqliteOptions {
    /// A database file: made when it is not there, four readers, up to 30 seconds of waiting for a lock.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: Some(path.as_ref().to_owned()), ..Self::memory() }
    }

    /// A database in memory that goes away with the store, for tests.
    ///
    /// ```
    /// use membrane_engine::store::{SqliteOptions, SqliteStore, Store};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let store = SqliteStore::open_with(SqliteOptions::memory().with_readers(1)).await?;
    /// store.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn memory() -> Self {
        Self { path: None, readers: 4, lock_timeout: Duration::from_secs(30), create: true }
    }

    /// Sets how many connections read at once; at least one. Writes have one connection of their own.
    #[must_use]
    pub fn with_readers(mut self, readers: u32) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Sets how long a call waits for other processes to let go of a lock before it fails with
    /// `LockTimeout`.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Sets whether a file that is not there is made; `true` unless said otherwise.
    ///
    /// ```
    /// use membrane_core::ErrorKind;
    /// use membrane_engine::store::{SqliteOptions, SqliteStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let options = SqliteOptions::new("no-such-folder/membrane.db").with_create(false);
    /// let error = SqliteStore::open_with(options).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Configuration);
    /// # }
    /// ```
    #[must_use]
    pub fn with_create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }
}
