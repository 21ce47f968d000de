//! The store contract, held against SQLite: in memory, in a file, and over a host's pool.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use membrane_engine::store::{SqliteStore, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool};
use tempfile::TempDir;

async fn in_memory() -> (Arc<dyn Store>, ()) {
    (Arc::new(SqliteStore::memory().await.unwrap()), ())
}

async fn in_a_file() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("membrane.db")).await.unwrap();
    (Arc::new(store), folder)
}

async fn in_a_hosts_pool() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("host.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    (Arc::new(SqliteStore::from_pool(pool).await.unwrap()), folder)
}

mod file {
    membrane_testkit::store_suite!(crate::in_a_file);
}

mod hosts_pool {
    membrane_testkit::store_suite!(crate::in_a_hosts_pool);
}

mod memory {
    membrane_testkit::store_suite!(crate::in_memory);
}
