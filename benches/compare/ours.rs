//! The same work through this library.

use std::io::Write;

use axum::Router;
use futures::StreamExt;
use membrane_client::{Client, CreateConnection};
use membrane_core::connector::{
    AuthOption, Collection, Connector, Function, ListMethod, Operation, PageSize, Pagination, RecordMapping,
    RestCall,
};
use membrane_core::element::ActionSpec;
use membrane_core::{DataSchema, Formula, Locator, Secret};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_server::ServerConfig;
use serde_json::{Value, json};

use crate::Failure;

pub(crate) const SECRET: &str = "a secret only for measuring, 32 bytes";

fn connector() -> Result<Connector, Failure> {
    let token = DataSchema::new(json!({
        "type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"],
    }))?;
    let address = DataSchema::new(json!({"type": "object", "properties": {"apiUri": {"type": "string"}}}))?;
    let echo = RestCall::new(http::Method::POST, "/echo")?;
    let echo_input = DataSchema::new(json!({
        "type": "object",
        "properties": {"title": {"type": "string"}, "labels": {"type": "array", "items": {"type": "string"}}},
        "required": ["title"],
    }))?;
    let action = ActionSpec::of_operation("echo").with_input(echo_input.clone());
    Ok(Connector::builder("bench", "Bench")
        .base_uri(json!({"$var": "$.connectorParameters.apiUri"}))
        .headers(json!({"authorization": {"$concat": ["Bearer ", {"$var": "$.credentials.token"}]}}))
        .auth(AuthOption::client_credentials(token).with_connector_parameters(address))
        .operation(Operation::new("echo", "Echo", Function::Rest(echo.into())).with_input(echo_input))
        .collection(orders()?)
        .collection(people()?)
        .action(membrane_core::connector::ConnectorAction::new("echo", "Echo", action))
        .build()?)
}

/// The list both kinds of records are read by.
fn list() -> Result<ListMethod, Failure> {
    let mut list = ListMethod::new(Function::Rest(RestCall::new(http::Method::GET, "/items")?.into()));
    list.records = Locator::parse("$.data")?;
    list.pagination = Pagination::Cursor {
        next: Locator::parse("$.next_page")?,
        more: None,
        parameter: Some("page".to_owned()),
    };
    list.page_size = Some(PageSize { parameter: None, size: 100 });
    Ok(list)
}

fn var(place: &str) -> Value {
    json!({ "$var": place })
}

/// What our own page server answers.
fn orders() -> Result<Collection, Failure> {
    let mut record = RecordMapping::default();
    record.name = Some(Formula::parse(&var("$.number"))?);
    record.created_time = Some(Formula::parse(&var("$.placed_at"))?);
    record.fields = Some(Formula::parse(&json!({
        "id": var("$.id"), "orderNumber": var("$.number"), "status": var("$.status"),
        "placedTime": var("$.placed_at"), "currency": var("$.currency"), "totalAmount": var("$.total"),
        "isGift": var("$.gift"),
        "customer": {
            "customerId": var("$.customer.id"), "fullName": var("$.customer.name"),
            "primaryEmail": var("$.customer.email"), "tags": var("$.customer.tags"),
        },
        "shippingAddress": {
            "street": var("$.ship_to.street"), "city": var("$.ship_to.city"), "country": var("$.ship_to.country"),
        },
        "lineItems": var("$.lines"), "notes": var("$.comment"),
    }))?);
    let mut items = Collection::new("orders", "Orders");
    items.record = record;
    items.list = Some(list()?);
    let text = json!({"type": "string"});
    items.fields_schema = Some(DataSchema::new(json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer"}, "orderNumber": text, "status": text, "placedTime": text, "currency": text,
            "totalAmount": {"type": "number"}, "isGift": {"type": "boolean"},
            "customer": {
                "type": "object",
                "properties": {
                    "customerId": {"type": "integer"}, "fullName": text, "primaryEmail": text,
                    "tags": {"type": "array", "items": text},
                },
                "required": ["customerId"],
            },
            "shippingAddress": {"type": "object", "properties": {"street": text, "city": text, "country": text}},
            "lineItems": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"sku": text, "title": text, "quantity": {"type": "integer"}},
                    "required": ["sku", "quantity"],
                },
            },
            "notes": text,
        },
        "required": ["id", "orderNumber", "customer"],
    }))?);
    Ok(items)
}

