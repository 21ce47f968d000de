use std::borrow::Cow;

use membrane_core::element::{Element, IntegrationSpec, Place};
use membrane_core::{Error, ErrorKind, IntegrationId, Key, LayerName, Result, Selector};
use serde_json::{Map, Value};

use super::LayeredKind;
use super::chain::Ground;
use crate::element::give_key;
use crate::element::select::{by_id, by_uuid, connection_of, integration_of, missing, only};
use crate::store::Query;
use crate::{Caller, Engine};

/// Settles where a new element belongs and what it follows, and checks that the caller may put it there.
///
/// An element whose key stands one layer up too is a child of the one there, also when no parent is named. One
/// that brings no content of its own follows its parent.
pub(super) async fn place<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &mut Element<S>,
    fields: &Map<String, Value>,
) -> Result<()> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let instance_key = std::mem::take(&mut element.place).instance_key;
    element.place.instance_key = instance_key;
    let connection = connection_of(engine, caller, text("connectionId"), text("connectionKey")).await?;
    if let Some(connection) = connection {
        element.place.connection_id = Some(connection.id.clone().into());
        element.place.tenant_id.clone_from(&connection.place.tenant_id);
        element.place.user_id.clone_from(&connection.place.user_id);
        element.place.integration_id = connection.place.integration_id;
    } else {
        let app = integration_of(engine, caller, text("integrationId"), text("integrationKey")).await?;
        let app = match (app, text("integrationUuid")) {
            (None, Some(uuid)) => {
                Some(by_uuid::<IntegrationSpec>(engine, caller, uuid, "integrationUuid").await?)
            }
            (app, _) => app,
        };
        element.place.integration_id = app.map(|app| app.id.into());
    }
    if element.place.connection_id.is_none() && !caller.is_manager() {
        return Err(Error::new(
            ErrorKind::AccessDenied,
            format!(
                "a customer may add {} to their own connections only: give `connectionId`",
                S::KIND.plural()
            ),
        ));
    }
    let known = S::KIND.layers();
    if !known.contains(&element.place.layer()) {
        let names: Vec<&str> = known.iter().map(|layer| layer.as_str()).collect();
        return Err(Error::invalid_input(format!(
            "a {} exists at these layers: {}; this one would be at the {} layer",
            S::KIND,
            names.join(", "),
            element.place.layer().as_str()
        ))
        .with("field", "integrationId"));
    }
    let aliases = S::PARENT_ALIASES.iter().map(|(name, _)| *name);
    let parent =
        match (["parentId", "parentKey"].into_iter().chain(aliases).find_map(text), text("parentUuid")) {
            (Some(named), _) => Some(named_parent::<S>(engine, caller, &element.place, named).await?),
            (None, Some(uuid)) => {
                let named = by_uuid::<S>(engine, caller, uuid, "parentUuid").await?;
                Some(named_parent::<S>(engine, caller, &element.place, named.id.as_str()).await?)
            }
            (None, None) => parent_by_key(engine, caller, element).await?,
        };
    if let Some(parent) = parent {
        let is_own = fields
            .get("isCustomized")
            .and_then(Value::as_bool)
            .unwrap_or_else(|| !element.spec.is_same_content(&S::default()));
        follow(&mut element.place, &parent);
        element.place.is_customized = Some(is_own);
        if element.name.trim().is_empty() {
            element.key = element.key.take().or_else(|| parent.key.clone());
        }
        let mut above = parent;
        super::own::derive(engine, caller, &mut above).await?;
        if above.is_deactivated == Some(true) && !is_own {
            return Err(missing(S::KIND, &Selector::from(&above.id)));
        }
        element.fill_fields(&above);
        if !is_own {
            element.spec = element.content_below(Cow::Owned(above.spec), false).into_owned();
        }
    }
    give_key(element);
    Ok(())
}

