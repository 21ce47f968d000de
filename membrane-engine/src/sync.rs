//! Brings a workspace up to date with the connectors the engine was given.

use membrane_core::connector::{Connector, ConnectorAction};
use membrane_core::element::{Action, ActionSpec, Element, ElementKind, IntegrationSpec, State};
use membrane_core::{ErrorKind, IntegrationId, Key, LayerName, Result};
use serde_json::Value;

use crate::clock::{new_id, now};
use crate::element::row::{from_row, to_row};
use crate::element::select::{find, only};
use crate::element::{integration, stamp_new};
use crate::engine::{Engine, Seed};
use crate::store::{Query, Row, Write};

/// The field of a stored action that says it is the connector's own: what its content was made of. An action
/// that somebody changed has lost it, and stays as it is.
const SOURCE: &str = "connectorSource";

/// Adds the universal actions that are not there.
pub(crate) async fn universal_actions(engine: &Engine, seeds: &[Seed]) -> Result<()> {
    for seed in seeds {
        let mut element = Element::new(new_id(), seed.name, ActionSpec::default());
        element.key = Some(Key::new(seed.key));
        element.description = Some(seed.description.to_owned()).filter(|text| !text.is_empty());
        element.spec.input_schema = Some(seed.input.clone());
        element.spec.output_schema = Some(seed.output.clone());
        let query = Query { layer: Some(LayerName::Universal), ..Query::default() };
        put(engine, element, query).await?;
    }
    Ok(())
}

/// Gives each connector an integration of its key where there is none, and each integration the actions of
/// its connector.
pub(crate) async fn integrations(engine: &Engine) -> Result<()> {
    let manager = engine.manager();
    for connector in engine.connectors() {
        let key = connector.key.to_string();
        let query = Query { key: Some(key), include_archived: true, ..Query::default() };
        if find::<IntegrationSpec>(engine, &manager, &query, &Default::default()).await?.items.is_empty() {
            let mut element = integration::of_connector(connector);
            stamp_new(&mut element)?;
            insert(engine, to_row(&element)?).await?;
        }
    }
    let mut paging = membrane_core::Paging { limit: Some(membrane_core::Paging::MAX_LIMIT), cursor: None };
    loop {
        let page = find::<IntegrationSpec>(engine, &manager, &Query::default(), &paging).await?;
        for element in page.items {
            let key = element.spec.connector_key.clone().unwrap_or_default();
            match engine.connector(&key) {
                Ok(connector) => {
                    actions(engine, connector, &element.id.clone().into()).await?;
                    let mut described = element.clone();
                    integration::describe(&mut described, connector);
                    save(engine, element, described).await?;
                }
                Err(error) => {
                    let mut broken = element.clone();
                    broken.state = State::ConfigurationError;
                    broken.errors = vec![(&error).into()];
                    save(engine, element, broken).await?;
                }
            }
        }
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}

/// Gives one integration the actions of its connector.
pub(crate) async fn actions(
    engine: &Engine,
    connector: &Connector,
    integration: &IntegrationId,
) -> Result<()> {
    for action in connector.actions.values() {
        let mut element = of_connector(action);
        element.place.integration_id = Some(integration.clone());
        if let Some(universal) = &action.implements {
            let query = Query {
                key: Some(universal.to_string()),
                layer: Some(LayerName::Universal),
                ..Query::default()
            };
            if let Some(parent) = only::<ActionSpec>(engine, &engine.manager(), &query).await? {
                element.place.parent_revision = Some(parent.revision);
                element.place.universal_parent_id = Some(parent.id.clone());
                element.place.parent_id = Some(parent.id);
                element.place.is_customized = Some(true);
                element.description = element.description.or(parent.description);
                let spec = &mut element.spec;
                spec.input_schema = spec.input_schema.take().or(parent.spec.input_schema);
                spec.output_schema = spec.output_schema.take().or(parent.spec.output_schema);
            }
        }
        let query = Query {
            integration: Some(integration.clone()),
            layer: Some(LayerName::Integration),
            ..Query::default()
        };
        put(engine, element, query).await?;
    }
    Ok(())
}

fn of_connector(action: &ConnectorAction) -> Action {
    let mut element = Element::new(new_id(), &action.name, action.spec.clone());
    element.key = Some(action.key.clone());
    element.description.clone_from(&action.description);
    element
}

/// Adds an action, or brings the one with its key up to date if it is still the connector's own.
async fn put(engine: &Engine, mut element: Action, mut query: Query) -> Result<()> {
    stamp_new(&mut element)?;
    let source = serde_json::json!({
        "name": element.name, "description": element.description, "spec": element.spec,
        "parent": element.place.parent_revision,
    })
    .to_string();
    query.key = element.key.as_ref().map(ToString::to_string);
    query.include_archived = true;
    let scope = engine.manager().scope();
    let rows =
        engine.parts().store.rows(&scope, ElementKind::Action, &query, &Default::default()).await?.items;
    let mut row = to_row(&element)?;
    row.doc.insert(SOURCE.to_owned(), source.clone().into());
    let Some(known) = rows.into_iter().min_by_key(|row| row.archived_at.is_some()) else {
        return insert(engine, row).await;
    };
    let is_same = |known: &Row| known.doc.get(SOURCE).and_then(Value::as_str) == Some(&source);
    if known.archived_at.is_some() || !known.doc.contains_key(SOURCE) || is_same(&known) {
        return Ok(());
    }
    let old: Action = from_row(known.clone())?;
    row.id = known.id;
    row.created_at = known.created_at;
    row.doc.insert("uuid".to_owned(), old.uuid.into());
    write(engine, Write::Update { row, expected: known.revision }).await
}

async fn insert(engine: &Engine, row: Row) -> Result<()> {
    write(engine, Write::Insert(row)).await
}

async fn save<S: membrane_core::element::Spec>(
    engine: &Engine,
    old: Element<S>,
    mut new: Element<S>,
) -> Result<()> {
    if old == new {
        return Ok(());
    }
    let expected = old.revision;
    new.revision = new_id();
    new.updated_at = now();
    write(engine, Write::Update { row: to_row(&new)?, expected }).await
}

/// Writes; another process that starts at the same moment writes the same, so losing that race is no fault.
async fn write(engine: &Engine, write: Write) -> Result<()> {
    match engine.parts().store.write(&engine.manager().scope(), vec![write]).await {
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::Concurrency) => Ok(()),
        outcome => {
            engine.changed();
            outcome
        }
    }
}
