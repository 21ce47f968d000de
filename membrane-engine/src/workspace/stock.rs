use std::collections::{BTreeMap, HashMap};

use membrane_core::element::{
    ActionSpec, DataLinkTableSpec, DataSourceSpec, Element, ElementKind, FieldMappingSpec, FlowSpec,
    PackageSpec,
};
use membrane_core::workspace::{Entry, EntryKey, Problem};
use membrane_core::{ElementId, Error, Key, LayerName, Paging, Result};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::element::layered::{LayeredKind, derive};
use crate::element::row::{from_row, mark, to_row};
use crate::store::{Query, Row};
use crate::{Caller, Engine};

/// What of a row's [`mark::FOLDER`] is the connector that was meant by how the file names it.
const CONNECTOR: &str = "connectorKey";

/// The elements of a workspace that a folder can hold, by what they are matched by.
#[derive(Default)]
pub(super) struct Stock {
    pub(super) held: BTreeMap<EntryKey, Held>,
    /// What could not be made an entry.
    pub(super) problems: Vec<Problem>,
    ids: HashMap<(ElementKind, ElementId), EntryKey>,
    uuids: HashMap<(ElementKind, String), EntryKey>,
}

/// One element.
pub(super) struct Held {
    /// Its row. What follows its parent has the parent's content of now in it.
    pub(super) row: Row,
    /// The row as it is stored, where that is another.
    stored: Option<Row>,
    /// As a folder has it.
    pub(super) entry: Entry,
}

impl Held {
    /// The row as it is stored.
    pub(super) fn stored(&self) -> &Row {
        self.stored.as_ref().unwrap_or(&self.row)
    }
}

impl Stock {
    pub(super) async fn load(engine: &Engine, caller: &Caller) -> Result<Self> {
        let mut stock = Self::default();
        let everybodys = vec![("isUniversal".to_owned(), Value::Bool(true))];
        for (kind, fields) in [
            (ElementKind::App, Vec::new()),
            (ElementKind::AppDataSchema, everybodys),
            (ElementKind::AppEventType, Vec::new()),
            (ElementKind::Integration, Vec::new()),
        ] {
            for row in all(engine, caller, kind, Query { fields, ..Query::default() }).await? {
                stock.add(row);
            }
        }
        Box::pin(stock.load_layered::<ActionSpec>(engine, caller)).await?;
        Box::pin(stock.load_layered::<DataLinkTableSpec>(engine, caller)).await?;
        Box::pin(stock.load_layered::<DataSourceSpec>(engine, caller)).await?;
        Box::pin(stock.load_layered::<FieldMappingSpec>(engine, caller)).await?;
        Box::pin(stock.load_layered::<FlowSpec>(engine, caller)).await?;
        Box::pin(stock.load_layered::<PackageSpec>(engine, caller)).await?;
        stock.write_entries();
        Ok(stock)
    }

    /// What the file of one element names: its integration, its parent, its data source, what it is made of.
    pub(super) async fn around(engine: &Engine, caller: &Caller, row: &Row) -> Result<Self> {
        let mut named: Vec<(ElementKind, ElementId)> = Vec::new();
        named.extend(row.parent.iter().map(|id| (row.kind, id.clone())));
        let source = row.doc.get("dataSourceId").and_then(Value::as_str);
        named.extend(source.map(|id| (ElementKind::DataSource, id.into())));
        for part in row.doc.get("elements").and_then(Value::as_array).into_iter().flatten() {
            let kind = part.get("type").and_then(|kind| ElementKind::deserialize(kind).ok());
            named.extend(kind.zip(part.get("id").and_then(Value::as_str).map(ElementId::from)));
        }
        let (store, scope) = (&engine.parts().store, caller.scope());
        let mut rows = Vec::new();
        for (kind, id) in named {
            rows.extend(store.row(&scope, kind, &id).await?);
        }
        let mut stock = Self::default();
        for id in rows.iter().chain([row]).filter_map(|row| row.integration.clone()) {
            let integration = store.row(&scope, ElementKind::Integration, &id.into()).await?;
            integration.into_iter().for_each(|row| stock.add(row));
        }
        rows.into_iter().for_each(|row| stock.add(row));
        Ok(stock)
    }

