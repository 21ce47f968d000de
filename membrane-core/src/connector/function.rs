use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{ApiClient, ApiRequest, Connector, GraphQlCall, OperationCall, RestCall, classify};
use crate::error::{Error, Result};
use crate::formula::{Formula, Vars};

/// How one part of a connector does its work: declared as data, or written in Rust.
///
/// ```
/// use membrane_core::connector::{Connector, Cx, Function, Settings};
/// use membrane_core::{ErrorKind, Formula, Result};
/// use serde_json::json;
/// # struct App;
/// # #[async_trait::async_trait]
/// # impl membrane_core::connector::ApiClient for App {
/// #     async fn send(&self, request: membrane_core::connector::ApiRequest) -> Result<membrane_core::connector::ApiResponse> {
/// #         let body = serde_json::json!({"id": 7, "path": request.path}).to_string();
/// #         Ok(membrane_core::connector::ApiResponse::new(http::StatusCode::OK, http::HeaderMap::new(), body, "https://demo.example"))
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let connector = Connector::from_yaml(
///     "
/// key: demo
/// name: Demo
/// auth: {type: client-credentials}
/// api: {baseUri: 'https://demo.example'}
/// operations: {get-me: GET /me}
/// ",
///     "connector.yml",
/// )?;
/// let settings = Settings::default();
/// let cx = Cx::new(&connector, &App, &settings);
/// assert_eq!(cx.run(&connector.operations["get-me"].run, &json!({})).await?["path"], "/me");
///
/// let mapping = Function::Mapping(Formula::parse(&json!({"$var": "$.input.name"}))?);
/// assert_eq!(cx.run(&mapping, &json!({"input": {"name": "Ada"}})).await?, "Ada");
///
/// let refused = cx.run(&Function::NotSupported, &json!({})).await.unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Unsupported);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Function {
    /// A GraphQL request.
    GraphQl(Arc<GraphQlCall>),
    /// A formula over the arguments; no request.
    Mapping(Formula),
    /// Rust code.
    Native(Arc<dyn Handler>),
    /// Declared as something the app cannot do.
    NotSupported,
    /// Another operation of the same connector.
    Operation(Arc<OperationCall>),
    /// A REST request.
    Rest(Arc<RestCall>),
}

impl Function {
    /// Rust code.
    pub fn native(handler: impl Handler) -> Self {
        Self::Native(Arc::new(handler))
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GraphQl(call) => f.debug_tuple("GraphQl").field(call).finish(),
            Self::Mapping(formula) => f.debug_tuple("Mapping").field(formula).finish(),
            Self::Native(_) => f.write_str("Native"),
            Self::NotSupported => f.write_str("NotSupported"),
            Self::Operation(call) => f.debug_tuple("Operation").field(call).finish(),
            Self::Rest(call) => f.debug_tuple("Rest").field(call).finish(),
        }
    }
}

/// Rust code behind one part of a connector.
///
/// `args` holds the arguments of the part: `{"input": …}` for an operation, `{"cursor", "filter"}` for a
/// collection's list and so on; the table stands at each part.
///
/// # Errors of implementations
/// Pass on what [`Cx::call`] gives; do not retry, the engine does. Use
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for arguments the app can never take.
///
/// ```
/// use async_trait::async_trait;
/// use membrane_core::Result;
/// use membrane_core::connector::{ApiRequest, Cx, Handler};
/// use serde_json::{Value, json};
///
/// struct CountIssues;
///
/// #[async_trait]
/// impl Handler for CountIssues {
///     async fn call(&self, cx: &Cx<'_>, args: &Value) -> Result<Value> {
///         let repo = cx.call(ApiRequest::get(format!("/repos/{}", args["input"]["repo"]))).await?;
///         Ok(json!({"count": repo["open_issues"]}))
///     }
/// }
/// ```
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Does the work.
    async fn call(&self, cx: &Cx<'_>, args: &Value) -> Result<Value>;
}

/// What connector code is handed: the API of one connection, and what is known about it.
///
/// ```
/// use membrane_core::Result;
/// use membrane_core::connector::{ApiRequest, Connector, Cx, Settings};
/// use serde_json::json;
/// # struct App;
/// # #[async_trait::async_trait]
/// # impl membrane_core::connector::ApiClient for App {
/// #     async fn send(&self, request: membrane_core::connector::ApiRequest) -> Result<membrane_core::connector::ApiResponse> {
/// #         let body = serde_json::json!({"id": 7, "path": request.path}).to_string();
/// #         Ok(membrane_core::connector::ApiResponse::new(http::StatusCode::OK, http::HeaderMap::new(), body, "https://demo.example"))
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let connector = Connector::from_yaml(
///     "
/// key: demo
/// name: Demo
/// auth: {type: client-credentials}
/// api: {baseUri: 'https://demo.example'}
/// ",
///     "connector.yml",
/// )?;
/// let settings = Settings::new(json!({"token": "t"}), json!({}));
/// let cx = Cx::new(&connector, &App, &settings);
/// assert_eq!(cx.connector().name, "Demo");
/// assert_eq!(cx.call(ApiRequest::get("/issues/7")).await?["id"], 7);
/// assert_eq!(cx.send(ApiRequest::get("/issues/7")).await?.status, 200);
///
/// let parameters = json!({"owner": "acme"});
/// assert_eq!(cx.with_parameters(&parameters).parameters()["owner"], "acme");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    connector: &'a Connector,
    api: &'a dyn ApiClient,
    settings: &'a Settings,
    parameters: &'a Value,
}

