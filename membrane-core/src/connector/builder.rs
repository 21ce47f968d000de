use std::sync::Arc;

use http::HeaderName;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::action::Typed;
use super::{
    Api, AuthOption, Collection, Connector, ConnectorAction, Function, Implement, Operation, RateLimit,
    ResponseHandler, UniversalAction,
};
use crate::element::{ActionKind, ActionSpec};
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::id::Key;
use crate::schema::DataSchema;
use crate::unified::UnifiedMappings;

/// Puts a [`Connector`] together in Rust.
///
/// ```
/// use membrane_core::connector::{AuthOption, Connector, Function, Operation, RestCall};
/// use membrane_core::schema::DataSchema;
/// use serde_json::json;
///
/// let token = DataSchema::new(json!({
///     "type": "object",
///     "properties": {"token": {"type": "string", "isSensitive": true}},
///     "required": ["token"],
/// }))?;
/// let me = RestCall::new(http::Method::GET, "/me")?;
/// let connector = Connector::builder("taskly", "Taskly")
///     .base_uri(json!("https://api.taskly.example"))
///     .headers(json!({"authorization": {"$concat": ["Bearer ", {"$var": "$.credentials.token"}]}}))
///     .auth(AuthOption::client_credentials(token))
///     .operation(Operation::new("get-me", "Get me", Function::Rest(me.into())))
///     .build()?;
/// assert_eq!(connector.operations.len(), 1);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct ConnectorBuilder {
    connector: Connector,
    problem: Option<Error>,
}

impl ConnectorBuilder {
    pub(super) fn new(key: Key, name: String) -> Self {
        let mut problem = None;
        let api = Api {
            base_uri: parse("baseUri", &json!(""), &mut problem),
            headers: None,
            query: None,
            basic: None,
            responses: Vec::new(),
            rate_limit: None,
            idempotency_header: None,
        };
        let connector = Connector {
            key,
            name,
            version: "1.0.0".to_owned(),
            description: None,
            logo_uri: None,
            categories: Vec::new(),
            parameters_schema: None,
            auth: Vec::new(),
            api,
            operations: IndexMap::new(),
            collections: IndexMap::new(),
            udm: UnifiedMappings::default(),
            actions: IndexMap::new(),
        };
        Self { connector, problem }
    }