    async fn load_layered<S: LayeredKind>(&mut self, engine: &Engine, caller: &Caller) -> Result<()> {
        for layer in [LayerName::Universal, LayerName::Integration] {
            let query = Query { layer: Some(layer), ..Query::default() };
            for row in all(engine, caller, S::KIND, query).await? {
                if self.follows_now(&row) {
                    self.add(row);
                    continue;
                }
                let mut element: Element<S> = from_row(row.clone())?;
                derive(engine, caller, &mut element).await?;
                let mut now = to_row(&element)?;
                crate::element::row::keep_marks(&row, &mut now, mark::ALL);
                self.add_as(now, Some(row));
            }
        }
        Ok(())
    }

    /// Whether the content of a row is what counts: it is its own, or of a folder and not older than its parent.
    pub(super) fn follows_now(&self, row: &Row) -> bool {
        let Some(parent) = &row.parent else { return true };
        if row.doc.get("isCustomized") == Some(&Value::Bool(true)) && row.kind != ElementKind::Flow {
            return true;
        }
        let parent = self.ids.get(&(row.kind, parent.clone())).and_then(|key| self.held.get(key));
        parent.is_some_and(|parent| {
            row.doc.contains_key(mark::FOLDER)
                && row.doc.get("parentRevision").and_then(Value::as_str) == Some(&parent.row.revision)
        })
    }

    /// Takes a row in that is as it is stored, or will be.
    pub(super) fn add(&mut self, row: Row) {
        self.add_as(row, None);
    }

    fn add_as(&mut self, row: Row, stored: Option<Row>) {
        // What belongs to an archived integration is not there either.
        let Some(key) = self.key_of(&row) else { return };
        let taken = key.and_then(|key| Ok((Entry::new(key.clone(), Map::new())?, key)));
        match taken {
            Ok((entry, key)) => {
                self.ids.insert((row.kind, row.id.clone()), key.clone());
                if let Some(other) = self.held.get(&key).filter(|other| other.row.id != row.id) {
                    let error = Error::invalid_input(format!(
                        "{key} is {} already, which differs in `instanceKey` only; a folder holds one of them",
                        other.row.id
                    ));
                    self.problems.push(problem(&row, &error));
                    return;
                }
                if let Some(uuid) = row.doc.get("uuid").and_then(Value::as_str) {
                    self.uuids.insert((row.kind, uuid.to_owned()), key.clone());
                }
                self.held.insert(key, Held { row, stored, entry });
            }
            Err(error) => self.problems.push(problem(&row, &error)),
        }
    }

    /// Puts an element in as it will be.
    pub(super) fn put(&mut self, row: Row, entry: Entry) {
        let key = entry.key().clone();
        self.add(row);
        if let Some(held) = self.held.get_mut(&key) {
            held.entry = entry;
        }
    }

    /// What an element is matched by; nothing where its integration is archived.
    pub(super) fn key_of(&self, row: &Row) -> Option<Result<EntryKey>> {
        let key = row.key.as_deref().unwrap_or_default();
        Some(match &row.integration {
            None => EntryKey::new(row.kind, key),
            Some(id) => {
                let integration = self.ids.get(&(ElementKind::Integration, id.as_str().into()))?;
                EntryKey::of_integration(row.kind, key, integration.key.as_str())
            }
        })
    }

    /// Makes the entries, once everything an element may name is known.
    fn write_entries(&mut self) {
        let entries: Vec<(EntryKey, Result<Entry>)> =
            self.held.iter().map(|(key, held)| (key.clone(), self.entry(key, &held.row))).collect();
        for (key, entry) in entries {
            match entry {
                Ok(entry) => self.held.entry(key).and_modify(|held| held.entry = entry),
                Err(error) => {
                    if let Some(held) = self.held.remove(&key) {
                        self.problems.push(problem(&held.row, &error));
                    }
                    continue;
                }
            };
        }
    }

