//! Kinds that belong to customers: a schema of the product's records exists for all and for one, a subscription
//! to its events for one.

use async_trait::async_trait;
use membrane_core::element::{AppDataSchemaSpec, CustomerSpec, Element, Place, Spec as _};
use membrane_core::op::ListQuery;
use membrane_core::{ElementId, Error, ErrorKind, LayerName, Page, Result, Selector};
use serde_json::{Map, Value};

use super::customer::{Whose, whose};
use super::select::{by_id, find, missing, only};
use super::workspace::settle;
use super::{Kind, add, in_field, own_row};
use crate::clock::new_id;
use crate::store::Query;
use crate::{Caller, Engine};

#[async_trait]
impl Kind for AppDataSchemaSpec {
    const FILTERS: &'static [&'static str] =
        &["isUniversal", "tenantId", "userId", "parentId", "parentKey", "instanceKey"];

    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Element<Self>> {
        let none = || missing(Self::KIND, selector);
        let own = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
        let parent = selector.parent_id.as_deref().or(selector.parent_key.as_deref());
        let wants_instance = selector.layer == Some(LayerName::Connection) || own.is_none();
        let text = own.or(parent).ok_or_else(none)?;
        let found = match by_id::<Self>(engine, caller, text, archived).await? {
            Some(found) => Some(found),
            None => {
                let query = Query {
                    key: Some(text.to_owned()),
                    fields: vec![("isUniversal".to_owned(), true.into())],
                    include_archived: archived,
                    ..Query::default()
                };
                only(engine, caller, &query).await?
            }
        };
        let found = found.ok_or_else(none)?;
        if !wants_instance || found.place.tenant_id.is_some() {
            return Ok(found);
        }
        instance_of(engine, caller, &found.id, selector, archived).await?.ok_or_else(none)
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Element<Self>>> {
        let is_universal = query.is_universal.map(|is| ("isUniversal".to_owned(), is.into()));
        list::<Self, Self>(engine, caller, query, is_universal).await
    }

    async fn prepare(
        engine: &Engine,
        caller: &Caller,
        current: Option<&Element<Self>>,
        element: &mut Element<Self>,
        fields: &Map<String, Value>,
    ) -> Result<()> {
        if let Some(schema) = &element.spec.schema {
            schema.compile().map_err(|error| in_field("schema", &error))?;
        }
        if let Some(current) = current {
            element.place = current.place.clone();
            if element.place.parent_id.is_some() && element.spec != current.spec {
                element.place.is_customized = Some(true);
            }
            return Ok(());
        }
        let place = owner(engine, caller, fields).await?;
        element.spec.is_universal = Some(place.tenant_id.is_none());
        if place.tenant_id.is_none() {
            if !caller.is_manager() {
                return Err(Error::new(
                    ErrorKind::AccessDenied,
                    format!(
                        "a customer may add an instance of a {} only: give `appDataSchemaId`",
                        Self::KIND
                    ),
                ));
            }
            settle(element);
            return Ok(());
        }
        let parent = parent_of::<Self>(engine, caller, fields).await?;
        let instance_key = std::mem::replace(&mut element.place, place).instance_key;
        element.place.instance_key = instance_key;
        element.place.is_customized = Some(element.spec.schema.is_some() || element.spec.code.is_some());
        take_over(element, &parent);
        if element.place.is_customized == Some(false) {
            element.spec.schema = parent.spec.schema;
            element.spec.code = parent.spec.code;
        }
        Ok(())
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Element<Self>) -> Result<()> {
        let Some(id) = &element.place.parent_id else { return Ok(()) };
        if element.place.is_customized != Some(true)
            && let Some(parent) = by_id::<Self>(engine, caller, id.as_str(), true).await?
        {
            element.spec.schema = parent.spec.schema;
            element.spec.code = parent.spec.code;
            element.place.parent_revision = Some(parent.revision);
        }
        element.spec.app_data_schema_id = element.place.parent_id.as_ref().map(ToString::to_string);
        element.spec.app_data_schema_revision.clone_from(&element.place.parent_revision);
        Ok(())
    }

    async fn own(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<Self>> {
        let mut below = selector.clone();
        below.layer = Some(LayerName::Connection);
        match Self::select(engine, caller, &below, false).await {
            Err(error) if error.kind() == ErrorKind::NotFound && is_for_one(caller, selector) => {}
            outcome => return outcome,
        }
        let mut shared = selector.clone();
        shared.layer = None;
        shared.key = shared.key.or(shared.parent_key.take());
        shared.id = shared.id.or(shared.parent_id.take());
        let parent = Self::select(engine, caller, &shared, false).await?;
        let mut element = Element::new(new_id(), "", parent.spec.clone());
        element.spec.is_universal = Some(false);
        element.place = owner(engine, caller, &named_customer(selector)).await?;
        element.place.instance_key.clone_from(&selector.instance_key);
        element.place.is_customized = Some(false);
        take_over(&mut element, &parent);
        match add(engine, caller, &mut element).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                instance_of(engine, caller, &parent.id, selector, false).await?.ok_or(error)
            }
            outcome => outcome.map(|()| element),
        }
    }

    async fn to_write(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<Self>> {
        let found = match selector.layer {
            Some(LayerName::Connection) => Self::own(engine, caller, selector).await?,
            _ => return super::live_or_archived(engine, caller, selector).await,
        };
        own_row(caller, found)
    }
}

