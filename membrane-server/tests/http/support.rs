//! A server on loopback over a demo app, and what a browser or a script would send to it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use membrane_core::connector::{
    AuthOption, Connector, ConnectorAction, Cx, Function, Handler, Operation, RestCall,
};
use membrane_core::element::{ActionKind, ActionSpec};
use membrane_core::schema::DataSchema;
use membrane_core::{Error, ErrorBody, ErrorKind, Result, Secret};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_server::{AccessToken, ServerConfig, router, serve};
use membrane_testkit::demo::TaskManager;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct Harness {
    pub(crate) app: TaskManager,
    pub(crate) url: String,
    client: Client,
}

impl Harness {
    pub(crate) async fn start() -> Self {
        let config = ServerConfig::new(SECRET.to_owned()).unwrap();
        Self::with(config.with_body_limit(4096).with_request_timeout(Duration::from_secs(20))).await
    }

    pub(crate) async fn with(config: ServerConfig) -> Self {
        let app = TaskManager::start().await.unwrap();
        let engine = Engine::builder()
            .workspace("ws")
            .store(SqliteStore::memory().await.unwrap())
            .vault(KeyProvider::generate().unwrap())
            .connector(connector(app.url()))
            .dangerous()
            .allow_private_networks()
            .build()
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let host = axum::Router::new().nest("/api", router(engine, config));
        tokio::spawn(serve(listener, host, std::future::pending()));
        Self { app, url, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// A request without a token.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request of the customer `acme`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(customer("acme"))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.request(Method::POST, path).json(&body).send().await.unwrap()
    }

    /// Connects `acme` to the demo app.
    pub(crate) async fn connect(&self) -> String {
        let body = json!({"integrationKey": "demo", "credentials": {"token": self.app.api_key()}});
        let connection = ok(self.post("/connections", body).await).await;
        connection["id"].as_str().unwrap().to_owned()
    }

    /// Runs an operation of the demo connector.
    pub(crate) async fn run(&self, operation: &str, input: Value) -> Response {
        self.post(&format!("/connections/demo/operations/{operation}/run"), json!({"input": input})).await
    }
}

pub(crate) fn customer(id: &str) -> String {
    AccessToken::customer(id).sign("ws", &Secret::new(SECRET.to_owned())).unwrap()
}

pub(crate) fn manager() -> String {
    AccessToken::manager().sign("ws", &Secret::new(SECRET.to_owned())).unwrap()
}

pub(crate) async fn ok(response: Response) -> Value {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert!(status.is_success(), "{status} {body}");
    body
}

/// The error of a response, which must be Membrane's object in JSON.
pub(crate) async fn error(response: Response) -> (u16, Error) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = response.json().await.unwrap();
    assert!(body["type"].is_string() && body["message"].is_string(), "{body}");
    (status, serde_json::from_value::<ErrorBody>(body).unwrap().into())
}

fn connector(url: &str) -> Connector {
    let token = json!({"type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"]});
    let rest = |method, path| Function::Rest(Arc::new(RestCall::new(method, path).unwrap()));
    let mut echo = ActionSpec::default();
    echo.r#type = Some(ActionKind::ConnectorOperation);
    echo.config = Some(json!({"operationKey": "echo"}));
    let test = rest(Method::GET, "/v1/me");
    Connector::builder("demo", "Demo")
        .base_uri(url)
        .headers(json!({"authorization": {"$concat": ["Bearer ", {"$var": "$.credentials.token"}]}}))
        .auth(AuthOption::client_credentials(DataSchema::new(token).unwrap()).with_test(test.clone()))
        .operation(Operation::new("get-me", "Get me", test))
        .operation(Operation::new("echo", "Echo", Function::Native(Arc::new(Script))))
        .action(ConnectorAction::new("echo", "Echo", echo))
        .build()
        .unwrap()
}

/// Does what its input says: answer, fail, panic, or take long.
struct Script;

#[async_trait]
impl Handler for Script {
    async fn call(&self, _cx: &Cx<'_>, args: &Value) -> Result<Value> {
        let input = args["input"].clone();
        if let Some(name) = input["fail"].as_str() {
            let kind = ErrorKind::all().find(|kind| kind.as_str() == name).unwrap();
            return Err(Error::new(kind, "as told"));
        }
        if input["panic"] == true {
            panic!("password=hunter2");
        }
        if let Some(millis) = input["sleep"].as_u64() {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        Ok(input)
    }
}
