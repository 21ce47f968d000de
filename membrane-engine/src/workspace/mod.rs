//! The workspace as a folder: given out, and taken in.
//!
//! What a folder says and no element has (fields nobody knows, how another platform names a connector) is kept in the
//! element's row under [`mark::FOLDER`](crate::element::row::mark::FOLDER), so that it is given out again.

mod follow;
mod import;
mod stock;

use membrane_core::Result;
use membrane_core::op::WorkspaceExport;
use membrane_core::workspace::{Entries, Problem, Report, WorkspaceFiles};

pub(crate) use self::import::import;
use self::stock::Stock;
use crate::{Caller, Engine};

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
