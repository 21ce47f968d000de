use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{Element, ElementKind, Integration, IntegrationSpec, State};
use membrane_core::op::ListQuery;
use membrane_core::{Error, ErrorBody, ErrorKind, IntegrationId, Key, Page, Result, Selector};
use serde_json::{Map, Value};

use super::row::mark;
use super::select::{self, by_id, default_connection, find, missing};
use super::{Kind, check_address, sealed};
use crate::store::{Query, Write};
use crate::{Caller, Engine, sync};

#[async_trait]
impl Kind for IntegrationSpec {
    const FILTERS: &'static [&'static str] = &["integrationKey", "connectorId"];

    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Integration> {
        let text = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
        let text = text.ok_or_else(|| missing(ElementKind::Integration, selector))?;
        let found = select::integration(engine, caller, text, archived).await?;
        select::check_named(selector, &found)?;
        Ok(found)
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Integration>> {
        let store_query = Query {
            key: query.integration_key.clone(),
            fields: query
                .connector_id
                .iter()
                .map(|id| ("connectorId".to_owned(), id.as_str().into()))
                .collect(),
            search: query.search.clone(),
            include_archived: query.include_archived == Some(true),
            ..Query::default()
        };
        find(engine, caller, &store_query, &query.paging).await
    }

    async fn prepare(
        engine: &Engine,
        _caller: &Caller,
        current: Option<&Integration>,
        element: &mut Integration,
        _fields: &Map<String, Value>,
    ) -> Result<()> {
        element.place = membrane_core::element::Place::default();
        if let Some(current) = current
            && element.spec.connector_key == current.spec.connector_key
            && element.spec.connector_id != current.spec.connector_id
        {
            // Whoever names the new connector by id alone means that one.
            element.spec.connector_key = None;
        }
        let named = element.spec.connector_key.clone().or_else(|| element.spec.connector_id.clone());
        let Some(key) = named.or_else(|| element.key.as_ref().map(ToString::to_string)) else {
            return Err(Error::invalid_input("an integration names its connector: `connectorKey`")
                .with("field", "connectorKey"));
        };
        let connector = engine.connector(&key).map_err(|error| {
            Error::invalid_input(error.message().to_owned()).with("field", "connectorKey")
        })?;
        if element.name.trim().is_empty() {
            element.name.clone_from(&connector.name);
        }
        element.key.get_or_insert_with(|| Key::from_name(&element.name));
        describe(element, connector);
        let callback = &element.spec.o_auth_callback_uri;
        if current.is_some_and(|current| current.spec.o_auth_callback_uri == *callback) {
            return Ok(());
        }
        check_address("oAuthCallbackUri", callback.as_deref())
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Integration) -> Result<()> {
        element.is_deactivated = Some(is_deactivated(element));
        if caller.customer_id().is_some() {
            let connection = default_connection(engine, caller, element, false).await?;
            element.related.connection = connection.map(|mut connection| {
                connection.spec.is_default = Some(true);
                Box::new(connection)
            });
        }
        Ok(())
    }

    async fn setup(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Integration> {
        let current = super::live_or_archived::<Self>(engine, caller, selector).await?;
        super::refuse_archived(&current)?;
        let connector = connector_of(engine, &current)?;
        let mut element = current.clone();
        sealed::open(engine, &mut element).await?;
        describe(&mut element, connector);
        sealed::close(&mut element)?;
        let brought = sync::actions(engine, connector, &element.id.clone().into()).await?;
        engine.write(caller, brought).await?;
        let mut element = match element == current {
            true => element,
            false => super::put(engine, caller, current, element, mark::OWN, None).await?,
        };
        sealed::show(engine, caller, [&mut element]).await?;
        Self::show(engine, caller, &mut element).await?;
        Ok(element)
    }

    async fn along(engine: &Engine, before: Option<&Integration>, after: &Integration) -> Result<Vec<Write>> {
        let is_same = |before: &Integration| {
            before.spec.connector_key == after.spec.connector_key && before.archived_at.is_none()
        };
        if after.archived_at.is_some() || before.is_some_and(is_same) {
            return Ok(Vec::new());
        }
        match connector_of(engine, after) {
            Ok(connector) => sync::actions(engine, connector, &after.id.clone().into()).await,
            // It was archived, and its connector went away meanwhile: the state says so at the next start.
            Err(_) => Ok(Vec::new()),
        }
    }
}

/// The connector an integration names. One that names none by key, as where the id is another platform's, has the
/// connector with the integration's own key.
///
/// # Errors
/// `Configuration` when the engine has no such connector.
pub(crate) fn connector_of<'e>(engine: &'e Engine, element: &Integration) -> Result<&'e Arc<Connector>> {
    let named = |name: &str| {
        engine.registered(name).map_err(|error| {
            let label = element.key.as_ref().map_or(element.name.as_str(), |key| key.as_str());
            error
                .map_message(|why| format!("the integration `{label}` cannot be used: {why}"))
                .with("integrationId", &element.id)
        })
    };
    let spec = &element.spec;
    if let Some(key) = &spec.connector_key {
        return named(key);
    }
    let own = element.key.as_ref().map_or("", |key| key.as_str());
    let by_id = spec.connector_id.as_deref().unwrap_or(own);
    named(by_id).or_else(|error| named(own).map_err(|_| error))
}

