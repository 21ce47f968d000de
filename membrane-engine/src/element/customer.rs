use async_trait::async_trait;
use membrane_core::element::{Customer, CustomerSpec, Element, ElementKind};
use membrane_core::op::ListQuery;
use membrane_core::{CustomerId, Error, ErrorKind, Page, Result, Selector};
use serde_json::{Map, Value};

use super::row::{from_row, to_row};
use super::select::{by_id, find, missing};
use super::{Kind, stamp_new};
use crate::clock::{new_id, now};
use crate::store::{Query, Write};
use crate::{Caller, Engine};

/// How long a customer's name may be, in bytes.
const MAX_NAME: usize = 500;

/// How long the product's own id of a customer may be, in bytes.
const MAX_INTERNAL_ID: usize = 500;

#[async_trait]
impl Kind for CustomerSpec {
    const FILTERS: &'static [&'static str] = &["isTest", "isActive"];

    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Customer> {
        let text = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
        let text = text.ok_or_else(|| missing(ElementKind::Customer, selector))?;
        if let Some(found) = by_id::<Self>(engine, caller, text, archived).await? {
            return Ok(found);
        }
        let found = by_internal_id(engine, text, archived).await?;
        found.ok_or_else(|| missing(ElementKind::Customer, selector))
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Customer>> {
        let is = |name: &str, value: Option<bool>| value.map(|value| (name.to_owned(), value.into()));
        let store_query = Query {
            fields: [is("isTest", query.is_test), is("isActive", query.is_active)]
                .into_iter()
                .flatten()
                .collect(),
            search: query.search.clone(),
            include_archived: query.include_archived == Some(true),
            ..Query::default()
        };
        find(engine, caller, &store_query, &query.paging).await
    }

    async fn prepare(
        engine: &Engine,
        _caller: &Caller,
        current: Option<&Customer>,
        element: &mut Customer,
        _fields: &Map<String, Value>,
    ) -> Result<()> {
        let internal_id = element.spec.internal_id.get_or_insert_with(new_id).clone();
        check_internal_id(&internal_id)?;
        if current.is_none_or(|current| current.name != element.name) {
            check_name(&element.name)?;
        }
        // The internal id is kept as the key too, so that no two customers can have one.
        element.key = Some(key_of(&internal_id));
        element.place.tenant_id = None;
        element.spec.is_active.get_or_insert(true);
        element.spec.is_test.get_or_insert(false);
        if let Some(other) = by_internal_id(engine, &internal_id, false).await?
            && other.id != element.id
        {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("there is a customer with the internalId `{internal_id}` already"),
            )
            .with("internalId", internal_id));
        }
        Ok(())
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Customer) -> Result<()> {
        element.key = None;
        if caller.customer_id().is_some() {
            element.spec.workspace_key = Some(engine.workspace_key().to_owned());
        }
        Ok(())
    }
}

/// The customer with this id of the product, made when there is none, brought up to date otherwise.
pub(crate) async fn ensure(
    engine: &Engine,
    internal_id: &str,
    name: Option<&str>,
    fields: Option<&Map<String, Value>>,
) -> Result<Customer> {
    check_internal_id(internal_id)?;
    let name = name.filter(|name| !name.trim().is_empty());
    name.map_or(Ok(()), check_name)?;
    let manager = engine.manager();
    let current = match by_internal_id(engine, internal_id, true).await? {
        Some(current) => current,
        None => {
            let spec = CustomerSpec::default();
            let mut element = Element::new(new_id(), name.unwrap_or(internal_id), spec);
            element.spec.internal_id = Some(internal_id.to_owned());
            element.spec.fields = fields.cloned();
            element.spec.is_active = Some(true);
            element.spec.is_test = Some(false);
            element.key = Some(key_of(internal_id));
            stamp_new(&mut element)?;
            let write = Write::Insert(to_row(&element)?);
            match engine.write(&manager, vec![write]).await {
                Ok(()) => return Ok(element),
                // Somebody made the customer at the same moment.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    by_internal_id(engine, internal_id, true)
                        .await?
                        .ok_or_else(|| Error::internal("a customer was made and is not there"))?
                }
                Err(error) => return Err(error),
            }
        }
    };
    if current.archived_at.is_some() {
        return Err(Error::new(
            ErrorKind::AccessDenied,
            format!("the customer `{internal_id}` was archived"),
        )
        .with("internalId", internal_id));
    }
    let is_new = |name: &str| name != current.name;
    let new_fields = fields.is_some_and(|fields| Some(fields) != current.spec.fields.as_ref());
    if !name.is_some_and(is_new) && !new_fields {
        return Ok(current);
    }
    let mut element = current.clone();
    if let Some(name) = name {
        name.clone_into(&mut element.name);
    }
    if let Some(fields) = fields {
        element.spec.fields = Some(fields.clone());
    }
    element.revision = new_id();
    element.updated_at = now();
    let write = Write::Update { row: to_row(&element)?, expected: current.revision };
    match engine.write(&manager, vec![write]).await {
        // Another token with other fields won the race; both were right when they were minted.
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::Concurrency => {}
        Err(error) => return Err(error),
    }
    Ok(element)
}

/// Whose things a listing asks for.
pub(crate) enum Whose {
    Anyone,
    One(CustomerId),
    Nobody,
}

/// The customer a query names by either id. A customer may only name itself; another has nothing for it.
pub(crate) async fn whose(
    engine: &Engine,
    caller: &Caller,
    tenant_id: Option<&str>,
    user_id: Option<&str>,
) -> Result<Whose> {
    let mut whose = Whose::Anyone;
    for text in [tenant_id, user_id].into_iter().flatten() {
        let found = match caller.customer_id() {
            Some(own) => {
                let is_own = own.as_str() == text || caller.internal_id() == Some(text);
                is_own.then(|| own.clone())
            }
            None => match CustomerSpec::select(engine, caller, &text.into(), true).await {
                Ok(customer) => Some(customer.id.into()),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            },
        };
        whose = match (whose, found) {
            (Whose::Anyone, Some(found)) => Whose::One(found),
            (Whose::One(known), Some(found)) if known == found => Whose::One(found),
            _ => return Ok(Whose::Nobody),
        };
    }
    Ok(whose)
}

async fn by_internal_id(engine: &Engine, internal_id: &str, archived: bool) -> Result<Option<Customer>> {
    let scope = engine.manager().scope();
    let one = membrane_core::Paging { limit: Some(1), cursor: None };
    // Of an archived customer and a live one with the same id, the live one counts.
    for include_archived in [false, true] {
        if include_archived && !archived {
            break;
        }
        let query =
            Query { key: Some(key_of(internal_id).to_string()), include_archived, ..Query::default() };
        let found = engine.parts().store.rows(&scope, ElementKind::Customer, &query, &one).await?.items.pop();
        if let Some(row) = found {
            return from_row(row).map(Some);
        }
    }
    Ok(None)
}

fn key_of(internal_id: &str) -> membrane_core::Key {
    membrane_core::Key::new(internal_id)
}

fn check_internal_id(internal_id: &str) -> Result<()> {
    if internal_id.trim().is_empty() || internal_id.len() > MAX_INTERNAL_ID {
        return Err(Error::invalid_input(format!(
            "a customer's internalId has 1 to {MAX_INTERNAL_ID} bytes, this one has {}",
            internal_id.len()
        ))
        .with("field", "internalId"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    if name.len() > MAX_NAME {
        return Err(Error::invalid_input(format!(
            "a customer's name has at most {MAX_NAME} bytes, this one has {}",
            name.len()
        ))
        .with("field", "name"));
    }
    Ok(())
}
