//! What every test of the suite stands on: two demo apps, an engine, a client.

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

const SECRET: &str = "the secret of the workspace of this suite";

pub(crate) struct Stage {
    pub(crate) tasks: TaskManager,
    pub(crate) crm: Crm,
    pub(crate) faults: FaultServer,
    pub(crate) engine: Engine,
    pub(crate) client: Client,
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
        let mut stage = Self::start().await;
        stage.client = Client::in_process(stage.engine.clone());
        stage
    }

    pub(crate) async fn remote() -> Self {
        let mut stage = Self::start().await;
        let config = ServerConfig::new(Secret::new(SECRET.to_owned())).unwrap();
        let router = membrane_server::router(stage.engine.clone(), config);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stage.client = Client::remote(&url, Minted).unwrap();
        stage
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

    async fn start() -> Self {
        let tasks = TaskManager::start().await.unwrap();
        let crm = Crm::start().await.unwrap();
        let faults = FaultServer::start().await.unwrap();
        let engine = Engine::builder()
            .store(SqliteStore::memory().await.unwrap())
            .vault(KeyProvider::generate().unwrap())
            .connector(TaskManager::connector().unwrap())
            .connector(Crm::connector().unwrap())
            .connector(faulty().unwrap())
            .connector(Connector::from_yaml(KEYED, "keyed.yml").unwrap())
            .dangerous()
            .allow_private_networks()
            .build()
            .await
            .unwrap();
        let client = Client::in_process(engine.clone());
        Self { tasks, crm, faults, engine, client }
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
