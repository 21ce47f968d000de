//! Files to entries: each by itself first, then what they say of each other.

use std::collections::HashMap;
use std::collections::btree_map::Entry as Slot;

use serde_json::{Map, Value};

use super::entry::{Entries, Entry, EntryKey, Parent};
use super::fields::{self, Settled};
use super::files::WorkspaceFiles;
use super::parents::{Above, Uuids};
use super::path::{self, Location};
use super::report::{FieldsOf, Problem, Report};
use super::yaml;
use crate::element::ElementKind;
use crate::error::Result;
use crate::file::yaml::{MAX_BYTES, Refusal, on_deep_stack, read};
use crate::file::{Node, Spot};
use crate::id::Key;

/// What was read: the elements that could be taken, and what there is to say.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The elements.
    pub entries: Entries,
    /// What was met besides.
    pub report: Report,
    /// The file each element was read from.
    pub files: HashMap<EntryKey, String>,
}

impl WorkspaceFiles {
    /// Reads every element. A file that cannot be taken is a problem of the report and stops no other.
    ///
    /// YAML is read within bounds: 2 MB a file, 64 levels, one document, no key twice. A parent that is named by id is
    /// named by key afterwards, when its file is there too.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when there is no thread to read with.
    ///
    /// ```
    /// use membrane_core::element::ElementKind;
    /// use membrane_core::workspace::{EntryKey, Parent, WorkspaceFiles};
    ///
    /// let mut files = WorkspaceFiles::new();
    /// files.insert("membrane/flows/sync/spec.yaml", "id: f1\nkey: sync\n")?;
    /// files.insert("membrane/integrations/github/spec.yaml", "key: github\n")?;
    /// files.insert("membrane/integrations/github/flows/sync/spec.yaml", "key: sync\nuniversalFlowId: f1\n")?;
    /// files.insert("membrane/flows/broken/spec.yaml", "key: [")?;
    ///
    /// let reading = files.read()?;
    /// let child = EntryKey::of_integration(ElementKind::Flow, "sync", "github")?;
    /// assert_eq!(reading.entries.get(&child).and_then(|flow| flow.parent()), Some(Parent::Key("sync")));
    /// assert_eq!(reading.report.problems[0].file, "membrane/flows/broken/spec.yaml");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn read(&self) -> Result<Reading> {
        on_deep_stack(|| {
            let mut drafts = Drafts::default();
            for (path, text) in self.iter() {
                match path::locate(path) {
                    Location::Element(kind, integration, folder) => {
                        drafts.read(path, text, kind, integration.as_deref(), &folder);
                    }
                    Location::Outside => {}
                    Location::PassedOver => {
                        drafts
                            .report
                            .notices
                            .push(Problem::new(path, "not a file of an element; left aside"));
                    }
                    Location::Wrong(why) => drafts.report.problems.push(Problem::new(path, why)),
                }
            }
            drafts.finish()
        })
    }
}

impl Entries {
    /// Makes entries of elements as the engine answers them, what is secret left out. What a folder does not hold is
    /// passed over: kinds that are not exported, elements of a connection, archived ones.
    ///
    /// An element is of the integration it names by `integrationKey`, by the `integration` it carries, or by
    /// `integrationId` when that integration is among the elements. The report names elements by kind and id.
    ///
    /// ```
    /// use membrane_core::element::ElementKind;
    /// use membrane_core::workspace::Entries;
    /// use serde_json::json;
    ///
    /// let integration = json!({"id": "i1", "key": "github", "name": "GitHub", "parameters": {"clientSecret": "…"}});
    /// let action = json!({"id": "a1", "key": "list", "name": "List", "integrationId": "i1"});
    /// let reading = Entries::from_elements([
    ///     (ElementKind::Integration, integration.as_object().cloned().unwrap_or_default()),
    ///     (ElementKind::Action, action.as_object().cloned().unwrap_or_default()),
    /// ]);
    /// let paths: Vec<String> = reading.entries.iter().map(|entry| entry.path()).collect();
    /// assert_eq!(paths, [
    ///     "membrane/integrations/github/actions/list/spec.yaml",
    ///     "membrane/integrations/github/spec.yaml",
    /// ]);
    /// assert!(!reading.entries.iter().any(|entry| entry.fields().contains_key("parameters")));
    /// ```
    pub fn from_elements(elements: impl IntoIterator<Item = (ElementKind, Map<String, Value>)>) -> Reading {
        let is_set =
            |fields: &Map<String, Value>, name| fields.get(name).is_some_and(|value| !value.is_null());
        let elements: Vec<_> = elements
            .into_iter()
            .filter(|(kind, _)| path::is_exported(*kind))
            .filter(|(_, fields)| !is_set(fields, "connectionId") && !is_set(fields, "archivedAt"))
            .collect();
        let integrations: HashMap<String, String> = elements
            .iter()
            .filter(|(kind, _)| *kind == ElementKind::Integration)
            .filter_map(|(_, fields)| Some((text(fields, "id")?.to_owned(), text(fields, "key")?.to_owned())))
            .collect();
        let mut drafts = Drafts::default();
        for (kind, mut fields) in elements {
            let sealed = fields::rules(kind).sealed;
            fields.retain(|name, _| !sealed.contains(&name.as_str()));
            drafts.element(kind, fields, &integrations);
        }
        drafts.finish()
    }
}

