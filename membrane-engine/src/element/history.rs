//! What an element was after each of its changes.

use membrane_core::element::{COMMON_EDITABLE, Element, FieldChange, Spec, field_changes};
use membrane_core::op::Checkpoint;
use membrane_core::{Error, Page, Paging, Result};
use serde_json::{Map, Value};

use super::row::{document, from_row, mark};
use super::{Change, Kind, update};
use crate::http::mask::MARK;
use crate::store::CheckpointRow;
use crate::{Caller, Engine};

/// Fields that every change moves.
const MOVING: &[&str] = &["revision", "updatedAt"];

/// Lists checkpoints, the newest first, each with what changed since the one before.
pub(crate) async fn list<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
    paging: &Paging,
) -> Result<Page<Checkpoint>> {
    let store = &engine.parts().store;
    let page = store.checkpoints(&caller.scope(), S::KIND, &element.id, paging).await?;
    let before_last = match page.items.last() {
        Some(last) if page.cursor.is_some() => {
            at(engine, caller, element, last.number.saturating_sub(1)).await?
        }
        _ => None,
    };
    let (mut items, mut states) = (Vec::with_capacity(page.items.len()), Vec::new());
    for checkpoint in page.items {
        states.push(state::<S>(&checkpoint)?);
        items.push(shown::<S>(checkpoint)?);
    }
    if let Some(before) = &before_last {
        states.push(state::<S>(before)?);
    }
    for (item, states) in items.iter_mut().zip(states.windows(2)) {
        item.changes = changes::<S>(&states[1], &states[0]);
    }
    Ok(Page::new(items, page.cursor))
}

/// Says what changed between two checkpoints.
pub(crate) async fn diff<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
    from: Option<u64>,
    to: Option<u64>,
) -> Result<Vec<FieldChange>> {
    let later = match to {
        Some(number) => required(engine, caller, element, number).await?,
        None => {
            let newest = Paging { limit: Some(1), cursor: None };
            let store = &engine.parts().store;
            let page = store.checkpoints(&caller.scope(), S::KIND, &element.id, &newest).await?;
            let Some(newest) = page.items.into_iter().next() else { return Ok(Vec::new()) };
            newest
        }
    };
    let earlier = match from {
        Some(number) => required(engine, caller, element, number).await?,
        None => match at(engine, caller, element, later.number.saturating_sub(1)).await? {
            Some(earlier) => earlier,
            None => return Ok(Vec::new()),
        },
    };
    Ok(changes::<S>(&state::<S>(&earlier)?, &state::<S>(&later)?))
}

/// Brings back what an element was, as a change of its own: what a caller may write of it. What is sealed of it, its
/// place and whether it is archived stay.
pub(crate) async fn revert<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    current: Element<S>,
    number: u64,
) -> Result<Element<S>> {
    let was = snapshot::<S>(required(engine, caller, &current, number).await?)?;
    let followed = current.place.parent_id.is_some() && was.get("isCustomized") == Some(&Value::Bool(false));
    let own = was.get("customizedFields").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    let is_own = |name: &str| own.as_array().is_some_and(|own| own.iter().any(|own| own == name));
    let is_followed = |name: &str| matches!(name, "name" | "description") || S::EDITABLE.contains(&name);
    let mut fields: Map<String, Value> = COMMON_EDITABLE
        .iter()
        .chain(S::EDITABLE)
        .filter(|name| **name != "uuid" && !S::SEALED.contains(name))
        .filter(|name| !followed || !is_followed(name) || is_own(name))
        .map(|name| ((*name).to_owned(), was.get(*name).cloned().unwrap_or_default()))
        .collect();
    if followed {
        fields.insert("isCustomized".to_owned(), false.into());
    }
    fields.insert("customizedFields".to_owned(), own);
    update(engine, caller, current, &fields, Change::Merge).await
}

async fn at<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
    number: u64,
) -> Result<Option<CheckpointRow>> {
    engine.parts().store.checkpoint(&caller.scope(), S::KIND, &element.id, number).await
}

async fn required<S: Spec>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
    number: u64,
) -> Result<CheckpointRow> {
    at(engine, caller, element, number).await?.ok_or_else(|| {
        Error::not_found(format!(
            "there is no checkpoint {number} of {} {}, or none any more",
            S::KIND,
            element.id
        ))
        .with("checkpointNumber", number)
    })
}

fn shown<S: Spec>(checkpoint: CheckpointRow) -> Result<Checkpoint> {
    let CheckpointRow { number, made_by, actor, row } = checkpoint;
    let (id, revision, at) = (row.id.clone(), row.revision.clone(), row.updated_at.clone());
    Ok(Checkpoint::new::<S>(number, revision, id, document(&from_row::<S>(row)?)?, at, (actor, made_by)))
}

fn snapshot<S: Spec>(checkpoint: CheckpointRow) -> Result<Map<String, Value>> {
    document(&from_row::<S>(checkpoint.row)?)
}

/// What of an element can change: its fields, those that only its file says, and when each secret one changed last.
fn state<S: Spec>(checkpoint: &CheckpointRow) -> Result<Map<String, Value>> {
    let row = checkpoint.row.clone();
    let of_file = row.doc.get(mark::FOLDER).and_then(|folder| folder.get(mark::FOLDER_FIELDS)).cloned();
    let sealed = row.doc.get(mark::SEALED).cloned();
    let mut state = document(&from_row::<S>(row)?)?;
    for (name, value) in [of_file, sealed].iter().flatten().filter_map(Value::as_object).flatten() {
        state.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(state)
}

fn changes<S: Spec>(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<FieldChange> {
    let mut changes = field_changes(before, after);
    changes.retain(|change| !MOVING.contains(&change.path().trim_start_matches('/')));
    for change in &mut changes {
        let path = change.path().to_owned();
        if S::SEALED.contains(&path.trim_start_matches('/')) {
            *change = FieldChange::Replace { path, was: MARK.into(), value: MARK.into() };
        }
    }
    changes
}
