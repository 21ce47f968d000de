//! What is on the disk after a run: no secret in clear, and connections that outlive their key.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]
#![cfg(feature = "in-process")]

mod common;

use std::path::Path;

use membrane_client::{Client, CreateConnection};
use membrane_core::ErrorKind;
use membrane_core::element::{IntegrationSpec, State};
use membrane_core::op::{Create, Get, List, ListQuery, Update};
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_testkit::demo::TaskManager;
use serde_json::{Map, Value, json};

use crate::common::engine;

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

fn object(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(map) => map,
        other => panic!("fields are an object, not {other}"),
    }
}

/// Holds that neither secret is on the disk, in clear or in base64.
fn check_disk(folder: &Path, secrets: &[&str]) {
    let bytes = bytes_on_disk(folder);
    assert!(holds(&bytes, "marker-of-the-integration"), "the row itself is there");
    for secret in secrets {
        let encoded = data_encoding::BASE64.encode(secret.as_bytes());
        assert!(!holds(&bytes, secret), "{secret} is on the disk");
        assert!(!holds(&bytes, encoded.trim_end_matches('=')), "{secret} is on the disk in base64");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_parameters_of_an_integration_are_sealed_and_outlive_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, option) = ("first-client-s3cret", "second-client-s3cret", "option-client-s3cret");
    let secrets = [first, second, option];
    let options = json!({"oauth": {"parameters": {"clientSecret": option}}});
    let old = || KeyProvider::from_bytes([7; 32]);
    let engine_old = engine(folder.path(), old()).await;
    let manager = engine_old.manager();
    let create = Create::<IntegrationSpec>::new(object(json!({
        "key": "ours", "name": "marker-of-the-integration", "connectorKey": "taskly",
        "parameters": {"clientSecret": first}, "optionsConfig": options,
    })));
    let made = engine_old.call(&manager, create).await.unwrap();
    assert_eq!(made.spec.parameters, Some(json!({"clientSecret": first})));
    check_disk(folder.path(), &secrets);
    let patch = Update::<IntegrationSpec>::new("ours")
        .fields(object(json!({"parameters": {"clientSecret": second}})));
    engine_old.call(&manager, patch).await.unwrap();
    check_disk(folder.path(), &secrets);
    engine_old.shutdown().await;
    check_disk(folder.path(), &secrets);

    let new = || KeyProvider::from_bytes([8; 32]);
    let store = SqliteStore::open(folder.path().join("membrane.db")).await.unwrap();
    let vault = membrane_engine::vault::Vault::new(new().with_previous(old()));
    assert_eq!(vault.rotate(&store).await.unwrap(), 1);
    drop(store);
    check_disk(folder.path(), &secrets);
    let engine_new = engine(folder.path(), new()).await;
    let get = Get::<IntegrationSpec>::new("ours");
    let found = engine_new.call(&engine_new.manager(), get.clone()).await.unwrap();
    assert_eq!(found.spec.parameters, Some(json!({"clientSecret": second})));
    assert_eq!(found.spec.options_config, Some(object(options)));
    engine_new.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_key_is_told_and_the_parameters_can_be_set_anew() {
    let folder = tempfile::tempdir().unwrap();
    let lost = engine(folder.path(), KeyProvider::from_bytes([7; 32])).await;
    let patch = |fields: Value| Update::<IntegrationSpec>::new("taskly").fields(object(fields));
    let set = patch(json!({"parameters": {"clientSecret": "lost"}, "optionsConfig": {"a": {}}}));
    lost.call(&lost.manager(), set).await.unwrap();
    lost.shutdown().await;

    let engine = engine(folder.path(), KeyProvider::from_bytes([8; 32])).await;
    let manager = engine.manager();
    let get = || Get::<IntegrationSpec>::new("taskly");
    let found = engine.call(&manager, get()).await.unwrap();
    assert_eq!((found.state, found.spec.parameters), (State::ConfigurationError, None));
    assert!(found.errors[0].message.contains("previous key"), "{:?}", found.errors);
    let listed = engine.call(&manager, List::<IntegrationSpec>::from(ListQuery::default())).await.unwrap();
    assert_eq!(listed.items[0].state, State::ConfigurationError);
    let error = engine.call(&manager, patch(json!({"name": "x"}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let anew = json!({"parameters": {"clientSecret": "found"}, "optionsConfig": null});
    engine.call(&manager, patch(anew)).await.unwrap();
    let found = engine.call(&manager, get()).await.unwrap();
    assert_eq!((found.state, found.spec.parameters), (State::Ready, Some(json!({"clientSecret": "found"}))));
    engine.shutdown().await;
}
