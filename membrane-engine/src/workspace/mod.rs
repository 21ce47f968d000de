//! The workspace as a folder: given out, and taken in.
//!
//! What a folder says and no element has (fields nobody knows, how another platform names a connector) is kept in the
//! element's row under [`mark::FOLDER`](crate::element::row::mark::FOLDER), so that it is given out again.

mod follow;
mod import;
mod stock;

use membrane_core::element::{COMMON_EDITABLE, Element, ElementKind};
use membrane_core::op::WorkspaceExport;
use membrane_core::workspace::{Entries, EntryKey, Problem, Report, WorkspaceFiles};
use membrane_core::{Error, Result};
use serde_json::{Map, Value};

pub(crate) use self::import::import;
use self::stock::Stock;
use crate::element::Kind;
use crate::element::row::{keep_marks, mark, to_row};
use crate::{Caller, Engine};

/// Gives one element as its file has it. Of a kind that no folder holds: what a caller may write of it.
pub(crate) async fn export_one<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    mut element: Element<S>,
) -> Result<Map<String, Value>> {
    let stored = engine.parts().store.row(&caller.scope(), S::KIND, &element.id).await?;
    let mut row = stored
        .ok_or_else(|| Error::not_found("the element was removed meanwhile").with("id", &element.id))?;
    let stock = Stock::around(engine, caller, &row).await?;
    if !stock.follows_now(&row) {
        S::follow(engine, caller, &mut element).await?;
        let stored = std::mem::replace(&mut row, to_row(&element)?);
        keep_marks(&stored, &mut row, mark::ALL);
    }
    if !is_of_folders(S::KIND) {
        let mut fields = stock.fields(&row);
        fields
            .retain(|name, _| COMMON_EDITABLE.iter().chain(S::EDITABLE).any(|taken| *taken == name.as_str()));
        return Ok(fields);
    }
    let key = stock
        .key_of(&row)
        .transpose()?
        .ok_or_else(|| Error::not_found("the integration it belongs to is gone").with("id", &element.id))?;
    Ok(stock.entry(&key, &row)?.fields().clone())
}

/// Whether folders hold elements of a kind.
fn is_of_folders(kind: ElementKind) -> bool {
    EntryKey::new(kind, "any").is_ok()
}

/// Gives the workspace as files. An element that cannot be one is a problem of the report.
pub(crate) async fn export(engine: &Engine, caller: &Caller) -> Result<WorkspaceExport> {
    let stock = Box::pin(Stock::load(engine, caller)).await?;
    let (mut files, mut report) = (WorkspaceFiles::new(), Report::default());
    for held in stock.held.values() {
        match Entries::from_iter([held.entry.clone()]).write() {
            Ok(written) => written.iter().try_for_each(|(path, text)| files.insert(path, text))?,
            Err(error) => report.problems.push(Problem::new(&held.entry.path(), error.message())),
        }
    }
    report.problems.extend(stock.problems);
    Ok(WorkspaceExport::new(files, report))
}
