//! Files of earlier versions are brought up to date as they are opened.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use membrane_core::ErrorKind;
use membrane_core::element::ElementKind;
use membrane_engine::store::{Query, Scope, SqliteStore, Store, Write};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// A file as the first version left it, with one connection and its credentials in it.
async fn first_version(path: &std::path::Path) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    for text in [
        include_str!("../migrations/sqlite/0001_store.sql"),
        "CREATE TABLE membrane_schema (version INTEGER NOT NULL PRIMARY KEY);
         INSERT INTO membrane_schema VALUES (1);
         INSERT INTO membrane_elements (workspace, id, kind, customer, integration, name, search, revision,
             created_at, updated_at, doc)
         VALUES ('w', '1', 'connection', 'ann', 'i', 'One', 'one', 'r1', '', '', '{}');
         INSERT INTO membrane_sealed (workspace, element, customer, key_id, wrapped_key, ciphertext, version)
         VALUES ('w', '1', 'ann', 'k', x'01', x'02', 7)",
    ] {
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

#[tokio::test]
async fn rows_of_the_first_version_take_slots() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("membrane.db");
    first_version(&path).await;
    let store = SqliteStore::open(&path).await.unwrap();
    let scope = Scope::Workspace("w".into());
    let row = store.row(&scope, ElementKind::Connection, &"1".into()).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), &row.slot), ("One", &None));
    let sealed =
        store.sealed(&Scope::Customer("w".into(), "ann".into()), &"1".into()).await.unwrap().unwrap();
    assert_eq!((sealed.key_id.as_str(), sealed.version), ("k", 7));
    let mut seated = row.clone();
    seated.slot = Some("s".to_owned());
    seated.revision = "r2".to_owned();
    let update = Write::Update { row: seated.clone(), expected: row.revision };
    store.write(&scope, vec![update]).await.unwrap();
    let second = Write::Insert(membrane_engine::store::Row { id: "2".into(), ..seated });
    assert_eq!(store.write(&scope, vec![second]).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    store.close().await;
    // Opened again, nothing runs twice.
    let store = SqliteStore::open(&path).await.unwrap();
    let found = store.rows(&scope, ElementKind::Connection, &Query::default(), &Default::default()).await;
    assert_eq!(found.unwrap().items.len(), 1);
    store.close().await;
}
