//! Two engines on one database, as two processes of a product are.
#![allow(clippy::unwrap_used, reason = "a test")]
#![cfg(feature = "in-process")]

mod common;

use std::time::{Duration, Instant};

use membrane_client::{Client, CreateConnection, CustomerHandle};
use membrane_core::ErrorKind;
use membrane_core::element::CustomerSpec;
use membrane_core::op::{List, ListActionRuns, ListQuery};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::{KeyProvider, Vault};
use membrane_testkit::demo::TaskManager;
use serde_json::json;
use tempfile::TempDir;

use crate::common::engine;

/// For how long a change that the other engine made may go unseen, and a little.
const SEEN: Duration = Duration::from_millis(2100);

struct Stage {
    folder: TempDir,
    tasks: TaskManager,
    engines: [Engine; 2],
}

impl Stage {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = || KeyProvider::from_bytes([7; 32]);
        // Both make the tables, the workspace and its elements, at once.
        let (one, two) = tokio::join!(engine(folder.path(), key()), engine(folder.path(), key()));
        Self { folder, tasks: TaskManager::start().await.unwrap(), engines: [one, two] }
    }

    fn customers(&self, id: &str) -> [CustomerHandle; 2] {
        self.engines.each_ref().map(|engine| Client::in_process(engine.clone()).customer(id))
    }

    fn connect(&self) -> CreateConnection {
        let mut connect = CreateConnection::new("taskly", json!({"token": self.tasks.api_key()}));
        connect.connector_parameters = Some(json!({"apiUri": self.tasks.url()}));
        connect
    }

    async fn stop(self) {
        for engine in &self.engines {
            engine.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_and_connections_are_made_once() {
    let stage = Box::pin(Stage::start()).await;
    for n in 0..8 {
        let [one, two] = stage.customers(&format!("customer-{n}"));
        let (a, b) = tokio::join!(one.connect_with(stage.connect()), two.connect_with(stage.connect()));
        assert_eq!(a.unwrap().id, b.unwrap().id);
        // A fresh engine's cache and the winner's agree on what is stored.
        for customer in [&one, &two] {
            assert_eq!(customer.connections().await.unwrap().len(), 1);
            customer.connection("taskly").action("create-task").run(json!({"title": "x"})).await.unwrap();
        }
    }
    let manager = stage.engines[0].manager();
    let list = List::<CustomerSpec>::from(ListQuery::default());
    assert_eq!(stage.engines[0].call(&manager, list).await.unwrap().items.len(), 8);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_changed_elsewhere_are_used_within_the_bound() {
    let stage = Box::pin(Stage::start()).await;
    let [here, there] = stage.customers("acme");
    here.connect_with(stage.connect()).await.unwrap();
    let tasks = there.connection("taskly");
    // The connection is kept from now on …
    tasks.collection("tasks").list().page(None).await.unwrap();
    stage.tasks.rotate_api_key();
    here.connect_with(stage.connect()).await.unwrap();
    let changed = Instant::now();
    // … and made a part of a plan when it is nearly too old.
    let create = tasks.action("create-task");
    let run = || create.run(json!({"title": "x"}));
    tokio::time::sleep_until((changed + SEEN - Duration::from_millis(600)).into()).await;
    assert_eq!(run().await.unwrap_err().kind(), ErrorKind::AccessTokenExpired, "as it was kept");
    tokio::time::sleep_until((changed + SEEN).into()).await;
    run().await.expect("the new credentials are used");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_shuts_down_and_the_key_is_rotated_while_the_other_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (|| KeyProvider::from_bytes([7; 32]), || KeyProvider::from_bytes([8; 32]));
    let one = engine(folder.path(), old()).await;
    let two = engine(folder.path(), new().with_previous(old())).await;
    let stage = Stage { folder, tasks: TaskManager::start().await.unwrap(), engines: [one, two] };
    let [here, there] = stage.customers("acme");
    here.connect_with(stage.connect()).await.unwrap();
    let running = tokio::spawn(async move {
        let tasks = there.connection("taskly");
        let mut runs = 0;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            tasks.action("create-task").run(json!({"title": "x"})).await.unwrap();
            runs += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        runs
    });
    for _ in 0..20 {
        here.connection("taskly").action("create-task").run(json!({"title": "y"})).await.unwrap();
    }
    stage.engines[0].shutdown().await;
    let store = SqliteStore::open(stage.folder.path().join("membrane.db")).await.unwrap();
    assert_eq!(Vault::new(new().with_previous(old())).rotate(&store).await.unwrap(), 1);
    let runs = running.await.unwrap();
    stage.engines[1].flush().await;
    let mut query = ListActionRuns::default();
    query.paging.limit = Some(1000);
    let logged = stage.engines[1].call(&stage.engines[1].manager(), query).await.unwrap().items;
    assert_eq!(logged.len(), runs + 20, "every run of both is logged");
    assert!(logged.is_sorted_by(|newer, older| newer.created_at >= older.created_at));
    stage.stop().await;
}
