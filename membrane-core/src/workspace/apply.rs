use serde_json::{Map, Value};

use super::diff::{Change, Diff};
use super::entry::{Entries, Entry, EntryKey};
use crate::element::FieldChange;
use crate::error::{Error, ErrorKind, Result};

impl Entries {
    /// Makes the changes of a [`diff`](super::diff()): all of them, or none.
    ///
    /// # Errors
    /// - [`ErrorKind::Concurrency`] when an element or a field is not as the changes found it.
    /// - [`ErrorKind::InvalidInput`] when a change makes an element that cannot be one.
    pub fn apply(&mut self, diff: &Diff) -> Result<()> {
        let changed: Vec<(&EntryKey, Option<Entry>)> =
            diff.changes.iter().map(|change| self.changed(change)).collect::<Result<_>>()?;
        for (key, entry) in changed {
            match entry {
                Some(entry) => _ = self.insert(entry),
                None => _ = self.remove(key),
            }
        }
        Ok(())
    }

    fn changed<'c>(&self, change: &'c Change) -> Result<(&'c EntryKey, Option<Entry>)> {
        let key = change.element();
        let entry = match (change, self.get(key)) {
            (Change::Added { fields, .. }, None) => Some(Entry::new(key.clone(), fields.clone())?),
            (Change::Added { .. }, Some(_)) => return Err(stale(key, "is there already")),
            (_, None) => return Err(stale(key, "is not there")),
            (Change::Removed { .. }, Some(_)) => None,
            (Change::Changed { patch, .. }, Some(entry)) => {
                let mut fields = entry.fields.clone();
                for change in patch {
                    change_field(&mut fields, change)
                        .ok_or_else(|| stale(key, &format!("has another `{}`", change.path())))?;
                }
                Some(Entry::new(key.clone(), fields)?)
            }
        };
        Ok((key, entry))
    }
}

fn stale(key: &EntryKey, what: &str) -> Error {
    Error::new(ErrorKind::Concurrency, format!("{key} {what}; compare again"))
}

/// Changes one field; `None` when it is not as the change found it.
fn change_field(mut fields: &mut Map<String, Value>, change: &FieldChange) -> Option<()> {
    let mut steps =
        change.path().strip_prefix('/')?.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut name = steps.next()?;
    for step in steps {
        fields = fields.get_mut(&name)?.as_object_mut()?;
        name = step;
    }
    let found = fields.get(&name);
    let (was, value) = match change {
        FieldChange::Add { value, .. } => (None, Some(value)),
        FieldChange::Remove { was, .. } => (Some(was), None),
        FieldChange::Replace { was, value, .. } => (Some(was), Some(value)),
    };
    if found != was {
        return None;
    }
    match value {
        Some(value) => _ = fields.insert(name, value.clone()),
        None => _ = fields.shift_remove(&name),
    }
    Some(())
}
