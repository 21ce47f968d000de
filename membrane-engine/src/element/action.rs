use async_trait::async_trait;
use membrane_core::element::{Action, ActionKind, ActionSpec, Element, ElementKind, IntegrationSpec, Place};
use membrane_core::op::ListQuery;
use membrane_core::{
    ElementId, Error, ErrorKind, Formula, IntegrationId, Key, LayerName, Page, Paging, Result, Selector,
};
use serde_json::{Map, Value};

use super::select::{
    by_id, connection_of, find, integration as named_integration, integration_of, missing, only,
};
use super::{Kind, insert, integration};
use crate::clock::new_id;
use crate::store::Query;
use crate::{Caller, Engine};

#[async_trait]
impl Kind for ActionSpec {
    async fn select(engine: &Engine, caller: &Caller, selector: &Selector, archived: bool) -> Result<Action> {
        find_action(engine, caller, selector, archived).await
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Action>> {
        let connection =
            connection_of(engine, caller, query.connection_id.as_deref(), query.connection_key.as_deref())
                .await?;
        let mut integration =
            integration_of(engine, caller, query.integration_id.as_deref(), query.integration_key.as_deref())
                .await?;
        let mut store_query = Query {
            instance_key: query.instance_key.clone(),
            parent: query.parent_id.as_deref().map(ElementId::from),
            layer: query.layer,
            search: query.search.clone(),
            include_archived: query.include_archived == Some(true),
            ..Query::default()
        };
        if let Some(connection) = connection {
            if query.layer.is_some_and(|layer| layer != LayerName::Connection) {
                integration = match &connection.place.integration_id {
                    Some(id) => by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?,
                    None => None,
                };
            } else if query.layer.is_some() {
                store_query.connection = Some(connection.id.clone().into());
            } else {
                let integration = connection.place.integration_id.clone();
                return effective(engine, caller, &connection.id, integration, store_query, &query.paging)
                    .await;
            }
        }
        store_query.integration = integration.map(|integration| integration.id.into());
        if store_query.integration.is_some() && store_query.layer.is_none() {
            store_query.layer = Some(LayerName::Integration);
        }
        find(engine, caller, &store_query, &query.paging).await
    }

    async fn prepare(
        engine: &Engine,
        caller: &Caller,
        element: &mut Action,
        fields: &Map<String, Value>,
    ) -> Result<()> {
        place(engine, caller, element, fields).await?;
        element.key.get_or_insert_with(|| Key::from_name(&element.name));
        let spec = &element.spec;
        for (field, schema) in
            [("inputSchema", &spec.input_schema), ("customOutputSchema", &spec.custom_output_schema)]
        {
            if let Some(schema) = schema {
                schema.compile().map_err(|error| in_field(field, &error))?;
            }
        }
        for (field, formula) in [("config", &spec.config), ("outputMapping", &spec.output_mapping)] {
            if let Some(formula) = formula {
                Formula::parse(formula).map_err(|error| in_field(field, &error))?;
            }
        }
        if element.spec.custom_output_schema.is_some() {
            element.spec.output_schema.clone_from(&element.spec.custom_output_schema);
        }
        check_parts(engine, caller, element).await
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Action) -> Result<()> {
        element.related.integration =
            integration::beside(engine, caller, element.place.integration_id.as_ref()).await?;
        Ok(())
    }
}

fn in_field(field: &'static str, error: &Error) -> Error {
    Error::invalid_input(format!("`{field}`: {}", error.message())).with("field", field)
}

/// The operation or collection an action of an integration names must be there.
async fn check_parts(engine: &Engine, caller: &Caller, element: &Action) -> Result<()> {
    let Some(id) = &element.place.integration_id else { return Ok(()) };
    let Some(config) = &element.spec.config else { return Ok(()) };
    let integration = by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?;
    let Some(key) = integration.and_then(|integration| integration.spec.connector_key) else { return Ok(()) };
    let Ok(connector) = engine.connector(&key) else { return Ok(()) };
    let as_input = |error: Error| in_field("config", &error);
    if element.spec.r#type == Some(ActionKind::ConnectorOperation)
        && let Some(operation) = config.get("operationKey").and_then(Value::as_str)
    {
        connector.operation(&operation.into()).map_err(as_input)?;
    }
    if let Some(collection) = config.pointer("/dataSource/collectionKey").and_then(Value::as_str) {
        connector.collection(&collection.into()).map_err(as_input)?;
    }
    Ok(())
}

/// Settles where a new action belongs, and checks that the caller may put it there.
async fn place(
    engine: &Engine,
    caller: &Caller,
    element: &mut Action,
    fields: &Map<String, Value>,
) -> Result<()> {
    let given = std::mem::take(&mut element.place);
    if !element.created_at.is_empty() {
        element.place = given;
        element.place.is_customized = element.place.parent_id.as_ref().map(|_| true);
        return Ok(());
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    element.place.instance_key = given.instance_key;
    if let Some(id) = text("connectionId") {
        let connection = super::select::connection(engine, caller, id, false).await?;
        element.place.connection_id = Some(connection.id.clone().into());
        element.place.tenant_id.clone_from(&connection.place.tenant_id);
        element.place.user_id.clone_from(&connection.place.user_id);
        element.place.integration_id = connection.place.integration_id;
    } else if let Some(found) =
        integration_of(engine, caller, text("integrationId"), text("integrationKey")).await?
    {
        element.place.integration_id = Some(found.id.into());
    }
    if element.place.connection_id.is_none() && !caller.is_manager() {
        return Err(Error::new(
            ErrorKind::AccessDenied,
            "a customer may add actions to their own connections only: give `connectionId`",
        ));
    }
    if let Some(parent) = text("parentId").or(text("parentKey")) {
        let mut selector = Selector::from(parent);
        selector.layer = Some(match element.place.layer() {
            LayerName::Connection if element.place.integration_id.is_some() => LayerName::Integration,
            _ => LayerName::Universal,
        });
        selector.integration_id = element.place.integration_id.as_ref().map(ToString::to_string);
        let parent = find_action(engine, caller, &selector, false).await?;
        follow(&mut element.place, &parent);
        element.place.is_customized = Some(true);
    }
    Ok(())
}

fn follow(place: &mut Place, parent: &Action) {
    place.parent_id = Some(parent.id.clone());
    place.parent_revision = Some(parent.revision.clone());
    place.universal_parent_id = match parent.place.layer() {
        LayerName::Universal => Some(parent.id.clone()),
        _ => parent.place.universal_parent_id.clone(),
    };
}

/// The connection's own copy of an action, made when there is none.
pub(crate) async fn own_copy(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Action> {
    let found = find_action(engine, caller, selector, false).await?;
    if found.place.connection_id.is_some() {
        return Ok(found);
    }
    let (id, key) = (selector.connection_id.as_deref(), selector.connection_key.as_deref());
    let Some(connection) = connection_of(engine, caller, id, key).await? else {
        return Ok(found);
    };
    let mut element = Element::new(new_id(), &found.name, found.spec.clone());
    element.key.clone_from(&found.key);
    element.description.clone_from(&found.description);
    follow(&mut element.place, &found);
    element.place.instance_key.clone_from(&selector.instance_key);
    element.place.integration_id.clone_from(&connection.place.integration_id);
    element.place.tenant_id.clone_from(&connection.place.tenant_id);
    element.place.user_id.clone_from(&connection.place.user_id);
    element.place.connection_id = Some(connection.id.into());
    element.place.is_customized = Some(false);
    match insert(engine, caller, element).await {
        // Somebody else made it at the same moment.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            find_action(engine, caller, selector, false).await
        }
        outcome => outcome,
    }
}

async fn find_action(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
    archived: bool,
) -> Result<Action> {
    let own = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
    let parent = selector.parent_id.as_deref().or(selector.parent_key.as_deref());
    let text = own.or(parent).ok_or_else(|| missing(ElementKind::Action, selector))?;
    if let Some(found) = by_id::<ActionSpec>(engine, caller, text, archived).await? {
        let is_wanted = selector.layer.is_none_or(|layer| layer == found.place.layer());
        if is_wanted && own.is_some() {
            return Ok(found);
        }
        // The parent of the one that is asked for: go on with its key.
        if let (Some(key), false) = (&found.key, is_wanted && own.is_some()) {
            let mut by_key = selector.clone();
            by_key.id = None;
            by_key.selector = None;
            by_key.parent_id = None;
            by_key.parent_key = None;
            by_key.key = Some(key.to_string());
            return Box::pin(find_action(engine, caller, &by_key, archived)).await;
        }
    }
    if let Some(found) = by_key(engine, caller, selector, text, archived).await? {
        return Ok(found);
    }
    if let Some((app, key)) = text.split_once('.')
        && selector.integration_id.is_none()
        && selector.integration_key.is_none()
        && let Ok(integration) = named_integration(engine, caller, app, false).await
    {
        let mut dotted = selector.clone();
        dotted.integration_id = Some(integration.id.to_string());
        if let Some(found) = by_key(engine, caller, &dotted, key, archived).await? {
            return Ok(found);
        }
    }
    Err(missing(ElementKind::Action, selector))
}

/// Looks for a key from the most specific layer the selector reaches down to the universal one.
async fn by_key(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
    key: &str,
    archived: bool,
) -> Result<Option<Action>> {
    let connection =
        connection_of(engine, caller, selector.connection_id.as_deref(), selector.connection_key.as_deref())
            .await?;
    let integration_id = match &connection {
        Some(connection) => connection.place.integration_id.clone(),
        None => {
            let (id, key) = (selector.integration_id.as_deref(), selector.integration_key.as_deref());
            integration_of(engine, caller, id, key).await?.map(|integration| integration.id.into())
        }
    };
    let at = |layer: LayerName| selector.layer.is_none_or(|wanted| wanted == layer);
    let query = |layer: LayerName| Query {
        key: Some(key.to_owned()),
        layer: Some(layer),
        include_archived: archived,
        ..Query::default()
    };
    if at(LayerName::Connection) && (connection.is_some() || selector.layer.is_some()) {
        let mut query = query(LayerName::Connection);
        query.connection = connection.as_ref().map(|connection| connection.id.clone().into());
        query.integration.clone_from(&integration_id);
        query.instance_key = Some(selector.instance_key.clone().unwrap_or_default());
        if let Some(found) = only(engine, caller, &query).await? {
            return Ok(Some(found));
        }
    }
    if integration_id.is_none()
        && at(LayerName::Universal)
        && let Some(found) = only(engine, caller, &query(LayerName::Universal)).await?
    {
        return Ok(Some(found));
    }
    if at(LayerName::Integration) {
        let mut query = query(LayerName::Integration);
        query.integration.clone_from(&integration_id);
        if let Some(found) = only(engine, caller, &query).await? {
            return Ok(Some(found));
        }
    }
    if integration_id.is_some() && at(LayerName::Universal) {
        return only(engine, caller, &query(LayerName::Universal)).await;
    }
    Ok(None)
}

/// The three layers of one action, as far as they are there.
pub(crate) async fn layers(
    engine: &Engine,
    caller: &Caller,
    action: &Action,
    connection: Option<&membrane_core::ConnectionId>,
    integration: Option<&IntegrationId>,
    instance_key: Option<&str>,
) -> Result<[Option<Action>; 3]> {
    let Some(key) = &action.key else {
        return Ok(match action.place.layer() {
            LayerName::Universal => [Some(action.clone()), None, None],
            LayerName::Integration => [None, Some(action.clone()), None],
            LayerName::Connection => [None, None, Some(action.clone())],
        });
    };
    let query =
        |layer: LayerName| Query { key: Some(key.to_string()), layer: Some(layer), ..Query::default() };
    let universal = match action.place.layer() {
        LayerName::Universal => Some(action.clone()),
        _ => only(engine, caller, &query(LayerName::Universal)).await?,
    };
    let of_app = match (action.place.layer(), integration) {
        (LayerName::Integration, _) => Some(action.clone()),
        (_, None) => None,
        (_, Some(integration)) => {
            let query = Query { integration: Some(integration.clone()), ..query(LayerName::Integration) };
            only(engine, caller, &query).await?
        }
    };
    let own = match (action.place.layer(), connection) {
        (LayerName::Connection, _) => Some(action.clone()),
        (_, None) => None,
        (_, Some(connection)) => {
            let instance_key = Some(instance_key.unwrap_or_default().to_owned());
            let query =
                Query { connection: Some(connection.clone()), instance_key, ..query(LayerName::Connection) };
            let one = Paging { limit: Some(1), cursor: None };
            find(engine, caller, &query, &one).await?.items.pop()
        }
    };
    Ok([universal, of_app, own])
}

/// What can be run on a connection: for each key the most specific element.
async fn effective(
    engine: &Engine,
    caller: &Caller,
    connection: &ElementId,
    integration: Option<IntegrationId>,
    query: Query,
    paging: &Paging,
) -> Result<Page<Action>> {
    let mut own: Vec<Action> = Vec::new();
    let own_query = Query {
        connection: Some(connection.clone().into()),
        layer: Some(LayerName::Connection),
        ..query.clone()
    };
    let mut page = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
    loop {
        let found = find(engine, caller, &own_query, &page).await?;
        own.extend(found.items);
        match found.cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    let app_query = Query { integration, layer: Some(LayerName::Integration), ..query };
    // The integration's actions carry the paging; a copy stands in the place of its original. Copies without
    // an original end the last page.
    let mut found = find::<ActionSpec>(engine, caller, &app_query, paging).await?;
    for action in &mut found.items {
        let is_plain = |own: &Action| own.key == action.key && own.place.instance_key.is_none();
        if let Some(at) = own.iter().position(is_plain) {
            *action = own.swap_remove(at);
        }
    }
    if found.cursor.is_none() {
        for own in own {
            let key = own.key.as_ref().map(ToString::to_string);
            let original = Query { key, search: None, ..app_query.clone() };
            let is_further = own.place.instance_key.is_some();
            if is_further || only::<ActionSpec>(engine, caller, &original).await?.is_none() {
                found.items.push(own);
            }
        }
    }
    Ok(found)
}