    /// The entry of a row.
    pub(super) fn entry(&self, key: &EntryKey, row: &Row) -> Result<Entry> {
        let mut fields = self.fields(row);
        let folder = |name: &str| row.doc.get(mark::FOLDER).and_then(|folder| folder.get(name));
        let (meant, named) = (folder(CONNECTOR), fields.get("connectorKey"));
        let is_meant = meant.is_some() && meant == named;
        if is_meant {
            fields.retain(|name, _| !matches!(name.as_str(), "connectorId" | "connectorKey"));
        }
        let is_stale = |name: &str| {
            meant.is_some() && !is_meant && matches!(name, "connectorId" | "connectorKey" | "connectorUuid")
        };
        for (name, value) in folder(mark::FOLDER_FIELDS).and_then(Value::as_object).into_iter().flatten() {
            if !is_stale(name) {
                fields.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        Entry::new(key.clone(), fields)
    }

    /// Notes in a row what its file says and no element has. `connector` is the one that is meant where the file does
    /// not name it by its key.
    pub(super) fn note(
        &self,
        key: &EntryKey,
        row: &mut Row,
        said: &Map<String, Value>,
        sealed: &[&str],
        connector: Option<&Key>,
    ) -> Result<()> {
        row.doc.shift_remove(mark::FOLDER);
        let entry = self.entry(key, row)?;
        let is_kept = |name: &str| !entry.fields().contains_key(name) && !sealed.contains(&name);
        let fields: Map<String, Value> = said
            .iter()
            .filter(|(name, _)| is_kept(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut folder = Map::from_iter([(mark::FOLDER_FIELDS.to_owned(), Value::Object(fields))]);
        if let Some(connector) = connector {
            folder.insert(CONNECTOR.to_owned(), connector.as_str().into());
        }
        row.doc.insert(mark::FOLDER.to_owned(), Value::Object(folder));
        Ok(())
    }

    /// The fields of a row, others named by their keys: ids mean nothing elsewhere.
    pub(super) fn fields(&self, row: &Row) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("key".to_owned(), row.key.clone().into());
        fields.insert("name".to_owned(), row.name.as_str().into());
        let is_field = |name: &str| !mark::ALL.contains(&name);
        fields.extend(row.doc.clone().into_iter().filter(|(name, _)| is_field(name)));
        fields.shift_remove("universalParentId");
        let mut name = |field: &str, value: Option<&str>| {
            if let Some(value) = value {
                fields.insert(field.to_owned(), value.into());
            }
        };
        name("instanceKey", row.instance_key.as_deref());
        let of = |kind: ElementKind, id: &str| self.ids.get(&(kind, id.into())).map(|key| key.key.as_str());
        name("parentKey", row.parent.as_ref().and_then(|id| of(row.kind, id.as_str())));
        if row.kind == ElementKind::FieldMapping && !row.doc.contains_key("dataSourceKey") {
            let source = row.doc.get("dataSourceId").and_then(Value::as_str);
            name("dataSourceKey", source.and_then(|id| of(ElementKind::DataSource, id)));
        }
        if row.kind == ElementKind::Package {
            for part in fields.get_mut("elements").and_then(Value::as_array_mut).into_iter().flatten() {
                self.name_part(part);
            }
        }
        fields
    }

    /// Names an element of a package by its uuid.
    fn name_part(&self, part: &mut Value) {
        let Some(part) = part.as_object_mut() else { return };
        part.shift_remove("element");
        let kind = part.get("type").and_then(|kind| ElementKind::deserialize(kind).ok());
        let id = part.get("id").and_then(Value::as_str).map(ElementId::from);
        let known = kind.zip(id).and_then(|named| self.held.get(self.ids.get(&named)?));
        if let Some(uuid) = known.and_then(|held| held.row.doc.get("uuid")) {
            part.insert("uuid".to_owned(), uuid.clone());
            part.shift_remove("id");
        }
    }

    /// The element with this id.
    pub(super) fn with_id(&self, id: &str) -> Option<&EntryKey> {
        self.ids.iter().find(|((_, known), _)| known.as_str() == id).map(|(_, key)| key)
    }

    /// The element with this uuid.
    pub(super) fn with_uuid(&self, kind: ElementKind, uuid: &str) -> Option<&EntryKey> {
        self.uuids.get(&(kind, uuid.to_owned()))
    }
}

async fn all(engine: &Engine, caller: &Caller, kind: ElementKind, query: Query) -> Result<Vec<Row>> {
    let mut paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
    let mut rows = Vec::new();
    loop {
        let page = engine.parts().store.rows(&caller.scope(), kind, &query, &paging).await?;
        rows.extend(page.items);
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => return Ok(rows),
        }
    }
}

fn problem(row: &Row, error: &Error) -> Problem {
    Problem::new(&format!("{} {}", row.kind.plural(), row.id), error.message())
}
