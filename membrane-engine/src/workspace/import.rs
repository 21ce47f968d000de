mod tell;

use std::collections::{HashMap, HashSet};

use membrane_core::connector::Connector;
use membrane_core::element::{
    ActionSpec, AppDataSchemaSpec, AppEventTypeSpec, AppSpec, DataLinkTableSpec, DataSourceSpec, Element,
    ElementKind, FieldMappingSpec, FlowSpec, Integration, IntegrationSpec, PackageSpec, Spec,
};
use membrane_core::op::{Actor, ImportWorkspace, WorkspaceImport};
use membrane_core::workspace::{
    Change, Diff, Entries, Entry, EntryKey, Parent, Problem, Reading, Report, WorkspaceFiles, diff,
};
use membrane_core::{Error, ErrorKind, Key, Result};
use serde_json::{Map, Value};

use super::follow::{Above, Known, follow};
use super::stock::Stock;
use crate::clock::{new_id, now};
use crate::element::integration::{connector_of, describe};
use crate::element::layered::LayeredKind;
use crate::element::row::{from_row, keep_marks, mark, note_sealed, to_row};
use crate::element::{self, Kind, sealed, stamp_new, with_fields};
use crate::http::mask::MARK;
use crate::store::{Row, Write};
use crate::{Caller, Engine, sync};

/// The order in which kinds are taken: what is referred to by uuid goes first.
const ORDER: &[ElementKind] = &[
    ElementKind::App,
    ElementKind::AppDataSchema,
    ElementKind::AppEventType,
    ElementKind::Integration,
    ElementKind::DataLinkTable,
    ElementKind::DataSource,
    ElementKind::FieldMapping,
    ElementKind::Action,
    ElementKind::Flow,
    ElementKind::Package,
];

/// Takes a folder in: everything that can be taken in one list of writes.
///
/// # Errors
/// `InvalidInput` for more than [`ImportWorkspace::MAX_BYTES`]; `Concurrency` when somebody made or changed an
/// element meanwhile. Nothing is written then.
pub(crate) async fn import(
    engine: &Engine,
    caller: &Caller,
    files: WorkspaceFiles,
    dry_run: bool,
) -> Result<WorkspaceImport> {
    let size: usize = files.iter().map(|(path, text)| path.len() + text.len()).sum();
    if size > ImportWorkspace::MAX_BYTES {
        let message = format!(
            "the files have {size} bytes together, and may have {}; import the folder in parts",
            ImportWorkspace::MAX_BYTES
        );
        return Err(Error::invalid_input(message).with("field", "files"));
    }
    let read = tokio::task::spawn_blocking(move || files.read().map(|reading| (files, reading)));
    let (files, reading) =
        read.await.map_err(|error| Error::internal("reading the files ended early").with_source(error))??;
    let stock = Box::pin(Stock::load(engine, caller)).await?;
    let mut import = Import::new(engine, caller, &files, reading, stock);
    import.forget_what_is_there();
    Box::pin(import.take_all()).await?;
    import.outcome.dry_run = dry_run;
    if dry_run {
        import.changes.sort_by(|a, b| a.element().cmp(b.element()));
        let mut found = Diff::default();
        found.changes = std::mem::take(&mut import.changes);
        import.outcome.diff = Some(found);
    } else if !import.writes.is_empty() {
        let mut writes = vec![Write::By(Actor::Import)];
        writes.append(&mut import.writes);
        engine.write(caller, writes).await.map_err(|error| import.overtaken(error))?;
    }
    Ok(import.outcome)
}

/// What comes with an element besides its row.
#[derive(Default)]
struct Beside {
    /// The connector that is meant where the file does not name it by key.
    meant: Option<Key>,
    /// What is written together with it.
    along: Vec<Write>,
    /// The secret fields it has.
    sealed: Map<String, Value>,
}

struct Import<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    texts: &'a WorkspaceFiles,
    /// The file of each element.
    files: HashMap<EntryKey, String>,
    folder: Entries,
    stock: Stock,
    /// What is new or changed so far.
    fresh: HashSet<EntryKey>,
    writes: Vec<Write>,
    changes: Vec<Change>,
    outcome: WorkspaceImport,
}

