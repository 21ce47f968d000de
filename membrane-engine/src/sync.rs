//! Brings a workspace up to date with the connectors the engine was given.

use membrane_core::connector::{Connector, ConnectorAction};
use membrane_core::element::{Action, ActionSpec, Element, ElementKind, IntegrationSpec};
use membrane_core::op::Actor;
use membrane_core::{ElementId, ErrorKind, IntegrationId, Key, LayerName, Result};
use serde_json::Value;

use crate::clock::{new_id, now};
use crate::element::row::{from_row, keep_marks, mark, to_row};
use crate::element::select::{by_id, find};
use crate::element::{integration, sealed, stamp_new};
use crate::engine::{Engine, Seed};
use crate::store::{Query, Row, Write};

/// Adds the universal actions that are not there.
pub(crate) async fn universal_actions(engine: &Engine, seeds: &[Seed]) -> Result<()> {
    for seed in seeds {
        let mut element = Element::new(new_id(), seed.name, ActionSpec::default());
        element.key = Some(Key::new(seed.key));
        element.description = Some(seed.description.to_owned()).filter(|text| !text.is_empty());
        element.spec.input_schema = Some(seed.input.clone());
        element.spec.output_schema = Some(seed.output.clone());
        let place = Query { layer: Some(LayerName::Universal), ..Query::default() };
        let known = known(engine, place, seed.key, true).await?;
        if let Some(made) = put(element, known, seed.key)? {
            write(engine, made).await?;
        }
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
            match integration::connector_of(engine, &element) {
                Ok(connector) => {
                    for made in actions(engine, connector, &element.id.clone().into()).await? {
                        write(engine, made).await?;
                    }
                    let mut described = element.clone();
                    match sealed::open(engine, &mut described).await {
                        Ok(()) => integration::describe(&mut described, connector),
                        Err(error) if error.kind() == ErrorKind::Configuration => {
                            sealed::broken(&mut described, &error);
                        }
                        Err(error) => return Err(error),
                    }
                    sealed::close(&mut described)?;
                    save(engine, element, described).await?;
                }
                Err(error) => {
                    let mut broken = element.clone();
                    sealed::broken(&mut broken, &error);
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

/// What gives one integration the actions of its connector.
pub(crate) async fn actions(
    engine: &Engine,
    connector: &Connector,
    integration: &IntegrationId,
) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    for action in connector.actions.values() {
        let place = Query {
            integration: Some(integration.clone()),
            layer: Some(LayerName::Integration),
            ..Query::default()
        };
        let known = known(engine, place, action.key.as_str(), true).await?;
        let element = of_integration(engine, action, integration, known.as_ref()).await?;
        writes.extend(put(element, known, action.key.as_str())?);
    }
    Ok(writes)
}

/// What gives an integration's action back the content its connector has for it, if it was made of that.
pub(crate) async fn again(engine: &Engine, current: &Action) -> Result<Option<Write>> {
    let place = &current.place;
    let (Some(integration), None) = (&place.integration_id, &place.connection_id) else { return Ok(None) };
    let manager = engine.manager();
    let row = engine.parts().store.row(&manager.scope(), ElementKind::Action, &current.id).await?;
    let app = by_id::<IntegrationSpec>(engine, &manager, integration.as_str(), true).await?;
    let (Some(mut row), Some(key)) = (row, app.and_then(|app| app.spec.connector_key)) else {
        return Ok(None);
    };
    let (Some(Value::String(origin)), Ok(connector)) = (row.doc.get(mark::ORIGIN), engine.connector(&key))
    else {
        return Ok(None);
    };
    let Some(action) = connector.actions.get(origin.as_str()) else { return Ok(None) };
    let element = of_integration(engine, action, integration, Some(&row)).await?;
    row.doc.insert(mark::SOURCE.to_owned(), Value::Null);
    put(element, Some(row), action.key.as_str())
}

/// The action an integration has of its connector's.
async fn of_integration(
    engine: &Engine,
    action: &ConnectorAction,
    integration: &IntegrationId,
    known: Option<&Row>,
) -> Result<Action> {
    let mut element = of_connector(action);
    element.place.integration_id = Some(integration.clone());
    // An action with a universal action's key is its app's way to do it, also without saying so.
    let universal = action.implements.as_ref().unwrap_or(&action.key);
    let before = known.and_then(|known| known.parent.as_ref());
    if let Some(parent) = parent(engine, universal, before).await? {
        element.place.parent_revision = Some(parent.revision);
        element.place.universal_parent_id = Some(parent.id.clone());
        element.place.parent_id = Some(parent.id);
        element.place.is_customized = Some(true);
        element.description = element.description.or(parent.description);
        let spec = &mut element.spec;
        spec.input_schema = spec.input_schema.take().or(parent.spec.input_schema);
        spec.output_schema = spec.output_schema.take().or(parent.spec.output_schema);
    }
    Ok(element)
}

/// The universal action that was seeded with this key, whatever its key is now; else the one that has it; else
/// the one that was the parent before.
async fn parent(engine: &Engine, key: &Key, before: Option<&ElementId>) -> Result<Option<Action>> {
    let place = Query { layer: Some(LayerName::Universal), ..Query::default() };
    match (known(engine, place, key.as_str(), false).await?, before) {
        (Some(row), _) => from_row(row).map(Some),
        (None, Some(before)) => by_id(engine, &engine.manager(), before.as_str(), false).await,
        (None, None) => Ok(None),
    }
}

/// The action that was made of this one, whatever its key is now; else the one that has the key. One that
/// stands comes before an archived one.
async fn known(engine: &Engine, place: Query, origin: &str, archived: bool) -> Result<Option<Row>> {
    let place = Query { include_archived: archived, ..place };
    let by_origin = Query { fields: vec![(mark::ORIGIN.to_owned(), origin.into())], ..place.clone() };
    let by_key = Query { key: Some(origin.to_owned()), ..place };
    let scope = engine.manager().scope();
    let mut found = None;
    for query in [by_origin, by_key] {
        let page =
            engine.parts().store.rows(&scope, ElementKind::Action, &query, &Default::default()).await?;
        let row = page.items.into_iter().min_by_key(|row| row.archived_at.is_some());
        match (&found, row) {
            (_, Some(row)) if row.archived_at.is_none() => return Ok(Some(row)),
            (None, Some(row)) => found = Some(row),
            _ => {}
        }
    }
    Ok(found)
}

fn of_connector(action: &ConnectorAction) -> Action {
    let mut element = Element::new(new_id(), &action.name, action.spec.clone());
    element.key = Some(action.key.clone());
    element.description.clone_from(&action.description);
    element
}

/// What adds an action, or brings the one that was made of it up to date if it is still the connector's own.
fn put(mut element: Action, known: Option<Row>, origin: &str) -> Result<Option<Write>> {
    stamp_new(&mut element)?;
    let source = serde_json::json!({
        "name": element.name, "description": element.description, "spec": element.spec,
        "parent": element.place.parent_revision,
    })
    .to_string();
    let mut row = to_row(&element)?;
    row.doc.insert(mark::ORIGIN.to_owned(), origin.into());
    row.doc.insert(mark::SOURCE.to_owned(), source.clone().into());
    let Some(known) = known else { return Ok(Some(Write::Insert(row))) };
    let is_same = known.doc.get(mark::SOURCE).and_then(Value::as_str) == Some(&source);
    if known.archived_at.is_some() || !known.doc.contains_key(mark::SOURCE) || is_same {
        return Ok(None);
    }
    let old: Action = from_row(known.clone())?;
    row.id = known.id;
    row.created_at = known.created_at;
    row.doc.insert("uuid".to_owned(), old.uuid.into());
    Ok(Some(Write::Update { row, expected: known.revision }))
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
    let mut row = to_row(&new)?;
    let scope = engine.manager().scope();
    if let Some(known) = engine.parts().store.row(&scope, S::KIND, &row.id).await? {
        keep_marks(&known, &mut row, &[mark::FOLDER, mark::SEALED]);
    }
    write(engine, Write::Update { row, expected }).await
}

/// Writes; another process that starts at the same moment writes the same, so losing that race is no fault.
async fn write(engine: &Engine, write: Write) -> Result<()> {
    match engine.write(&engine.manager(), vec![Write::By(Actor::Engine), write]).await {
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::Concurrency) => Ok(()),
        outcome => outcome,
    }
}
