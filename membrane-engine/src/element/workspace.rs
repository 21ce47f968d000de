//! Kinds that belong to the workspace and live at no layer: an app of the catalogue, a type of event, a screen.

use async_trait::async_trait;
use membrane_core::element::{AppEventTypeSpec, AppSpec, Element, Place, ScreenSpec, Spec};
use membrane_core::op::ListQuery;
use membrane_core::{Error, Formula, Page, Result, Selector};
use serde_json::{Map, Value};

use super::select::{by_id, check_named, find, missing, only};
use super::{Kind, give_key, in_field};
use crate::clock::new_id;
use crate::store::Query;
use crate::{Caller, Engine};

/// Finds the element an id or key names.
pub(super) async fn select<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
    archived: bool,
) -> Result<Element<S>> {
    let none = || missing(S::KIND, selector);
    let text = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
    let text = text.ok_or_else(none)?;
    if let Some(found) = by_id::<S>(engine, caller, text, archived).await? {
        check_named(selector, &found)?;
        return Ok(found);
    }
    let query = Query { key: Some(text.to_owned()), include_archived: archived, ..Query::default() };
    only(engine, caller, &query).await?.ok_or_else(none)
}

async fn list<S: Spec>(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Element<S>>> {
    let store_query = Query {
        key: query.key.clone(),
        search: query.search.clone(),
        include_archived: query.include_archived == Some(true),
        ..Query::default()
    };
    find(engine, caller, &store_query, &query.paging).await
}

/// Gives a new element its key, and no place: it is the workspace's.
pub(super) fn settle<S: Spec>(element: &mut Element<S>) {
    element.place = Place::default();
    if !element.name.trim().is_empty() {
        give_key(element);
    }
}

macro_rules! workspace_kind {
    ($spec:ty, $check:expr, $show:expr) => {
        #[async_trait]
        impl Kind for $spec {
            const FILTERS: &'static [&'static str] = &["key"];

            async fn select(
                engine: &Engine,
                caller: &Caller,
                selector: &Selector,
                archived: bool,
            ) -> Result<Element<Self>> {
                select(engine, caller, selector, archived).await
            }

            async fn list(
                engine: &Engine,
                caller: &Caller,
                query: &ListQuery,
            ) -> Result<Page<Element<Self>>> {
                list(engine, caller, query).await
            }

            async fn prepare(
                _engine: &Engine,
                _caller: &Caller,
                _current: Option<&Element<Self>>,
                element: &mut Element<Self>,
                fields: &Map<String, Value>,
            ) -> Result<()> {
                settle(element);
                $check(element, fields)
            }

            async fn show(_engine: &Engine, caller: &Caller, element: &mut Element<Self>) -> Result<()> {
                $show(caller, element);
                Ok(())
            }
        }
    };
}

workspace_kind!(AppSpec, check_app, as_it_is);
workspace_kind!(AppEventTypeSpec, check_event_type, hide_address);
workspace_kind!(ScreenSpec, check_screen, as_it_is);

fn as_it_is<S>(_caller: &Caller, _element: &mut Element<S>) {}

/// Who knows the address for all customers can send events in the name of any, and the request that subscribes may
/// hold what the product lets in by.
fn hide_address(caller: &Caller, element: &mut Element<AppEventTypeSpec>) {
    if !caller.is_manager() {
        element.spec.webhook_key.clear();
        element.spec.global_webhook_uri.clear();
        element.spec.subscribe_request = None;
    }
}

fn check_app(element: &mut Element<AppSpec>, _fields: &Map<String, Value>) -> Result<()> {
    named(element)
}

fn check_event_type(element: &mut Element<AppEventTypeSpec>, _fields: &Map<String, Value>) -> Result<()> {
    named(element)?;
    let spec = &mut element.spec;
    if let Some(schema) = &spec.schema {
        schema.compile().map_err(|error| in_field("schema", &error))?;
    }
    for (field, formula) in
        [("tenantIdFormula", &spec.tenant_id_formula), ("userIdFormula", &spec.user_id_formula)]
    {
        if let Some(formula) = formula {
            Formula::parse_strict(formula).map_err(|error| in_field(field, &error))?;
        }
    }
    if spec.subscribe_request.as_ref().is_some_and(|request| request.uri.trim().is_empty()) {
        return Err(
            Error::invalid_input("`subscribeRequest.uri` is required").with("field", "subscribeRequest")
        );
    }
    if spec.webhook_key.is_empty() {
        spec.webhook_key = new_id();
    }
    spec.global_webhook_uri = format!("/webhooks/app-events/{}", spec.webhook_key);
    Ok(())
}

fn check_screen(element: &mut Element<ScreenSpec>, fields: &Map<String, Value>) -> Result<()> {
    if element.revision.is_empty() && fields.get("type").is_none_or(Value::is_null) {
        return Err(Error::invalid_input("`type` is required: `integration`").with("field", "type"));
    }
    for (n, block) in element.spec.blocks.iter().enumerate() {
        let kind = block.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(kind, "action" | "data-source" | "field-mapping" | "flow") {
            let field = format!("blocks[{n}].type");
            return Err(Error::invalid_input(format!(
                "`{field}` is `{kind}`; a block shows an action, a data-source, a field-mapping or a flow"
            ))
            .with("field", field));
        }
    }
    Ok(())
}

/// An element of these kinds has a name, or at least a key.
fn named<S: Spec>(element: &Element<S>) -> Result<()> {
    if element.name.trim().is_empty() && element.key.is_none() {
        return Err(Error::invalid_input("`name` is required").with("field", "name"));
    }
    Ok(())
}