/// What a page server of people answers: `id`, `name`, `email`, `updated_at`, `amount`, `active`, `tags`,
/// `address`, `custom`, `notes`.
fn people() -> Result<Collection, Failure> {
    let mut record = RecordMapping::default();
    record.name = Some(Formula::parse(&var("$.name"))?);
    record.updated_time = Some(Formula::parse(&var("$.updated_at"))?);
    record.fields = Some(Formula::parse(&json!({
        "id": var("$.id"), "fullName": var("$.name"), "primaryEmail": var("$.email"),
        "updatedTime": var("$.updated_at"), "amount": var("$.amount"), "isActive": var("$.active"),
        "tags": var("$.tags"),
        "address": {
            "street": var("$.address.street"), "city": var("$.address.city"),
            "postalCode": var("$.address.zip"), "country": var("$.address.country"),
        },
        "custom": var("$.custom"), "notes": var("$.notes"),
    }))?);
    let mut people = Collection::new("people", "People");
    people.record = record;
    people.list = Some(list()?);
    let text = json!({"type": "string"});
    people.fields_schema = Some(DataSchema::new(json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer"}, "fullName": text, "primaryEmail": text, "updatedTime": text,
            "amount": {"type": "number"}, "isActive": {"type": "boolean"},
            "tags": {"type": "array", "items": text},
            "address": {
                "type": "object",
                "properties": {"street": text, "city": text, "postalCode": text, "country": text},
                "required": ["street", "city"],
            },
            "custom": {"type": "object", "properties": {"f1": text, "f2": {"type": "integer"}}},
            "notes": text,
        },
        "required": ["id", "fullName", "primaryEmail"],
    }))?);
    Ok(people)
}

/// An engine with one customer that is connected to the app.
pub(crate) async fn engine(app: &str, folder: &std::path::Path) -> Result<Engine, Failure> {
    let engine = Engine::builder()
        .store(SqliteStore::open(folder.join("bench.db")).await?)
        .vault(KeyProvider::generate()?)
        .connector(connector()?)
        .dangerous()
        .allow_private_networks()
        .build()
        .await?;
    let mut connect = CreateConnection::new("bench", json!({"token": "a token for measuring"}));
    connect.connector_parameters = Some(json!({ "apiUri": app }));
    Client::in_process(engine.clone()).customer("acme").connect_with(connect).await?;
    Ok(engine)
}

pub(crate) async fn action(client: &Client, runs: usize, input: &Value) -> Result<(), Failure> {
    let echo = client.customer("acme").connection("bench").action("echo");
    for _ in 0..runs {
        assert_eq!(&echo.run(input.clone()).await?.output, input);
    }
    Ok(())
}

pub(crate) async fn records(client: &Client, kind: &str, out: &mut impl Write) -> Result<usize, Failure> {
    let mut records = client.customer("acme").connection("bench").collection(kind).list().validate().stream();
    let mut count = 0;
    while let Some(record) = records.next().await {
        serde_json::to_writer(&mut *out, &record?)?;
        out.write_all(b"\n")?;
        count += 1;
    }
    Ok(count)
}

/// The server under load.
pub(crate) async fn router(app: &str) -> Result<Router, Failure> {
    let folder = tempfile::tempdir()?.keep();
    let engine = engine(app, &folder).await?;
    Ok(membrane_server::router(engine, ServerConfig::new(Secret::new(SECRET.to_owned()))?))
}