    /// Sets the version; `1.0.0` when not set.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.connector.version = version.into();
        self
    }

    /// Describes the app for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.connector.description = Some(text.into());
        self
    }

    /// Says where the logo is.
    pub fn logo_uri(mut self, uri: impl Into<String>) -> Self {
        self.connector.logo_uri = Some(uri.into());
        self
    }

    /// Adds a category.
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.connector.categories.push(category.into());
        self
    }

    /// States what the product sets for the app.
    pub fn parameters(mut self, schema: DataSchema) -> Self {
        self.connector.parameters_schema = Some(schema);
        self
    }

    /// Sets the base address: a text or a formula over `connectorParameters` and `credentials`.
    pub fn base_uri(mut self, formula: impl Into<Value>) -> Self {
        self.connector.api.base_uri = parse("baseUri", &formula.into(), &mut self.problem);
        self
    }

    /// Sets the headers of every request: an object, its values formulas.
    pub fn headers(mut self, formula: impl Into<Value>) -> Self {
        self.connector.api.headers = Some(parse("headers", &formula.into(), &mut self.problem));
        self
    }

    /// Sets the query parameters of every request: an object, its values formulas.
    pub fn query(mut self, formula: impl Into<Value>) -> Self {
        self.connector.api.query = Some(parse("query", &formula.into(), &mut self.problem));
        self
    }

    /// Sends HTTP basic authentication: a formula for `{username, password}`.
    pub fn basic(mut self, formula: impl Into<Value>) -> Self {
        self.connector.api.basic = Some(parse("basic", &formula.into(), &mut self.problem));
        self
    }

    /// Adds a rule for what answers mean; the first that matches counts.
    pub fn response(mut self, handler: ResponseHandler) -> Self {
        self.connector.api.responses.push(handler);
        self
    }

    /// States how much one connection may ask.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::connector::{AuthOption, Connector, RateLimit};
    /// use serde_json::json;
    ///
    /// let connector = Connector::builder("demo", "Demo")
    ///     .description("An app to show how it is done.")
    ///     .category("Project Management")
    ///     .base_uri("https://demo.example")
    ///     .basic(json!({"username": {"$var": "$.credentials.user"}, "password": {"$var": "$.credentials.token"}}))
    ///     .query(json!({"api-version": "7"}))
    ///     .rate_limit(RateLimit { requests: 100, per_seconds: 60.0, concurrency: Some(4) })
    ///     .idempotency_header("idempotency-key")
    ///     .auth(AuthOption::client_credentials(DataSchema::any()))
    ///     .build()?;
    /// assert_eq!(connector.api.rate_limit.map(|limit| limit.requests), Some(100));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.connector.api.rate_limit = Some(limit);
        self
    }

    /// Names the header that takes an idempotency key.
    pub fn idempotency_header(mut self, name: &'static str) -> Self {
        self.connector.api.idempotency_header = Some(HeaderName::from_static(name));
        self
    }

    /// Adds a way to connect; the first is the main one.
    pub fn auth(mut self, option: AuthOption) -> Self {
        self.connector.auth.push(option);
        self
    }

    /// Adds an operation.
    pub fn operation(mut self, operation: Operation) -> Self {
        let key = operation.key.clone();
        if self.connector.operations.insert(key.clone(), operation).is_some() {
            self.twice("operation", &key);
        }
        self
    }

    /// Adds a data collection.
    pub fn collection(mut self, collection: Collection) -> Self {
        let key = collection.key.clone();
        if self.connector.collections.insert(key.clone(), collection).is_some() {
            self.twice("data collection", &key);
        }
        self
    }

    /// Says which data collections hold records of which unified models.
    ///
    /// ```
    /// use membrane_core::connector::{AuthOption, Collection, Connector};
    /// use membrane_core::schema::DataSchema;
    /// use membrane_core::unified::UnifiedMappings;
    /// use serde_json::json;
    ///
    /// let udm: UnifiedMappings = serde_json::from_value(json!({"contacts": {"collectionMappings": [{
    ///     "key": "people", "fieldsFromCollection": {"fullName": {"$var": "$.name"}},
    /// }]}})).unwrap();
    /// let connector = Connector::builder("taskly", "Taskly")
    ///     .auth(AuthOption::client_credentials(DataSchema::any()))
    ///     .collection(Collection::new("people", "People"))
    ///     .udm(udm)
    ///     .build()?;
    /// assert_eq!(connector.udm.default_collection("contacts")?.map(|place| place.key).as_deref(), Some("people"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn udm(mut self, udm: UnifiedMappings) -> Self {
        for model in self.connector.udm.add(udm) {
            self.twice("unified model", &model.as_str().into());
        }
        self
    }

    /// Adds an action.
    pub fn action(mut self, action: ConnectorAction) -> Self {
        let key = action.key.clone();
        if self.connector.actions.insert(key.clone(), action).is_some() {
            self.twice("action", &key);
        }
        self
    }

    /// Adds this app's way to do a universal action: an operation of its key, and the action that runs it.
    pub fn implement<A: UniversalAction>(self, implementation: impl Implement<A>) -> Self {
        let handler = Typed::<A, _>::new(implementation);
        let run = Function::Native(Arc::new(handler));
        let mut operation = Operation::new(A::KEY, A::NAME, run)
            .with_input(DataSchema::of::<A::Input>())
            .with_output(DataSchema::of::<A::Output>());
        operation.description = (!A::DESCRIPTION.is_empty()).then(|| A::DESCRIPTION.to_owned());
        let mut action = ConnectorAction::new(
            A::KEY,
            A::NAME,
            ActionSpec {
                input_schema: operation.input_schema.clone(),
                r#type: Some(ActionKind::ConnectorOperation),
                config: Some(json!({"operationKey": A::KEY})),
                output_schema: operation.output_schema.clone(),
                ..ActionSpec::default()
            },
        );
        action.description.clone_from(&operation.description);
        action.implements = Some(A::KEY.into());
        self.operation(operation).action(action)
    }

    /// Adds the parts of another connector, for one that is partly data and partly Rust.
    ///
    /// ```
    /// use membrane_core::connector::{Connector, ConnectorBuilder};
    ///
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
    ///
    /// let more = ConnectorBuilder::from(connector.clone());
    /// assert!(more.extend(connector).build().unwrap_err().message().contains("`get-me` stands twice"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn extend(mut self, other: Connector) -> Self {
        for (_, operation) in other.operations {
            self = self.operation(operation);
        }
        for (_, collection) in other.collections {
            self = self.collection(collection);
        }
        self = self.udm(other.udm);
        for (_, action) in other.actions {
            self = self.action(action);
        }
        self
    }

    /// Checks what was put together.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a formula does not parse, a key
    /// stands twice, a base address that is no formula is no `http` or `https` URL, there is no way to connect, a way to connect asks for a secret in its
    /// `connectorParametersSchema`, or a part names an operation or a data collection that is not there.
    pub fn build(self) -> Result<Connector> {
        if let Some(problem) = self.problem {
            return Err(problem.with("connector", &self.connector.key));
        }
        check(&self.connector).map_err(|error| error.with("connector", &self.connector.key))?;
        Ok(self.connector)
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }

    fn twice(&mut self, what: &str, key: &Key) {
        let error = Error::configuration(format!("{what} `{key}` stands twice")).with("key", key);
        self.problem.get_or_insert(error);
    }
}