/// What was read so far.
#[derive(Default)]
struct Drafts {
    entries: Entries,
    report: Report,
    /// Elements by their kind and the id their file says.
    ids: HashMap<(ElementKind, String), EntryKey>,
    /// The files of elements by their kind and uuid.
    uuids: HashMap<(ElementKind, String), String>,
    /// The file of each element.
    origins: HashMap<EntryKey, String>,
}

impl Drafts {
    fn read(&mut self, path: &str, text: &str, kind: ElementKind, integration: Option<&str>, folder: &str) {
        let node: Node = match read(text) {
            Ok(node) => node,
            Err(Refusal { at, message }) => {
                let problem = Problem::new(path, message).at(at);
                let field = field_around(text, at);
                self.report.problems.push(match field {
                    Some(field) => problem.in_field(field),
                    None => problem,
                });
                return;
            }
        };
        let spot = |field: &str| node.part().entry(field).map_or_else(|| node.at(), |part| part.at());
        let Some(fields) = node.value.as_object() else {
            self.report.problems.push(Problem::new(path, "expected the fields of an element").at(node.at()));
            return;
        };
        let key = match fields.get("key") {
            Some(Value::String(key)) => {
                named(kind, key, integration).map_err(|error| error.message().to_owned())
            }
            Some(_) => Err("expected a text".to_owned()),
            None => Err(format!("missing; the folder's name suggests `{folder}`")),
        };
        match key {
            Err(why) => self.report.problems.push(Problem::new(path, why).at(spot("key")).in_field("key")),
            Ok(key) => {
                if key.key.as_str() != folder && kind != ElementKind::Connector {
                    let message = format!("the folder is called `{folder}`; the key counts");
                    self.report.notices.push(Problem::new(path, message).at(spot("key")).in_field("key"));
                }
                self.take(path, key, fields.clone(), spot);
            }
        }
    }

    fn element(
        &mut self,
        kind: ElementKind,
        fields: Map<String, Value>,
        integrations: &HashMap<String, String>,
    ) {
        let nested = || text(fields.get("integration")?.as_object()?, "key");
        let by_id = || integrations.get(text(&fields, "integrationId")?).map(String::as_str);
        let integration = text(&fields, "integrationKey").or_else(nested).or_else(by_id);
        let id = text(&fields, "id").unwrap_or("an element");
        let place = format!("{} {id}", kind.plural());
        if integration.is_none() && fields.get("integrationId").is_some_and(|id| !id.is_null()) {
            let message = "belongs to an integration that is not among the elements";
            self.report.problems.push(Problem::new(&place, message).in_field("integrationId"));
            return;
        }
        match named(kind, text(&fields, "key").unwrap_or_default(), integration) {
            Err(error) => {
                self.report.problems.push(Problem::new(&place, error.message()).in_field("key"));
            }
            Ok(key) => self.take(&place, key, fields, |_| Spot::default()),
        }
    }

