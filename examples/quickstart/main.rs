//! The main job: one customer, two apps, a universal action on one, an action on the other, a collection read
//! to its end. Two small apps run on this machine, so nobody needs an account.
//!
//! ```text
//! cargo run --example quickstart              # the engine in this process
//! cargo run --example quickstart -- --remote  # the same through a server
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use async_trait::async_trait;
use futures::TryStreamExt;
use membrane_client::universal::{CreateTask, CreatedTask, NewTask};
use membrane_client::{Client, CreateConnection, Secret, TokenSource};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_server::{AccessToken, ServerConfig};
use membrane_testkit::demo::{Crm, TaskManager};
use serde_json::json;

const WORKSPACE_SECRET: &str = "a secret of at least 32 bytes, only for this example";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let is_remote = std::env::args().any(|argument| argument == "--remote");

    // Two apps, as a vendor would run them: real HTTP, their own keys, their own ways of paging.
    let tasks = TaskManager::start().await?;
    let crm = Crm::start().await?;
    tasks.seed(120);
    crm.seed(60);

    // The engine: a database file, a key that seals credentials, the apps it can talk to.
    let folder = tempfile::tempdir()?;
    let engine = Engine::builder()
        .store(SqliteStore::open(folder.path().join("membrane.db")).await?)
        .vault(KeyProvider::generate()?)
        .connector(TaskManager::connector()?)
        .connector(Crm::connector()?)
        .dangerous()
        .allow_private_networks() // the demo apps listen on this machine
        .build()
        .await?;

    // The client: the only line that differs between in process and remote.
    let client = if is_remote {
        Client::remote(&serve(engine.clone()).await?, Tokens)?
    } else {
        Client::in_process(engine.clone())
    };
    println!("Engine {}", if is_remote { "behind a REST server" } else { "in this process" });

    // A customer connects both apps.
    let acme = client.customer("acme");
    let mut taskly = CreateConnection::new("taskly", json!({"token": tasks.api_key()}));
    taskly.connector_parameters = Some(json!({"apiUri": tasks.url()}));
    let mut contactly = CreateConnection::new("contactly", json!({"apiKey": crm.api_key()}));
    contactly.connector_parameters = Some(json!({"apiUri": crm.url()}));
    for connect in [taskly, contactly] {
        let connection = acme.connect_with(connect).await?;
        println!("Connected  {:<10} {}", connection.name, connection.id);
    }

    // A use case, typed, whichever app does it.
    let task = NewTask { title: "Call the new customer back".to_owned(), ..NewTask::default() };
    let made: CreatedTask = acme.connection("taskly").run_typed::<CreateTask>(&task).await?;
    println!("Created    task {} at {}", made.id, made.url.unwrap_or_default());

    // The same by name, with JSON.
    let contact = json!({"email": "ada@example.com", "name": "Ada Lovelace"});
    let run = acme.connection("contactly").action("create-contact").run(contact).await?;
    println!("Created    contact {} (run {})", run.output["id"], run.action_run_id);

    // Collections, read to their end, page by page.
    for (app, collection) in [("taskly", "tasks"), ("contactly", "contacts")] {
        let mut records = acme.connection(app).collection(collection).list().stream();
        let (mut count, mut last) = (0, None);
        while let Some(record) = records.try_next().await? {
            count += 1;
            last = record.name;
        }
        println!("Listed     {count:>4} {collection}, the last is {}", last.unwrap_or_default());
    }

    // Every run is in the log, with the raw exchange; secrets are masked.
    let logged = acme.connection("contactly").run(run.action_run_id.as_str()).await?;
    let exchanges = logged.external_api_logs.unwrap_or_default();
    println!(
        "Logged     {:?}, {} request(s) to the app, {} ms",
        logged.status,
        exchanges.len(),
        logged.duration.unwrap_or(0)
    );

    engine.shutdown().await;
    Ok(())
}

/// Serves the engine on a free port and says where.
async fn serve(engine: Engine) -> Result<String, Box<dyn Error>> {
    let config = ServerConfig::new(Secret::new(WORKSPACE_SECRET.to_owned()))?;
    let router = membrane_server::router(engine, config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// Mints a token for whoever is asked for; a product does this on its own backend.
struct Tokens;

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, customer: Option<&str>) -> membrane_client::Result<Secret<String>> {
        let token = customer.map_or_else(AccessToken::manager, AccessToken::customer);
        token.sign("default", &Secret::new(WORKSPACE_SECRET.to_owned())).map(Secret::new)
    }
}
