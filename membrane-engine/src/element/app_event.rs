use async_trait::async_trait;
use membrane_core::element::{AppEventSubscriptionSpec, AppEventTypeSpec, Element, Spec as _};
use membrane_core::op::ListQuery;
use membrane_core::{Error, ErrorKind, Page, Result, Selector};
use serde_json::{Map, Value};

use super::app_data_schema::{instance_of, is_for_one, list, named_customer, owner, parent_of, take_over};
use super::select::{by_id, missing};
use super::workspace::select as select_shared;
use super::{Kind, add, in_field};
use crate::clock::new_id;
use crate::{Caller, Engine};

#[async_trait]
impl Kind for AppEventSubscriptionSpec {
    const FILTERS: &'static [&'static str] =
        &["tenantId", "userId", "parentId", "parentKey", "instanceKey", "isSubscribed"];

    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Element<Self>> {
        let none = || missing(Self::KIND, selector);
        let own = selector.id.as_deref().or(selector.selector.as_deref());
        if let Some(id) = own {
            return by_id::<Self>(engine, caller, id, archived).await?.ok_or_else(none);
        }
        let parent = event_type(engine, caller, selector).await?;
        instance_of(engine, caller, &parent.id, selector, archived).await?.ok_or_else(none)
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Element<Self>>> {
        let is_subscribed = query.is_subscribed.map(|is| ("isSubscribed".to_owned(), is.into()));
        list::<Self, AppEventTypeSpec>(engine, caller, query, is_subscribed).await
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
            return Ok(());
        }
        let parent = parent_of::<AppEventTypeSpec>(engine, caller, fields).await?;
        let place = owner(engine, caller, fields).await?;
        if place.tenant_id.is_none() {
            return Err(Error::invalid_input("a subscription belongs to a customer: say `userId`")
                .with("field", "userId"));
        }
        let instance_key = std::mem::replace(&mut element.place, place).instance_key;
        element.place.instance_key = instance_key;
        subscribe(element, &parent);
        Ok(())
    }

    async fn show(_engine: &Engine, caller: &Caller, element: &mut Element<Self>) -> Result<()> {
        if !caller.is_manager() {
            element.spec.subscription_request.headers = None;
        }
        element.spec.app_event_type_id =
            element.place.parent_id.as_ref().map(ToString::to_string).unwrap_or_default();
        Ok(())
    }

    async fn own(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<Self>> {
        match Self::select(engine, caller, selector, false).await {
            Err(error) if error.kind() == ErrorKind::NotFound && is_for_one(caller, selector) => {}
            outcome => return outcome,
        }
        let parent = event_type(engine, caller, selector).await?;
        let mut element = Element::new(new_id(), "", Self::default());
        element.place = owner(engine, caller, &named_customer(selector)).await?;
        element.place.instance_key.clone_from(&selector.instance_key);
        subscribe(&mut element, &parent);
        match add(engine, caller, &mut element).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                instance_of(engine, caller, &parent.id, selector, false).await?.ok_or(error)
            }
            outcome => outcome.map(|()| element),
        }
    }
}

async fn event_type(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<Element<AppEventTypeSpec>> {
    let mut of_type = Selector::default();
    of_type.id.clone_from(&selector.parent_id);
    of_type.key = selector.parent_key.clone().or_else(|| selector.key.clone());
    select_shared::<AppEventTypeSpec>(engine, caller, &of_type, false).await
}

/// Fills in what a subscription has of its type: the address to send to, and the request that asks for it.
fn subscribe(element: &mut Element<AppEventSubscriptionSpec>, parent: &Element<AppEventTypeSpec>) {
    take_over(element, parent);
    let spec = &mut element.spec;
    spec.webhook_uri = format!("{}/{}", parent.spec.global_webhook_uri, element.id);
    let mut request = parent.spec.subscribe_request.clone().unwrap_or_default();
    let address = spec.webhook_uri.as_str();
    request.uri = request.uri.replace(ADDRESS, address);
    for part in [&mut request.headers, &mut request.query].into_iter().flatten() {
        part.values_mut().for_each(|value| put_in(value, address));
    }
    if let Some(body) = &mut request.body {
        put_in(body, address);
    }
    spec.subscription_request = request;
}

/// What stands for the address in a request that subscribes.
const ADDRESS: &str = "{{webhookUri}}";

/// Puts the address into every text.
fn put_in(value: &mut Value, address: &str) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => *text = text.replace(ADDRESS, address),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values_mut()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
