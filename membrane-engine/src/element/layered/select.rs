use membrane_core::element::Element;
use membrane_core::{LayerName, Result, Selector};

use super::LayeredKind;
use super::chain::{Ground, layers_with};
use crate::element::select::{by_id, check_named, integration, missing, only};
use crate::store::Query;
use crate::{Caller, Engine};

/// Finds the element a selector names. An id is exact; a key leads to the element closest to the connection or
/// integration the selector looks within.
///
/// # Errors
/// `InvalidInput` for the id of an element of another integration, connection or customer than the selector names.
pub(super) async fn select<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
    archived: bool,
) -> Result<Element<S>> {
    let none = || missing(S::KIND, selector);
    let own = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
    let parent = selector.parent_id.as_deref().or(selector.parent_key.as_deref());
    let text = own.or(parent).ok_or_else(none)?;
    let by_id = by_id::<S>(engine, caller, text, archived || own.is_none()).await?;
    let mut ground = Ground::of(engine, caller, selector).await?;
    if let Some(found) = &by_id {
        check_named(selector, found)?;
        ground.check(found)?;
        if own.is_some() && selector.layer.is_none_or(|layer| layer == found.place.layer()) {
            return Ok(found.clone());
        }
    }
    let search = Search { engine, caller, layer: selector.layer, is_parent: own.is_none(), archived };
    let mut first = match by_id {
        Some(found) => Some(found),
        None => search.by_key(&ground, text).await?,
    };
    if first.is_none()
        && !ground.is_somewhere()
        && let Some((app, key)) = text.split_once('.')
        && let Ok(app) = integration(engine, caller, app, false).await
    {
        ground.integration = Some(app.id.into());
        first = search.by_key(&ground, key).await?;
    }
    let first = first.ok_or_else(none)?;
    let layer = first.place.layer();
    let is_closest = layer == LayerName::Connection || !ground.is_somewhere();
    if own.is_some() && selector.layer.map_or(is_closest, |wanted| wanted == layer) {
        return Ok(first);
    }
    // An id of another layer, a parent, or a key that was changed closer to the connection.
    let chain = layers_with(engine, caller, &first, &ground, archived).await?;
    let found = match selector.layer {
        Some(layer) => chain.into_layer(layer),
        None => chain.into_closest(),
    };
    found.filter(|found| archived || found.archived_at.is_none()).ok_or_else(none)
}

struct Search<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    layer: Option<LayerName>,
    is_parent: bool,
    archived: bool,
}

impl Search<'_> {
    /// Looks for a key from the closest layer the ground reaches to the universal one. Who asks for the
    /// connection's element may name it by the key of what it was made of.
    async fn by_key<S: LayeredKind>(&self, ground: &Ground, key: &str) -> Result<Option<Element<S>>> {
        let is_below = ground.connection.is_some();
        let at = |layer: LayerName| match self.layer {
            _ if self.is_parent => layer != LayerName::Connection,
            None => layer != LayerName::Connection || is_below,
            Some(LayerName::Connection) => layer == LayerName::Connection || is_below,
            Some(wanted) => wanted == layer,
        };
        let mut order = vec![LayerName::Connection, LayerName::Integration, LayerName::Universal];
        if ground.integration.is_none() {
            // Without an app the use case itself is meant.
            order.swap(1, 2);
        }
        for layer in order {
            if !at(layer) {
                continue;
            }
            let mut query = Query {
                key: Some(key.to_owned()),
                layer: Some(layer),
                // A parent that is archived is no way to its children.
                include_archived: self.archived && self.layer.is_none_or(|wanted| wanted == layer),
                ..Query::default()
            };
            if layer != LayerName::Universal {
                query.integration.clone_from(&ground.integration);
            }
            if layer == LayerName::Connection {
                query.connection = ground.connection.as_ref().map(|connection| connection.id.clone().into());
                query.instance_key = Some(ground.instance_key.clone().unwrap_or_default());
            }
            if let Some(found) = only(self.engine, self.caller, &query).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
