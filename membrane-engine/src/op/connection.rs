use async_trait::async_trait;
use membrane_core::connector::{AuthOption, Connector, Cx, Settings};
use membrane_core::element::{Connection, ConnectionSpec, Element, Integration};
use membrane_core::op::{
    CreateConnection, GetConnection, GetConnectionOperation, OperationInfo, OperationOutput, RunOperation,
    TestConnection, TestOutcome,
};
use membrane_core::{Error, ErrorBody, ErrorKind, Key, Result, Secret};
use serde_json::{Value, json};

use super::Execute;
use crate::clock::new_id;
use crate::connect::{connected, owner, settings, target};
use crate::element::row::to_row;
use crate::element::select::{self, default_connection, only};
use crate::element::{Kind, put, stamp_new};
use crate::run::run_operation;
use crate::store::{Query, Write};
use crate::{Caller, Engine};

#[async_trait]
impl Execute for GetConnection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Connection> {
        let mut found = ConnectionSpec::select(engine, caller, &self.selector, false).await?;
        if self.include_secrets == Some(true) {
            if !caller.is_manager() {
                return Err(Error::new(
                    ErrorKind::AccessDenied,
                    "only a manager of the workspace may read credentials",
                ));
            }
            let id = found.id.clone().into();
            if let Some(sealed) = engine.parts().store.sealed(&caller.scope(), &id).await? {
                let credentials = engine.parts().vault.open(&owner(engine, &found)?, &sealed).await?;
                found.spec.credentials = Some(credentials.expose().clone());
            }
        }
        ConnectionSpec::show(engine, caller, &mut found).await?;
        Ok(found)
    }
}

#[async_trait]
impl Execute for CreateConnection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Connection> {
        let caller = &match (&self.user_id, caller.customer_id()) {
            (_, Some(_)) => caller.clone(),
            (Some(user), None) => engine.customer(user).await?,
            (None, None) => {
                return Err(Error::invalid_input(
                    "a connection belongs to a customer: use a customer's token, or say `userId`",
                )
                .with("field", "userId"));
            }
        };
        let integration = integration_of(&self, engine, caller).await?;
        let key = integration.spec.connector_key.clone().unwrap_or_default();
        let connector = std::sync::Arc::clone(engine.connector(&key)?);
        let option = connector.auth_option(self.auth_option_key.as_deref())?;
        if let Some(key) = &self.key {
            Key::parse(key)?;
        }
        check_parameters(&connector, option, self.connector_parameters.as_ref())?;
        let current = current_of(&self, engine, caller, &integration).await?;
        let id = current.as_ref().map_or_else(new_id, |current| current.id.to_string());
        let credentials = credentials_of(&self, engine, &connector, option, &integration, &id).await?;
        let settings = settings(&integration, self.connector_parameters.as_ref(), &credentials);
        let tested = try_out(engine, &connector, option, &settings, &id).await;
        if let Err(error) = &tested
            && is_refusal(error.kind())
        {
            return Err(Error::new(
                error.kind(),
                format!("the app does not take these credentials: {}", error.message()),
            )
            .with_data(error.data().cloned().unwrap_or_default()));
        }
        let mut element = current.clone().unwrap_or_else(|| {
            let name = self.name.clone().unwrap_or_else(|| integration.name.clone());
            let mut element = Element::new(id, name, ConnectionSpec::default());
            element.place.tenant_id = caller.customer_id().cloned();
            element.place.user_id = caller.internal_id().map(str::to_owned);
            element.place.integration_id = Some(integration.id.clone().into());
            element
        });
        if let Some(name) = self.name.filter(|_| current.is_some()) {
            element.name = name;
        }
        element.key = self.key.map(Key::from).or(element.key);
        element.meta = self.meta.or(element.meta);
        element.spec.connector_id = Some(connector.key.to_string());
        element.spec.connector_version = Some(connector.version.clone());
        element.spec.auth_option_key = self.auth_option_key;
        element.spec.connector_parameters = self.connector_parameters;
        element.spec.can_test = Some(option.test.is_some());
        note(&mut element, tested.err().as_ref());
        store(engine, caller, current, element, &credentials).await
    }
}

/// Whether a test that failed says that the connection cannot work as it is. An app that cannot be reached
/// right now says nothing about that.
fn is_refusal(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::RateLimited)
}

/// Whether it is the app that says no, and not we who could not ask.
fn says_no(kind: ErrorKind) -> bool {
    use ErrorKind::{AccessTokenExpired, Connection, ConnectionDefunct, External, NotFound};
    matches!(kind, AccessTokenExpired | Connection | ConnectionDefunct | External | NotFound)
}

