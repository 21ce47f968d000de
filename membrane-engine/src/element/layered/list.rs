use membrane_core::element::{Element, IntegrationSpec};
use membrane_core::op::ListQuery;
use membrane_core::{ElementId, Error, IntegrationId, LayerName, Page, Paging, Result};

use super::LayeredKind;
use super::chain::parent_of;
use crate::element::customer::{Whose, whose};
use crate::element::select::{by_id, connection_of, find, integration_of};
use crate::store::Query;
use crate::{Caller, Engine};

/// Lists elements. Below a connection, and at no layer in particular: what counts there.
pub(super) async fn list<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    query: &ListQuery,
) -> Result<Page<Element<S>>> {
    let connection =
        connection_of(engine, caller, query.connection_id.as_deref(), query.connection_key.as_deref())
            .await?;
    let mut integration =
        integration_of(engine, caller, query.integration_id.as_deref(), query.integration_key.as_deref())
            .await?;
    let customer = match whose(engine, caller, query.tenant_id.as_deref(), query.user_id.as_deref()).await? {
        Whose::Anyone => None,
        Whose::One(customer) => Some(customer),
        Whose::Nobody => return Ok(Page::default()),
    };
    let universal_parent = query.universal_parent_id.clone();
    if query.key.is_some() && query.parent_key.is_some() && query.key != query.parent_key {
        return Ok(Page::default());
    }
    let mut store_query = Query {
        // A copy has the key of what it was made of.
        key: query.key.clone().or_else(|| query.parent_key.clone()),
        instance_key: query.instance_key.clone(),
        parent: query.parent_id.as_deref().map(ElementId::from),
        layer: layer_of(query)?,
        is_universal: query.is_universal,
        customer,
        fields: [
            universal_parent.map(|id| ("universalParentId".to_owned(), id.into())),
            query.enabled.map(|enabled| ("enabled".to_owned(), enabled.into())),
        ]
        .into_iter()
        .flatten()
        .collect(),
        search: query.search.clone(),
        include_archived: query.include_archived == Some(true),
        ..Query::default()
    };
    if let Some(connection) = connection {
        match store_query.layer {
            Some(LayerName::Connection) => store_query.connection = Some(connection.id.clone().into()),
            Some(_) => {
                integration = match &connection.place.integration_id {
                    Some(id) => by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?,
                    None => None,
                };
            }
            None => {
                let integration = connection.place.integration_id.clone();
                return effective(engine, caller, &connection.id, integration, store_query, &query.paging)
                    .await;
            }
        }
    }
    // The universal layer is every app's.
    if store_query.layer != Some(LayerName::Universal) {
        store_query.integration = integration.map(|integration| integration.id.into());
    }
    if store_query.integration.is_some() && store_query.layer.is_none() {
        store_query.layer = Some(LayerName::Integration);
    }
    find(engine, caller, &store_query, &query.paging).await
}

/// The layer a query asks for, in either spelling.
fn layer_of(query: &ListQuery) -> Result<Option<LayerName>> {
    match (query.layer, query.is_universal) {
        (None, Some(true)) => Ok(Some(LayerName::Universal)),
        (Some(layer), Some(is_universal)) if is_universal != (layer == LayerName::Universal) => {
            Err(Error::invalid_input(format!(
                "`isUniversal={is_universal}` and `layer={}` contradict each other",
                layer.as_str()
            ))
            .with("field", "isUniversal"))
        }
        (layer, _) => Ok(layer),
    }
}

/// What counts on a connection: the integration's elements, its own copy in the place of each original.
async fn effective<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    connection: &ElementId,
    integration: Option<IntegrationId>,
    query: Query,
    paging: &Paging,
) -> Result<Page<Element<S>>> {
    let own_query = Query {
        connection: Some(connection.clone().into()),
        layer: Some(LayerName::Connection),
        search: None,
        ..query.clone()
    };
    let mut own: Vec<Element<S>> = all(engine, caller, &own_query).await?;
    // A kind that no app has elements of shows the universal ones.
    let of_app = S::KIND.layers().contains(&LayerName::Integration);
    let (integration, layer) = match of_app {
        true => (integration, LayerName::Integration),
        false => (None, LayerName::Universal),
    };
    let app_query = Query { integration, layer: Some(layer), ..query };
    let limit = usize::try_from(paging.limit()?).unwrap_or(usize::MAX);
    // First the integration's elements, then copies without an original.
    let (mut found, after) = match paging.start().and_then(|cursor| cursor.strip_prefix(OWN)) {
        Some(after) => (Page::new(Vec::new(), None), after.to_owned()),
        None => (find::<S>(engine, caller, &app_query, paging).await?, String::new()),
    };
    for element in &mut found.items {
        let is_copy = |own: &Element<S>| {
            let (parent, place) = (own.place.parent_id.as_ref(), &element.place);
            own.place.instance_key.is_none()
                && own.archived_at.is_none()
                && parent.is_some_and(|id| *id == element.id || Some(id) == place.parent_id.as_ref())
        };
        if let Some(at) = own.iter().position(is_copy) {
            *element = own.swap_remove(at);
        }
    }
    if found.cursor.is_some() {
        return Ok(found);
    }
    own.sort_by(|a, b| a.id.cmp(&b.id));
    let mut last = after;
    for own in own {
        if own.id.as_str() <= last.as_str()
            || !is_searched(&own, app_query.search.as_deref())
            || is_shown_by_original(engine, caller, &own, &app_query).await?
        {
            continue;
        }
        if found.items.len() >= limit {
            found.cursor = Some(format!("{OWN}{last}"));
            break;
        }
        last = own.id.to_string();
        found.items.push(own);
    }
    Ok(found)
}

/// Refuses a cursor that is of neither kind.
pub(super) fn check_cursor(paging: &Paging) -> Result<()> {
    let own = paging.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(OWN));
    match own {
        Some(id) => Paging { limit: None, cursor: Some(id.to_owned()) }.check_cursor(),
        None => paging.check_cursor(),
    }
}

/// What the cursors begin with that stand among copies without an original; the id of the last one follows.
const OWN: &str = "own:";

pub(super) async fn all<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    query: &Query,
) -> Result<Vec<Element<S>>> {
    let mut items = Vec::new();
    let mut paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
    loop {
        let page = find(engine, caller, query, &paging).await?;
        items.extend(page.items);
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => return Ok(items),
        }
    }
}

/// As the store searches: in name and key.
fn is_searched<S>(element: &Element<S>, search: Option<&str>) -> bool {
    let Some(text) = search.map(str::to_lowercase) else { return true };
    element.name.to_lowercase().contains(&text)
        || element.key.as_ref().is_some_and(|key| key.as_str().to_lowercase().contains(&text))
}

/// Whether a copy stood in the place of its original on an earlier page, or went into the archive with it.
async fn is_shown_by_original<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    own: &Element<S>,
    app_query: &Query,
) -> Result<bool> {
    let Some(parent) = parent_of(engine, caller, own).await? else { return Ok(false) };
    if parent.archived_at.is_some() && !app_query.include_archived {
        return Ok(own.place.is_customized != Some(true));
    }
    if own.place.instance_key.is_some() || own.archived_at.is_some() {
        return Ok(false);
    }
    let mut originals = Query { search: app_query.search.clone(), ..app_query.clone() };
    match parent.place.layer() {
        LayerName::Integration => originals.key = parent.key.as_ref().map(ToString::to_string),
        _ => originals.parent = Some(parent.id.clone()),
    }
    let one = Paging { limit: Some(1), cursor: None };
    Ok(!find::<S>(engine, caller, &originals, &one).await?.items.is_empty())
}
