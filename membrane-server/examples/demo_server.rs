//! Serves the two demo apps and the REST API with their connectors, for clients in other languages to try.
//!
//! ```text
//! cargo run -p membrane-server --example demo_server            # on a free port
//! cargo run -p membrane-server --example demo_server -- 4000
//! ```
//!
//! Prints one line of JSON with the addresses and secrets when ready, and serves until Ctrl-C or until its
//! standard input closes.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use membrane_core::element::IntegrationSpec;
use membrane_core::op::Update;
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_server::{ServerConfig, router, serve};
use membrane_testkit::demo::{Crm, TaskManager};
use serde_json::{Map, json};
use tokio::net::TcpListener;

const SECRET: &str = "a demo secret of at least 32 bytes, worth nothing";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let tasks = TaskManager::start().await?;
    tasks.seed(120);
    let crm = Crm::start().await?;
    crm.seed(250);
    let engine = Engine::builder()
        .workspace("demo")
        .store(SqliteStore::memory().await?)
        .vault(KeyProvider::generate()?)
        .connectors([TaskManager::connector()?, Crm::connector()?])
        .dangerous()
        .allow_private_networks()
        .build()
        .await?;
    for (integration, url) in [("taskly", tasks.url()), ("contactly", crm.url())] {
        let fields = Map::from_iter([("parameters".to_owned(), json!({"apiUri": url}))]);
        engine.call(&engine.manager(), Update::<IntegrationSpec>::new(integration).fields(fields)).await?;
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let ready = json!({
        "api": format!("http://{}", listener.local_addr()?),
        "workspaceKey": engine.workspace_key(),
        "workspaceSecret": SECRET,
        "taskManager": {"url": tasks.url(), "apiKey": tasks.api_key()},
        "crm": {"url": crm.url(), "apiKey": crm.api_key()},
    });
    println!("{ready}");
    let router = router(engine.clone(), ServerConfig::new(SECRET.to_owned())?);
    serve(listener, router, stopped()).await?;
    engine.shutdown().await;
    Ok(())
}

/// Ends with standard input, so that no server outlives the script that started it.
async fn stopped() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}