    fn take(&mut self, path: &str, key: EntryKey, fields: Map<String, Value>, spot: impl Fn(&str) -> Spot) {
        let id = text(&fields, "id").map(str::to_owned);
        let Settled { fields, unknown, read_only, wrong } = fields::settle(&key, fields);
        if !wrong.is_empty() {
            let problem =
                |(field, why): (String, String)| Problem::new(path, why).at(spot(&field)).in_field(field);
            self.report.problems.extend(wrong.into_iter().map(problem));
            return;
        }
        // What aliases repeat, and what stood closer than it is written, could not be given out again.
        if yaml::document(&fields).len() > MAX_BYTES {
            let message = format!("written out it has more than {} MB", MAX_BYTES >> 20);
            self.report.problems.push(Problem::new(path, message));
            return;
        }
        let entry = Entry { key, fields };
        let uuid = entry.uuid().map(|uuid| (entry.key.kind, uuid.to_owned()));
        if let Some(other) = uuid.as_ref().and_then(|uuid| self.uuids.get(uuid)) {
            let message = format!("{other} has the same");
            self.report.problems.push(Problem::new(path, message).at(spot("uuid")).in_field("uuid"));
            return;
        }
        match self.entries.0.entry(entry.key.clone()) {
            Slot::Occupied(_) => {
                let other = self.origins.get(&entry.key).map_or("another file", String::as_str);
                let message = format!("{other} is of the same element");
                self.report.problems.push(Problem::new(path, message).at(spot("key")).in_field("key"));
                return;
            }
            Slot::Vacant(slot) => {
                self.origins.insert(entry.key.clone(), path.to_owned());
                if let Some(id) = id {
                    self.ids.insert((entry.key.kind, id), entry.key.clone());
                }
                slot.insert(entry);
            }
        }
        if let Some(uuid) = uuid {
            self.uuids.insert(uuid, path.to_owned());
        }
        FieldsOf::note(&mut self.report.unknown, path, unknown);
        FieldsOf::note(&mut self.report.read_only, path, read_only);
    }

    /// Names by key what was named by id, and says what leads nowhere.
    fn finish(mut self) -> Reading {
        for entry in self.entries.0.values_mut() {
            name_by_key(entry, &self.ids);
        }
        let uuids = Uuids::of(&self.entries);
        for entry in self.entries.iter() {
            let path = self.origins.get(&entry.key).map_or("", String::as_str);
            let mut notice = |field: &str, message: String| {
                self.report.notices.push(Problem::new(path, message).in_field(field));
            };
            if let Some(integration) = &entry.key.integration
                && !self.entries.0.contains_key(&of_integration(integration))
            {
                notice("integrationKey", format!("there is no file of the integration `{integration}`"));
            }
            if let Some(parent) = entry.parent()
                && !matches!(uuids.above(entry), Above::Element(key) if self.entries.0.contains_key(&key))
            {
                let (field, name) = match parent {
                    Parent::Id(id) => ("parentId", id),
                    Parent::Key(key) => ("parentKey", key),
                    Parent::Uuid(uuid) => ("parentUuid", uuid),
                };
                notice(field, format!("there is no file of the parent `{name}`"));
            }
        }
        Reading { entries: self.entries, report: self.report, files: self.origins }
    }
}

fn named(kind: ElementKind, key: &str, integration: Option<&str>) -> Result<EntryKey> {
    match integration {
        Some(integration) => EntryKey::of_integration(kind, key, integration),
        None => EntryKey::new(kind, key),
    }
}

fn of_integration(key: &Key) -> EntryKey {
    EntryKey { kind: ElementKind::Integration, key: key.clone(), integration: None }
}

fn name_by_key(entry: &mut Entry, ids: &HashMap<(ElementKind, String), EntryKey>) {
    for reference in fields::references(&entry.key) {
        let found = reference.ids.iter().find_map(|name| {
            let id = text(&entry.fields, name)?;
            Some((*name, ids.get(&(reference.kind, id.to_owned()))?))
        });
        let Some((name, other)) = found else { continue };
        // A key says nothing of the integration: what is named is above the element, or beside it.
        if other.integration.is_some()
            && (reference.key == "parentKey" || other.integration != entry.key.integration)
        {
            continue;
        }
        let fields = std::mem::take(&mut entry.fields).into_iter();
        entry.fields = fields
            .filter(|(field, _)| field != reference.key)
            .map(|(field, value)| match field == name {
                true => (reference.key.to_owned(), other.key.as_str().into()),
                false => (field, value),
            })
            .collect();
    }
}

/// The outermost field a place of a broken text is in.
fn field_around(text: &str, at: Spot) -> Option<&str> {
    let lines = text.lines().take(usize::try_from(at.line).ok()?);
    let outermost =
        lines.filter(|line| line.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'));
    outermost.filter_map(|line| line.split_once(':')).last().map(|(field, _)| field)
}

fn text<'f>(fields: &'f Map<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_str)
}
