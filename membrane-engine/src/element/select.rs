//! Finding the element a selector names.

use membrane_core::element::{
    Connection, ConnectionSpec, Element, ElementKind, Integration, IntegrationSpec, Spec,
};
use membrane_core::{CustomerId, ElementId, Error, ErrorKind, IntegrationId, Page, Paging, Result, Selector};

use super::row::from_row;
use crate::store::{Query, Scope};
use crate::{Caller, Engine};

/// An element with this id, if the caller may see it. A text that cannot be an id is not looked up.
pub(crate) async fn by_id<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    id: &str,
    archived: bool,
) -> Result<Option<Element<S>>> {
    let id = ElementId::from(id);
    let read = async || engine.parts().store.row(&caller.scope(), S::KIND, &id).await;
    let row = match caller.memo() {
        Some(memo) => memo.row(S::KIND, &id, read).await?,
        None => read().await?,
    };
    row.filter(|row| archived || row.archived_at.is_none()).map(from_row).transpose()
}

/// The element with this uuid, which a field names.
///
/// # Errors
/// `NotFound` when there is none that stands.
pub(crate) async fn by_uuid<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    uuid: &str,
    field: &'static str,
) -> Result<Element<S>> {
    let found = with_uuid(engine, caller, uuid).await?;
    // The workspace's own before a customer's.
    let found = found.into_iter().min_by_key(|element: &Element<S>| element.place.tenant_id.is_some());
    found.ok_or_else(|| {
        Error::not_found(format!("there is no {} with the uuid `{uuid}`", S::KIND)).with("field", field)
    })
}

/// The elements that have a uuid: one of the workspace's, one of a customer's each.
pub(crate) async fn with_uuid<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    uuid: &str,
) -> Result<Vec<Element<S>>> {
    let query = Query { fields: vec![("uuid".to_owned(), uuid.into())], ..Query::default() };
    Ok(find(engine, caller, &query, &Paging { limit: Some(Paging::MAX_LIMIT), cursor: None }).await?.items)
}

/// Refuses a selector whose id and key are of two elements.
pub(crate) fn check_named<S: Spec>(selector: &Selector, found: &Element<S>) -> Result<()> {
    let named = selector.id.as_ref().or(selector.selector.as_ref());
    let (Some(id), Some(key)) = (named, &selector.key) else { return Ok(()) };
    if found.id.as_str() == key || found.key.as_ref().is_some_and(|own| own.as_str() == key) {
        return Ok(());
    }
    Err(Error::invalid_input(format!("the {} with the id `{id}` has not the key `{key}`; name one", S::KIND))
        .with("field", "key"))
}

/// The elements that fit, at most two pages' worth of the caller's asking.
pub(crate) async fn find<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    query: &Query,
    paging: &Paging,
) -> Result<Page<Element<S>>> {
    let read = async || engine.parts().store.rows(&caller.scope(), S::KIND, query, paging).await;
    let page = match caller.memo() {
        Some(memo) => memo.rows(S::KIND, query, paging, read).await?,
        None => read().await?,
    };
    let items = page.items.into_iter().map(from_row).collect::<Result<Vec<_>>>()?;
    Ok(Page::new(items, page.cursor))
}

/// The one element that fits. One that stands comes before archived ones; of these, where they have one place,
/// the one archived last.
///
/// # Errors
/// `InvalidInput` when several fit.
pub(crate) async fn only<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    query: &Query,
) -> Result<Option<Element<S>>> {
    let limit = if query.include_archived { Paging::MAX_LIMIT } else { 2 };
    let some = Paging { limit: Some(limit), cursor: None };
    let mut found = find::<S>(engine, caller, query, &some).await?.items;
    if found.iter().any(|element| element.archived_at.is_none()) {
        found.retain(|element| element.archived_at.is_none());
    } else {
        found.sort_by(|a, b| a.archived_at.cmp(&b.archived_at));
        let place = |element: &Element<S>| {
            let place = &element.place;
            (place.integration_id.clone(), place.connection_id.clone(), place.tenant_id.clone())
        };
        if found.iter().all(|element| place(element) == place(&found[0])) {
            return Ok(found.pop());
        }
    }
    if found.len() > 1 {
        let key = query.key.as_deref().unwrap_or_default();
        return Err(Error::invalid_input(format!(
            "several {} fit `{key}`; name the id, or the integration or connection they belong to",
            S::KIND.plural()
        ))
        .with("key", key));
    }
    Ok(found.pop())
}

pub(crate) fn missing(kind: ElementKind, selector: &Selector) -> Error {
    if selector.is_empty() {
        return Error::invalid_input(format!("say which {kind}: by id or key")).with("field", "id");
    }
    selector.not_found(kind)
}

