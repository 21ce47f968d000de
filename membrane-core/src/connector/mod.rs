//! The connector contract: how an app is described.
//!
//! A [`Connector`] is a value made of parts (ways to connect, operations, data collections, actions), not
//! one big trait. Each part is data, or a Rust object behind a small trait ([`Handler`], [`Implement`]).
//! What a connector does not declare it does not support.

mod action;
mod api;
mod auth;
mod builder;
mod collection;
mod function;
mod graphql;
mod limits;
mod operation;
mod page;
mod pagination;
mod projection;
mod record;
mod replace;
mod response;
mod rest;

use http::HeaderName;
use indexmap::IndexMap;

pub use self::action::{ConnectorAction, Implement, UniversalAction};
pub use self::api::{ApiBody, ApiClient, ApiRequest, ApiResponse, Reach};
pub use self::auth::{AuthOption, AuthType};
pub use self::builder::ConnectorBuilder;
pub(crate) use self::builder::check_base;
pub use self::collection::{Collection, FindMethod, ListMethod, MatchMethod, SearchMethod, WriteMethod};
pub use self::function::{Cx, Function, Handler, Settings};
pub use self::graphql::GraphQlCall;
pub use self::limits::RateLimit;
pub use self::operation::{Operation, OperationCall};
pub use self::pagination::{PageSize, Pagination};
pub use self::record::{Record, RecordMapping, Records};
pub(crate) use self::replace::Replace;
pub use self::response::{ResponseHandler, classify};
pub use self::rest::{BodyType, PathTemplate, RestCall};
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::id::Key;
use crate::schema::DataSchema;
use crate::unified::UnifiedMappings;

/// How to talk to one app.
///
/// Made with [`Connector::builder`], or read from a `connector.yml`.
///
/// ```
/// use membrane_core::connector::Connector;
///
/// let connector = Connector::from_yaml(
///     "
/// key: demo
/// name: Demo
/// auth: {type: client-credentials}
/// api: {baseUri: 'https://demo.example'}
/// operations: {get-me: GET /me}
/// collections: {issues: {list: GET /issues}}
/// ",
///     "connector.yml",
/// )?;
/// assert!(connector.operation(&"get-me".into())?.is_read_only);
/// assert!(connector.collection(&"issues".into())?.list.is_some());
/// assert_eq!(connector.operation(&"get-you".into()).unwrap_err().message(), "Demo has no operation `get-you`");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connector {
    /// The key: `github`.
    pub key: Key,
    /// For people.
    pub name: String,
    /// The version; changes when what the connector does changes.
    pub version: String,
    /// For people.
    pub description: Option<String>,
    /// Where the logo is.
    pub logo_uri: Option<String>,
    /// Membrane's categories, for example `Project Management`.
    pub categories: Vec<String>,
    /// What the product sets for the app, once.
    pub parameters_schema: Option<DataSchema>,
    /// The ways to connect; the first is the main one. Never empty.
    pub auth: Vec<AuthOption>,
    /// The app's API.
    pub api: Api,
    /// What the app can do.
    pub operations: IndexMap<Key, Operation>,
    /// The records the app keeps.
    pub collections: IndexMap<Key, Collection>,
    /// Which of its collections hold records of which unified models.
    pub udm: UnifiedMappings,
    /// Actions it brings along.
    pub actions: IndexMap<Key, ConnectorAction>,
}

/// An app's API: formulas over `credentials` and `connectorParameters`, evaluated once per connection.
///
/// ```
/// use membrane_core::connector::Connector;
/// use serde_json::json;
///
/// let connector = Connector::from_yaml(
///     "
/// key: demo
/// name: Demo
/// auth: {type: client-credentials}
/// api:
///   baseUri: {$var: $.connectorParameters.apiUri}
///   headers: {authorization: {$concat: ['Bearer ', {$var: $.credentials.token}]}}
/// ",
///     "connector.yml",
/// )?;
/// let headers = connector.api.headers.and_then(|formula| formula.build(&json!({"credentials": {"token": "t"}})));
/// assert_eq!(headers, Some(json!({"authorization": "Bearer t"})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Api {
    /// The base address.
    pub base_uri: Formula,
    /// Headers of every request, an object.
    pub headers: Option<Formula>,
    /// Query parameters of every request, an object.
    pub query: Option<Formula>,
    /// `{username, password}` for HTTP basic authentication ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
    pub basic: Option<Formula>,
    /// What answers mean.
    pub responses: Vec<ResponseHandler>,
    /// How much one connection may ask.
    pub rate_limit: Option<RateLimit>,
    /// The header that takes an idempotency key, for apps that honour one.
    pub idempotency_header: Option<HeaderName>,
}

impl Connector {
    /// Starts a connector.
    pub fn builder(key: impl Into<Key>, name: impl Into<String>) -> ConnectorBuilder {
        ConnectorBuilder::new(key.into(), name.into())
    }

    /// One operation.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound), naming the connector.
    pub fn operation(&self, key: &Key) -> Result<&Operation> {
        self.operations.get(key).ok_or_else(|| self.lacks("operation", key))
    }

    /// One data collection.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound), naming the connector.
    pub fn collection(&self, key: &Key) -> Result<&Collection> {
        self.collections.get(key).ok_or_else(|| self.lacks("data collection", key))
    }

    /// One way to connect; the main one when `key` is `None` or empty.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), naming those there are.
    ///
    /// ```
    /// use membrane_core::connector::Connector;
    ///
    /// let connector = Connector::from_yaml(
    ///     "
    /// key: demo
    /// name: Demo
    /// auth: {type: client-credentials}
    /// api: {baseUri: 'https://demo.example'}
    /// ",
    ///     "connector.yml",
    /// )?;
    /// assert_eq!(connector.auth_option(None)?.r#type.as_str(), "client-credentials");
    /// assert!(connector.auth_option(Some("oauth")).is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn auth_option(&self, key: Option<&str>) -> Result<&AuthOption> {
        let wanted = key.unwrap_or_default();
        let found = match wanted {
            "" => self.auth.first(),
            wanted => self.auth.iter().find(|option| option.key == wanted),
        };
        found.ok_or_else(|| {
            let known: Vec<_> = self.auth.iter().map(|option| format!("`{}`", option.key)).collect();
            Error::invalid_input(format!(
                "{} has no auth option `{wanted}`; it has {}",
                self.name,
                known.join(", ")
            ))
            .with("field", "authOptionKey")
        })
    }

    fn lacks(&self, what: &str, key: &Key) -> Error {
        Error::not_found(format!("{} has no {what} `{key}`", self.name))
            .with("connector", &self.key)
            .with("key", key)
    }
}
