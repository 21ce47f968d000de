//! A collection read to its end through a proxy that refuses, kills and delays. Started by
//! `interop/faults/run`, which sets `MITMDUMP` and `FAULTS`; skipped without them.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use membrane_client::{Client, CreateConnection};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_testkit::demo::TaskManager;
use serde_json::json;

struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_records_arrive_once_each() {
    let (Ok(mitmdump), Ok(faults)) = (std::env::var("MITMDUMP"), std::env::var("FAULTS")) else {
        println!("skipped: MITMDUMP and FAULTS are not set");
        return;
    };
    let faults = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(faults);
    let tasks = TaskManager::start().await.unwrap();
    tasks.seed(1000);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut proxy = Command::new(mitmdump);
    proxy.args(["-q", "--listen-host", "127.0.0.1", "--mode", &format!("reverse:{}@{port}", tasks.url())]);
    let _proxy = Proxy(proxy.arg("-s").arg(faults).stdout(Stdio::null()).spawn().unwrap());
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let engine = Engine::builder()
        .store(SqliteStore::memory().await.unwrap())
        .vault(KeyProvider::generate().unwrap())
        .connector(TaskManager::connector().unwrap())
        .dangerous()
        .allow_private_networks()
        .build()
        .await
        .unwrap();
    let acme = Client::in_process(engine).customer("acme");
    let mut connect = CreateConnection::new("taskly", json!({"token": tasks.api_key()}));
    connect.connector_parameters = Some(json!({"apiUri": format!("http://127.0.0.1:{port}")}));
    acme.connect_with(connect).await.unwrap();

    let before = tasks.requests();
    let listed = acme.connection("taskly").collection("tasks").list().all().await.unwrap();
    let once: BTreeSet<_> = listed.iter().map(|record| record.id.clone()).collect();
    assert_eq!((listed.len(), once.len()), (tasks.tasks().len(), tasks.tasks().len()));
    println!(
        "{} records listed, none missing, none twice; {} requests reached the app",
        listed.len(),
        tasks.requests() - before
    );
}
