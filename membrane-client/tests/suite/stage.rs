//! What every test of the suite stands on: two demo apps, an engine, a client.

use std::time::Duration;

use async_trait::async_trait;
use membrane_client::{Client, CreateConnection, CustomerHandle, Result, Secret, TokenSource};
use membrane_core::connector::{AuthOption, Connector, ConnectorAction, Function, Operation, RestCall};
use membrane_core::element::{ActionSpec, Element, Spec};
use membrane_core::op::{Create, Op, Update};
use membrane_core::{DataSchema, Selector};
use membrane_engine::Engine;
use membrane_engine::op::Execute;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_server::{AccessToken, ServerConfig};
use membrane_testkit::demo::{Crm, TaskManager};
use membrane_testkit::fault::FaultServer;
use serde_json::{Map, Value, json};

use crate::paged;

const SECRET: &str = "the secret of the workspace of this suite";

pub(crate) struct Stage {
    pub(crate) tasks: TaskManager,
    pub(crate) crm: Crm,
    pub(crate) faults: FaultServer,
    pub(crate) engine: Engine,
    pub(crate) client: Client,
    store: SqliteStore,
    keys: KeyProvider,
    is_remote: bool,
}

struct Minted;

#[async_trait]
impl TokenSource for Minted {
    async fn token(&self, customer: Option<&str>) -> Result<Secret<String>> {
        let token = customer.map_or_else(AccessToken::manager, AccessToken::customer);
        token.sign("default", &Secret::new(SECRET.to_owned())).map(Secret::new)
    }
}

impl Stage {
    pub(crate) async fn in_process() -> Self {
        Self::start(false).await
    }

    pub(crate) async fn remote() -> Self {
        Self::start(true).await
    }

    /// The same over another engine on the same store: one that gives a call this time only, or was not given a
    /// connector.
    pub(crate) async fn anew(mut self, call_timeout: Option<Duration>, without: &str) -> Self {
        self.engine = engine(&self.store, &self.keys, call_timeout, without).await;
        self.client = client(&self.engine, self.is_remote).await;
        self
    }

    /// Calls any operation, over the transport of this stage: as a customer, or as a manager.
    pub(crate) async fn call<T: Execute>(&self, customer: Option<&str>, op: T) -> Result<T::Output> {
        match customer {
            Some(id) => self.client.customer(id).call(op).await,
            None => self.client.call(op).await,
        }
    }

    /// Adds an element as its fields say.
    pub(crate) async fn add<S: Spec>(&self, customer: Option<&str>, fields: Value) -> Result<Element<S>>
    where
        Create<S>: Execute + Op<Output = Element<S>>,
    {
        self.call(customer, Create::<S>::new(object(fields))).await
    }

    /// Changes the fields of an element that are given.
    pub(crate) async fn change<S: Spec>(
        &self,
        customer: Option<&str>,
        selector: impl Into<Selector>,
        fields: Value,
    ) -> Result<Element<S>>
    where
        Update<S>: Execute + Op<Output = Element<S>>,
    {
        self.call(customer, Update::<S>::new(selector).fields(object(fields))).await
    }

    async fn start(is_remote: bool) -> Self {
        let tasks = TaskManager::start().await.unwrap();
        let crm = Crm::start().await.unwrap();
        let faults = FaultServer::start().await.unwrap();
        let (store, keys) = (SqliteStore::memory().await.unwrap(), KeyProvider::generate().unwrap());
        let engine = engine(&store, &keys, None, "").await;
        let client = client(&engine, is_remote).await;
        Self { tasks, crm, faults, engine, client, store, keys, is_remote }
    }

    /// A customer that is connected to both apps.
    pub(crate) async fn connected(&self, id: &str) -> CustomerHandle {
        let customer = self.client.customer(id);
        customer.connect_with(self.to_tasks()).await.unwrap();
        let mut crm = CreateConnection::new("contactly", json!({"apiKey": self.crm.api_key()}));
        crm.connector_parameters = Some(json!({"apiUri": self.crm.url()}));
        customer.connect_with(crm).await.unwrap();
        customer
    }

    pub(crate) fn to_tasks(&self) -> CreateConnection {
        let mut connect = CreateConnection::new("taskly", json!({"token": self.tasks.api_key()}));
        connect.connector_parameters = Some(json!({"apiUri": self.tasks.url()}));
        connect
    }