/// Credentials are small. More would only slow down what looks for them in logs.
const MAX_CREDENTIALS: usize = 64 * 1024;

fn check_size(credentials: &Value) -> Result<()> {
    let size = credentials.to_string().len();
    if size > MAX_CREDENTIALS || credentials.as_object().is_some_and(|map| map.len() > 100) {
        return Err(Error::invalid_input(format!(
            "credentials have at most {MAX_CREDENTIALS} bytes and 100 entries, these have {size} bytes"
        ))
        .with("field", "credentials"));
    }
    Ok(())
}

/// A customer sets only what the way to connect declares; the rest is the product's.
fn check_parameters(connector: &Connector, option: &AuthOption, given: Option<&Value>) -> Result<()> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(()) };
    let wrong = |why: String| Error::invalid_input(why).with("field", "connectorParameters");
    let Value::Object(map) = given else {
        return Err(wrong("`connectorParameters` is an object".to_owned()));
    };
    let schema = option.connector_parameters_schema.as_ref();
    let declared = schema.and_then(|schema| schema.as_value().get("properties")?.as_object());
    if let Some(name) = map.keys().find(|name| !declared.is_some_and(|declared| declared.contains_key(*name)))
    {
        return Err(wrong(format!(
            "`{name}` of {} is not the customer's to set: the connector does not declare it in `connectorParametersSchema`",
            connector.name
        )));
    }
    let Some(schema) = schema else { return Ok(()) };
    let schema = schema.compile()?;
    schema.validate(given).map_err(|error| {
        wrong(format!("the parameters of {} do not fit: {}", connector.name, error.message()))
    })
}

/// Writes what a test found into a connection.
fn note(element: &mut Connection, error: Option<&Error>) {
    element.spec.connected = Some(error.is_none());
    element.spec.disconnected = Some(error.is_some());
    element.spec.error = error.map(ErrorBody::from);
}

/// Stores a connection and its sealed credentials, both or none.
async fn store(
    engine: &Engine,
    caller: &Caller,
    current: Option<Connection>,
    mut element: Connection,
    credentials: &Secret<Value>,
) -> Result<Connection> {
    let parts = engine.parts();
    let owner = owner(engine, &element)?;
    let version =
        parts.store.sealed(&caller.scope(), &owner.connection).await?.map_or(1, |old| old.version + 1);
    let sealed = parts.vault.seal(&owner, version, credentials).await?;
    let row = match current {
        None => {
            stamp_new(&mut element)?;
            Write::Insert(to_row(&element)?)
        }
        Some(current) => {
            element.archived_at = None;
            element.revision = new_id();
            element.updated_at = crate::clock::now();
            Write::Update { row: to_row(&element)?, expected: current.revision }
        }
    };
    let seal = Write::Seal { connection: owner.connection, customer: owner.customer, sealed };
    parts.store.write(&caller.scope(), vec![row, seal]).await?;
    engine.changed();
    ConnectionSpec::show(engine, caller, &mut element).await?;
    Ok(element)
}

/// Tries credentials before they are stored.
async fn try_out(
    engine: &Engine,
    connector: &Connector,
    option: &AuthOption,
    settings: &Settings,
    limit_key: &str,
) -> Result<()> {
    let target = std::sync::Arc::new(target(connector, settings, limit_key, &Value::Null)?);
    let Some(test) = &option.test else { return Ok(()) };
    let client = engine.parts().http.client(std::sync::Arc::clone(&target), None);
    let cx = Cx::new(connector, &client, settings);
    let answer =
        cx.run(test, &json!({})).await.map_err(|error| error.masked(|text| target.mask().text(text)))?;
    if answer == Value::Bool(false) {
        return Err(Error::new(ErrorKind::Connection, "the connector's test says no"));
    }
    Ok(())
}

/// The integration a call names, by its own key or by its connector.
async fn integration_of(op: &CreateConnection, engine: &Engine, caller: &Caller) -> Result<Integration> {
    let own = op.integration_id.as_deref().or(op.integration_key.as_deref());
    if let Some(text) = own {
        return select::integration(engine, caller, text, false).await;
    }
    let connector = op.connector_id.as_deref().or(op.connector_key.as_deref()).ok_or_else(|| {
        Error::invalid_input("say what to connect to: `integrationKey` or `connectorKey`")
            .with("field", "integrationKey")
    })?;
    let query = Query { field: Some(("connectorKey".to_owned(), connector.into())), ..Query::default() };
    let found = only(engine, caller, &query).await?;
    found.ok_or_else(|| Error::not_found(format!("no integration uses a connector `{connector}`")))
}

