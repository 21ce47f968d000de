//! The secret fields of an element ([`Spec::SEALED`]): never in its row, sealed beside it, opened for who may see
//! them.

use futures::future::try_join_all;
use membrane_core::element::{Element, Spec, State};
use membrane_core::{Error, ErrorBody, ErrorKind, Result, Secret};
use serde_json::{Map, Value};

use crate::store::Write;
use crate::vault::{Owner, Part};
use crate::{Caller, Engine};

/// What is secret is small. More would only slow down what looks for it in logs.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// Whose an element's record is.
pub(crate) fn owner<S>(engine: &Engine, element: &Element<S>) -> Owner {
    Owner {
        workspace: engine.parts().workspace.clone(),
        customer: element.place.tenant_id.clone(),
        element: element.id.clone(),
    }
}

/// Puts the secret fields into an element that was read from its row.
///
/// # Errors
/// `Configuration` when the record does not open; what the key service answers.
pub(crate) async fn open<S: Spec>(engine: &Engine, element: &mut Element<S>) -> Result<()> {
    if S::SEALED.is_empty() {
        return Ok(());
    }
    let parts = engine.parts();
    let owner = owner(engine, element);
    let Some(sealed) = parts.store.sealed(&engine.manager().scope(), &owner.element).await? else {
        return Ok(());
    };
    let opened = parts.vault.open(&owner, Part::Parameters, &sealed).await?;
    match opened.expose() {
        Value::Object(fields) => put(element, fields.clone()),
        _ => Err(Error::internal(format!("what is sealed of {} {} is no object", S::KIND, element.id))),
    }
}

/// Takes the secret fields out again.
pub(crate) fn close<S: Spec>(element: &mut Element<S>) -> Result<()> {
    let mut doc = document(element)?;
    if take::<S>(&mut doc).is_empty() {
        return Ok(());
    }
    element.spec = read::<S>(doc)?;
    Ok(())
}

/// Opens elements for an answer to a manager; nobody else sees what is sealed. One that does not open is shown
/// without, and with the reason.
pub(crate) async fn show<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    elements: impl IntoIterator<Item = &mut Element<S>>,
) -> Result<()> {
    if S::SEALED.is_empty() || !caller.is_manager() {
        return Ok(());
    }
    let shown = elements.into_iter().map(async |element| match open(engine, element).await {
        Err(error) if error.kind() == ErrorKind::Configuration => {
            broken(element, &error);
            Ok(())
        }
        outcome => outcome,
    });
    try_join_all(shown).await.map(|_| ())
}

/// Says in an element that it cannot be used, and why.
pub(crate) fn broken<S: Spec>(element: &mut Element<S>, error: &Error) {
    element.state = State::ConfigurationError;
    element.errors = vec![ErrorBody::from(error)];
}

/// What seals the secret fields of an element, to be written in one list with its row: the new revision is what
/// keeps out whoever read an older record.
///
/// # Errors
/// `InvalidInput` when they are too large or nested too deep.
pub(crate) async fn write<S: Spec>(engine: &Engine, element: &Element<S>) -> Result<Option<Write>> {
    if S::SEALED.is_empty() {
        return Ok(None);
    }
    let parts = engine.parts();
    let owner = owner(engine, element);
    let fields = Secret::new(Value::Object(take::<S>(&mut document(element)?)));
    let is_empty = fields.expose().as_object().is_none_or(Map::is_empty);
    check_size(S::SEALED, fields.expose())?;
    let before = parts.store.sealed(&engine.manager().scope(), &owner.element).await?;
    if is_empty {
        let Owner { element, customer, .. } = owner;
        return Ok(before.map(|_| Write::Unseal { element, customer }));
    }
    let version = before.map_or(1, |before| before.version + 1);
    let sealed = parts.vault.seal(&owner, Part::Parameters, version, &fields).await?;
    Ok(Some(Write::Seal { element: owner.element, customer: owner.customer, sealed }))
}

/// Holds that a secret is small.
pub(crate) fn check_size(fields: &[&str], secret: &Value) -> Result<()> {
    let size = secret.to_string().len();
    if size > MAX_BYTES {
        return Err(Error::invalid_input(format!(
            "`{}` may have {MAX_BYTES} bytes as JSON, and has {size}; make it smaller",
            fields.join("` and `")
        ))
        .with("field", fields.join(", ")));
    }
    Ok(())
}

/// Takes the secret fields out of an element's document.
pub(crate) fn take<S: Spec>(doc: &mut Map<String, Value>) -> Map<String, Value> {
    let taken = S::SEALED.iter().filter_map(|name| Some(((*name).to_owned(), doc.shift_remove(*name)?)));
    taken.filter(|(_, value)| !value.is_null()).collect()
}

/// Puts secret fields into an element. What is wrong with one is not told, since it would be told with its value.
pub(crate) fn put<S: Spec>(element: &mut Element<S>, fields: Map<String, Value>) -> Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let mut doc = document(element)?;
    doc.extend(fields);
    element.spec = read::<S>(doc)?;
    Ok(())
}

fn document<S: Spec>(element: &Element<S>) -> Result<Map<String, Value>> {
    match serde_json::to_value(&element.spec) {
        Ok(Value::Object(doc)) => Ok(doc),
        _ => Err(Error::internal(format!("{} {} cannot be written as JSON", S::KIND, element.id))),
    }
}

fn read<S: Spec>(doc: Map<String, Value>) -> Result<S> {
    serde_json::from_value(Value::Object(doc)).map_err(|_| {
        Error::invalid_input(format!(
            "one of `{}` of this {} has another form than it must; its type is in the API's description",
            S::SEALED.join("`, `"),
            S::KIND
        ))
        .with("field", S::SEALED.join(", "))
    })
}
