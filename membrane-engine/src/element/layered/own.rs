use std::borrow::Cow;
use std::collections::HashSet;

use membrane_core::element::{Connection, Element};
use membrane_core::{ElementId, ErrorKind, LayerName, Paging, Result, Selector};

use super::chain::{Ground, Layers, layers};
use super::place::follow;
use super::{LayeredKind, select::select};
use crate::clock::new_id;
use crate::element::select::{find, missing};
use crate::element::{add, insertion};
use crate::store::{Query, Write};
use crate::{Caller, Engine};

/// The connection's own copy of an element, made when there is none. Without a connection: the element itself.
pub(super) async fn own_copy<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<Element<S>> {
    let mut below = selector.clone();
    below.layer = None;
    let found = select::<S>(engine, caller, &below, false).await?;
    if found.place.connection_id.is_some() {
        return Ok(found);
    }
    let ground = Ground::of(engine, caller, selector).await?;
    let Some(connection) = &ground.connection else {
        return match selector.layer {
            Some(LayerName::Connection) => Err(missing(S::KIND, selector)),
            _ => Ok(found),
        };
    };
    let chain = layers(engine, caller, &found, &ground).await?;
    let spec = chain.effective()?.spec.into_owned();
    let parent = match chain.into_closest() {
        Some(own) if own.place.layer() == LayerName::Connection => return Ok(own),
        Some(parent) => parent,
        None => found,
    };
    let mut element = copy_for(connection, &parent, spec);
    element.place.instance_key.clone_from(&selector.instance_key);
    match add(engine, caller, &mut element).await {
        Ok(()) => Ok(element),
        // Somebody else may have made it at the same moment.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let made = layers(engine, caller, &parent, &ground).await?;
            made.into_layer(LayerName::Connection).ok_or(error)
        }
        Err(error) => Err(error),
    }
}

/// A copy of an element for a connection, which follows it.
fn copy_for<S: LayeredKind>(connection: &Connection, parent: &Element<S>, spec: S) -> Element<S> {
    let mut element = Element::new(new_id(), &parent.name, spec);
    element.key.clone_from(&parent.key);
    element.description.clone_from(&parent.description);
    element.place.integration_id.clone_from(&connection.place.integration_id);
    element.place.tenant_id.clone_from(&connection.place.tenant_id);
    element.place.user_id.clone_from(&connection.place.user_id);
    element.place.connection_id = Some(connection.id.clone().into());
    element.place.is_customized = Some(false);
    follow(&mut element.place, parent);
    element
}

/// What stores, together with a new connection, its copies of the elements that want one on every connection. Of
/// several with one key the integration's counts.
pub(crate) async fn instances_of<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    connection: &Connection,
    wants_instances: fn(&S) -> bool,
) -> Result<Vec<Write>> {
    let of_app = Query {
        integration: connection.place.integration_id.clone(),
        layer: Some(LayerName::Integration),
        ..Query::default()
    };
    let universal = Query { layer: Some(LayerName::Universal), ..Query::default() };
    let (mut covered, mut keys, mut writes) = (HashSet::new(), HashSet::new(), Vec::new());
    for query in [of_app, universal] {
        let mut paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
        loop {
            let page = find::<S>(engine, caller, &query, &paging).await?;
            for mut parent in page.items {
                if let Some(id) = &parent.place.parent_id {
                    covered.insert(id.clone());
                }
                derive(engine, caller, &mut parent).await?;
                let is_free = !covered.contains(&parent.id)
                    && parent.key.as_ref().is_none_or(|key| !keys.contains(key));
                if is_free && wants_instances(&parent.spec) {
                    keys.extend(parent.key.clone());
                    let mut copy = copy_for(connection, &parent, parent.spec.clone());
                    writes.extend(insertion(engine, &mut copy).await?);
                }
            }
            match page.cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => break,
            }
        }
    }
    Ok(writes)
}

/// Gives an element that follows its parent, as a whole or in parts, what the parent is now, and what the connector
/// adds to it.
pub(crate) async fn derive<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &mut Element<S>,
) -> Result<()> {
    if element.place.parent_id.is_none() {
        return Ok(());
    }
    let chain: Layers<S> = layers(engine, caller, element, &Ground::default()).await?;
    // What follows an archived parent shows what that was last, and is out of use with it.
    if chain.effective().is_err() {
        element.is_deactivated = Some(true);
    }
    let is_own = element.place.is_customized == Some(true);
    if !element.spec.follows(is_own) {
        return Ok(());
    }
    let effective = chain.shown()?;
    let (name, description) = (effective.name.to_owned(), effective.description.map(str::to_owned));
    let content = effective.spec.into_owned();
    let versions = chain.versions();
    let place = &mut element.place;
    let named = |id: &Option<ElementId>| {
        let version = versions.iter().find(|version| Some(&version.id) == id.as_ref())?;
        Some(version.revision.clone())
    };
    place.parent_revision = named(&place.parent_id).or(place.parent_revision.take());
    place.universal_parent_revision =
        named(&place.universal_parent_id).or(place.universal_parent_revision.take());
    if let Some(version) = versions.into_iter().find(|version| version.id == element.id) {
        (element.revision, element.updated_at) = (version.revision, version.updated_at);
    }
    (element.name, element.description) = (name, description);
    match chain.for_integration().filter(|_| element.place.integration_id.is_some()) {
        None => element.spec = content,
        Some(above) => {
            let own = std::mem::replace(&mut element.spec, above);
            S::adapt(engine, caller, element).await?;
            if element.place.layer() == LayerName::Connection {
                let above = std::mem::replace(&mut element.spec, own);
                element.spec = element.content_below(Cow::Owned(above), is_own).into_owned();
            }
        }
    }
    Ok(())
}
