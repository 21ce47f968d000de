//! GitHub: connect with a token, create an issue through the universal action, list issues page by page.
//!
//! ```text
//! GITHUB_TOKEN=… cargo run --example github -- OWNER/REPO
//! cargo run --example github -- OWNER/REPO --api http://127.0.0.1:4001   # an emulator, any token
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use futures::{StreamExt, TryStreamExt};
use membrane_client::universal::{CreateTask, NewTask};
use membrane_client::{Client, CreateConnection};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let api = arguments.iter().position(|a| a == "--api").and_then(|at| arguments.get(at + 1)).cloned();
    let repository =
        arguments.iter().find(|a| a.contains('/') && !a.contains("://")).ok_or("say which: OWNER/REPO")?;
    let (owner, repo) = repository.split_once('/').ok_or("say which: OWNER/REPO")?;
    let token = match (std::env::var("GITHUB_TOKEN"), &api) {
        (Ok(token), _) => token,
        (Err(_), Some(_)) => "any".to_owned(),
        (Err(_), None) => return Err("set GITHUB_TOKEN to a token that may read and write issues".into()),
    };

    let mut builder = Engine::builder()
        .store(SqliteStore::memory().await?)
        .vault(KeyProvider::generate()?)
        .connectors(membrane_connectors::all()?);
    if api.is_some() {
        builder = builder.dangerous().allow_private_networks();
    }
    let engine = builder.build().await?;
    let acme = Client::in_process(engine.clone()).customer("acme");
    let mut connect = CreateConnection::new("github", json!({ "token": token }));
    connect.connector_parameters = api.map(|api| json!({ "apiUri": api }));
    acme.connect_with(connect).await?;

    let github = acme.connection("github");
    let task = NewTask {
        title: "Made by Membrane".to_owned(),
        project: Some(repository.clone()),
        ..NewTask::default()
    };
    let made = github.run_typed::<CreateTask>(&task).await?;
    println!("created {} {}", made.name.unwrap_or(made.id), made.url.unwrap_or_default());

    let issues = github.collection("issues").parameters(json!({"owner": owner, "repo": repo}));
    let first: Vec<_> = issues.list().stream().take(10).try_collect().await?;
    for issue in first {
        println!("#{:<6} {}", issue.id, issue.name.unwrap_or_default());
    }
    engine.shutdown().await;
    Ok(())
}