impl<'a> Import<'a> {
    fn new(
        engine: &'a Engine,
        caller: &'a Caller,
        texts: &'a WorkspaceFiles,
        reading: Reading,
        stock: Stock,
    ) -> Self {
        let Reading { entries: mut folder, mut report, mut files, .. } = reading;
        place_by_uuid(&mut folder, &mut files, &mut report, &stock);
        let mut outcome = WorkspaceImport::default();
        outcome.report = report;
        outcome.untouched = stock.held.keys().filter(|key| folder.get(key).is_none()).count();
        let (fresh, writes, changes) = (HashSet::new(), Vec::new(), Vec::new());
        Self { engine, caller, texts, files, folder, stock, fresh, writes, changes, outcome }
    }

    async fn take_all(&mut self) -> Result<()> {
        let mut differing = self.differing().await?;
        let mut keys: Vec<EntryKey> = self.folder.iter().map(|entry| entry.key().clone()).collect();
        let place = |key: &EntryKey| ORDER.iter().position(|kind| *kind == key.kind);
        keys.sort_by_key(|key| (place(key), key.integration.is_some()));
        for key in keys {
            if key.kind == ElementKind::Connector {
                self.notice(
                    &key,
                    "connectors are the engine's; the file says which one is meant by its uuid",
                );
                continue;
            }
            let fields = match differing.remove(&key) {
                Some(Ok(fields)) => fields,
                Some(Err(error)) => {
                    self.problem(&key, &error);
                    continue;
                }
                None if self.finds_parent_now(&key) => match self.folder.get(&key) {
                    Some(entry) => entry.fields().clone(),
                    None => continue,
                },
                None => {
                    self.outcome.unchanged += 1;
                    continue;
                }
            };
            match Box::pin(self.take(&key, &fields)).await {
                Ok(()) => {}
                Err(error) if is_of_the_file(&error) => self.problem(&key, &error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The fields of what is new or otherwise in the folder, in terms of the workspace: uuids are its own.
    async fn differing(&self) -> Result<HashMap<EntryKey, Result<Map<String, Value>>>> {
        let mut current = Entries::new();
        for key in self.folder.iter().map(Entry::key) {
            if let Some(held) = self.stock.held.get(key) {
                current.insert(self.opened(key, &held.row, held.entry.clone()).await?);
            }
        }
        let changes = diff(&current, &self.folder).changes.into_iter();
        Ok(changes
            .filter(|change| !matches!(change, Change::Removed { .. }))
            .map(|change| {
                let key = change.element().clone();
                let mut one: Entries = current.get(&key).cloned().into_iter().collect();
                let applied = one.apply(&only(change));
                let fields =
                    applied.map(|()| one.get(&key).map(|entry| entry.fields().clone()).unwrap_or_default());
                (key, fields)
            })
            .collect())
    }

    /// An integration with those of its secrets that its file says.
    async fn opened(&self, key: &EntryKey, row: &Row, entry: Entry) -> Result<Entry> {
        let said = self.folder.get(key).map(Entry::fields);
        let is_said = |name: &&str| said.is_some_and(|said| said.contains_key(*name));
        let names: Vec<&str> = match key.kind {
            ElementKind::Integration => IntegrationSpec::SEALED.iter().copied().filter(is_said).collect(),
            _ => Vec::new(),
        };
        if names.is_empty() {
            return Ok(entry);
        }
        let secrets = self.secrets(&from_row(row.clone())?).await?;
        let mut fields = entry.fields().clone();
        fields.extend(secrets.into_iter().filter(|(name, _)| names.contains(&name.as_str())));
        Entry::new(key.clone(), fields)
    }

    /// What is sealed of an integration; nothing where it does not open, which a file that says it anew mends.
    async fn secrets(&self, integration: &Integration) -> Result<Map<String, Value>> {
        let mut opened = integration.clone();
        match sealed::open(self.engine, &mut opened).await {
            Ok(()) => Ok(sealed::take::<IntegrationSpec>(&mut element::row::document(&opened)?)),
            Err(error) if error.kind() == ErrorKind::Configuration => Ok(Map::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether an element without a parent has one that is there by now.
    fn finds_parent_now(&self, key: &EntryKey) -> bool {
        let is_alone = self.stock.held.get(key).is_some_and(|held| held.row.parent.is_none());
        let entry = self.folder.get(key).filter(|_| is_alone && key.integration.is_some());
        entry.is_some_and(|entry| self.parent_key(entry).is_some())
    }

    async fn take(&mut self, key: &EntryKey, fields: &Map<String, Value>) -> Result<()> {
        let uuid = fields.get("uuid").and_then(Value::as_str).filter(|uuid| !uuid.is_empty());
        if let Some(other) = uuid.and_then(|uuid| self.stock.with_uuid(key.kind, uuid))
            && other != key
        {
            return Err(Error::invalid_input(format!("{other} has this uuid; one element has one uuid"))
                .with("field", "uuid"));
        }
        match key.kind {
            ElementKind::Action => self.take_layered::<ActionSpec>(key, fields).await,
            ElementKind::App => self.take_plain::<AppSpec>(key, fields).await,
            ElementKind::AppDataSchema => self.take_plain::<AppDataSchemaSpec>(key, fields).await,
            ElementKind::AppEventType => self.take_plain::<AppEventTypeSpec>(key, fields).await,
            ElementKind::DataLinkTable => self.take_layered::<DataLinkTableSpec>(key, fields).await,
            ElementKind::DataSource => self.take_layered::<DataSourceSpec>(key, fields).await,
            ElementKind::FieldMapping => self.take_layered::<FieldMappingSpec>(key, fields).await,
            ElementKind::Flow => self.take_layered::<FlowSpec>(key, fields).await,
            ElementKind::Integration => self.take_integration(key, fields).await,
            ElementKind::Package => self.take_layered::<PackageSpec>(key, fields).await,
            other => Err(Error::internal(format!("folders hold no {other}"))),
        }
    }

    async fn take_plain<S: Kind>(&mut self, key: &EntryKey, fields: &Map<String, Value>) -> Result<()> {
        let now: Option<Element<S>> = self.now(key)?;
        let mut element = built(now.as_ref(), fields)?;
        S::prepare(self.engine, self.caller, now.as_ref(), &mut element, fields).await?;
        self.keep(key, fields, element, Beside::default())
    }

    async fn take_integration(&mut self, key: &EntryKey, fields: &Map<String, Value>) -> Result<()> {
        let now: Option<Integration> = self.now(key)?;
        let secrets = match &now {
            Some(now) => self.secrets(now).await?,
            None => Map::new(),
        };
        let mut all = fields.clone();
        for (name, value) in &secrets {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let mut element = built(now.as_ref(), &all)?;
        element.place = Default::default();
        let is_named = element.spec.connector_key.is_some();
        if let (false, Some(uuid)) = (is_named, fields.get("connectorUuid").and_then(Value::as_str)) {
            element.spec.connector_key = self.connector_with_uuid(uuid);
        }
        let connector = connector_of(self.engine, &element);
        match &connector {
            Ok(connector) => describe(&mut element, connector),
            Err(error) => sealed::broken(&mut element, error),
        }
        let meant = connector.as_ref().ok().filter(|_| !is_named).map(|connector| connector.key.clone());
        let is_sealed_anew = IntegrationSpec::SEALED
            .iter()
            .any(|name| fields.contains_key(*name) && fields.get(*name) != secrets.get(*name));
        let mut along: Vec<Write> = match is_sealed_anew {
            true => sealed::write(self.engine, &element).await?.into_iter().collect(),
            false => Vec::new(),
        };
        let mut brought = Vec::new();
        let was = now.as_ref().and_then(|now| now.spec.connector_key.as_ref());
        if let Ok(connector) = connector
            && was != element.spec.connector_key.as_ref()
        {
            brought = sync::actions(self.engine, connector, &element.id.clone().into()).await?;
            brought.retain(|write| !self.is_of_folder(key, write));
            along.extend(brought.iter().cloned());
        }
        self.keep(key, fields, element, Beside { meant, along, sealed: secrets })?;
        brought.into_iter().try_for_each(|write| self.bring(write))
    }

    /// Tells of an element that a connector brings along.
    fn bring(&mut self, write: Write) -> Result<()> {
        let (Write::Insert(row) | Write::Update { row, .. }) = write else { return Ok(()) };
        let Some(key) = self.stock.key_of(&row).transpose()? else { return Ok(()) };
        let before: Entries = self.stock.held.get(&key).map(|held| held.entry.clone()).into_iter().collect();
        let entry = self.stock.entry(&key, &row)?;
        let shown = if before.is_empty() { without_uuid(&entry)? } else { entry.clone() };
        self.changes.extend(diff(&before, &Entries::from_iter([shown])).changes);
        match before.is_empty() {
            true => self.outcome.created.push(key.clone()),
            false => self.outcome.changed.push(key.clone()),
        }
        self.outcome.brought.push(key);
        self.stock.put(row, entry);
        Ok(())
    }

    /// The key of the connector whose file in this folder has this uuid.
    fn connector_with_uuid(&self, uuid: &str) -> Option<String> {
        let mut connectors = self.folder.iter().filter(|entry| entry.key().kind == ElementKind::Connector);
        let found =
            connectors.find(|entry| entry.fields().get("uuid").and_then(Value::as_str) == Some(uuid))?;
        Some(found.key().key.to_string())
    }

    /// Whether a connector brings along an action that the folder has for the integration.
    fn is_of_folder(&self, integration: &EntryKey, write: &Write) -> bool {
        let Write::Insert(row) = write else { return false };
        let key = row.key.as_deref().unwrap_or_default();
        let named = EntryKey::of_integration(row.kind, key, integration.key.as_str());
        named.is_ok_and(|named| self.folder.get(&named).is_some())
    }

    async fn take_layered<S: LayeredKind>(
        &mut self,
        key: &EntryKey,
        fields: &Map<String, Value>,
    ) -> Result<()> {
        let mut all = fields.clone();
        if let (Some(uuid), None) =
            (fields.get("dataSourceUuid").and_then(Value::as_str), fields.get("dataSourceKey"))
            && let Some(source) = self.stock.with_uuid(ElementKind::DataSource, uuid)
        {
            all.insert("dataSourceKey".to_owned(), source.key.as_str().into());
        }
        let now: Option<Element<S>> = self.now(key)?;
        let mut element = built(now.as_ref(), &all)?;
        S::check(&mut element, None)?;
        let said = fields.get("isCustomized").and_then(Value::as_bool);
        element.place.instance_key = fields.get("instanceKey").and_then(Value::as_str).map(str::to_owned);
        element.place.is_customized = said;
        if let Some(app) = &key.integration {
            let integration = EntryKey::new(ElementKind::Integration, app.as_str())?;
            let Some(held) = self.stock.held.get(&integration) else {
                let message =
                    format!("there is no integration `{app}`, neither in the folder nor in the workspace");
                return Err(Error::invalid_input(message).with("field", "integrationKey"));
            };
            element.place.integration_id = Some(held.row.id.clone().into());
            let connector = held.row.doc.get("connectorKey").and_then(Value::as_str);
            let connector = connector.and_then(|key| self.engine.connector(key).ok()).cloned();
            if let Some(above) = self.above::<S>(key, fields)? {
                if element.name.trim().is_empty() {
                    element.name.clone_from(&above.parent.name);
                }
                let known = now.map(|now| self.known(key, now, &all)).transpose()?;
                if follow(&mut element, known.as_ref(), &above, said, &S::default()) {
                    self.notice(
                        key,
                        "follows its parent, so the content of its file is passed over; with `isCustomized: true` it counts",
                    );
                }
            }
            self.check_against(key, &element, connector.as_deref());
        }
        self.keep(key, fields, element, Beside::default())
    }

    /// What a connector does not have is a fault of the element's, and told; it comes and goes with the connector.
    fn check_against<S: LayeredKind>(
        &mut self,
        key: &EntryKey,
        element: &Element<S>,
        connector: Option<&Connector>,
    ) {
        if let Some(connector) = connector
            && let Err(error) = S::check(&mut element.clone(), Some(connector))
        {
            self.notice(key, error.message());
        }
    }

    /// The parent of an element, as it will be.
    fn above<S: Spec>(&self, key: &EntryKey, fields: &Map<String, Value>) -> Result<Option<Above<S>>> {
        let entry = Entry::new(key.clone(), fields.clone())?;
        let Some(parent) = self.parent_key(&entry) else { return Ok(None) };
        let is_fresh = self.fresh.contains(&parent);
        Ok(self.now(&parent)?.map(|parent| Above { parent, is_fresh }))
    }

    /// The parent an element names, else the universal element with its key.
    fn parent_key(&self, entry: &Entry) -> Option<EntryKey> {
        let kind = entry.key().kind;
        let by_key =
            |key: &str| EntryKey::new(kind, key).ok().filter(|key| self.stock.held.contains_key(key));
        match entry.parent() {
            Some(Parent::Key(key)) => by_key(key),
            Some(Parent::Uuid(uuid)) => {
                self.stock.with_uuid(kind, uuid).filter(|key| key.integration.is_none()).cloned()
            }
            _ => by_key(entry.key().key.as_str()),
        }
    }

    fn known<S: LayeredKind>(
        &self,
        key: &EntryKey,
        now: Element<S>,
        fields: &Map<String, Value>,
    ) -> Result<Known<S>> {
        let stored: Option<Element<S>> =
            self.stock.held.get(key).map(|held| from_row(held.stored().clone())).transpose()?;
        let is_as_stored = match &stored {
            Some(stored) => built(Some(stored), fields)?.spec.is_same_content(&stored.spec),
            None => false,
        };
        Ok(Known { stored: stored.unwrap_or_else(|| now.clone()), now, is_as_stored })
    }

    fn now<S: Spec>(&self, key: &EntryKey) -> Result<Option<Element<S>>> {
        self.stock.held.get(key).map(|held| from_row(held.row.clone())).transpose()
    }

    /// Notes an element to be written, unless it is as it was.
    fn keep<S: Kind>(
        &mut self,
        key: &EntryKey,
        said: &Map<String, Value>,
        mut element: Element<S>,
        beside: Beside,
    ) -> Result<()> {
        let Beside { meant, along, sealed } = beside;
        let held = self.stock.held.get(key);
        match held {
            None => stamp_new(&mut element)?,
            Some(held) if element.name.trim().is_empty() => element.name.clone_from(&held.row.name),
            Some(_) => {}
        }
        let mut row = to_row(&element)?;
        self.stock.note(key, &mut row, said, S::SEALED, meant.as_ref())?;
        let entry = self.stock.entry(key, &row)?;
        let secrets = |entry: &Entry, of: &Map<String, Value>, hides: bool| {
            let named = of.iter().filter(|(name, _)| S::SEALED.contains(&name.as_str()));
            let shown = named.filter(|(name, _)| said.contains_key(*name)).map(|(name, value)| {
                let value = if hides { Value::from(MARK) } else { value.clone() };
                (name.clone(), value)
            });
            Entry::new(key.clone(), entry.fields().clone().into_iter().chain(shown).collect())
        };
        let is_sealed = along.iter().any(|write| matches!(write, Write::Seal { .. } | Write::Unseal { .. }));
        let (mut before, mut shown) = (held.map(|held| held.entry.clone()), entry.clone());
        if is_sealed {
            shown = secrets(&shown, said, false)?;
            before = before.map(|before| secrets(&before, &sealed, true)).transpose()?;
        }
        if held.is_none() && !said.contains_key("uuid") {
            shown = without_uuid(&shown)?;
        }
        let before: Entries = before.into_iter().collect();
        let change = diff(&before, &Entries::from_iter([shown])).changes.into_iter().next();
        let is_moved = held.is_some_and(|held| held.stored().parent != row.parent);
        if change.is_none() && !is_moved && along.is_empty() {
            self.outcome.unchanged += 1;
            return Ok(());
        }
        match held.map(|held| held.stored()) {
            None => {
                self.outcome.created.push(key.clone());
                self.writes.push(Write::Insert(row.clone()));
            }
            Some(stored) => {
                row.revision = new_id();
                row.updated_at = now();
                keep_marks(stored, &mut row, &[mark::ORIGIN, mark::SEALED]);
                if is_sealed {
                    let is_other =
                        |name: &&str| said.get(*name).is_some_and(|value| sealed.get(*name) != Some(value));
                    note_sealed(&mut row, S::SEALED.iter().copied().filter(is_other));
                }
                self.outcome.changed.push(key.clone());
                self.writes.push(Write::Update { row: row.clone(), expected: stored.revision.clone() });
            }
        }
        self.changes.extend(change);
        self.writes.extend(along);
        self.fresh.insert(key.clone());
        self.stock.put(row, entry);
        Ok(())
    }
}

/// Puts what names its integration by uuid, and lies elsewhere, below that integration.
fn place_by_uuid(
    folder: &mut Entries,
    files: &mut HashMap<EntryKey, String>,
    report: &mut Report,
    stock: &Stock,
) {
    let uuid_of = |entry: &Entry, name: &str| {
        entry.fields().get(name).and_then(Value::as_str).filter(|uuid| !uuid.is_empty()).map(str::to_owned)
    };
    let integrations = folder.iter().filter(|entry| entry.key().kind == ElementKind::Integration);
    let known: HashMap<String, EntryKey> =
        integrations.filter_map(|entry| Some((uuid_of(entry, "uuid")?, entry.key().clone()))).collect();
    let displaced: Vec<(EntryKey, String)> = folder
        .iter()
        .filter(|entry| entry.key().kind.is_layered() && entry.key().integration.is_none())
        .filter_map(|entry| Some((entry.key().clone(), uuid_of(entry, "integrationUuid")?)))
        .collect();
    for (key, uuid) in displaced {
        let app = known.get(&uuid).or_else(|| stock.with_uuid(ElementKind::Integration, &uuid));
        let placed = match app {
            Some(app) => EntryKey::of_integration(key.kind, key.key.as_str(), app.key.as_str()),
            None => Err(Error::not_found(format!("there is no integration with the uuid `{uuid}`"))),
        };
        let placed = placed.and_then(|placed| match folder.get(&placed) {
            Some(_) => Err(Error::invalid_input(format!("there is another file of {placed}"))),
            None => Ok(placed),
        });
        let Some(entry) = folder.remove(&key) else { continue };
        let file = files.remove(&key).unwrap_or_default();
        match placed.and_then(|placed| Entry::new(placed, entry.fields().clone())) {
            Ok(entry) => {
                files.insert(entry.key().clone(), file);
                folder.insert(entry);
            }
            Err(error) => {
                report.problems.push(Problem::new(&file, error.message()).in_field("integrationUuid"));
            }
        }
    }
}

/// An element as a file says it: what the file does not say is cleared.
fn built<S: Kind>(now: Option<&Element<S>>, fields: &Map<String, Value>) -> Result<Element<S>> {
    let blank = || Element::new(new_id(), "", S::default());
    match now {
        Some(now) => with_fields(now, fields, element::Change::Replace, false),
        None => with_fields(&blank(), fields, element::Change::Replace, false),
    }
}

/// An entry as a diff has it: a uuid that is made anew each time says nothing.
fn without_uuid(entry: &Entry) -> Result<Entry> {
    let mut fields = entry.fields().clone();
    fields.shift_remove("uuid");
    Entry::new(entry.key().clone(), fields)
}

fn only(change: Change) -> Diff {
    let mut one = Diff::default();
    one.changes.push(change);
    one
}

/// Whether an error says that one file cannot be taken. Any other one stops the import.
fn is_of_the_file(error: &Error) -> bool {
    use ErrorKind::{AlreadyExists, Configuration, InvalidInput, NotFound};
    matches!(error.kind(), AlreadyExists | Configuration | InvalidInput | NotFound)
}