/// Whether a selector leads to one customer's instance: that of the customer who asks, or who is named.
pub(super) fn is_for_one(caller: &Caller, selector: &Selector) -> bool {
    !caller.is_manager() || selector.user_id.is_some() || selector.tenant_id.is_some()
}

/// The customer a selector names, as fields do.
pub(super) fn named_customer(selector: &Selector) -> Map<String, Value> {
    let named = [("tenantId", &selector.tenant_id), ("userId", &selector.user_id)];
    named.into_iter().filter_map(|(name, id)| Some((name.to_owned(), id.clone()?.into()))).collect()
}

/// Lists elements of a kind that belongs to customers, instances of elements of another one.
pub(super) async fn list<S: Kind, P: Kind>(
    engine: &Engine,
    caller: &Caller,
    query: &ListQuery,
    field: Option<(String, Value)>,
) -> Result<Page<Element<S>>> {
    let customer = match whose(engine, caller, query.tenant_id.as_deref(), query.user_id.as_deref()).await? {
        Whose::Anyone => None,
        Whose::One(customer) => Some(customer),
        Whose::Nobody => return Ok(Page::default()),
    };
    let mut parent = query.parent_id.as_deref().map(ElementId::from);
    if let Some(key) = &query.parent_key {
        match P::select(engine, caller, &Selector::key(key), true).await {
            Ok(found) if parent.as_ref().is_none_or(|parent| *parent == found.id) => parent = Some(found.id),
            Ok(_) => return Ok(Page::default()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Page::default()),
            Err(error) => return Err(error),
        }
    }
    let store_query = Query {
        customer,
        parent,
        instance_key: query.instance_key.clone(),
        fields: field.into_iter().collect(),
        search: query.search.clone(),
        include_archived: query.include_archived == Some(true),
        ..Query::default()
    };
    find(engine, caller, &store_query, &query.paging).await
}

/// Whose a new element is: the customer's that asks, or the one a manager names; the workspace's when none is.
pub(super) async fn owner(engine: &Engine, caller: &Caller, fields: &Map<String, Value>) -> Result<Place> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (tenant, user) = (text("tenantId"), text("userId"));
    let mut place = Place::default();
    let names_parent =
        ["parentId", "parentKey", "appDataSchemaId", "appDataSchemaKey", "appEventTypeId", "appEventTypeKey"];
    let is_below = fields.is_empty() || names_parent.into_iter().any(|name| text(name).is_some());
    match whose(engine, caller, tenant, user).await? {
        Whose::One(id) => place.tenant_id = Some(id),
        Whose::Anyone => place.tenant_id = caller.customer_id().filter(|_| is_below).cloned(),
        Whose::Nobody => {
            let name = tenant.or(user).unwrap_or_default();
            return Err(Error::not_found(format!("there is no customer `{name}`")).with("selector", name));
        }
    }
    if let Some(id) = &place.tenant_id {
        let customer = by_id::<CustomerSpec>(engine, &engine.manager(), id.as_str(), true).await?;
        place.user_id = customer.and_then(|customer| customer.spec.internal_id);
    }
    Ok(place)
}

/// The element a new one is an instance of.
pub(super) async fn parent_of<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    fields: &Map<String, Value>,
) -> Result<Element<S>> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let names =
        ["parentId", "parentKey", "appDataSchemaId", "appDataSchemaKey", "appEventTypeId", "appEventTypeKey"];
    match names.into_iter().find_map(text) {
        Some(named) => S::select(engine, caller, &named.into(), false).await,
        None => {
            Err(Error::invalid_input(format!("say which {}: by id or key", S::KIND))
                .with("field", "parentId"))
        }
    }
}

/// Ties a customer's element to what it is an instance of.
pub(super) fn take_over<S, P>(element: &mut Element<S>, parent: &Element<P>) {
    element.place.parent_id = Some(parent.id.clone());
    element.place.parent_revision = Some(parent.revision.clone());
    if element.name.trim().is_empty() {
        element.name.clone_from(&parent.name);
    }
    element.key = element.key.take().or_else(|| parent.key.clone());
}

/// The customer's instance of an element.
pub(super) async fn instance_of<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    parent: &ElementId,
    selector: &Selector,
    archived: bool,
) -> Result<Option<Element<S>>> {
    let customer =
        match whose(engine, caller, selector.tenant_id.as_deref(), selector.user_id.as_deref()).await? {
            Whose::Anyone => None,
            Whose::One(customer) => Some(customer),
            Whose::Nobody => return Ok(None),
        };
    let query = Query {
        parent: Some(parent.clone()),
        customer,
        instance_key: Some(selector.instance_key.clone().unwrap_or_default()),
        include_archived: archived,
        ..Query::default()
    };
    only(engine, caller, &query).await
}
