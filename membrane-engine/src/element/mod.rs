//! Elements as the engine keeps them: found, checked, written. One mechanism for every kind; what differs is
//! [`Kind`].

pub(crate) mod action;
mod app_data_schema;
mod app_event;
pub(crate) mod connection;
pub(crate) mod customer;
mod data_link_table;
pub(crate) mod data_source;
pub(crate) mod field_mapping;
mod flow;
pub(crate) mod history;
pub(crate) mod integration;
pub(crate) mod layered;
mod package;
pub(crate) mod row;
pub(crate) mod sealed;
pub(crate) mod select;
mod workspace;

use async_trait::async_trait;
use membrane_core::element::{
    AppDataSchemaSpec, AppEventSubscriptionSpec, AppEventTypeSpec, AppSpec, COMMON_EDITABLE, CustomerSpec,
    Element, ElementKind, IntegrationSpec, LAYER_EDITABLE, ScreenSpec, Spec, State,
};
use membrane_core::op::ListQuery;
use membrane_core::{ElementId, Error, ErrorKind, Key, LayerName, Page, Paging, Result, Selector};
use serde_json::{Map, Value};

use self::layered::LayeredKind;
use self::row::{document, keep_marks, mark, note_sealed, to_row};
use crate::clock::{new_id, now};
use crate::store::Write;
use crate::{Caller, Engine};

/// What a kind of element does in its own way.
#[async_trait]
pub(crate) trait Kind: Spec + Default {
    /// The fields of a [`ListQuery`] it honours, besides paging, search and the archived ones.
    const FILTERS: &'static [&'static str];

    /// Finds the element a selector names.
    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Element<Self>>;

    /// Refuses a cursor that no list of the kind gave out.
    fn check_cursor(paging: &Paging) -> Result<()> {
        paging.check_cursor()
    }

    /// Lists elements.
    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Element<Self>>>;

    /// Checks an element before it is written, and fills in what follows from the rest. `current` is what it
    /// was, unless it is new; `fields` are the caller's.
    async fn prepare(
        engine: &Engine,
        caller: &Caller,
        current: Option<&Element<Self>>,
        element: &mut Element<Self>,
        fields: &Map<String, Value>,
    ) -> Result<()>;

    /// Gives an element that follows another one the content of now.
    async fn follow(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }

    /// Adds an element's neighbours, and takes out what this caller may not see.
    async fn show(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }

    /// Adds what only the answer that reads one element carries.
    async fn detail(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }

    /// Brings an element up to date with what it follows from.
    async fn setup(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<Self>> {
        let mut found = live_or_archived::<Self>(engine, caller, selector).await?;
        Self::show(engine, caller, &mut found).await?;
        Ok(found)
    }

    /// Finds the caller's own element, making it where a kind has such.
    async fn own(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<Self>> {
        Self::select(engine, caller, selector, false).await
    }

    /// Finds what a change to this selector changes.
    async fn to_write(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<Self>> {
        live_or_archived(engine, caller, selector).await
    }

    /// The selector of what is archived or restored.
    fn to_archive(selector: &Selector) -> Selector {
        selector.clone()
    }

    /// What else changes in an element that goes into the archive or comes back.
    fn archived(_element: &mut Element<Self>) {}

    /// What is written together with an element, all or none.
    async fn along(
        _engine: &Engine,
        _before: Option<&Element<Self>>,
        _after: &Element<Self>,
    ) -> Result<Vec<Write>> {
        Ok(Vec::new())
    }
}

/// A kind whose elements are added and read as they are. A connection is not: it takes credentials.
pub(crate) trait Plain: Kind {}

impl Plain for CustomerSpec {}
impl Plain for IntegrationSpec {}
impl Plain for AppSpec {}
impl Plain for AppDataSchemaSpec {}
impl Plain for AppEventSubscriptionSpec {}
impl Plain for AppEventTypeSpec {}
impl Plain for ScreenSpec {}
impl<S: LayeredKind> Plain for S {}

/// Whether fields not given keep their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Merge,
    Replace,
}

/// Finds an element this caller may change. One that stands comes before an archived one.
pub(crate) async fn live_or_archived<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<Element<S>> {
    let found = match S::select(engine, caller, selector, false).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            S::select(engine, caller, selector, true).await?
        }
        outcome => outcome?,
    };
    own_row(caller, found)
}

/// Refuses a customer what is not its own. The store holds this too; here the message says what to do.
pub(crate) fn own_row<S: Spec>(caller: &Caller, element: Element<S>) -> Result<Element<S>> {
    if caller.is_manager() || element.place.tenant_id.as_ref() == caller.customer_id() {
        return Ok(element);
    }
    let owner = match (S::KIND.is_layered(), element.place.layer()) {
        (true, LayerName::Integration) => "the integration's",
        _ => "the workspace's",
    };
    Err(Error::new(
        ErrorKind::AccessDenied,
        format!(
            "this {} is {owner}; a customer changes its own copies only, below `/connections/…`",
            S::KIND
        ),
    )
    .with("id", &element.id))
}