impl From<Connector> for ConnectorBuilder {
    fn from(connector: Connector) -> Self {
        Self { connector, problem: None }
    }
}

fn parse(field: &'static str, value: &Value, problem: &mut Option<Error>) -> Formula {
    Formula::parse_strict(value).unwrap_or_else(|error| {
        problem.get_or_insert(
            Error::configuration(format!("`{field}`: {}", error.message())).with("field", field),
        );
        Formula::null()
    })
}

/// Why a base address cannot be one; what a formula gives is known later.
pub(crate) fn check_base(base: &Value) -> std::result::Result<(), String> {
    let Value::String(text) = base else { return Ok(()) };
    let wrong = |why: &str| format!("`{text}` is no base address: {why}");
    let url = url::Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(()),
        _ => Err(wrong("it begins with http:// or https://")),
    }
}

fn check(connector: &Connector) -> Result<()> {
    if connector.auth.is_empty() {
        return Err(Error::configuration("a connector has at least one way to connect (`auth`)"));
    }
    // A connector whose code never asks for an address need not have one.
    if connector.api.base_uri.source() != "" {
        check_base(connector.api.base_uri.source())
            .map_err(|why| Error::configuration(format!("`baseUri`: {why}")).with("field", "baseUri"))?;
    }
    connector.auth.iter().try_for_each(AuthOption::check)?;
    for action in connector.actions.values() {
        let Some(config) = &action.spec.config else { continue };
        if let Some(key) = config.get("operationKey").and_then(Value::as_str) {
            connector.operation(&key.into()).map_err(|error| dangling(&action.key, &error))?;
        }
        let collection = config.get("dataSource").and_then(|source| source.get("collectionKey"));
        if let Some(key) = collection.and_then(Value::as_str) {
            connector.collection(&key.into()).map_err(|error| dangling(&action.key, &error))?;
        }
    }
    for (model, mapping) in connector.udm.iter() {
        let keys = mapping.collection_mappings.iter().map(|mapping| &mapping.key);
        for key in keys.chain(&mapping.default_collection) {
            connector.collection(&key.as_str().into()).map_err(|error| {
                let message = format!("unified model `{model}`: {}", error.message());
                Error::configuration(message).with("key", model)
            })?;
        }
    }
    let calls = connector.operations.values().map(|operation| &operation.run);
    let calls = calls.chain(connector.auth.iter().filter_map(|option| option.test.as_ref()));
    for call in calls.chain(connector.collections.values().flat_map(Collection::functions)) {
        if let Function::Operation(call) = call {
            connector
                .operation(&call.operation_key)
                .map_err(|error| Error::configuration(error.message().to_owned()))?;
        }
    }
    Ok(())
}

fn dangling(action: &Key, error: &Error) -> Error {
    Error::configuration(format!("action `{action}`: {}", error.message())).with("key", action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_is_an_address() {
        let build = |base: Value| {
            let auth = AuthOption::client_credentials(DataSchema::any());
            Connector::builder("x", "X").base_uri(base).auth(auth).build()
        };
        for base in ["not a url", "/v1", "ftp://x.example", "x.example"] {
            let error = build(json!(base)).unwrap_err();
            assert_eq!(error.context_value("field"), Some("baseUri"), "{error}");
        }
        build(json!("https://x.example/v1")).unwrap();
        build(json!({"$var": "$.connectorParameters.apiUri"})).unwrap();
    }

    #[test]
    fn unified_models_are_of_collections_that_are_there_and_mapped_once() {
        let udm = || -> UnifiedMappings {
            serde_json::from_value(json!({"tasks": {"collectionMappings": [{"key": "issues"}]}})).unwrap()
        };
        let auth = || AuthOption::client_credentials(DataSchema::any());
        let lonely = Connector::builder("x", "X").auth(auth()).udm(udm()).build().unwrap_err();
        assert_eq!(lonely.message(), "unified model `tasks`: X has no data collection `issues`");
        let issues = || Collection::new("issues", "Issues");
        let connector =
            Connector::builder("x", "X").auth(auth()).collection(issues()).udm(udm()).build().unwrap();
        let twice = ConnectorBuilder::from(connector).udm(udm()).build().unwrap_err();
        assert_eq!(twice.message(), "unified model `tasks` stands twice");
    }
}
