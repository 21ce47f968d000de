//! Between the records of an app and what the product makes of them.

use membrane_core::connector::{Record, Records};
use membrane_core::element::{DataSourceSpec, ElementKind, FieldMappingSpec, Reference};
use membrane_core::mapping::{ActionMapping, Direction};
use membrane_core::unified::UnifiedFields;
use membrane_core::{Error, ErrorKind, Result, Vars};
use serde_json::{Map, Value, json};

use super::links::{Links, place_of};
use super::template::Template;
use super::unified::Unified;
use crate::connect::Connected;
use crate::element::data_source::location;
use crate::element::field_mapping::on_connection;
use crate::element::layered::{closest, missing, referred};
use crate::{Caller, Engine};

/// What the config of an action over records comes to on one connection: its data source found, its field mapping
/// laid over the one it names.
pub(crate) struct RecordMap {
    mapping: ActionMapping,
    import: Option<Template>,
    export: Option<Template>,
    /// How records become those of the data source's unified model.
    unified: Option<Unified>,
    /// Whether `import` builds just that.
    imports_unified: bool,
    /// The ways of the field mapping that is named.
    direction: Direction,
    /// Whether fields are mapped that nothing in the config says what they are.
    maps_input: bool,
}

impl RecordMap {
    /// Takes apart the config of an action. `source` is its data source where that was found already.
    ///
    /// # Errors
    /// `Dependency` for a data source or a field mapping that is not there or leads nowhere, `Configuration` for
    /// what is wrong in the config itself.
    pub(crate) async fn new(
        engine: &Engine,
        caller: &Caller,
        connected: &Connected,
        config: &Value,
        source: Option<(DataSourceSpec, Reference)>,
    ) -> Result<Self> {
        let place = place_of(connected);
        let mut config = config.clone();
        let found = match source {
            Some(source) => Some(source),
            None => match reference(&config, "dataSource", ElementKind::DataSource)? {
                Some(reference) => {
                    let found = referred::<DataSourceSpec>(engine, caller, &place, &reference).await?;
                    Some((found.ok_or_else(|| missing(&reference))?.spec, reference))
                }
                None => None,
            },
        };
        let fields = locate(connected, &mut config, found)?;
        let unified = fields.as_ref().map(Unified::of).transpose()?.flatten();
        let named = match reference(&config, "fieldMapping", ElementKind::FieldMapping)? {
            Some(reference) => {
                let found = Box::pin(closest::<FieldMappingSpec>(engine, caller, &place, &reference)).await?;
                let found = found.ok_or_else(|| missing(&reference))?;
                Some(Box::pin(on_connection(engine, caller, connected, found)).await?)
            }
            None => None,
        };
        let inline = |name: &str| config.get("fieldMapping")?.get(name).filter(|value| !value.is_null());
        let says_what = inline("input").or_else(|| inline("exportValue")).is_some();
        let mapping = ActionMapping::new(&config, named.as_ref(), fields)?;
        let template = |formula: Option<&membrane_core::Formula>| formula.cloned().map(Template::new);
        let import = mapping.import_formula();
        Ok(Self {
            imports_unified: import
                .is_some_and(|import| unified.as_ref().is_some_and(|unified| unified.is(import.source()))),
            unified,
            import: template(mapping.import_formula()),
            export: template(mapping.export_formula()),
            direction: named.and_then(|named| named.direction).unwrap_or(Direction::Both),
            maps_input: !says_what && mapping.export_formula().is_some(),
            mapping,
        })
    }

    /// What is built over the action's variables.
    pub(crate) fn config(&self) -> &Value {
        self.mapping.config()
    }

    /// How the collection maps onto the unified model of the data source.
    pub(crate) fn unified(&self) -> Option<&UnifiedFields> {
        self.mapping.unified_fields()
    }

    /// The filter of a listing, in terms of the collection.
    pub(crate) fn filter(&self, built: &Value) -> Result<Option<Value>> {
        self.mapping.filter(built)
    }

    /// What a record is matched by, in terms of the collection.
    pub(crate) fn query(&self, built: &Value) -> Result<Option<Value>> {
        self.mapping.query(built)
    }

    /// A page as the product sees it.
    pub(crate) async fn import_page(&self, links: &Links<'_>, mut page: Records) -> Result<Records> {
        if self.changes_records()? {
            for record in &mut page.records {
                self.read(links, record).await?;
            }
        }
        Ok(page)
    }

    /// A record as the product sees it.
    pub(crate) async fn import(&self, links: &Links<'_>, mut record: Record) -> Result<Record> {
        if self.changes_records()? {
            self.read(links, &mut record).await?;
        }
        Ok(record)
    }

    fn changes_records(&self) -> Result<bool> {
        if !self.direction.imports() {
            return Err(wrong_way("only writes records (`direction` is `export`), and cannot read them"));
        }
        Ok(self.import.is_some() || self.unified.is_some() || self.mapping.includes_raw_fields())
    }

    async fn read(&self, links: &Links<'_>, record: &mut Record) -> Result<()> {
        if let Some(unified) = self.unified.as_ref().filter(|_| !self.imports_unified) {
            unified.add_to(record)?;
        }
        let raw = std::mem::take(&mut record.fields);
        let built = match &self.import {
            Some(import) => {
                Some(import.build(&Vars::from(&raw).equipped(), links).await.map_err(|error| {
                    error
                        .map_message(|why| {
                            format!("`fieldMapping.importValue` of record `{}`: {why}", record.id)
                        })
                        .with("field", "fieldMapping.importValue")
                        .with("recordId", &record.id)
                })?)
            }
            None => None,
        };
        record.raw_fields = self.mapping.includes_raw_fields().then(|| raw.clone());
        record.fields = match built {
            Some(Some(fields @ Value::Object(_))) => fields,
            Some(None | Some(Value::Null)) => json!({}),
            Some(Some(other)) => return Err(no_fields(&other, record)),
            None => raw,
        };
        if let Some(unified) = self.unified.as_ref().filter(|_| self.imports_unified) {
            let fields = record.fields.clone();
            unified.put(record, fields);
        }
        Ok(())
    }

