//! What is particular to SQLite: the file, its rights, its locks, opening and closing.
#![allow(clippy::unwrap_used)]

mod store_support;

use std::path::Path;
use std::time::{Duration, Instant};

use membrane_core::element::ElementKind::Connection;
use membrane_core::{ErrorKind, Paging, Result, Retry, Secret};
use membrane_engine::store::{Query, Row, SqliteOptions, SqliteStore, Store, Write};
use membrane_engine::vault::{KeyProvider, Owner, Part, Vault};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tempfile::TempDir;

use crate::store_support::{row, scope};

async fn write(store: &SqliteStore, id: &str) -> Result<()> {
    store.write(&scope(), vec![Write::Insert(Row { key: Some(id.to_owned()), ..row(Connection, id) })]).await
}

async fn ids(store: &SqliteStore) -> Vec<String> {
    let paging = Paging { limit: Some(100), cursor: None };
    let page = store.rows(&scope(), Connection, &Query::default(), &paging).await.unwrap();
    page.items.iter().map(|row| row.id.to_string()).collect()
}

/// A connection of somebody else to the same file.
async fn other(file: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(file);
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

fn file() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("membrane.db");
    (folder, file)
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let (_folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    write(&store, "1").await.unwrap();
    store.close().await;
    let store = SqliteStore::open_with(SqliteOptions::new(&file).with_create(false)).await.unwrap();
    assert_eq!(ids(&store).await, ["1"]);
}

#[tokio::test]
async fn stores_in_memory_are_apart() {
    let (a, b) = (SqliteStore::memory().await.unwrap(), SqliteStore::memory().await.unwrap());
    write(&a, "1").await.unwrap();
    assert_eq!(ids(&a.clone()).await, ["1"]);
    assert!(ids(&b).await.is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_a_new_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    write(&store, "1").await.unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and the log's index");
}

#[tokio::test]
async fn many_open_a_new_file_at_once() {
    let (_folder, file) = file();
    let opens = (0..16).map(|n| {
        let file = file.clone();
        tokio::spawn(async move {
            let store = SqliteStore::open(file).await.unwrap();
            write(&store, &format!("{n:02}")).await.unwrap();
        })
    });
    for open in opens.collect::<Vec<_>>() {
        open.await.unwrap();
    }
    assert_eq!(ids(&SqliteStore::open(&file).await.unwrap()).await.len(), 16);
}

#[tokio::test]
async fn a_write_waits_for_a_lock_and_a_read_does_not() {
    let (_folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    let other = other(&file).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&other).await.unwrap();
    let writer = store.clone();
    let started = Instant::now();
    let write = tokio::spawn(async move { write(&writer, "1").await });
    assert!(ids(&store).await.is_empty());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!write.is_finished());
    sqlx::query("COMMIT").execute(&other).await.unwrap();
    write.await.unwrap().unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(ids(&store).await, ["1"]);
}

#[tokio::test]
async fn a_lock_that_is_never_let_go_is_a_lock_timeout() {
    let (_folder, file) = file();
    let options = SqliteOptions::new(&file).with_lock_timeout(Duration::from_millis(200));
    let store = SqliteStore::open_with(options).await.unwrap();
    let other = other(&file).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&other).await.unwrap();
    let (one, two) = tokio::join!(write(&store, "1"), write(&store, "2"));
    for outcome in [one, two] {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::LockTimeout, Retry::Backoff));
        assert_eq!(error.operation(), Some("store.write"));
    }
    sqlx::query("ROLLBACK").execute(&other).await.unwrap();
    write(&store, "1").await.unwrap();
    assert_eq!(ids(&store).await, ["1"]);
}

#[tokio::test]
async fn what_is_queued_is_written_though_caller_and_store_are_gone() {
    let (_folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    let other = other(&file).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&other).await.unwrap();
    for id in ["1", "2"] {
        let wait = tokio::time::timeout(Duration::from_millis(50), write(&store, id));
        assert!(wait.await.is_err(), "the caller gave up");
    }
    drop(store);
    sqlx::query("COMMIT").execute(&other).await.unwrap();
    let store = SqliteStore::open(&file).await.unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while ids(&store).await.len() < 2 {
        assert!(Instant::now() < end, "the writes are lost");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn close_writes_what_is_queued() {
    let (_folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    let writes = (0..50).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { write(&store, &format!("{n:02}")).await })
    });
    let writes = writes.collect::<Vec<_>>();
    tokio::task::yield_now().await;
    store.close().await;
    let mut done = Vec::new();
    for (n, write) in writes.into_iter().enumerate() {
        match write.await.unwrap() {
            Ok(()) => done.push(format!("{n:02}")),
            Err(error) => assert_eq!(error.message(), "the store is closed"),
        }
    }
    assert!(!done.is_empty());
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "the log was written back");
    let store = SqliteStore::open(&file).await.unwrap();
    let found = ids(&store).await;
    assert_eq!(found, done);
}

