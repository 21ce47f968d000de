use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::connector::{AuthOption, Connector, Cx};
use membrane_core::element::{Connection, ConnectionSpec, CustomerSpec, Element, FlowSpec, Integration};
use membrane_core::op::CreateConnection;
use membrane_core::{Error, ErrorKind, Key, Result, Secret};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::Execute;
use super::connection::{note, try_out};
use crate::clock::new_id;
use crate::connect::{settings, target};
use crate::element::integration::connector_of;
use crate::element::layered::instances_of;
use crate::element::row::to_row;
use crate::element::select::{self, default_connection, only};
use crate::element::{Kind, sealed, stamp_new};
use crate::http::{Deadline, Recorder};
use crate::run::Attempt;
use crate::store::{Query, Write};
use crate::vault::Part;
use crate::{Caller, Engine};

#[async_trait]
impl Execute for CreateConnection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Connection> {
        let deadline = engine.deadline();
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
        let attempt = Attempt::to_connect(engine, caller, &integration, self.auth_option_key.as_deref());
        let running = attempt.begin(engine).await?;
        let connected = connect(&self, engine, caller, integration, (&attempt, running.recorder(), deadline));
        let outcome = connected.instrument(running.span()).await;
        running.end(match &outcome {
            Ok((_, None)) => Ok(None),
            Ok((_, Some(error))) | Err(error) => Err(error),
        });
        outcome.map(|(connection, _)| connection)
    }
}

/// Connects to an integration, and says what is wrong with the connection all the same.
async fn connect(
    op: &CreateConnection,
    engine: &Engine,
    caller: &Caller,
    mut integration: Integration,
    (attempt, recorder, deadline): (&Attempt, &Arc<Recorder>, Deadline),
) -> Result<(Connection, Option<Error>)> {
    sealed::open(engine, &mut integration).await?;
    let connector = Arc::clone(connector_of(engine, &integration)?);
    let option = connector.auth_option(op.auth_option_key.as_deref())?;
    if let Some(key) = &op.key {
        Key::parse(key)?;
    }
    check_parameters(&connector, option, op.connector_parameters.as_ref())?;
    let current = current_of(op, engine, caller, &integration).await?;
    if let Some(current) = &current {
        attempt.is_about(current.id.clone().into());
    }
    let id = current.map_or_else(new_id, |current| current.id.to_string());
    let credentials = credentials_of(op, engine, (&connector, option), &integration, (&id, deadline)).await?;
    let settings = settings(&integration, op.connector_parameters.as_ref(), &credentials);
    let target = target(&connector, &settings, &id, &Value::Null)?;
    let tested = try_out(engine, &connector, option, &settings, (target, recorder, deadline)).await;
    if let Err(error) = &tested
        && is_refusal(error.kind())
    {
        let name = &connector.name;
        let why = match error.kind() {
            // The guard: nobody was asked.
            ErrorKind::Blocked => format!("the base URL of {name} leads nowhere: {}", error.message()),
            _ => format!("the app does not take these credentials: {}", error.message()),
        };
        return Err(Error::new(error.kind(), why).with_data(error.data().cloned().unwrap_or_default()));
    }
    let mut spec = ConnectionSpec::default();
    spec.connector_id = Some(connector.key.to_string());
    spec.connector_version = Some(connector.version.clone());
    spec.auth_option_key.clone_from(&op.auth_option_key);
    spec.connector_parameters.clone_from(&op.connector_parameters);
    spec.can_test = Some(option.test.is_some());
    spec.is_test = Some(is_test(engine, caller).await?);
    let wrong = tested.err();
    note(&mut spec, wrong.as_ref());
    let stored = store(op, engine, caller, &integration, Made { id, spec, credentials }).await?;
    attempt.is_about(stored.id.clone().into());
    Ok((stored, wrong))
}

/// A connection that was tried out and is to be stored: under this id unless there is one to connect anew.
struct Made {
    id: String,
    spec: ConnectionSpec,
    credentials: Secret<Value>,
}

/// How often to look again after somebody else connected at the same moment. Each time at least one caller wins.
const TRIES: usize = 100;

/// Stores a connection and its sealed credentials, both or none.
///
/// A customer's default connection of an integration has a seat in the store that no second one gets. Who loses
/// the race for it finds the winner's connection and connects that one anew, as if it had come later.
async fn store(
    op: &CreateConnection,
    engine: &Engine,
    caller: &Caller,
    integration: &Integration,
    made: Made,
) -> Result<Connection> {
    let is_race = |kind| matches!(kind, ErrorKind::AlreadyExists | ErrorKind::Concurrency);
    for _ in 1..TRIES {
        match store_once(op, engine, caller, integration, &made).await {
            Err(error) if is_race(error.kind()) => {}
            outcome => return outcome,
        }
    }
    store_once(op, engine, caller, integration, &made).await
}