    /// The fields to write out of the built config, where it says something about them. `given` is what is
    /// mapped where the config names a mapping and not what it maps. A change of a record writes only what is made of
    /// what is given.
    pub(crate) async fn export(
        &self,
        links: &Links<'_>,
        (mut built, is_change): (Value, bool),
        given: impl FnOnce() -> Result<Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>> {
        if !self.direction.exports() {
            return Err(wrong_way("only reads records (`direction` is `import`), and cannot write them"));
        }
        if self.maps_input
            && let Some(Value::Object(of)) = built.get_mut("fieldMapping")
        {
            of.insert("input".to_owned(), Value::Object(given()?));
        }
        let exported = match (&self.export, built.pointer("/fieldMapping/input")) {
            (Some(export), Some(input)) if !input.is_null() => {
                let vars = Vars::from(input).equipped();
                export.build(&vars, links).await.map_err(|error| {
                    error
                        .map_message(|why| format!("`fieldMapping.exportValue`: {why}"))
                        .with("field", "fieldMapping.exportValue")
                })?
            }
            _ => None,
        };
        match is_change {
            true => self.mapping.export_change(&built, exported),
            false => self.mapping.export_built(&built, exported),
        }
    }
}

fn no_fields(built: &Value, record: &Record) -> Error {
    let what = match built {
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Number(_) => "a number",
        _ => "a boolean",
    };
    Error::configuration(format!(
        "`fieldMapping.importValue` of record `{}` builds {what}; the fields of a record are an object",
        record.id
    ))
    .with("field", "fieldMapping.importValue")
    .with("recordId", &record.id)
}

fn wrong_way(what: &str) -> Error {
    Error::configuration(format!("the field mapping {what}")).with("field", "fieldMapping.key")
}

/// The element a part of a config names by key or id.
///
/// # Errors
/// `Configuration` for a name that is a formula: what it leads to is settled before the run.
fn reference(config: &Value, part: &'static str, kind: ElementKind) -> Result<Option<Reference>> {
    let text = |name: &str| match config.get(part).and_then(|part| part.get(name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(Error::configuration(format!(
            "`{part}.{name}` must be a text: which {} is meant is settled before the action runs",
            kind.title()
        ))
        .with("field", format!("{part}.{name}"))),
    };
    let by_key = text("key")?.map(|key| Reference::key(kind, key));
    Ok(match by_key {
        None => text("id")?.map(|id| Reference::id(kind, id)),
        found => found,
    })
}

/// Writes into a config which collection its data source leads to, and gives how that maps onto a unified model.
fn locate(
    connected: &Connected,
    config: &mut Value,
    found: Option<(DataSourceSpec, Reference)>,
) -> Result<Option<UnifiedFields>> {
    let connector = &connected.connector;
    let inline = config.get("dataSource").cloned().unwrap_or_default();
    let (spec, named) = match found {
        Some((spec, named)) => (spec, Some(named)),
        None => {
            let own = |name: &str| inline.get(name).filter(|value| !value.is_null()).cloned();
            let udm = match own("udm") {
                None => return Ok(None),
                Some(Value::String(udm)) => udm,
                Some(_) => return Err(settled("dataSource.udm")),
            };
            let mut spec = DataSourceSpec::default();
            spec.udm = Some(udm);
            spec.collection_key = match own("collectionKey") {
                None => None,
                Some(Value::String(key)) => Some(key).filter(|key| !key.is_empty()),
                Some(_) => return Err(settled("dataSource.collectionKey")),
            };
            spec.collection_parameters = own("collectionParameters");
            (spec, None)
        }
    };
    let leads_nowhere = |why: String| match &named {
        Some(reference) => {
            let name = reference.key.as_deref().or(reference.id.as_ref().map(|id| id.as_str()));
            let message =
                format!("the data source `{}` cannot be used here: {why}", name.unwrap_or_default());
            Error::new(ErrorKind::Dependency, message)
                .with_data(json!({"workspaceElementReference": reference}))
        }
        None => Error::configuration(format!("`dataSource`: {why}")).with("field", "dataSource"),
    };
    let location = location(connector, &spec)?.ok_or_else(|| {
        leads_nowhere(match &spec.udm {
            Some(udm) => format!("{} keeps no {udm}", connector.name),
            None => "it names no collection".to_owned(),
        })
    })?;
    connector
        .collection(&location.key.as_str().into())
        .map_err(|error| leads_nowhere(error.message().to_owned()))?;
    let unified = match &spec.udm {
        Some(udm) => connector.udm.fields(udm, &location)?,
        None => None,
    };
    let mut parameters = location.parameters;
    if named.is_some()
        && let Some(Value::Object(own)) = inline.get("collectionParameters")
    {
        parameters.extend(own.clone());
    }
    if config.is_null() {
        *config = json!({});
    }
    if let Value::Object(config) = config {
        config.insert(
            "dataSource".to_owned(),
            json!({"collectionKey": location.key, "collectionParameters": parameters}),
        );
    }
    Ok(unified)
}

fn settled(field: &'static str) -> Error {
    Error::configuration(format!("`{field}` must be a text: it is settled before the action runs"))
        .with("field", field)
}