    pub(crate) async fn connected_to_faults(&self) -> CustomerHandle {
        let customer = self.client.customer("acme");
        let mut connect = CreateConnection::new("faulty", json!({}));
        connect.connector_parameters = Some(json!({"apiUri": self.faults.url()}));
        customer.connect_with(connect).await.unwrap();
        customer
    }
}

async fn engine(
    store: &SqliteStore,
    keys: &KeyProvider,
    call_timeout: Option<Duration>,
    without: &str,
) -> Engine {
    let connectors = [
        TaskManager::connector(),
        Crm::connector(),
        faulty(),
        Connector::from_yaml(KEYED, "keyed.yml"),
        Connector::from_yaml(paged::FILE, "paged.yml"),
    ];
    let connectors = connectors.into_iter().map(Result::unwrap);
    let mut builder = Engine::builder()
        .store(store.clone())
        .vault(keys.clone())
        .connectors(connectors.filter(|connector| connector.key.as_str() != without));
    if let Some(time) = call_timeout {
        builder = builder.call_timeout(time);
    }
    builder.dangerous().allow_private_networks().build().await.unwrap()
}

async fn client(engine: &Engine, is_remote: bool) -> Client {
    if !is_remote {
        return Client::in_process(engine.clone());
    }
    let config = ServerConfig::new(Secret::new(SECRET.to_owned())).unwrap();
    let router = membrane_server::router(engine.clone(), config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(membrane_server::serve(listener, router, std::future::pending()));
    Client::remote(&url, Minted).unwrap()
}

pub(crate) fn object(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(map) => map,
        other => panic!("fields are an object, not {other}"),
    }
}

/// An app that the product has a client of: its secrets go into the header, the query, the body and the path.
const KEYED: &str = "
key: keyed
name: Keyed
parametersSchema:
  type: object
  properties:
    apiUri: {type: string}
    clientId: {type: string}
    clientSecret: {type: string}
    pin: {type: string, format: password}
    seal: {type: string, isSensitive: true}
  required: [apiUri, clientSecret]
auth: {type: client-credentials}
api:
  baseUri: {$var: $.connectorParameters.apiUri}
  headers: {x-client: {$var: $.connectorParameters.clientSecret}}
operations:
  send:
    inputSchema: {type: object, properties: {text: {type: string}}}
    run:
      rest:
        method: POST
        path: /ok
        requestMapping:
          query: {pin: {$var: $.connectorParameters.pin}}
          headers: {x-seal: {$var: $.connectorParameters.seal}}
          data:
            id: {$var: $.connectorParameters.clientId}
            seal: {$var: $.connectorParameters.seal}
            text: {$var: $.input.text}
  lose:
    run:
      rest:
        method: GET
        path: '/lost/{pin}'
        requestMapping: {pathParameters: {pin: {$var: $.connectorParameters.pin}}}
collections:
  people:
    fieldsSchema: {type: object, properties: {gid: {type: string, readOnly: true}, mail: {type: string}, name: {type: string}}}
    list: GET /ok
udm:
  users:
    collectionMappings:
      - key: people
        fieldsFromCollection: {id: {$var: $.gid}, primaryEmail: {$var: $.mail}, fullName: {$var: $.name}}
        fieldsToCollection: {mail: {$var: $.primaryEmail}, name: {$var: $.fullName}}
actions:
  send: {operation: send}
  lose: {operation: lose}
";

/// An app that misbehaves: one operation that reads any path, one that writes to it.
fn faulty() -> Result<Connector> {
    let read = Function::Rest(RestCall::new(http::Method::GET, "/{path}")?.into());
    let write = Function::Rest(RestCall::new(http::Method::POST, "/{path}")?.into());
    let address = DataSchema::new(json!({"type": "object", "properties": {"apiUri": {"type": "string"}}}))?;
    Connector::builder("faulty", "Faulty")
        .base_uri(json!({"$var": "$.connectorParameters.apiUri"}))
        .auth(AuthOption::client_credentials(DataSchema::any()).with_connector_parameters(address))
        .operation(Operation::new("read", "Read", read))
        .operation(Operation::new("write", "Write", write))
        .action(ConnectorAction::new("read", "Read", ActionSpec::of_operation("read")))
        .build()
}
