use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files::WorkspaceFiles;
use super::{fields, path, yaml};
use crate::element::ElementKind;
use crate::error::{Error, Result};
use crate::file::yaml::MAX_BYTES;
use crate::id::{Key, LayerName};

/// What an element of a folder is matched by: its kind, its key and the key of its integration.
///
/// ```
/// use membrane_core::LayerName;
/// use membrane_core::element::ElementKind;
/// use membrane_core::workspace::EntryKey;
///
/// let key = EntryKey::of_integration(ElementKind::Action, "create-task", "github")?;
/// assert_eq!(key.to_string(), "action:create-task:github");
/// assert_eq!(key.layer(), Some(LayerName::Integration));
/// assert!(EntryKey::new(ElementKind::Connection, "acme").is_err()); // connections are no part of a folder
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EntryKey {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: ElementKind,
    /// The element's own key.
    pub key: Key,
    /// The key of the integration it belongs to; none for one that is there for all apps.
    #[serde(rename = "integrationKey", default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Key>,
}

impl EntryKey {
    /// Names an element that belongs to no integration.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when folders hold no elements of this kind, or the
    /// key cannot be one.
    pub fn new(kind: ElementKind, key: &str) -> Result<Self> {
        Self { kind, key: Key::parse(key)?, integration: None }.checked()
    }

    /// Names an element of an integration.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when elements of this kind belong to no
    /// integration, or a key cannot be one.
    pub fn of_integration(kind: ElementKind, key: &str, integration: &str) -> Result<Self> {
        Self { kind, key: Key::parse(key)?, integration: Some(Key::parse(integration)?) }.checked()
    }

    /// The layer the element is at; none for a kind without layers.
    pub fn layer(&self) -> Option<LayerName> {
        match self.integration {
            Some(_) => Some(LayerName::Integration),
            None => self.kind.is_layered().then_some(LayerName::Universal),
        }
    }

    /// The element one layer up that has this key, where there is a layer up.
    pub(super) fn above(&self, key: &str) -> Option<Self> {
        self.integration.as_ref()?;
        Some(Self { kind: self.kind, key: Key::new(key), integration: None })
    }

    fn checked(self) -> Result<Self> {
        let kind = self.kind;
        if !path::is_exported(kind) {
            return Err(Error::invalid_input(format!(
                "a workspace folder holds no elements of the kind `{kind}`"
            )));
        }
        if self.integration.is_some() && !path::is_of_integration(kind) {
            return Err(Error::invalid_input(format!(
                "elements of the kind `{kind}` belong to no integration"
            )));
        }
        for key in std::iter::once(&self.key).chain(&self.integration) {
            Key::parse(key.as_str())?;
        }
        Ok(self)
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.key)?;
        self.integration.as_ref().map_or(Ok(()), |integration| write!(f, ":{integration}"))
    }
}

/// How an element names its parent, the element one layer up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parent<'e> {
    /// By the id it had where the file was written.
    Id(&'e str),
    /// By its key.
    Key(&'e str),
    /// By its uuid.
    Uuid(&'e str),
}

/// One element of a folder: what it is matched by, and its fields in their order.
///
/// ```
/// use membrane_core::element::ElementKind;
/// use membrane_core::workspace::{Entry, EntryKey};
/// use serde_json::json;
///
/// let key = EntryKey::new(ElementKind::Action, "create-task")?;
/// let answer = json!({"id": "5f1", "key": "create-task", "name": "Create Task", "state": "READY"});
/// let entry = Entry::new(key, answer.as_object().cloned().unwrap_or_default())?;
/// assert_eq!(entry.fields().keys().collect::<Vec<_>>(), ["key", "name"]); // the rest is the engine's to say
/// assert_eq!(entry.path(), "membrane/actions/create-task/spec.yaml");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Entry {
    pub(super) key: EntryKey,
    pub(super) fields: Map<String, Value>,
}

impl Entry {
    /// Makes an entry of an element's fields. Fields that are not for a caller to write are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when the key cannot be one, a field has not the type
    /// its kind gives it, nests deeper than 63 levels, or says that the element belongs elsewhere.
    pub fn new(key: EntryKey, fields: Map<String, Value>) -> Result<Self> {
        let key = key.checked()?;
        let settled = fields::settle(&key, fields);
        match settled.wrong.into_iter().next() {
            None => Ok(Self { key, fields: settled.fields }),
            Some((field, why)) => {
                Err(Error::invalid_input(format!("{key}: `{field}`: {why}")).with("field", field))
            }
        }
    }

    /// What it is matched by.
    pub fn key(&self) -> &EntryKey {
        &self.key
    }

    /// The fields, `key` among them.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The element one layer up, as this one names it.
    pub fn parent(&self) -> Option<Parent<'_>> {
        self.key.integration.as_ref()?;
        let reference = fields::parent(self.key.kind);
        let text = |name: &str| self.fields.get(name).and_then(Value::as_str);
        let by_id = || reference.ids.iter().find_map(|name| text(name)).map(Parent::Id);
        text(reference.uuid).map(Parent::Uuid).or_else(|| text(reference.key).map(Parent::Key)).or_else(by_id)
    }

    /// The path of its file.
    pub fn path(&self) -> String {
        path::path(&self.key, self.uuid())
    }

    pub(super) fn uuid(&self) -> Option<&str> {
        self.fields.get("uuid").and_then(Value::as_str).filter(|uuid| !uuid.is_empty())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters of an integration may be among the values.
        let names: Vec<&String> = self.fields.keys().collect();
        f.debug_struct("Entry").field("key", &self.key).field("fields", &names).finish_non_exhaustive()
    }
}

/// The elements of a folder, by what they are matched by.
///
/// ```
/// use membrane_core::element::ElementKind;
/// use membrane_core::workspace::{Entries, Entry, EntryKey};
/// use serde_json::Map;
///
/// let mut entries = Entries::new();
/// let key = EntryKey::new(ElementKind::Flow, "send-user-events")?;
/// entries.insert(Entry::new(key.clone(), Map::new())?);
/// assert!(entries.get(&key).is_some());
/// let files = entries.write()?;
/// assert_eq!(files.get("membrane/flows/send-user-events/spec.yaml"), Some("key: send-user-events\n"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entries(pub(super) BTreeMap<EntryKey, Entry>);

impl Entries {
    /// Makes an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an entry in, and gives the one it replaces.
    pub fn insert(&mut self, entry: Entry) -> Option<Entry> {
        self.0.insert(entry.key.clone(), entry)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &EntryKey) -> Option<Entry> {
        self.0.remove(key)
    }

    /// One entry.
    pub fn get(&self, key: &EntryKey) -> Option<&Entry> {
        self.0.get(key)
    }

    /// All entries: by kind, then by key, then by integration.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes every entry to its file. The same entries give the same texts.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when a file would have more than 2 MB and could not be
    /// read again, or two connectors have one path: the uuid of one is the uuid or the key of the other.
    pub fn write(&self) -> Result<WorkspaceFiles> {
        let mut files = WorkspaceFiles::new();
        for entry in self.iter() {
            let (path, text) = (entry.path(), yaml::document(&entry.fields));
            let refused =
                |why: &str| Error::invalid_input(format!("{}: {why}", entry.key)).with("file", &path);
            if text.len() > MAX_BYTES {
                return Err(refused("the file would have more than 2 MB"));
            }
            if files.get(&path).is_some() {
                return Err(refused("another element has the same file"));
            }
            files.insert(path, text)?;
        }
        Ok(files)
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self(entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect())
    }
}
