//! Two ways to add an app: one from a `connector.yml` (also at run time, without a rebuild), one in Rust.
//!
//! ```text
//! cargo run --example custom_connector
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use async_trait::async_trait;
use membrane_client::{Client, CreateConnection};
use membrane_core::DataSchema;
use membrane_core::connector::{ApiRequest, AuthOption, Connector, Cx, Implement, UniversalAction};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_testkit::demo::{Crm, TaskManager};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A use case of the product's own, as a type.
struct AddPerson;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Person {
    email: String,
    first_name: String,
    last_name: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Added {
    id: u64,
}

impl UniversalAction for AddPerson {
    type Input = Person;
    type Output = Added;
    const KEY: &'static str = "add-person";
    const NAME: &'static str = "Add a person";
}

/// How Contactly does it.
struct Contactly;

#[async_trait]
impl Implement<AddPerson> for Contactly {
    async fn run(&self, cx: &Cx<'_>, person: Person) -> membrane_core::Result<Added> {
        let answer = cx.call(ApiRequest::post("/api/contacts").json(json!(person))).await?;
        serde_json::from_value(answer).map_err(|error| {
            membrane_core::Error::configuration(format!("Contactly answered oddly: {error}"))
        })
    }
}

fn my_crm() -> membrane_core::Result<Connector> {
    let key = DataSchema::new(json!({
        "type": "object",
        "properties": {"apiKey": {"type": "string", "isSensitive": true}},
        "required": ["apiKey"],
    }))?;
    let address = DataSchema::new(json!({"type": "object", "properties": {"apiUri": {"type": "string"}}}))?;
    Connector::builder("my-crm", "My CRM")
        .base_uri(json!({"$var": "$.connectorParameters.apiUri"}))
        .headers(json!({"x-api-key": {"$var": "$.credentials.apiKey"}}))
        .auth(AuthOption::client_credentials(key).with_connector_parameters(address))
        .implement::<AddPerson>(Contactly)
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (tasks, crm) = (TaskManager::start().await?, Crm::start().await?);
    tasks.seed(5);
    let engine = Engine::builder()
        .store(SqliteStore::memory().await?)
        .vault(KeyProvider::generate()?)
        .connector(Connector::from_yaml(include_str!("connector.yml"), "connector.yml")?)
        .connector(my_crm()?)
        .universal::<AddPerson>()
        .dangerous()
        .allow_private_networks()
        .build()
        .await?;
    let acme = Client::in_process(engine.clone()).customer("acme");

    let mut connect = CreateConnection::new("my-tasks", json!({"token": tasks.api_key()}));
    connect.connector_parameters = Some(json!({"apiUri": tasks.url()}));
    acme.connect_with(connect).await?;
    let my_tasks = acme.connection("my-tasks");
    let id = my_tasks.collection("tasks").create(json!({"title": "From a file"})).await?;
    my_tasks.operation("complete-task", json!({ "id": id })).await?;
    for task in my_tasks.collection("tasks").list().filter(json!({"status": "done"})).all().await? {
        println!("done    {}", task.name.unwrap_or_default());
    }

    let mut connect = CreateConnection::new("my-crm", json!({"apiKey": crm.api_key()}));
    connect.connector_parameters = Some(json!({"apiUri": crm.url()}));
    acme.connect_with(connect).await?;
    let person =
        Person { email: "grace@example.com".into(), first_name: "Grace".into(), last_name: "Hopper".into() };
    let added = acme.connection("my-crm").run_typed::<AddPerson>(&person).await?;
    println!("added   person {}", added.id);
    engine.shutdown().await;
    Ok(())
}
