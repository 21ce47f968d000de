//! Elements as the engine keeps them: found, checked, written. One mechanism for every kind; what differs is
//! [`Kind`].

pub(crate) mod action;
pub(crate) mod connection;
pub(crate) mod customer;
pub(crate) mod integration;
pub(crate) mod row;
pub(crate) mod select;

use async_trait::async_trait;
use membrane_core::element::{COMMON_EDITABLE, Element, ElementKind, LAYER_EDITABLE, Spec, State};
use membrane_core::op::ListQuery;
use membrane_core::{ElementId, Error, ErrorKind, Key, Page, Result, Selector};
use serde_json::{Map, Value};

use self::row::{document, to_row};
use crate::clock::{new_id, now};
use crate::store::Write;
use crate::{Caller, Engine};

/// What a kind of element does in its own way.
#[async_trait]
pub(crate) trait Kind: Spec + Default {
    /// Finds the element a selector names.
    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Element<Self>>;

    /// Lists elements.
    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Element<Self>>>;

    /// Checks an element before it is written, and fills in what follows from the rest. `fields` are the
    /// caller's.
    async fn prepare(
        engine: &Engine,
        caller: &Caller,
        element: &mut Element<Self>,
        fields: &Map<String, Value>,
    ) -> Result<()>;

    /// Adds an element's neighbours, and takes out what this caller may not see.
    async fn show(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }
}

/// Whether fields not given keep their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Merge,
    Replace,
}

pub(crate) async fn create<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    fields: &Map<String, Value>,
) -> Result<Element<S>> {
    let blank = Element::new(ElementId::from(new_id()), "", S::default());
    let mut element = with_fields(&blank, fields, Change::Merge, true)?;
    S::prepare(engine, caller, &mut element, fields).await?;
    insert(engine, caller, element).await
}

/// Stores a new element. Key and name follow from each other where one is missing.
pub(crate) async fn insert<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    mut element: Element<S>,
) -> Result<Element<S>> {
    stamp_new(&mut element)?;
    let write = Write::Insert(to_row(&element)?);
    engine.parts().store.write(&caller.scope(), vec![write]).await.map_err(|error| taken(error, &element))?;
    engine.changed();
    S::show(engine, caller, &mut element).await?;
    Ok(element)
}

pub(crate) fn stamp_new<S: Spec>(element: &mut Element<S>) -> Result<()> {
    check_key(element)?;
    if element.name.trim().is_empty() {
        element.name = element.key.as_ref().map_or_else(|| S::KIND.to_string(), ToString::to_string);
    }
    let time = now();
    element.uuid.get_or_insert_with(new_id);
    element.revision = new_id();
    element.created_at.clone_from(&time);
    element.updated_at = time;
    Ok(())
}

/// A customer's key is its internal id, which is the product's to shape.
fn check_key<S: Spec>(element: &Element<S>) -> Result<()> {
    match &element.key {
        Some(key) if S::KIND != ElementKind::Customer => Key::parse(key.as_str()).map(|_| ()),
        _ => Ok(()),
    }
}

pub(crate) async fn update<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
    fields: &Map<String, Value>,
    change: Change,
) -> Result<Element<S>> {
    if current.archived_at.is_some() {
        return Err(Error::invalid_input(format!(
            "{} {} is archived; restore it first",
            S::KIND,
            current.id
        )));
    }
    let mut element = with_fields(&current, fields, change, false)?;
    if element.name.trim().is_empty() {
        element.name.clone_from(&current.name);
    }
    check_key(&element)?;
    S::prepare(engine, caller, &mut element, fields).await?;
    put(engine, caller, current, element).await
}

/// Stores a changed element.
pub(crate) async fn put<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
    mut element: Element<S>,
) -> Result<Element<S>> {
    element.revision = new_id();
    element.updated_at = now();
    let write = Write::Update { row: to_row(&element)?, expected: current.revision };
    engine.parts().store.write(&caller.scope(), vec![write]).await.map_err(|error| taken(error, &element))?;
    engine.changed();
    S::show(engine, caller, &mut element).await?;
    Ok(element)
}

/// Archives (`true`) or restores an element. Doing it twice is the same as once.
pub(crate) async fn archive<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
    archived: bool,
) -> Result<Element<S>> {
    if current.archived_at.is_some() == archived {
        let mut element = current;
        S::show(engine, caller, &mut element).await?;
        return Ok(element);
    }
    let mut element = current.clone();
    element.archived_at = archived.then(now);
    put(engine, caller, current, element).await
}

/// Applies the fields a caller may write, and drops the others.
fn with_fields<S: Kind>(
    current: &Element<S>,
    fields: &Map<String, Value>,
    change: Change,
    is_new: bool,
) -> Result<Element<S>> {
    let layer = if is_new { LAYER_EDITABLE } else { &[] };
    let mut doc = document(current)?;
    for &name in COMMON_EDITABLE.iter().chain(S::EDITABLE).chain(layer) {
        match fields.get(name) {
            Some(Value::Null) => drop(doc.shift_remove(name)),
            Some(value) => drop(doc.insert(name.to_owned(), value.clone())),
            // A uuid and a name are not cleared by leaving them out: the one is for good, the other required.
            None if change == Change::Replace && !matches!(name, "uuid" | "name" | "key") => {
                doc.shift_remove(name);
            }
            None => {}
        }
    }
    let mut element: Element<S> = serde_json::from_value(Value::Object(doc)).map_err(|error| {
        Error::invalid_input(format!("this is no {}: {error}", S::KIND)).with("field", S::KIND)
    })?;
    element.related = current.related.clone();
    if !is_new {
        element.place = current.place.clone();
    }
    element.state = State::Ready;
    element.errors = Vec::new();
    Ok(element)
}

fn taken<S: Spec>(error: Error, element: &Element<S>) -> Error {
    if error.kind() != ErrorKind::AlreadyExists {
        return error;
    }
    let key = element.key.as_ref().map(Key::as_str).unwrap_or_default();
    Error::new(ErrorKind::AlreadyExists, format!("there is a {} with the key `{key}` already", S::KIND))
        .with("key", key)
}
