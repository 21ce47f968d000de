//! What an element depends on: faults there travel down to it, whenever it is shown.

use futures::future::BoxFuture;
use membrane_core::connector::Connector;
use membrane_core::element::{
    ActionSpec, AppEventTypeSpec, ConnectionSpec, DataLinkTableSpec, DataSourceSpec, Element, ElementKind,
    FieldMappingSpec, FlowSpec, IntegrationSpec, Place, Reference, State,
};
use membrane_core::{ElementId, Error, ErrorBody, ErrorKind, LayerName, Result, Selector};
use serde_json::json;

use super::LayeredKind;
use super::chain::{Ground, layers};
use super::own::derive;
use crate::element::Kind;
use crate::element::select::by_id;
use crate::{Caller, Engine};

/// How an element is that another one depends on.
struct Health {
    id: ElementId,
    has_errors: bool,
    is_deactivated: bool,
}

/// Says in an element how it is: its errors, those of what it depends on, and whether it is set up at all.
pub(super) async fn settle<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &mut Element<S>,
) -> Result<()> {
    let place = element.place.clone();
    let mut errors = Vec::new();
    let mut is_deactivated = element.archived_at.is_some();
    if let Some(id) = &place.connection_id {
        let found = by_id::<ConnectionSpec>(engine, caller, id.as_str(), true).await?;
        is_deactivated |= found.is_none_or(|found| found.archived_at.is_some());
    }
    if let Some(id) = &place.integration_id {
        let found = by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?;
        is_deactivated |= found.as_ref().is_none_or(|found| found.archived_at.is_some());
        if found.is_some_and(|found| found.state != State::Ready) {
            errors.push(broken(ElementKind::Integration, id.as_str()));
        }
    }
    let mut references = element.spec.references();
    if !is_deactivated {
        for reference in &mut references {
            match health(engine, caller, &place, reference).await? {
                Some(health) => {
                    is_deactivated |= health.is_deactivated;
                    if health.has_errors {
                        errors.push(broken(reference.r#type, health.id.as_str()));
                    }
                    reference.id = Some(health.id);
                }
                None => errors.push(missing(reference)),
            }
        }
    }
    errors.extend(S::problems(engine, caller, element, &references).await?);
    element.state = if errors.is_empty() { State::Ready } else { State::ConfigurationError };
    element.errors = errors.iter().map(ErrorBody::from).collect();
    element.is_deactivated = Some(is_deactivated);
    Ok(())
}

fn broken(kind: ElementKind, id: &str) -> Error {
    Error::new(ErrorKind::Dependency, format!("{} dependency has errors", kind.title()))
        .with_data(json!({"workspaceElementReference": {"type": kind, "id": id}}))
}

/// What refers to an element that is not there.
pub(crate) fn missing(reference: &Reference) -> Error {
    let name = reference.key.as_deref().or(reference.id.as_ref().map(|id| id.as_str())).unwrap_or_default();
    Error::new(ErrorKind::Dependency, format!("there is no {} `{name}`", reference.r#type.title()))
        .with_data(json!({"workspaceElementReference": reference}))
}

/// How an element is that is referred to. It refers to kinds further down only, so this comes to an end.
fn health<'a>(
    engine: &'a Engine,
    caller: &'a Caller,
    place: &'a Place,
    reference: &'a Reference,
) -> BoxFuture<'a, Result<Option<Health>>> {
    Box::pin(async move {
        match reference.r#type {
            ElementKind::Action => Box::pin(of::<ActionSpec>(engine, caller, place, reference)).await,
            ElementKind::AppEventType => {
                let selector = selector_of(reference);
                let found = optional(AppEventTypeSpec::select(engine, caller, &selector, false).await)?;
                Ok(found.map(|found| Health { id: found.id, has_errors: false, is_deactivated: false }))
            }
            ElementKind::DataLinkTable => {
                Box::pin(of::<DataLinkTableSpec>(engine, caller, place, reference)).await
            }
            ElementKind::DataSource => Box::pin(of::<DataSourceSpec>(engine, caller, place, reference)).await,
            ElementKind::FieldMapping => {
                Box::pin(of::<FieldMappingSpec>(engine, caller, place, reference)).await
            }
            ElementKind::Flow => Box::pin(of::<FlowSpec>(engine, caller, place, reference)).await,
            _ => Ok(None),
        }
    })
}

async fn of<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    reference: &Reference,
) -> Result<Option<Health>> {
    let Some(mut found) = referred::<S>(engine, caller, place, reference).await? else { return Ok(None) };
    settle(engine, caller, &mut found).await?;
    Ok(Some(Health {
        id: found.id,
        has_errors: found.state != State::Ready,
        is_deactivated: found.is_deactivated == Some(true),
    }))
}

/// The element that is meant where the one that refers to it is: the closest to it. With its content of now.
pub(crate) async fn referred<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    reference: &Reference,
) -> Result<Option<Element<S>>> {
    match Box::pin(closest(engine, caller, place, reference)).await? {
        Some(found) => Box::pin(at_place(engine, caller, found, place)).await.map(Some),
        None => Ok(None),
    }
}

/// The same, with its content as it is stored.
pub(crate) async fn closest<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    reference: &Reference,
) -> Result<Option<Element<S>>> {
    let mut selector = selector_of(reference);
    selector.integration_id = place.integration_id.as_ref().map(ToString::to_string);
    selector.connection_id = place.connection_id.as_ref().map(ToString::to_string);
    optional(S::select(engine, caller, &selector, false).await)
}

/// The content of an element as its layers have it, without what a connector adds.
pub(crate) async fn content<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    found: Element<S>,
) -> Result<S> {
    if found.place.parent_id.is_none() {
        return Ok(found.spec);
    }
    let chain = Box::pin(layers(engine, caller, &found, &Ground::default())).await?;
    Ok(chain.effective()?.spec.into_owned())
}

/// An element with its content of now, as it is where it is used.
pub(crate) async fn at_place<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    mut found: Element<S>,
    place: &Place,
) -> Result<Element<S>> {
    // One of the universal layer is meant as it would be for this app.
    if found.place.layer() == LayerName::Universal && place.integration_id.is_some() {
        found.place.integration_id.clone_from(&place.integration_id);
        S::adapt(engine, caller, &mut found).await?;
        return Ok(found);
    }
    Box::pin(derive(engine, caller, &mut found)).await?;
    Ok(found)
}

fn selector_of(reference: &Reference) -> Selector {
    let mut selector = Selector::default();
    selector.key.clone_from(&reference.key);
    if selector.key.is_none() {
        // By id the element is named that was known when it was written; meant is what follows it here.
        selector.parent_id = reference.id.as_ref().map(ToString::to_string);
    }
    selector
}

fn optional<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The integration and the connector of a place, where it has one that is there.
pub(crate) async fn connector_of<'e>(
    engine: &'e Engine,
    caller: &Caller,
    place: &Place,
) -> Result<Option<&'e Connector>> {
    let Some(id) = &place.integration_id else { return Ok(None) };
    let integration = by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?;
    let Some(key) = integration.and_then(|integration| integration.spec.connector_key) else {
        return Ok(None);
    };
    Ok(engine.connector(&key).ok().map(|connector| &**connector))
}

/// What an element of its own kind refers to, by id or key.
pub(crate) fn reference(kind: ElementKind, id: Option<&String>, key: Option<&String>) -> Option<Reference> {
    key.map(|key| Reference::key(kind, key.as_str()))
        .or_else(|| id.map(|id| Reference::id(kind, id.as_str())))
}
