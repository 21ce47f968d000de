use membrane_core::element::Element;
use membrane_core::{Error, Result};
use serde_json::{Map, Value};

use super::LayeredKind;
use super::chain::{Ground, layers, parent_of};
use super::place::follow;
use crate::element::row::mark;
use crate::element::select::by_id;
use crate::element::{Kind as _, put, refuse_archived};
use crate::{Caller, Engine};

/// Drops what an element has of its own, or the parts of it that are named: it follows its parent again. One
/// that a connector brought along is again as the connector has it.
///
/// # Errors
/// `InvalidInput` for an element without a parent.
pub(crate) async fn reset<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
    parts: &Map<String, Value>,
) -> Result<Element<S>> {
    refuse_archived(&current)?;
    if let Some(write) = S::brought(engine, &current).await? {
        engine.write(caller, vec![write]).await?;
        let mut element = by_id::<S>(engine, caller, current.id.as_str(), true).await?.unwrap_or(current);
        S::show(engine, caller, &mut element).await?;
        return Ok(element);
    }
    let Some(parent) = parent_of(engine, caller, &current).await? else { return Err(no_parent(&current)) };
    let chain = layers(engine, caller, &parent, &Ground::default()).await?;
    let above = chain.effective()?;
    let mut element = current.clone();
    let is_left = element.spec.reset(&above.spec, parts)?;
    element.place.is_customized = Some(is_left && current.place.is_customized == Some(true));
    if parts.is_empty() || parts.get("name") == Some(&Value::Bool(true)) {
        element.name = above.name.to_owned();
        element.description = above.description.map(str::to_owned);
        // A switch is not what is reset.
        element.place.customized_fields.retain(|name| S::SWITCHES.contains(&name.as_str()));
    }
    follow(&mut element.place, &parent);
    put(engine, caller, current, element, mark::OWN, None).await
}

/// Ties an element to its parent as that is now. What it has of its own stays.
///
/// # Errors
/// `InvalidInput` for an element without a parent.
pub(crate) async fn catch_up<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
) -> Result<Element<S>> {
    refuse_archived(&current)?;
    let Some(parent) = parent_of(engine, caller, &current).await? else { return Err(no_parent(&current)) };
    let mut element = current.clone();
    follow(&mut element.place, &parent);
    put(engine, caller, current, element, mark::ALL, None).await
}

fn no_parent<S: LayeredKind>(element: &Element<S>) -> Error {
    Error::invalid_input(format!(
        "the {} `{}` has no parent it could follow again",
        S::KIND,
        element.key.as_ref().map_or(element.name.as_str(), |key| key.as_str())
    ))
    .with("id", &element.id)
}
