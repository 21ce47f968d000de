//! What an element depends on: faults there travel down to it, whenever it is shown.

use std::collections::HashMap;

use membrane_core::connector::Connector;
use membrane_core::element::{
    ActionSpec, AppEventTypeSpec, ConnectionSpec, DataLinkTableSpec, DataSourceSpec, Element, ElementKind,
    FieldMappingSpec, FlowSpec, IntegrationSpec, Place, Reference, State,
};
use membrane_core::{
    ConnectionId, ElementId, Error, ErrorBody, ErrorKind, IntegrationId, LayerName, Result, Selector,
};
use serde_json::json;

use super::LayeredKind;
use super::chain::{Ground, layers};
use super::own::derive;
use crate::element::select::by_id;
use crate::element::{Kind, integration};
use crate::{Caller, Engine};

/// Elements that are looked at below one at the most.
const MOST: usize = 500;

/// Says in an element how it is: its errors, those of what it depends on, and whether it is set up at all.
pub(super) async fn settle<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &mut Element<S>,
) -> Result<()> {
    let (mut errors, mut is_deactivated) = ground(engine, caller, element).await?;
    let mut references = element.spec.references();
    if !is_deactivated {
        let below = Below::of(engine, caller, &element.place, &references).await?;
        for (reference, at) in references.iter_mut().zip(&below.first) {
            let found = &below.nodes[*at];
            let Some(id) = &found.id else {
                errors.push(missing(reference));
                continue;
            };
            is_deactivated |= found.is_deactivated;
            if found.has_errors {
                errors.push(broken(reference.r#type, id.as_str()));
            }
            reference.id = Some(id.clone());
        }
        if below.is_cut {
            let message = format!("it depends on more than {MOST} elements, directly or through others");
            errors.push(Error::new(ErrorKind::Dependency, message));
        }
    }
    errors.extend(faults(engine, caller, element, &references).await?);
    element.state = if errors.is_empty() { State::Ready } else { State::ConfigurationError };
    element.errors = errors.iter().map(ErrorBody::from).collect();
    element.is_deactivated = Some(is_deactivated);
    Ok(())
}

/// What is wrong with an element as it is now: its content may have been right where it was written, and not below
/// another parent or with another connector.
async fn faults<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &mut Element<S>,
    references: &[Reference],
) -> Result<Vec<Error>> {
    let connector = connector_of(engine, caller, &element.place).await?;
    let checked = S::check(element, connector);
    let mut faults = S::problems(engine, caller, element, references).await?;
    if let Err(error) = checked
        && !faults.iter().any(|fault| error.message().ends_with(fault.message()))
    {
        let field = error.context_value("field").unwrap_or_default();
        faults.insert(0, Error::configuration(error.message().to_owned()).with("field", field));
    }
    Ok(faults)
}

/// The faults of where an element is, and whether it is out of use with that, or with the parent it follows.
async fn ground<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
) -> Result<(Vec<Error>, bool)> {
    let place = &element.place;
    let mut errors = Vec::new();
    let mut is_deactivated = element.archived_at.is_some() || element.is_deactivated == Some(true);
    if let Some(id) = &place.connection_id {
        let found = by_id::<ConnectionSpec>(engine, caller, id.as_str(), true).await?;
        is_deactivated |= found.is_none_or(|found| found.archived_at.is_some());
    }
    if let Some(id) = &place.integration_id {
        let found = by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?;
        is_deactivated |= found.as_ref().is_none_or(integration::is_deactivated);
        if found.is_some_and(|found| found.state != State::Ready) {
            errors.push(broken(ElementKind::Integration, id.as_str()));
        }
    }
    Ok((errors, is_deactivated))
}

/// What depends on an element that has errors.
pub(crate) fn broken(kind: ElementKind, id: &str) -> Error {
    Error::new(ErrorKind::Dependency, format!("{} dependency has errors", kind.title()))
        .with_data(json!({"workspaceElementReference": {"type": kind, "id": id}}))
}