/// What is known of a connection when a connector's functions run.
///
/// ```
/// use membrane_core::Formula;
/// use membrane_core::connector::Settings;
/// use serde_json::json;
///
/// let settings = Settings::new(json!({"token": "t"}), json!({"region": "eu"}));
/// let formula = Formula::parse(&json!({"$var": "$.credentials.token"}))?;
/// assert_eq!(formula.build_with(&settings.vars()), Some(json!("t")));
/// assert_eq!(formula.build_with(&settings.action_vars()), None); // a customer's formula sees no secret
/// assert!(!format!("{settings:?}").contains("token"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Settings {
    /// The credentials. Never logged.
    pub credentials: Value,
    /// The parameters of integration and connection.
    pub connector_parameters: Value,
    /// The customer's own data, `user` in formulas.
    pub user: Value,
    /// `{id, name}` of the connection.
    pub connection: Value,
    /// `{id, key, name}` of the integration.
    pub integration: Value,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Settings {
    /// Takes the two parts every connector needs.
    pub fn new(credentials: Value, connector_parameters: Value) -> Self {
        Self { credentials, connector_parameters, ..Self::default() }
    }

    /// The variables the formulas of an action see besides its input: none of the secrets, since a customer
    /// may write them.
    pub fn action_vars(&self) -> Vars<'_> {
        Vars::new()
            .equipped()
            .with("user", &self.user)
            .with("connection", &self.connection)
            .with("integration", &self.integration)
    }

    /// The variables the connector's own formulas see besides the arguments.
    pub fn vars(&self) -> Vars<'_> {
        Vars::new()
            .equipped()
            .with("credentials", &self.credentials)
            .with("connectorParameters", &self.connector_parameters)
            .with("user", &self.user)
            .with("connection", &self.connection)
            .with("integration", &self.integration)
    }
}

/// How deep operations may call operations.
const MAX_OPERATION_DEPTH: u8 = 8;

impl<'a> Cx<'a> {
    /// Makes a context; the engine and tests do.
    pub fn new(connector: &'a Connector, api: &'a dyn ApiClient, settings: &'a Settings) -> Self {
        Self { connector, api, settings, parameters: &Value::Null }
    }

    /// The same context with the parameters of a data collection.
    #[must_use]
    pub fn with_parameters<'b>(&self, parameters: &'b Value) -> Cx<'b>
    where
        'a: 'b,
    {
        Cx { connector: self.connector, api: self.api, settings: self.settings, parameters }
    }

    /// The connector this code belongs to.
    pub fn connector(&self) -> &'a Connector {
        self.connector
    }

    /// What is known of the connection.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// The parameters of the data collection.
    pub fn parameters(&self) -> &'a Value {
        self.parameters
    }

    /// Sends a request and hands back the whole answer, whatever its status.
    ///
    /// # Errors
    /// As [`ApiClient::send`].
    pub async fn send(&self, request: ApiRequest) -> Result<super::ApiResponse> {
        let idempotent = request.idempotent;
        let mut response = self.api.send(request).await?;
        response.repeatable |= idempotent;
        Ok(response)
    }

    /// Sends a request and reads the body of its answer as JSON, after the connector's response handlers.
    ///
    /// # Errors
    /// As [`ApiClient::send`]; and what the answer means: see [`classify`].
    pub async fn call(&self, request: ApiRequest) -> Result<Value> {
        let method = request.method.clone();
        let response = self.send(request).await?;
        classify(self.connector, &method, &response)
    }

    /// The variables a formula sees: the connection's and those of the arguments.
    pub fn vars<'b>(&self, args: &'b Value) -> Vars<'b>
    where
        'a: 'b,
    {
        let mut vars = self.settings.vars().with("parameters", self.parameters);
        if let Value::Object(map) = args {
            for (name, value) in map {
                vars = vars.with(name, value);
            }
        }
        vars
    }

    /// Runs a function of the connector.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for [`Function::NotSupported`]; else
    /// what the function gives.
    pub async fn run(&self, function: &Function, args: &Value) -> Result<Value> {
        self.run_at(function, args, 0).await
    }

    async fn run_at(&self, function: &Function, args: &Value, depth: u8) -> Result<Value> {
        match function {
            Function::GraphQl(call) => {
                let vars = self.vars(args);
                let body = self.call(call.request(&vars, args)?).await?;
                call.answer(body, vars)
            }
            Function::Mapping(formula) => Ok(formula.try_build(&self.vars(args))?.unwrap_or(Value::Null)),
            Function::Native(handler) => handler.call(self, args).await,
            Function::NotSupported => {
                Err(Error::unsupported(format!("{} does not support this", self.connector.name)))
            }
            Function::Operation(call) => {
                if depth >= MAX_OPERATION_DEPTH {
                    return Err(Error::configuration(format!(
                        "operation `{}` calls itself, or too many others",
                        call.operation_key
                    ))
                    .with("connector", &self.connector.key));
                }
                let operation = self.connector.operation(&call.operation_key)?;
                let input = call.input(&self.vars(args), args)?;
                let args = serde_json::json!({ "input": input });
                let output = Box::pin(self.run_at(&operation.run, &args, depth + 1)).await?;
                call.output(output, self.vars(&args))
            }
            Function::Rest(call) => {
                let vars = self.vars(args);
                let request = call.request(&vars, args, self.parameters)?;
                let method = request.method.clone();
                let response = self.send(request).await?;
                let body = classify(self.connector, &method, &response)?;
                call.answer(body, &response, vars)
            }
        }
    }
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("connector", &self.connector.key)
            .field("settings", self.settings)
            .finish_non_exhaustive()
    }
}