/// The credentials: those that are given, or those the connector makes of what the customer typed.
async fn credentials_of(
    op: &CreateConnection,
    engine: &Engine,
    connector: &Connector,
    option: &AuthOption,
    integration: &Integration,
    limit_key: &str,
) -> Result<Secret<Value>> {
    match (&op.credentials, &op.input) {
        (Some(_), Some(_)) => {
            return Err(
                Error::invalid_input("give `credentials` or `input`, not both").with("field", "input")
            );
        }
        (Some(credentials), None) if credentials.is_object() => {
            check_size(credentials)?;
            return Ok(Secret::new(credentials.clone()));
        }
        (Some(_), None) => {
            return Err(Error::invalid_input("`credentials` is an object").with("field", "credentials"));
        }
        (None, _) => {}
    }
    let input = op.input.clone().unwrap_or_else(|| json!({}));
    check_size(&input)?;
    if let Some(schema) = &option.input_schema {
        schema.compile()?.validate(&input).map_err(|error| {
            Error::invalid_input(format!(
                "the input for {} does not fit: {}",
                connector.name,
                error.message()
            ))
            .with("field", "input")
        })?;
    }
    let Some(function) = &option.credentials else { return Ok(Secret::new(input)) };
    let bare = settings(integration, op.connector_parameters.as_ref(), &Secret::new(Value::Null));
    let target = std::sync::Arc::new(target(connector, &bare, limit_key, &input)?);
    let client = engine.parts().http.client(std::sync::Arc::clone(&target), None);
    let cx = Cx::new(connector, &client, &bare);
    let made = cx.run(function, &json!({ "connectionInput": input })).await;
    let made = made.map_err(|error| error.masked(|text| target.mask().text(text)))?;
    if !made.is_object() {
        return Err(Error::configuration(format!("{}: `credentials` must give an object", connector.name)));
    }
    Ok(Secret::new(made))
}

/// The connection that is connected anew: the one with the key, or the default one of the integration.
async fn current_of(
    op: &CreateConnection,
    engine: &Engine,
    caller: &Caller,
    integration: &Integration,
) -> Result<Option<Connection>> {
    if let Some(key) = &op.key {
        let query = Query { key: Some(key.clone()), ..Query::default() };
        let found = only::<ConnectionSpec>(engine, caller, &query).await?;
        if let Some(found) = &found
            && found.place.integration_id.as_ref().is_some_and(|id| id.as_str() != integration.id.as_str())
        {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("the key `{key}` belongs to a connection to another app"),
            )
            .with("key", key));
        }
        return Ok(found);
    }
    if op.allow_multiple_connections == Some(true) {
        return Ok(None);
    }
    default_connection(engine, caller, integration, false).await
}

#[async_trait]
impl Execute for TestConnection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<TestOutcome> {
        let current = ConnectionSpec::select(engine, caller, &self.selector, false).await?;
        let connected = crate::connect::by_connection_id(engine, caller, current.id.clone().into()).await?;
        let option = connected.connector.auth_option(current.spec.auth_option_key.as_deref())?;
        let outcome =
            try_out(engine, &connected.connector, option, &connected.settings, current.id.as_str()).await;
        if outcome.as_ref().is_err_and(|error| !says_no(error.kind())) {
            return outcome.map(|()| TestOutcome { success: true });
        }
        let error = outcome.err();
        let success = error.is_none();
        if current.spec.connected != Some(success) || error.is_some() {
            let mut element = current.clone();
            note(&mut element, error.as_ref());
            match put(engine, caller, current, element).await {
                // Somebody changed the connection meanwhile; the test's outcome is still true.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Concurrency => {}
                Err(error) => return Err(error),
            }
        }
        Ok(TestOutcome { success })
    }
}

#[async_trait]
impl Execute for GetConnectionOperation {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<OperationInfo> {
        let found = select::connection(engine, caller, &self.connection_id, false).await?;
        let connector = engine.connector(found.spec.connector_id.as_deref().unwrap_or_default())?;
        connector.operation(&self.operation_key.into()).map(Into::into)
    }
}

#[async_trait]
impl Execute for RunOperation {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<OperationOutput> {
        let connected = connected(engine, caller, &self.connection_id).await?;
        let client = connected.client(engine, None);
        let cx = connected.cx(&client);
        let input = self.input.unwrap_or_else(|| json!({}));
        let outcome = run_operation(&cx, &self.operation_key, input).await;
        let output = outcome.map_err(|error| {
            error
                .with("connectionId", &connected.connection.id)
                .masked(|text| connected.target.mask().text(text))
        })?;
        Ok(OperationOutput { output })
    }
}
