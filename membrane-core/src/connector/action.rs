use std::marker::PhantomData;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cx, Handler};
use crate::element::ActionSpec;
use crate::error::{Error, ErrorKind, Result};
use crate::id::Key;

/// An action a connector brings along: the integration's copy of a universal action, or one of its own.
///
/// ```
/// use membrane_core::connector::ConnectorAction;
/// use membrane_core::element::ActionSpec;
///
/// let action = ConnectorAction::new("close-issue", "Close an issue", ActionSpec::of_operation("close-issue"));
/// assert_eq!(action.spec.config, Some(serde_json::json!({"operationKey": "close-issue"})));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectorAction {
    /// The key. The same as the universal action's where it implements one.
    pub key: Key,
    /// For people.
    pub name: String,
    /// For people and for search.
    pub description: Option<String>,
    /// The universal action this is this app's way to do.
    pub implements: Option<Key>,
    /// What it does.
    pub spec: ActionSpec,
}

impl ConnectorAction {
    /// Makes an action.
    pub fn new(key: impl Into<Key>, name: impl Into<String>, spec: ActionSpec) -> Self {
        Self { key: key.into(), name: name.into(), description: None, implements: None, spec }
    }
}

/// A use case as a Rust type: what goes in, what comes out, whichever app does it.
///
/// ```
/// use membrane_core::connector::UniversalAction;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// struct OpenTicket;
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct Ticket {
///     title: String,
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema)]
/// struct Opened {
///     id: String,
/// }
///
/// impl UniversalAction for OpenTicket {
///     type Input = Ticket;
///     type Output = Opened;
///     const KEY: &'static str = "open-ticket";
///     const NAME: &'static str = "Open a ticket";
/// }
/// ```
pub trait UniversalAction: Send + Sync + 'static {
    /// What goes in.
    type Input: Serialize + DeserializeOwned + JsonSchema + Send + Sync;
    /// What comes out.
    type Output: Serialize + DeserializeOwned + JsonSchema + Send;
    /// The key, the same for every app.
    const KEY: &'static str;
    /// For people.
    const NAME: &'static str;
    /// For people and for search.
    const DESCRIPTION: &'static str = "";
}

/// One app's way to do a [`UniversalAction`].
///
/// ```
/// use async_trait::async_trait;
/// use membrane_core::connector::{ApiRequest, AuthOption, Connector, Cx, Implement, Settings};
/// use membrane_core::universal::{CreateTask, CreatedTask, NewTask};
/// use membrane_core::{DataSchema, Result};
/// use serde_json::json;
///
/// struct CreateIssue;
///
/// #[async_trait]
/// impl Implement<CreateTask> for CreateIssue {
///     async fn run(&self, cx: &Cx<'_>, task: NewTask) -> Result<CreatedTask> {
///         let issue = cx.call(ApiRequest::post("/issues").json(json!({"title": task.title}))).await?;
///         Ok(CreatedTask { id: issue["id"].to_string(), ..CreatedTask::default() })
///     }
/// }
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
/// let connector = Connector::builder("demo", "Demo")
///     .base_uri("https://demo.example")
///     .auth(AuthOption::client_credentials(DataSchema::any()))
///     .implement::<CreateTask>(CreateIssue)
///     .build()?;
/// let settings = Settings::default();
/// let cx = Cx::new(&connector, &App, &settings);
/// let create = &connector.operations["create-task"].run;
/// assert_eq!(cx.run(create, &json!({"input": {"title": "Bug"}})).await?["id"], "7");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Implement<A: UniversalAction>: Send + Sync + 'static {
    /// Does it.
    async fn run(&self, cx: &Cx<'_>, input: A::Input) -> Result<A::Output>;
}

/// The one place where a typed implementation meets JSON.
pub(super) struct Typed<A, T> {
    implementation: T,
    action: PhantomData<fn(A)>,
}

impl<A, T> Typed<A, T> {
    pub(super) fn new(implementation: T) -> Self {
        Self { implementation, action: PhantomData }
    }
}

#[async_trait]
impl<A: UniversalAction, T: Implement<A>> Handler for Typed<A, T> {
    async fn call(&self, cx: &Cx<'_>, args: &Value) -> Result<Value> {
        let input = A::Input::deserialize(args.get("input").unwrap_or(&Value::Null))
            .map_err(|error| Error::invalid_input(format!("the input does not fit `{}`: {error}", A::KEY)))?;
        let output = self.implementation.run(cx, input).await?;
        serde_json::to_value(output).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the output of `{}` cannot be written as JSON", A::KEY))
                .with_source(error)
        })
    }
}
