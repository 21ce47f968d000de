//! Finding the element a selector names.

use membrane_core::element::{
    Connection, ConnectionSpec, Element, ElementKind, Integration, IntegrationSpec, Spec,
};
use membrane_core::{ElementId, Error, ErrorKind, Page, Paging, Result, Selector};

use super::row::from_row;
use crate::store::Query;
use crate::{Caller, Engine};

/// An element with this id, if the caller may see it. A text that cannot be an id is not looked up.
pub(crate) async fn by_id<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    id: &str,
    archived: bool,
) -> Result<Option<Element<S>>> {
    let row = engine.parts().store.row(&caller.scope(), S::KIND, &ElementId::from(id)).await?;
    row.filter(|row| archived || row.archived_at.is_none()).map(from_row).transpose()
}

/// The elements that fit, at most two pages' worth of the caller's asking.
pub(crate) async fn find<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    query: &Query,
    paging: &Paging,
) -> Result<Page<Element<S>>> {
    let page = engine.parts().store.rows(&caller.scope(), S::KIND, query, paging).await?;
    let items = page.items.into_iter().map(from_row).collect::<Result<Vec<_>>>()?;
    Ok(Page::new(items, page.cursor))
}

/// The one element that fits.
///
/// # Errors
/// `InvalidInput` when several fit.
pub(crate) async fn only<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    query: &Query,
) -> Result<Option<Element<S>>> {
    let two = Paging { limit: Some(2), cursor: None };
    let mut found = find::<S>(engine, caller, query, &two).await?.items;
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
    Error::new(ErrorKind::NotFound, format!("there is no {kind} `{selector}`")).with("selector", selector)
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
    match id.or(key) {
        None => Ok(None),
        Some(text) => integration(engine, caller, text, false).await.map(Some),
    }
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

/// The customer's default connection of an integration: the oldest that stands; among archived ones, the one
/// archived last.
///
/// # Errors
/// `InvalidInput` for a manager, who has none.
pub(crate) async fn default_connection(
    engine: &Engine,
    caller: &Caller,
    integration: &Integration,
    archived: bool,
) -> Result<Option<Connection>> {
    if caller.customer_id().is_none() {
        return Err(Error::invalid_input(
            "a manager has no connection of its own: name the connection by id or key, or act for a customer",
        )
        .with("field", "connectionId"));
    }
    let query = Query {
        integration: Some(integration.id.clone().into()),
        include_archived: archived,
        ..Query::default()
    };
    let limit = if archived { Paging::MAX_LIMIT } else { 1 };
    let paging = Paging { limit: Some(limit), cursor: None };
    let found = find::<ConnectionSpec>(engine, caller, &query, &paging).await?.items;
    if archived {
        return Ok(found.into_iter().max_by(|a, b| a.archived_at.cmp(&b.archived_at)));
    }
    Ok(found.into_iter().next())
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