/// Fills in what follows from the connector, and the state that follows from the parameters, which must be
/// opened.
pub(crate) fn describe(element: &mut Integration, connector: &Connector) {
    let spec = &mut element.spec;
    spec.connector_id = Some(connector.key.to_string());
    spec.connector_key = Some(connector.key.to_string());
    if spec.logo_uri.is_none() {
        spec.logo_uri.clone_from(&connector.logo_uri);
    }
    spec.auth_type = connector.auth.first().map(|option| option.r#type.as_str().to_owned());
    spec.has_operations = Some(!connector.operations.is_empty());
    spec.operations_count = Some(connector.operations.len());
    spec.has_data = Some(!connector.collections.is_empty());
    spec.data_collections_count = Some(connector.collections.len());
    let problem = parameters_problem(connector, spec.parameters.as_ref());
    spec.has_missing_parameters = Some(problem.is_some());
    element.state = if problem.is_some() { State::ConfigurationError } else { State::Ready };
    element.errors = problem.iter().map(ErrorBody::from).collect();
}

fn parameters_problem(connector: &Connector, parameters: Option<&Value>) -> Option<Error> {
    let schema = connector.parameters_schema.as_ref()?;
    let empty = Value::Object(Map::new());
    let outcome = schema.compile().and_then(|schema| schema.validate(parameters.unwrap_or(&empty)));
    outcome.err().map(|error| {
        Error::new(
            ErrorKind::Configuration,
            format!("Integration is missing required parameters: {}", error.message()),
        )
    })
}

/// The integration beside an element that belongs to it, without what is sealed.
pub(crate) async fn beside(
    engine: &Engine,
    caller: &Caller,
    id: Option<&IntegrationId>,
) -> Result<Option<Box<Integration>>> {
    let Some(id) = id else { return Ok(None) };
    let found = by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?;
    Ok(found.map(|mut found| {
        found.is_deactivated = Some(is_deactivated(&found));
        Box::new(found)
    }))
}

/// Whether an integration is out of use, and with it what belongs to it.
pub(crate) fn is_deactivated(element: &Integration) -> bool {
    element.archived_at.is_some()
}

/// A new integration of a connector.
pub(crate) fn of_connector(connector: &Connector) -> Integration {
    let mut element = Element::new(crate::clock::new_id(), &connector.name, IntegrationSpec::default());
    element.key = Some(connector.key.clone());
    element.description.clone_from(&connector.description);
    describe(&mut element, connector);
    element
}
