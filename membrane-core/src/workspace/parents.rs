use std::collections::HashMap;

use super::entry::{Entries, Entry, EntryKey, Parent};
use crate::element::ElementKind;

impl Entries {
    /// The element one layer up, where it is among these.
    pub fn parent(&self, entry: &Entry) -> Option<&Entry> {
        match entry.parent()? {
            Parent::Key(key) => self.get(&entry.key.above(key)?),
            Parent::Uuid(_) => match Uuids::of(self).above(entry) {
                Above::Element(key) => self.get(&key),
                Above::Named(_) => None,
            },
            Parent::Id(_) => None,
        }
    }
}

/// Elements by kind and uuid.
pub(super) struct Uuids<'e>(HashMap<(ElementKind, &'e str), &'e EntryKey>);

/// A parent, by what it is matched by where that is known.
#[derive(PartialEq)]
pub(super) enum Above<'e> {
    Element(EntryKey),
    Named(Option<Parent<'e>>),
}

impl<'e> Uuids<'e> {
    pub(super) fn of(entries: &'e Entries) -> Self {
        let uuids = entries.iter().filter_map(|entry| Some(((entry.key.kind, entry.uuid()?), &entry.key)));
        Self(uuids.collect())
    }

    /// The element one layer up.
    pub(super) fn above(&self, entry: &'e Entry) -> Above<'e> {
        let parent = entry.parent();
        let found = match parent {
            Some(Parent::Key(key)) => entry.key.above(key),
            Some(Parent::Uuid(uuid)) => self.0.get(&(entry.key.kind, uuid)).map(|key| (*key).clone()),
            Some(Parent::Id(_)) | None => None,
        };
        found.filter(|key| key.integration.is_none()).map_or(Above::Named(parent), Above::Element)
    }
}