#[tokio::test]
async fn a_fault_of_one_call_stays_with_it() {
    let (_folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    // Stands for whatever the database may fail on; its text must not get out.
    sqlx::query(
        "CREATE TRIGGER fault BEFORE INSERT ON membrane_elements WHEN new.id = 'bad' \
         BEGIN SELECT RAISE(ROLLBACK, 'hunter2'); END",
    )
    .execute(&other(&file).await)
    .await
    .unwrap();
    let calls = ["1", "bad", "2", "3"].map(|id| {
        let store = store.clone();
        tokio::spawn(async move { write(&store, id).await })
    });
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.unwrap());
    }
    let error = outcomes.remove(1).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Internal, Some("store.write")));
    assert!(!error.to_string().contains("hunter2"));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(ids(&store).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_configuration() {
    let (folder, file) = file();
    let no_folder = SqliteStore::open(folder.path().join("none").join("membrane.db")).await;
    let not_there = SqliteStore::open_with(SqliteOptions::new(&file).with_create(false)).await;
    std::fs::write(&file, "this is a letter to my aunt, not a database. ".repeat(100)).unwrap();
    let a_letter = SqliteStore::open(&file).await;
    let a_folder = SqliteStore::open(folder.path()).await;
    for outcome in [no_folder, not_there, a_letter, a_folder] {
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Configuration, Some("store.open")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let (_folder, file) = file();
    SqliteStore::open(&file).await.unwrap().close().await;
    sqlx::query("INSERT INTO membrane_schema VALUES (99)").execute(&other(&file).await).await.unwrap();
    let error = SqliteStore::open(&file).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("99"), "{error}");
}

#[tokio::test]
async fn a_hosts_pool_stays_open_and_must_wait_for_the_disk() {
    let (_folder, file) = file();
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = SqlitePool::connect_with(options.clone()).await.unwrap();
    sqlx::query("CREATE TABLE elements (mine TEXT)").execute(&pool).await.unwrap();
    let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    write(&store, "1").await.unwrap();
    store.close().await;
    sqlx::query("INSERT INTO elements VALUES ('x')").execute(&pool).await.unwrap();

    let hasty = SqlitePool::connect_with(options.synchronous(SqliteSynchronous::Normal)).await.unwrap();
    assert_eq!(SqliteStore::from_pool(hasty).await.unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn no_secret_is_in_the_files() {
    let (folder, file) = file();
    let store = SqliteStore::open(&file).await.unwrap();
    let outer = [0x5a; 32];
    let vault = Vault::new(KeyProvider::from_bytes(outer));
    let secret = "xoxb-7f3a-the-secret-of-ann";
    let owner = Owner::new("w", "ann", "1");
    write(&store, "1").await.unwrap();
    for version in 1..=20 {
        let credentials = Secret::new(json!({"access_token": format!("{secret}{version}")}));
        let sealed = vault.seal(&owner, Part::Credentials, version, &credentials).await.unwrap();
        let seal = Write::Seal { element: "1".into(), customer: Some("ann".into()), sealed };
        store.write(&scope(), vec![seal]).await.unwrap();
    }
    let opened = store.sealed(&scope(), &"1".into()).await.unwrap().unwrap();
    assert_eq!(
        vault.open(&owner, Part::Credentials, &opened).await.unwrap().expose()["access_token"],
        format!("{secret}20")
    );

    let search = || {
        let mut bytes = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let content = std::fs::read(entry.unwrap().path()).unwrap();
            for hidden in [secret.as_bytes(), b"xoxb".as_slice(), b"access_token".as_slice(), &outer] {
                assert!(!content.windows(hidden.len()).any(|window| window == hidden));
            }
            bytes += content.len();
        }
        bytes
    };
    assert!(search() > 0, "the log and its index lie beside the file");
    store.close().await;
    assert!(search() > 0);
}