async fn store_once(
    op: &CreateConnection,
    engine: &Engine,
    caller: &Caller,
    integration: &Integration,
    made: &Made,
) -> Result<Connection> {
    let parts = engine.parts();
    let current = current_of(op, engine, caller, integration).await?;
    let mut element = current.clone().unwrap_or_else(|| {
        let mut element = Element::new(made.id.as_str(), &integration.name, ConnectionSpec::default());
        element.place.tenant_id = caller.customer_id().cloned();
        element.place.user_id = caller.internal_id().map(str::to_owned);
        element.place.integration_id = Some(integration.id.clone().into());
        element
    });
    if let Some(name) = &op.name {
        element.name.clone_from(name);
    }
    element.key = op.key.as_deref().map(Key::from).or(element.key);
    element.meta = op.meta.clone().or(element.meta);
    element.spec = made.spec.clone();
    // Who asks for the default always claims the seat: a second look could find somebody who came in between.
    let is_default = !is_further(op)
        || default_connection(engine, caller, integration, false)
            .await?
            .is_none_or(|default| default.id == element.id);
    element.spec.is_default = is_default.then_some(true);
    let owner = sealed::owner(engine, &element);
    let version = parts.store.sealed(&caller.scope(), &owner.element).await?.map_or(1, |old| old.version + 1);
    let sealed = parts.vault.seal(&owner, Part::Credentials, version, &made.credentials).await?;
    let mut instances = Vec::new();
    let row = match current {
        None => {
            stamp_new(&mut element)?;
            let wants_instances = |flow: &FlowSpec| flow.auto_create_instances == Some(true);
            instances = Box::pin(instances_of(engine, caller, &element, wants_instances)).await?;
            Write::Insert(to_row(&element)?)
        }
        Some(current) => {
            element.archived_at = None;
            element.revision = new_id();
            element.updated_at = crate::clock::now();
            Write::Update { row: to_row(&element)?, expected: current.revision }
        }
    };
    let seal = Write::Seal { element: owner.element, customer: owner.customer, sealed };
    // With the connection or not at all: whoever wins the race for it makes them, once.
    engine.write(caller, [row, seal].into_iter().chain(instances).collect()).await?;
    ConnectionSpec::show(engine, caller, &mut element).await?;
    Ok(element)
}

/// Whether a call may add a connection beside the default one.
fn is_further(op: &CreateConnection) -> bool {
    op.key.is_some() || op.allow_multiple_connections == Some(true)
}

/// Whether the customer was made for tests, and with it its connections.
async fn is_test(engine: &Engine, caller: &Caller) -> Result<bool> {
    let Some(id) = caller.customer_id() else { return Ok(false) };
    let customer = select::by_id::<CustomerSpec>(engine, &engine.manager(), id.as_str(), true).await?;
    Ok(customer.and_then(|customer| customer.spec.is_test) == Some(true))
}

/// Whether a test that failed says that the connection cannot work as it is. An app that cannot be reached
/// right now says nothing about that.
fn is_refusal(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::RateLimited)
}

/// Entries of credentials at the most.
const MAX_ENTRIES: usize = 100;

fn check_size(field: &'static str, credentials: &Value) -> Result<()> {
    sealed::check_size(&[field], credentials)?;
    match credentials.as_object().map_or(0, |map| map.len()) {
        0..=MAX_ENTRIES => Ok(()),
        many => {
            Err(Error::invalid_input(format!("`{field}` may have {MAX_ENTRIES} entries, and has {many}"))
                .with("field", field))
        }
    }
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
    let query = Query { fields: vec![("connectorKey".to_owned(), connector.into())], ..Query::default() };
    let found = only(engine, caller, &query).await?;
    found.ok_or_else(|| Error::not_found(format!("no integration uses a connector `{connector}`")))
}

/// The credentials: those that are given, or those the connector makes of what the customer typed.
async fn credentials_of(
    op: &CreateConnection,
    engine: &Engine,
    (connector, option): (&Connector, &AuthOption),
    integration: &Integration,
    (limit_key, deadline): (&str, Deadline),
) -> Result<Secret<Value>> {
    match (&op.credentials, &op.input) {
        (Some(_), Some(_)) => {
            return Err(
                Error::invalid_input("give `credentials` or `input`, not both").with("field", "input")
            );
        }
        (Some(credentials), None) if credentials.is_object() => {
            check_size("credentials", credentials)?;
            return Ok(Secret::new(credentials.clone()));
        }
        (Some(_), None) => {
            return Err(Error::invalid_input("`credentials` is an object").with("field", "credentials"));
        }
        (None, _) => {}
    }
    let input = op.input.clone().unwrap_or_else(|| json!({}));
    check_size("input", &input)?;
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
    let target = Arc::new(target(connector, &bare, limit_key, &input)?);
    let client = engine.parts().http.client(Arc::clone(&target), None).until(deadline);
    let cx = Cx::new(connector, &client, &bare);
    let made = cx.run(function, &json!({ "connectionInput": input })).await;
    let made = made.map_err(|error| error.masked(|text| target.mask().said(text)))?;
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