/// The integration a text names: id or key.
pub(crate) async fn integration(
    engine: &Engine,
    caller: &Caller,
    text: &str,
    archived: bool,
) -> Result<Integration> {
    if let Some(found) = by_id::<IntegrationSpec>(engine, caller, text, archived).await? {
        return Ok(found);
    }
    let query = Query { key: Some(text.to_owned()), include_archived: archived, ..Query::default() };
    let found = only::<IntegrationSpec>(engine, caller, &query).await?;
    found.ok_or_else(|| missing(ElementKind::Integration, &text.into()))
}

/// The integration of the fields of a selector, if it names one.
pub(crate) async fn integration_of(
    engine: &Engine,
    caller: &Caller,
    id: Option<&str>,
    key: Option<&str>,
) -> Result<Option<Integration>> {
    let Some(text) = id.or(key) else { return Ok(None) };
    let found = integration(engine, caller, text, false).await?;
    if let (Some(id), Some(key)) = (id, key)
        && found.key.as_ref().is_none_or(|own| own.as_str() != key)
        && found.id.as_str() != key
    {
        return Err(Error::invalid_input(format!(
            "the integration with the id `{id}` and the one with the key `{key}` are not the same; name one"
        ))
        .with("field", "integrationKey"));
    }
    Ok(Some(found))
}

/// The connection a text names: id, key, or the id or key of the integration whose default it is.
pub(crate) async fn connection(
    engine: &Engine,
    caller: &Caller,
    text: &str,
    archived: bool,
) -> Result<Connection> {
    if let Some(found) = by_id::<ConnectionSpec>(engine, caller, text, archived).await? {
        return Ok(found);
    }
    let by_key = Query { key: Some(text.to_owned()), include_archived: archived, ..Query::default() };
    if let Some(found) = only::<ConnectionSpec>(engine, caller, &by_key).await? {
        return Ok(found);
    }
    let none = || missing(ElementKind::Connection, &text.into());
    let integration = match integration(engine, caller, text, false).await {
        Ok(integration) => integration,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(none()),
        Err(error) => return Err(error),
    };
    default_connection(engine, caller, &integration, archived).await?.ok_or_else(none)
}

/// The caller's default connection of an integration; among archived ones, the one archived last.
///
/// # Errors
/// `InvalidInput` for a manager, who has none.
pub(crate) async fn default_connection(
    engine: &Engine,
    caller: &Caller,
    integration: &Integration,
    archived: bool,
) -> Result<Option<Connection>> {
    let Some(customer) = caller.customer_id() else {
        return Err(Error::invalid_input(
            "a manager has no connection of its own: name the connection by id or key, or act for a customer",
        )
        .with("field", "connectionId"));
    };
    let id = integration.id.clone().into();
    if !archived {
        return default_of(engine, customer, &id).await;
    }
    let query = Query { integration: Some(id), include_archived: true, ..Query::default() };
    let paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
    let found = find::<ConnectionSpec>(engine, caller, &query, &paging).await?.items;
    Ok(found.into_iter().max_by(|a, b| a.archived_at.cmp(&b.archived_at)))
}

/// A customer's default connection of an integration: the one that has the seat; while none has it, since that
/// one was archived, the oldest that stands.
pub(crate) async fn default_of(
    engine: &Engine,
    customer: &CustomerId,
    integration: &IntegrationId,
) -> Result<Option<Connection>> {
    let scope = Scope::Customer(engine.parts().workspace.clone(), customer.clone());
    let one = Paging { limit: Some(1), cursor: None };
    let seated = vec![("isDefault".to_owned(), true.into())];
    for fields in [seated, Vec::new()] {
        let query = Query {
            integration: Some(integration.clone()),
            customer: Some(customer.clone()),
            fields,
            ..Query::default()
        };
        let page = engine.parts().store.rows(&scope, ElementKind::Connection, &query, &one).await?;
        if let Some(row) = page.items.into_iter().next() {
            return from_row(row).map(Some);
        }
    }
    Ok(None)
}

/// The connection a text names, an archived one only when no other fits.
pub(crate) async fn connection_of_any_time(
    engine: &Engine,
    caller: &Caller,
    text: &str,
) -> Result<Connection> {
    match connection(engine, caller, text, false).await {
        Err(error) if error.kind() == ErrorKind::NotFound => connection(engine, caller, text, true).await,
        outcome => outcome,
    }
}

/// The connection of the fields of a selector, if it names one.
pub(crate) async fn connection_of(
    engine: &Engine,
    caller: &Caller,
    id: Option<&str>,
    key: Option<&str>,
) -> Result<Option<Connection>> {
    match id.or(key) {
        None => Ok(None),
        Some(text) => connection(engine, caller, text, false).await.map(Some),
    }
}
