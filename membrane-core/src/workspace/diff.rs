use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::{Entries, Entry, EntryKey, Parent};
use super::fields;
use super::parents::{Above, Uuids};
use crate::element::{ElementKind, FieldChange, compare};

/// What makes one set of entries the other: additions, changes by field, removals.
///
/// As JSON it is a list of changes; displayed, it is a patch for people, with secret parameters hidden.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[non_exhaustive]
pub struct Diff {
    /// The changes, by what their elements are matched by.
    pub changes: Vec<Change>,
}

impl Diff {
    /// Whether both sets say the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What happens to one element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Change {
    /// It is only in the second set.
    Added {
        /// Which one.
        #[serde(flatten)]
        element: EntryKey,
        /// Its fields.
        fields: Map<String, Value>,
    },
    /// It is in both sets and not the same.
    Changed {
        /// Which one.
        #[serde(flatten)]
        element: EntryKey,
        /// What differs, by path.
        patch: Vec<FieldChange>,
    },
    /// It is only in the first set.
    Removed {
        /// Which one.
        #[serde(flatten)]
        element: EntryKey,
        /// The fields it had.
        fields: Map<String, Value>,
    },
}

impl Change {
    /// Which element it is about.
    pub fn element(&self) -> &EntryKey {
        match self {
            Self::Added { element, .. } | Self::Changed { element, .. } | Self::Removed { element, .. } => {
                element
            }
        }
    }
}

/// Says what makes `from` the same as `to`.
///
/// Uuids do not count: where matched elements have different ones, what `to` says by uuid is read in terms of `from`.
/// Neither does how a parent is named, nor the order of fields.
///
/// ```
/// use membrane_core::workspace::{WorkspaceFiles, diff};
///
/// let read = |text: &str| {
///     let mut files = WorkspaceFiles::new();
///     files.insert("membrane/actions/close/spec.yaml", text)?;
///     files.read().map(|reading| reading.entries)
/// };
/// let old = read("key: close\nname: Close\nconfig:\n  request:\n    method: POST\n")?;
/// let new = read("key: close\nconfig:\n  request:\n    method: PUT\nname: Close\n")?;
///
/// let changes = diff(&old, &new);
/// assert_eq!(changes.to_string(), "\
/// --- a/membrane/actions/close/spec.yaml
/// +++ b/membrane/actions/close/spec.yaml
/// @@ config.request.method @@
/// -POST
/// +PUT
/// ");
/// assert_eq!(serde_json::to_value(&changes)?, serde_json::json!([{
///     "change": "changed", "type": "action", "key": "close",
///     "patch": [{"op": "replace", "path": "/config/request/method", "oldValue": "POST", "value": "PUT"}],
/// }]));
///
/// let mut patched = old.clone();
/// patched.apply(&changes)?;
/// assert!(diff(&patched, &new).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn diff(from: &Entries, to: &Entries) -> Diff {
    let (old, terms) = (Uuids::of(from), Terms::of(from, to));
    let keys: BTreeSet<&EntryKey> = from.0.keys().chain(to.0.keys()).collect();
    let changes = keys.into_iter().filter_map(|key| match (from.get(key), to.get(key)) {
        (None, Some(added)) => {
            let fields = terms.fields(added).into_owned();
            Some(Change::Added { element: key.clone(), fields })
        }
        (Some(removed), None) => {
            Some(Change::Removed { element: key.clone(), fields: removed.fields.clone() })
        }
        (Some(before), Some(after)) => {
            let is_moved = old.above(before) != terms.new.above(after);
            let patch = patch(before, &terms.fields(after), is_moved);
            (!patch.is_empty()).then(|| Change::Changed { element: key.clone(), patch })
        }
        (None, None) => None,
    });
    Diff { changes: changes.collect() }
}

/// How the first set says what the second says by uuid.
struct Terms<'e> {
    from: &'e Entries,
    new: Uuids<'e>,
    /// Uuids of the second set that the first has otherwise.
    renamed: HashMap<(ElementKind, &'e str), &'e str>,
}

impl<'e> Terms<'e> {
    fn of(from: &'e Entries, to: &'e Entries) -> Self {
        let renamed = to.iter().filter_map(|entry| {
            let (old, new) = (from.get(&entry.key)?.uuid()?, entry.uuid()?);
            (old != new).then_some(((entry.key.kind, new), old))
        });
        Self { from, new: Uuids::of(to), renamed: renamed.collect() }
    }

    fn fields(&self, entry: &'e Entry) -> Cow<'e, Map<String, Value>> {
        let mut fields = Cow::Borrowed(&entry.fields);
        if let (Some(Parent::Uuid(_)), Above::Element(key)) = (entry.parent(), self.new.above(entry))
            && self.from.get(&key).is_some_and(|parent| parent.uuid().is_none())
        {
            let reference = fields::parent(key.kind);
            let fields = fields.to_mut();
            fields.shift_remove(reference.uuid);
            fields.insert(reference.key.to_owned(), key.key.as_str().into());
        }
        if !self.renamed.is_empty() {
            self.rename(&entry.key, fields.to_mut());
        }
        fields
    }

    fn rename(&self, key: &EntryKey, fields: &mut Map<String, Value>) {
        let replace = |value: &mut Value, kind| {
            if let Some(other) = value.as_str().and_then(|uuid| self.renamed.get(&(kind, uuid))) {
                *value = Value::from(*other);
            }
        };
        let references =
            fields::references(key).into_iter().map(|reference| (reference.uuid, reference.kind));
        let apps = [("externalAppUuid", ElementKind::App), ("appUuid", ElementKind::App)];
        for (name, kind) in references.chain(apps) {
            fields.get_mut(name).into_iter().for_each(|value| replace(value, kind));
        }
        if key.kind == ElementKind::Package {
            let elements = fields.get_mut("elements").and_then(Value::as_array_mut);
            for element in elements.into_iter().flatten().filter_map(Value::as_object_mut) {
                let kind = element.get("type").and_then(|kind| ElementKind::deserialize(kind).ok());
                if let (Some(kind), Some(uuid)) = (kind, element.get_mut("uuid")) {
                    replace(uuid, kind);
                }
            }
        }
    }
}

fn patch(before: &Entry, after: &Map<String, Value>, is_moved: bool) -> Vec<FieldChange> {
    let parent = fields::parent(before.key.kind);
    let names_parent = |name: &str| {
        before.key.integration.is_some()
            && (name == parent.uuid || name == parent.key || parent.ids.contains(&name))
    };
    let counts = |name: &str| {
        let is_place = matches!(name, "key" | "uuid") || fields::PLACE.contains(&name);
        !is_place && (is_moved || !names_parent(name))
    };
    let mut patch = Vec::new();
    compare("", &before.fields, after, &counts, &mut patch);
    patch
}
