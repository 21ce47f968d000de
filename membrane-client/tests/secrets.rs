//! What is on the disk after a run: no secret in clear, and connections that outlive their key.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]
#![cfg(feature = "in-process")]

use std::path::Path;

use membrane_client::{Client, CreateConnection};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_testkit::demo::TaskManager;
use serde_json::json;

async fn engine(folder: &Path, keys: KeyProvider) -> Engine {
    Engine::builder()
        .store(SqliteStore::open(folder.join("membrane.db")).await.unwrap())
        .vault(keys)
        .connector(TaskManager::connector().unwrap())
        .dangerous()
        .allow_private_networks()
        .build()
        .await
        .unwrap()
}

/// Every byte of every file, the write-ahead log too.
fn bytes_on_disk(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_of_a_run_holds_no_secret_and_outlives_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = TaskManager::start().await.unwrap();
    let secret = tasks.rotate_api_key();
    let old = KeyProvider::from_bytes([7; 32]);
    let engine_old = engine(folder.path(), old).await;
    let acme = Client::in_process(engine_old.clone()).customer("acme");
    let mut connect = CreateConnection::new("taskly", json!({"token": secret}));
    connect.connector_parameters = Some(json!({"apiUri": tasks.url()}));
    acme.connect_with(connect).await.unwrap();
    let taskly = acme.connection("taskly");
    taskly.action("create-task").run(json!({"title": "marker-of-a-logged-run"})).await.unwrap();
    taskly.action("create-task").run(json!({"title": format!("leaks {secret}")})).await.unwrap();
    engine_old.flush().await;
    let running = bytes_on_disk(folder.path());
    engine_old.shutdown().await;
    let stopped = bytes_on_disk(folder.path());
    assert!(holds(&running, "marker-of-a-logged-run") && holds(&stopped, "marker-of-a-logged-run"));
    let encoded = data_encoding::BASE64.encode(secret.as_bytes());
    for (when, bytes) in [("running", &running), ("stopped", &stopped)] {
        assert!(!holds(bytes, &secret), "the secret is on the disk while {when}");
        assert!(!holds(bytes, encoded.trim_end_matches('=')), "so it is in base64 while {when}");
    }

    // A new outer key, with the old one at hand until everything is wrapped anew.
    let new = || KeyProvider::from_bytes([8; 32]);
    let store = SqliteStore::open(folder.path().join("membrane.db")).await.unwrap();
    let vault = membrane_engine::vault::Vault::new(new().with_previous(KeyProvider::from_bytes([7; 32])));
    assert_eq!(vault.rotate(&store).await.unwrap(), 1);
    drop(store);
    let engine_new = engine(folder.path(), new()).await;
    let acme = Client::in_process(engine_new.clone()).customer("acme");
    acme.connection("taskly").action("create-task").run(json!({"title": "after"})).await.unwrap();
    engine_new.shutdown().await;
    assert!(tasks.tasks().iter().any(|task| task.title == "after"));
}