pub(crate) async fn create<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    fields: &Map<String, Value>,
) -> Result<Element<S>> {
    let blank = Element::new(ElementId::from(new_id()), "", S::default());
    let mut element = with_fields(&blank, fields, Change::Merge, true)?;
    S::prepare(engine, caller, None, &mut element, fields).await?;
    check_uuid(engine, caller, &element).await?;
    add(engine, caller, &mut element).await?;
    S::show(engine, caller, &mut element).await?;
    Ok(element)
}

/// Stores a new element. Key and name follow from each other where one is missing.
pub(crate) async fn add<S: Kind>(engine: &Engine, caller: &Caller, element: &mut Element<S>) -> Result<()> {
    let writes = insertion(engine, element).await?;
    engine.write(caller, writes).await.map_err(|error| taken(error, element))?;
    Ok(())
}

/// What stores a new element.
pub(crate) async fn insertion<S: Kind>(engine: &Engine, element: &mut Element<S>) -> Result<Vec<Write>> {
    stamp_new(element)?;
    let mut writes = vec![Write::Insert(to_row(element)?)];
    writes.extend(sealed::write(engine, element).await?);
    writes.extend(S::along(engine, None, element).await?);
    Ok(writes)
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

/// Gives an element without a key the one its name makes, or one of its kind and id where that makes none.
pub(crate) fn give_key<S: Spec>(element: &mut Element<S>) {
    if element.key.is_some() {
        return;
    }
    let made = Key::from_name(&element.name);
    let id = element.id.as_str();
    element.key = Some(match made.as_str() {
        "" => Key::new(format!("{}-{}", S::KIND, &id[id.len().saturating_sub(8)..])),
        _ => made,
    });
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
    mut current: Element<S>,
    fields: &Map<String, Value>,
    change: Change,
) -> Result<Element<S>> {
    refuse_archived(&current)?;
    let is_given = |name: &&str| change == Change::Replace || fields.contains_key(*name);
    // What is replaced anyway need not open: that is the way out when a key is lost.
    if !S::SEALED.iter().all(&is_given) {
        sealed::open(engine, &mut current).await?;
    }
    let mut element = with_fields(&current, fields, change, false)?;
    if element.name.trim().is_empty() {
        element.name.clone_from(&current.name);
    }
    check_key(&element)?;
    S::prepare(engine, caller, Some(&current), &mut element, fields).await?;
    if element.uuid != current.uuid {
        check_uuid(engine, caller, &element).await?;
    }
    let seal = match S::SEALED.iter().any(is_given) {
        true => sealed::write(engine, &element).await?,
        false => None,
    };
    put(engine, caller, current, element, mark::OWN, seal).await
}

/// An archived element cannot be changed.
pub(crate) fn refuse_archived<S: Spec>(element: &Element<S>) -> Result<()> {
    match element.archived_at {
        Some(_) => {
            Err(Error::invalid_input(format!("{} {} is archived; restore it first", S::KIND, element.id)))
        }
        None => Ok(()),
    }
}

/// A mistake in a field of what a caller wrote.
pub(crate) fn in_field(field: &str, error: &Error) -> Error {
    Error::invalid_input(format!("`{field}`: {}", error.message())).with("field", field)
}

/// Stores a changed element, and what is sealed of it if that changed too. Of the marks of its row only these
/// stay.
pub(crate) async fn put<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
    mut element: Element<S>,
    marks: &[&str],
    seal: Option<Write>,
) -> Result<Element<S>> {
    let store = &engine.parts().store;
    element.applied_to_integrations = Vec::new();
    element.revision = new_id();
    element.updated_at = now();
    let mut row = to_row(&element)?;
    if !matches!(S::KIND, ElementKind::Connection | ElementKind::Customer)
        && let Some(old) = store.row(&caller.scope(), S::KIND, &current.id).await?
    {
        keep_marks(&old, &mut row, marks);
    }
    if seal.is_some() {
        let (was, is) = (document(&current)?, document(&element)?);
        note_sealed(&mut row, S::SEALED.iter().copied().filter(|name| was.get(*name) != is.get(*name)));
    }
    let along = S::along(engine, Some(&current), &element).await?;
    let mut writes = vec![Write::Update { row, expected: current.revision }];
    writes.extend(seal);
    writes.extend(along);
    engine.write(caller, writes).await.map_err(|error| taken(error, &element))?;
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
        sealed::show(engine, caller, [&mut element]).await?;
        S::show(engine, caller, &mut element).await?;
        return Ok(element);
    }
    let mut element = current.clone();
    element.archived_at = archived.then(now);
    if !archived {
        check_uuid(engine, caller, &element).await?;
    }
    S::archived(&mut element);
    let mut element = put(engine, caller, current, element, mark::ALL, None).await?;
    sealed::show(engine, caller, [&mut element]).await?;
    Ok(element)
}

