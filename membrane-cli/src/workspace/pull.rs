use std::collections::HashSet;

use membrane_client::Client;
use membrane_core::Result;
use membrane_core::workspace::{Change, Diff, Entries, EntryKey, Problem, Reading, Report, diff};
use serde::Serialize;

use super::show::{notes, problems};
use super::{folder, json};
use crate::args::Folder;
use crate::print;

/// What a pull did, or would do.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pulled {
    dry_run: bool,
    /// Files that were not there.
    created: Vec<String>,
    /// Files that said otherwise.
    changed: Vec<String>,
    /// How many files say what the workspace says. They stay as they are, to the letter.
    unchanged: usize,
    /// Files of elements that the workspace does not have. They stay, too.
    only_here: Vec<String>,
    report: Report,
}

/// Writes what the workspace has otherwise into the folder.
///
/// Where a file goes is worked out here from the kind and the key of its element: a path that a server sends leads
/// nowhere.
pub(super) async fn pull(client: &Client, args: &Folder) -> Result<bool> {
    let export = client.workspace().export().await?;
    let theirs = export.files.read()?;
    let here = folder::read(&args.dir)?;
    let ours = here.files.read()?;
    let mut pulled = Pulled { dry_run: args.dry_run, ..Pulled::default() };
    let found = diff(&ours.entries, &theirs.entries).changes;
    pulled.unchanged = ours.entries.len();
    let mut failed = Vec::new();
    let unread: HashSet<&str> =
        here.problems.iter().chain(&ours.report.problems).map(|problem| place(&problem.file)).collect();
    for change in found {
        let (key, is_new) = (change.element().clone(), matches!(change, Change::Added { .. }));
        let path = path(&ours, &theirs, &key);
        pulled.unchanged -= usize::from(!is_new);
        if matches!(change, Change::Removed { .. }) {
            pulled.only_here.push(path);
            continue;
        }
        if unread.contains(place(&path)) {
            // What stands there is somebody's work, and named as a problem.
            continue;
        }
        match written(&ours, &key, change)
            .and_then(|text| folder::write(&args.dir, &path, &text, (is_new, args.dry_run)))
        {
            Ok(()) if is_new => pulled.created.push(path),
            Ok(()) => pulled.changed.push(path),
            Err(error) => failed.push(Problem::new(&path, error.message())),
        }
    }
    let mut report = export.report;
    report.problems.extend(theirs.report.problems);
    report.problems.extend(failed);
    report.problems.extend(here.problems.into_iter().chain(ours.report.problems));
    pulled.report = report;
    tell(&pulled, args)?;
    Ok(pulled.report.is_clean())
}

/// The place of an element in a folder, in whichever of its two spellings.
fn place(path: &str) -> &str {
    let stem = path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml")).unwrap_or(path);
    stem.strip_suffix("/spec").unwrap_or(stem)
}

/// The file of an element: the one it has here, else the one its kind and key say.
fn path(ours: &Reading, theirs: &Reading, key: &EntryKey) -> String {
    let named = || theirs.entries.get(key).map(membrane_core::workspace::Entry::path).unwrap_or_default();
    ours.files.get(key).cloned().unwrap_or_else(named)
}

/// The text of a file after a change; fields stay in the order they have here.
fn written(ours: &Reading, key: &EntryKey, change: Change) -> Result<String> {
    let mut one: Entries = ours.entries.get(key).cloned().into_iter().collect();
    let mut only = Diff::default();
    only.changes.push(change);
    one.apply(&only)?;
    let files = one.write()?;
    Ok(files.iter().map(|(_, text)| text).collect())
}

fn tell(pulled: &Pulled, args: &Folder) -> Result<()> {
    if args.json {
        return json(pulled);
    }
    problems(&pulled.report.problems)?;
    notes(&pulled.report)?;
    let verb = if pulled.dry_run { "Would pull" } else { "Pulled" };
    print(&format!(
        "{verb}: {} files created, {} changed, {} unchanged; {} are of elements the workspace does not have, and stay",
        pulled.created.len(),
        pulled.changed.len(),
        pulled.unchanged,
        pulled.only_here.len(),
    ))
}
