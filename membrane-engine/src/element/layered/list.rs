use std::collections::HashSet;

use membrane_core::connector::Connector;
use membrane_core::element::{Element, IntegrationSpec, Place};
use membrane_core::op::ListQuery;
use membrane_core::{ElementId, Error, IntegrationId, LayerName, Page, Paging, Result};

use super::LayeredKind;
use super::chain::parent_of;
use super::depend::connector_of;
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

/// What counts on a connection: the integration's elements, then those for all apps that the app has none of its own
/// for, the connection's own copy in the place of each original; then copies without an original.
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
    let limit = usize::try_from(paging.limit()?).unwrap_or(usize::MAX);
    let originals = Originals::of::<S>(engine, caller, integration, query).await?;
    let start = paging.start();
    let after = |prefix: &str| start.and_then(|cursor| cursor.strip_prefix(prefix)).map(str::to_owned);
    let mut found = match (after(OWN), after(SHARED)) {
        (None, None) => find::<S>(engine, caller, &originals.of_app, paging).await?,
        _ => Page::new(Vec::new(), None),
    };
    for element in &mut found.items {
        originals.replace(element, &mut own);
    }
    if found.cursor.is_some() {
        return Ok(found);
    }
    if after(OWN).is_none() {
        let after = after(SHARED).unwrap_or_default();
        originals.add_shared(engine, caller, &mut found, &mut own, after, limit).await?;
        if found.cursor.is_some() {
            return Ok(found);
        }
    }
    own.sort_by(|a, b| a.id.cmp(&b.id));
    let mut last = after(OWN).unwrap_or_default();
    for own in own {
        if own.id.as_str() <= last.as_str()
            || !is_searched(&own, originals.of_app.search.as_deref())
            || originals.shows(engine, caller, &own).await?
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

/// What the connections to an app have without copies of their own.
struct Originals<'e> {
    /// The integration's elements; of a kind that no app has elements of, those for all apps.
    of_app: Query,
    /// Those for all apps, where integrations have their own.
    shared: Option<Query>,
    /// Universal elements the integration has a child of.
    covered: HashSet<ElementId>,
    connector: Option<&'e Connector>,
}

impl<'e> Originals<'e> {
    async fn of<S: LayeredKind>(
        engine: &'e Engine,
        caller: &Caller,
        integration: Option<IntegrationId>,
        query: Query,
    ) -> Result<Self> {
        if !S::KIND.layers().contains(&LayerName::Integration) {
            let of_app = Query { layer: Some(LayerName::Universal), ..query };
            return Ok(Self { of_app, shared: None, covered: HashSet::new(), connector: None });
        }
        let mut place = Place::default();
        place.integration_id.clone_from(&integration);
        let connector = connector_of(engine, caller, &place).await?;
        let children = Query {
            integration: integration.clone(),
            layer: Some(LayerName::Integration),
            ..Query::default()
        };
        let children: Vec<Element<S>> = all(engine, caller, &children).await?;
        let shared = Query { layer: Some(LayerName::Universal), ..query.clone() };
        let of_app = Query { integration, layer: Some(LayerName::Integration), ..query };
        let covered = children.into_iter().filter_map(|child| child.place.parent_id).collect();
        Ok(Self { of_app, shared: Some(shared), covered, connector })
    }

    /// Puts the connection's own copy in the place of its original.
    fn replace<S>(&self, original: &mut Element<S>, own: &mut Vec<Element<S>>) {
        let is_copy = |own: &Element<S>| {
            let (parent, place) = (own.place.parent_id.as_ref(), &original.place);
            own.place.instance_key.is_none()
                && own.archived_at.is_none()
                && parent.is_some_and(|id| *id == original.id || Some(id) == place.parent_id.as_ref())
        };
        if let Some(at) = own.iter().position(is_copy) {
            *original = own.swap_remove(at);
        }
    }

    /// Whether an element for all apps counts here.
    fn counts<S: LayeredKind>(&self, universal: &Element<S>) -> bool {
        !self.covered.contains(&universal.id) && universal.spec.is_for(self.connector)
    }

    /// Fills a page with what is for all apps, from behind an id.
    async fn add_shared<S: LayeredKind>(
        &self,
        engine: &Engine,
        caller: &Caller,
        page: &mut Page<Element<S>>,
        own: &mut Vec<Element<S>>,
        mut last: String,
        limit: usize,
    ) -> Result<()> {
        let Some(query) = &self.shared else { return Ok(()) };
        loop {
            let cursor = Some(last.clone()).filter(|last| !last.is_empty());
            let paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor };
            let found = find::<S>(engine, caller, query, &paging).await?;
            for mut universal in found.items {
                if self.counts(&universal) {
                    if page.items.len() >= limit {
                        page.cursor = Some(format!("{SHARED}{last}"));
                        return Ok(());
                    }
                    last = universal.id.to_string();
                    self.replace(&mut universal, own);
                    page.items.push(universal);
                } else {
                    last = universal.id.to_string();
                }
            }
            if found.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether a copy stood in the place of its original on an earlier page, or went into the archive with it.
    async fn shows<S: LayeredKind>(
        &self,
        engine: &Engine,
        caller: &Caller,
        own: &Element<S>,
    ) -> Result<bool> {
        let Some(parent) = parent_of(engine, caller, own).await? else { return Ok(false) };
        if parent.archived_at.is_some() && !self.of_app.include_archived {
            return Ok(own.place.is_customized != Some(true));
        }
        if own.place.instance_key.is_some() || own.archived_at.is_some() {
            return Ok(false);
        }
        let mut originals = self.of_app.clone();
        let mut is_parent_listed = false;
        match (parent.place.layer(), &self.shared) {
            (LayerName::Universal, Some(shared)) if self.counts(&parent) => {
                originals = shared.clone();
                is_parent_listed = true;
            }
            (LayerName::Universal, _) => originals.parent = Some(parent.id.clone()),
            _ => is_parent_listed = true,
        }
        if is_parent_listed && originals.key.is_none() {
            originals.key = parent.key.as_ref().map(ToString::to_string);
        }
        let some = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
        let found = find::<S>(engine, caller, &originals, &some).await?.items;
        Ok(found.iter().any(|found| !is_parent_listed || found.id == parent.id))
    }
}

/// Refuses a cursor that is of no kind.
pub(super) fn check_cursor(paging: &Paging) -> Result<()> {
    let strip = |prefix| paging.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(prefix));
    match strip(OWN).or_else(|| strip(SHARED)) {
        Some(id) => Paging { limit: None, cursor: Some(id.to_owned()) }.check_cursor(),
        None => paging.check_cursor(),
    }
}

/// What the cursors begin with that stand among copies without an original; the id of the last one follows.
const OWN: &str = "own:";

/// The same among elements for all apps.
const SHARED: &str = "all:";

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