/// Applies the fields a caller may write, and drops the others.
pub(crate) fn with_fields<S: Kind>(
    current: &Element<S>,
    fields: &Map<String, Value>,
    change: Change,
    is_new: bool,
) -> Result<Element<S>> {
    let layer = if is_new { LAYER_EDITABLE } else { &[] };
    let mut doc = document(current)?;
    for &name in COMMON_EDITABLE.iter().chain(S::EDITABLE).chain(layer) {
        match fields.get(name) {
            Some(Value::Null) if name == "uuid" => {}
            Some(Value::String(uuid)) if name == "uuid" && uuid.trim().is_empty() => {}
            Some(Value::Null) => drop(doc.shift_remove(name)),
            Some(value) => drop(doc.insert(name.to_owned(), value.clone())),
            // A uuid and a name are not cleared by leaving them out: the one is for good, the other required.
            None if change == Change::Replace && !matches!(name, "uuid" | "name" | "key") => {
                doc.shift_remove(name);
            }
            None => {}
        }
    }
    let secret = sealed::take::<S>(&mut doc);
    let mut element: Element<S> =
        serde_json::from_value(Value::Object(doc)).map_err(|error| misfit::<S>(current, fields, &error))?;
    sealed::put(&mut element, secret)?;
    element.related = current.related.clone();
    element.is_deactivated = None;
    element.applied_to_integrations = Vec::new();
    if !is_new {
        element.place = current.place.clone();
    }
    element.state = State::Ready;
    element.errors = Vec::new();
    Ok(element)
}

/// Refuses a uuid that another element of the kind has, of the workspace or of the same customer: it says which one
/// is meant, wherever that was exported to.
async fn check_uuid<S: Spec>(engine: &Engine, caller: &Caller, element: &Element<S>) -> Result<()> {
    let Some(uuid) = &element.uuid else { return Ok(()) };
    let found = select::with_uuid::<S>(engine, caller, uuid).await?;
    let tenant = &element.place.tenant_id;
    match found.into_iter().find(|other| other.id != element.id && other.place.tenant_id == *tenant) {
        None => Ok(()),
        Some(other) => Err(Error::new(
            ErrorKind::AlreadyExists,
            format!("the {} {} has the uuid `{uuid}` already", S::KIND, other.id),
        )
        .with("field", "uuid")),
    }
}

/// Refuses an address that is none. An empty one is none on purpose.
pub(crate) fn check_address(field: &str, address: Option<&str>) -> Result<()> {
    match address.filter(|address| !address.is_empty()).map(url::Url::parse) {
        Some(Ok(url)) if !matches!(url.scheme(), "http" | "https") => {
            Err(in_field(field, &Error::invalid_input(format!("`{}` is no scheme of the web", url.scheme()))))
        }
        Some(Err(error)) => Err(in_field(field, &Error::invalid_input(format!("no web address: {error}")))),
        _ => Ok(()),
    }
}

/// Says which of the fields it is that does not fit.
fn misfit<S: Spec>(current: &Element<S>, fields: &Map<String, Value>, all: &serde_json::Error) -> Error {
    for (name, value) in fields {
        let Ok(mut doc) = document(current) else { break };
        doc.insert(name.clone(), value.clone());
        if let Err(error) = serde_json::from_value::<Element<S>>(Value::Object(doc)) {
            return in_field(name, &Error::invalid_input(error.to_string()));
        }
    }
    Error::invalid_input(format!("the fields do not make one of the {}: {all}", S::KIND.plural()))
}

fn taken<S: Spec>(error: Error, element: &Element<S>) -> Error {
    if error.kind() != ErrorKind::AlreadyExists {
        return error;
    }
    let key = element.key.as_ref().map(Key::as_str).unwrap_or_default();
    let or = match (&element.place.parent_id, &element.place.connection_id) {
        (Some(_), Some(_)) => ", or another copy of the same parent on the connection",
        (Some(_), None) if S::KIND.is_of_customer() => ", or another instance of the same for the customer",
        _ => "",
    };
    Error::new(
        ErrorKind::AlreadyExists,
        format!("there is one of the {} with the key `{key}` already{or}", S::KIND.plural()),
    )
    .with("key", key)
}