/// What refers to an element that is not there.
pub(crate) fn missing(reference: &Reference) -> Error {
    let name = reference.key.as_deref().or(reference.id.as_ref().map(|id| id.as_str())).unwrap_or_default();
    Error::new(ErrorKind::Dependency, format!("there is no {} `{name}`", reference.r#type.title()))
        .with_data(json!({"workspaceElementReference": reference}))
}

/// What an element refers to, directly and through others. Elements may refer to one another in a circle.
#[derive(Default)]
struct Below {
    nodes: Vec<Node>,
    known: HashMap<(Reference, Option<IntegrationId>, Option<ConnectionId>), usize>,
    open: Vec<(usize, Place, Reference)>,
    /// What the element itself refers to.
    first: Vec<usize>,
    /// There were more than are looked at.
    is_cut: bool,
}

/// An element that another one depends on, and how it is.
#[derive(Default)]
struct Node {
    /// Absent when there is no such element.
    id: Option<ElementId>,
    has_errors: bool,
    is_deactivated: bool,
    on: Vec<usize>,
}

impl Below {
    async fn of(engine: &Engine, caller: &Caller, place: &Place, references: &[Reference]) -> Result<Self> {
        let mut below = Self::default();
        below.first = references.iter().map(|reference| below.point(place, reference)).collect();
        while let Some((at, place, reference)) = below.open.pop() {
            if at >= MOST {
                below.is_cut = true;
                // Nothing is said of what was not looked at.
                below.nodes[at].id = Some(ElementId::from(""));
            } else if let Some(found) = look(engine, caller, &place, &reference).await? {
                let on =
                    found.references.iter().map(|reference| below.point(&found.place, reference)).collect();
                let Found { id, has_errors, is_deactivated, .. } = found;
                below.nodes[at] = Node { id: Some(id), has_errors, is_deactivated, on };
            }
        }
        below.spread();
        Ok(below)
    }

    /// The node of a reference; a new one is still to be looked at.
    fn point(&mut self, place: &Place, reference: &Reference) -> usize {
        let key = (reference.clone(), place.integration_id.clone(), place.connection_id.clone());
        *self.known.entry(key).or_insert_with(|| {
            self.open.push((self.nodes.len(), place.clone(), reference.clone()));
            self.nodes.push(Node::default());
            self.nodes.len() - 1
        })
    }

    /// Brings faults to what depends on them, until nothing changes.
    fn spread(&mut self) {
        let mut changes = true;
        while std::mem::take(&mut changes) {
            for at in (0..self.nodes.len()).rev() {
                let on = self.nodes[at].on.iter().map(|on| &self.nodes[*on]);
                let (has_errors, is_deactivated) = on.fold((false, false), |(errors, deactivated), on| {
                    (errors || on.has_errors || on.id.is_none(), deactivated || on.is_deactivated)
                });
                let node = &mut self.nodes[at];
                changes |= has_errors && !node.has_errors || is_deactivated && !node.is_deactivated;
                node.has_errors |= has_errors;
                node.is_deactivated |= is_deactivated;
            }
        }
    }
}

/// What an element is by itself, and what it refers to.
struct Found {
    id: ElementId,
    place: Place,
    has_errors: bool,
    is_deactivated: bool,
    references: Vec<Reference>,
}

async fn look(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    reference: &Reference,
) -> Result<Option<Found>> {
    match reference.r#type {
        ElementKind::Action => Box::pin(of::<ActionSpec>(engine, caller, place, reference)).await,
        ElementKind::AppEventType => {
            let selector = selector_of(reference);
            let found = optional(AppEventTypeSpec::select(engine, caller, &selector, true).await)?;
            Ok(found.map(|found| Found {
                id: found.id,
                place: found.place,
                has_errors: false,
                is_deactivated: found.archived_at.is_some(),
                references: Vec::new(),
            }))
        }
        ElementKind::DataLinkTable => {
            Box::pin(of::<DataLinkTableSpec>(engine, caller, place, reference)).await
        }
        ElementKind::DataSource => Box::pin(of::<DataSourceSpec>(engine, caller, place, reference)).await,
        ElementKind::FieldMapping => Box::pin(of::<FieldMappingSpec>(engine, caller, place, reference)).await,
        ElementKind::Flow => Box::pin(of::<FlowSpec>(engine, caller, place, reference)).await,
        _ => Ok(None),
    }
}

async fn of<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    reference: &Reference,
) -> Result<Option<Found>> {
    let mut found = match referred::<S>(engine, caller, place, reference).await? {
        Some(found) => found,
        None => {
            let selector = selector_within(place, reference);
            match optional(S::select(engine, caller, &selector, true).await)? {
                Some(archived) => archived,
                None => return Ok(None),
            }
        }
    };
    let (mut errors, is_deactivated) = ground(engine, caller, &found).await?;
    let references = if is_deactivated { Vec::new() } else { found.spec.references() };
    errors.extend(faults(engine, caller, &mut found, &references).await?);
    let Element { id, place, .. } = found;
    Ok(Some(Found { id, place, has_errors: !errors.is_empty(), is_deactivated, references }))
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
    let selector = selector_within(place, reference);
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

fn selector_within(place: &Place, reference: &Reference) -> Selector {
    let mut selector = selector_of(reference);
    // What is for all apps must hold for itself, whatever one of them has.
    selector.layer = Some(LayerName::Universal).filter(|universal| place.layer() == *universal);
    selector.integration_id = place.integration_id.as_ref().map(ToString::to_string);
    selector.connection_id = place.connection_id.as_ref().map(ToString::to_string);
    selector
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
