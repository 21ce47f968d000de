//! The workspace folder: elements as files one can read, compare and keep in a repository.
//!
//! Nothing here touches a disk. [`WorkspaceFiles`] is a map of paths to texts; [`WorkspaceFiles::read`] makes
//! [`Entries`] of it and a [`Report`] of what it met, [`Entries::write`] makes the same texts again, and [`diff`]
//! says what differs between two sets of entries.
//!
//! ```text
//! membrane/<kind>/<key>/spec.yaml                              for all apps: actions, flows, data-sources, …
//! membrane/integrations/<integration>/spec.yaml
//! membrane/integrations/<integration>/<kind>/<key>/spec.yaml   for one app: actions, flows, data-sources, …
//! membrane/connectors/<uuid>/<uuid>.yml
//! ```
//!
//! Elements are matched by kind, key and integration, never by id: ids are given anew wherever a folder is
//! imported. A parent that a file names by id is named by its key instead, when the folder holds it.

mod apply;
mod diff;
mod entry;
mod fields;
mod files;
mod parents;
mod patch;
mod path;
mod read;
mod report;
mod scalar;
mod yaml;

pub use self::diff::{Change, Diff, diff};
pub use self::entry::{Entries, Entry, EntryKey, Parent};
pub use self::files::WorkspaceFiles;
pub use self::read::Reading;
pub use self::report::{FieldsOf, Problem, Report};
pub use crate::element::FieldChange;