/// Sees to it that the fields of a new element name a connection: where they name an app, the default connection
/// there of the customer who asks or is named.
pub(crate) async fn on_connection(
    engine: &Engine,
    caller: &Caller,
    fields: &mut Map<String, Value>,
) -> Result<()> {
    let text = |name: &str| {
        fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if text("connectionId").or_else(|| text("connectionKey")).is_some() {
        return Ok(());
    }
    let mut selector = Selector::default().layer(LayerName::Connection);
    (selector.integration_id, selector.integration_key) = (text("integrationId"), text("integrationKey"));
    (selector.tenant_id, selector.user_id) = (text("tenantId"), text("userId"));
    let connection = Ground::of(engine, caller, &selector).await?.connection.ok_or_else(|| {
        Error::invalid_input(
            "an instance belongs to a connection: give `connectionId`, or `integrationKey` and `userId` of a \
             customer that is connected",
        )
        .with("field", "connectionId")
    })?;
    fields.insert("connectionId".to_owned(), connection.id.to_string().into());
    Ok(())
}

/// Leaves a changed element in its place. New content makes it customized; a new key, name or bag does not. A
/// caller may also say that it is, or that it follows its parent again.
pub(super) async fn keep<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    current: &Element<S>,
    element: &mut Element<S>,
    fields: &Map<String, Value>,
) -> Result<()> {
    element.place = current.place.clone();
    give_key(element);
    if element.place.parent_id.is_none() {
        return Ok(());
    }
    if let Some(own) = fields.get("customizedFields").and_then(Value::as_array) {
        let known = Element::<S>::single_fields().filter(|name| own.iter().any(|own| own == name));
        element.place.customized_fields = known.map(str::to_owned).collect();
    }
    // A client that sends a whole answer back says with it what was its own before this change.
    element.note_own_fields(current);
    if !element.spec.is_same_content(&current.spec) {
        element.spec.customize(&current.spec, current.place.is_customized == Some(true));
        element.place.is_customized = Some(true);
    } else if let Some(is_customized) = fields.get("isCustomized").and_then(Value::as_bool) {
        element.place.is_customized = Some(is_customized);
        super::own::derive(engine, caller, element).await?;
    }
    Ok(())
}

/// Ties a place to its parent.
pub(super) fn follow<S>(place: &mut Place, parent: &Element<S>) {
    place.parent_id = Some(parent.id.clone());
    place.parent_revision = Some(parent.revision.clone());
    let above = &parent.place;
    (place.universal_parent_id, place.universal_parent_revision) = match above.layer() {
        LayerName::Universal => (Some(parent.id.clone()), Some(parent.revision.clone())),
        _ => (above.universal_parent_id.clone(), above.universal_parent_revision.clone()),
    };
}

/// The layers a parent can be at, the closest first.
fn above(place: &Place) -> &'static [LayerName] {
    match place.layer() {
        LayerName::Connection => &[LayerName::Integration, LayerName::Universal],
        LayerName::Integration => &[LayerName::Universal],
        LayerName::Universal => &[],
    }
}

async fn named_parent<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    text: &str,
) -> Result<Element<S>> {
    if let Some(found) = by_id::<S>(engine, caller, text, false).await? {
        let is_of_app =
            found.place.integration_id.is_none() || found.place.integration_id == place.integration_id;
        if above(place).contains(&found.place.layer()) && is_of_app {
            return Ok(found);
        }
        return Err(Error::invalid_input(format!(
            "the {} {text} cannot be the parent: it is at the {} layer{}",
            S::KIND,
            found.place.layer().as_str(),
            if is_of_app { "" } else { " of another integration" }
        ))
        .with("field", "parentId"));
    }
    let found = at_layers(engine, caller, above(place), place.integration_id.as_ref(), text).await?;
    found.ok_or_else(|| missing(S::KIND, &Selector::key(text)))
}

async fn parent_by_key<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
) -> Result<Option<Element<S>>> {
    let derived = || Some(Key::from_name(&element.name)).filter(|key| !key.as_str().is_empty());
    let Some(key) = element.key.clone().or_else(derived) else { return Ok(None) };
    let place = &element.place;
    at_layers(engine, caller, above(place), place.integration_id.as_ref(), key.as_str()).await
}

async fn at_layers<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    layers: &[LayerName],
    integration: Option<&IntegrationId>,
    key: &str,
) -> Result<Option<Element<S>>> {
    for &layer in layers {
        let integration = integration.filter(|_| layer == LayerName::Integration).cloned();
        if layer == LayerName::Integration && integration.is_none() {
            continue;
        }
        let query = Query { key: Some(key.to_owned()), layer: Some(layer), integration, ..Query::default() };
        if let Some(found) = only(engine, caller, &query).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
