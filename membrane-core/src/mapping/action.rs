//! What an action over records does with its field mapping.

use serde_json::{Map, Value};

use super::FieldMapping;
use crate::error::{Error, Result};
use crate::formula::{Formula, FormulaKind, Vars, merge_formulas};
use crate::locator::Locator;
use crate::unified::{UnifiedFields, are_missing, check_depth};

/// What of `config.fieldMapping` is built over records or own fields, not over the action's variables.
const TEMPLATES: [&str; 6] = [
    "defaultImportValue",
    "defaultExportValue",
    "unifiedImportValue",
    "unifiedExportValue",
    "importValue",
    "exportValue",
];

/// The config of an action over records, made ready to be run many times.
///
/// A run builds [`config`](Self::config) over the action's variables and hands the result to the other methods:
/// what it says in terms of a unified model comes out in terms of the collection.
///
/// | in `config` | is built over | and goes to |
/// |---|---|---|
/// | `fieldMapping.importValue` | each record's fields | [`import`](Self::import) |
/// | `fieldMapping.includeRawFields` | | [`import`](Self::import) |
/// | `fieldMapping.input` | the action's variables | own fields of [`export`](Self::export) |
/// | `fieldMapping.exportValue` | `fieldMapping.input`; the action's variables when there is none | [`export`](Self::export) |
/// | `fieldMapping.defaultValue`, `defaultUnifiedValue` | the action's variables | [`export`](Self::export) |
/// | `filter`, `unifiedFilter` | the action's variables | [`filter`](Self::filter) |
/// | `lookup.query`, `lookup.universalQuery` | the action's variables | [`query`](Self::query) |
///
/// ```
/// use membrane_core::Formula;
/// use membrane_core::mapping::ActionMapping;
/// use membrane_core::unified::{UnifiedFields, UnifiedModel};
/// use serde_json::json;
///
/// let users = UnifiedFields::new(
///     UnifiedModel::find("users")?,
///     Some(json!({"id": {"$var": "$.gid"}})),
///     Some(json!({"mail": {"$var": "$.primaryEmail"}})),
/// )?;
/// let config = json!({
///     "dataSource": {"key": "users"},
///     "fieldMapping": {"defaultUnifiedValue": {"primaryEmail": {"$var": "$.input.email"}}, "includeRawFields": true},
/// });
/// let mapping = ActionMapping::new(&config, None, Some(users))?;
///
/// let built = Formula::parse(mapping.config())?.build(&json!({"input": {"email": "ada@x.example"}})).unwrap();
/// assert_eq!(mapping.export(&built)?, json!({"mail": "ada@x.example"}).as_object().cloned());
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ActionMapping {
    config: Value,
    import: Option<Formula>,
    export: Option<Formula>,
    /// The fields `export` builds, and what each of them reads, where that can be told.
    export_reads: Vec<(String, Vec<Locator>)>,
    includes_raw_fields: bool,
    unified: Option<UnifiedFields>,
}

/// A record's fields as the product sees them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// The fields.
    pub fields: Value,
    /// The app's own fields, where they are asked for.
    pub raw_fields: Option<Value>,
}

impl ActionMapping {
    /// Takes an action's config apart.
    ///
    /// `mapping` is the field mapping the config names by key, its layers laid over each other; what the
    /// config itself says counts more. `unified` is how the collection's fields map onto the unified model of
    /// the data source.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for a field mapping that is none, and for
    /// a config in terms of a unified model when the data source has none; names the field.
    pub fn new(
        config: &Value,
        mapping: Option<&FieldMapping>,
        unified: Option<UnifiedFields>,
    ) -> Result<Self> {
        check_depth(config)?;
        let mut config = config.clone();
        let mut own = FieldMapping::default();
        let mut includes_raw_fields = false;
        if let Some(inline) = config.get_mut("fieldMapping").filter(|inline| !inline.is_null()) {
            own = FieldMapping::parse(inline)?;
            includes_raw_fields = inline.get("includeRawFields") == Some(&Value::Bool(true));
            let has_input = is_set(inline, "input").is_some();
            if !has_input {
                own.export_value = None;
            }
            if let Value::Object(inline) = inline {
                inline.retain(|name, _| {
                    !TEMPLATES.contains(&name.as_str()) || (name == "exportValue" && !has_input)
                });
            }
        }
        if unified.is_none()
            && let Some(field) =
                unified_parts(&config).into_iter().find_map(|(field, part)| part.map(|_| field))
        {
            return Err(without_model(field));
        }
        let all = own.over(mapping.unwrap_or(&FieldMapping::default())).derived(unified.as_ref(), None)?;
        let parse = |value: Option<Value>| value.map(|value| Formula::parse(&value)).transpose();
        Ok(Self {
            config,
            import: parse(all.import_value)?,
            export_reads: reads_by_field(all.export_value.as_ref())?,
            export: parse(all.export_value)?,
            includes_raw_fields,
            unified,
        })
    }

    /// What is built over the action's variables: the config without what is built over records.
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// The formula over a record's fields, for who evaluates `$jsonata` or `$findAppRecordId` in it.
    pub fn import_formula(&self) -> Option<&Formula> {
        self.import.as_ref()
    }

    /// The formula over own fields, for who evaluates `$jsonata` or `$findExternalRecordId` in it.
    pub fn export_formula(&self) -> Option<&Formula> {
        self.export.as_ref()
    }

    /// Whether records come with the app's own fields too.
    pub fn includes_raw_fields(&self) -> bool {
        self.includes_raw_fields
    }

    /// How the collection's fields map onto the unified model of the data source.
    pub fn unified_fields(&self) -> Option<&UnifiedFields> {
        self.unified.as_ref()
    }

    /// The fields of a record the app answered. Without a mapping they stay as they are; an import that builds
    /// nothing gives no fields.
    ///
    /// # Errors
    /// As [`Formula::try_build`].
    ///
    /// ```
    /// use membrane_core::mapping::ActionMapping;
    /// use serde_json::json;
    ///
    /// let config = json!({"fieldMapping": {
    ///     "defaultImportValue": {"id": {"$var": "$.id"}, "name": {"$var": "$.login"}},
    ///     "importValue": {"name": {"$var": "$.profile.name"}}, "includeRawFields": true,
    /// }});
    /// let raw = json!({"id": 7, "login": "ada", "profile": {"name": "Ada"}});
    /// let imported = ActionMapping::new(&config, None, None)?.import(raw.clone())?;
    /// assert_eq!(imported.fields, json!({"id": 7, "name": "Ada"}));
    /// assert_eq!(imported.raw_fields, Some(raw));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn import(&self, raw: Value) -> Result<Imported> {
        let fields = match &self.import {
            Some(import) => {
                import.try_build(&Vars::from(&raw).equipped())?.unwrap_or_else(|| Value::Object(Map::new()))
            }
            None if self.includes_raw_fields => raw.clone(),
            None => return Ok(Imported { fields: raw, raw_fields: None }),
        };
        Ok(Imported { fields, raw_fields: self.includes_raw_fields.then_some(raw) })
    }

    /// The fields to write, out of the built config; `None` when it says nothing about them.
    ///
    /// What `exportValue` builds counts more than `defaultValue`, and that more than `defaultUnifiedValue`.
    /// Without an `exportValue` the `input` is the fields.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for fields that are no object, else as
    /// [`UnifiedFields::native`] and [`Formula::try_build`].
    ///
    /// ```
    /// use membrane_core::mapping::{ActionMapping, FieldMapping};
    /// use serde_json::json;
    ///
    /// let people = FieldMapping::parse(&json!({"exportValue": {"email": {"$var": "$.mail"}}}))?;
    /// let config = json!({"fieldMapping": {"key": "people", "input": {"$var": "$.input"}}});
    /// let mapping = ActionMapping::new(&config, Some(&people), None)?;
    /// let built = json!({"fieldMapping": {"key": "people", "input": {"mail": "ada@x.example"}}});
    /// assert_eq!(mapping.export(&built)?, json!({"email": "ada@x.example"}).as_object().cloned());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn export(&self, built: &Value) -> Result<Option<Map<String, Value>>> {
        let input = built.get("fieldMapping").and_then(|of| is_set(of, "input"));
        let exported = match (input, &self.export) {
            (Some(input), Some(export)) => export.try_build(&Vars::from(input).equipped())?,
            _ => None,
        };
        self.export_built(built, exported)
    }

    /// As [`Self::export`], where [`Self::export_formula`] was built over the `input` already.
    ///
    /// # Errors
    /// As [`Self::export`].
    pub fn export_built(&self, built: &Value, exported: Option<Value>) -> Result<Option<Map<String, Value>>> {
        self.merged(built, exported, UnifiedFields::native)
    }

    /// As [`Self::export_built`] for a change of a record: a field of `exportValue` is left out when it is made of
    /// fields none of which the `input` has, and so with `defaultUnifiedValue`. What a formula comes to without them,
    /// such as the default of a `$case`, overwrites nothing. A field whose formula does not say what it reads stays.
    ///
    /// # Errors
    /// As [`Self::export`].
    ///
    /// ```
    /// use membrane_core::mapping::ActionMapping;
    /// use serde_json::json;
    ///
    /// let config = json!({"fieldMapping": {
    ///     "exportValue": {"phone": {"$concat": ["+", {"$var": "$.tel"}]}, "name": {"$var": "$.who"}},
    ///     "input": {"$var": "$.input"},
    /// }});
    /// let mapping = ActionMapping::new(&config, None, None)?;
    /// let built = json!({"fieldMapping": {"input": {"who": "Ada"}}});
    /// let exported = Some(json!({"phone": "+", "name": "Ada"}));
    /// assert_eq!(mapping.export_change(&built, exported)?, json!({"name": "Ada"}).as_object().cloned());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn export_change(
        &self,
        built: &Value,
        mut exported: Option<Value>,
    ) -> Result<Option<Map<String, Value>>> {
        let input = built.get("fieldMapping").and_then(|of| is_set(of, "input"));
        if let (Some(input), Some(Value::Object(fields))) = (input, &mut exported) {
            for (name, reads) in &self.export_reads {
                if are_missing(reads, input) {
                    fields.shift_remove(name);
                }
            }
        }
        self.merged(built, exported, UnifiedFields::native_change)
    }

    fn merged(
        &self,
        built: &Value,
        exported: Option<Value>,
        native: fn(&UnifiedFields, Value) -> Result<Value>,
    ) -> Result<Option<Map<String, Value>>> {
        check_depth(built)?;
        let of = built.get("fieldMapping").unwrap_or(&Value::Null);
        let unified = match is_set(of, "defaultUnifiedValue") {
            Some(record) => Some(native(self.unified("fieldMapping.defaultUnifiedValue")?, record.clone())?),
            None => None,
        };
        let exported = match (is_set(of, "input"), &self.export) {
            (Some(_), Some(_)) => exported,
            (Some(input), None) => Some(input.clone()),
            (None, _) => is_set(of, "exportValue").cloned(),
        };
        let fields = merge_formulas(unified.as_ref(), is_set(of, "defaultValue"));
        match merge_formulas(fields.as_ref(), exported.as_ref()) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => {
                Err(Error::invalid_input("the fields of a record are an object")
                    .with("field", "fieldMapping"))
            }
        }
    }

    /// The filter of a listing, out of the built config, in terms of the collection. A `filter` of its own
    /// stands for what a `unifiedFilter` came to, so it alone counts when there are both.
    ///
    /// # Errors
    /// As [`UnifiedFields::native_filter`].
    ///
    /// ```
    /// use membrane_core::mapping::ActionMapping;
    /// use membrane_core::unified::{UnifiedFields, UnifiedModel};
    /// use serde_json::json;
    ///
    /// let to = json!({"state": {"$var": "$.status"}});
    /// let tasks = UnifiedFields::new(UnifiedModel::find("tasks")?, None, Some(to))?;
    /// let config = json!({"unifiedFilter": {"status": "open"}});
    /// let mapping = ActionMapping::new(&config, None, Some(tasks))?;
    /// assert_eq!(mapping.filter(&config)?, Some(json!({"state": "open"})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn filter(&self, built: &Value) -> Result<Option<Value>> {
        self.narrowed(built, "filter", "unifiedFilter")
    }

    /// The fields a record is matched by, out of the built config, in terms of the collection. As with a
    /// filter, a `query` of its own alone counts.
    ///
    /// # Errors
    /// As [`UnifiedFields::native_filter`].
    pub fn query(&self, built: &Value) -> Result<Option<Value>> {
        self.narrowed(built.get("lookup").unwrap_or(&Value::Null), "query", "universalQuery")
    }

    fn narrowed(&self, of: &Value, own: &str, unified: &'static str) -> Result<Option<Value>> {
        let says_something = |filter: &&Value| !filter.as_object().is_some_and(Map::is_empty);
        match (is_set(of, own), is_set(of, unified).filter(says_something)) {
            (Some(own), _) => Ok(Some(own.clone())),
            (None, Some(filter)) => {
                let native = self.unified(unified)?.native_filter(filter);
                native.map_err(|error| error.map_message(|why| format!("`{unified}`: {why}")))
            }
            (None, None) => Ok(None),
        }
    }

    fn unified(&self, field: &'static str) -> Result<&UnifiedFields> {
        self.unified.as_ref().ok_or_else(|| without_model(field))
    }
}

/// An action's config with what it says in terms of a unified model said in terms of the collection as well:
/// what an integration's copy of a universal action has.
///
/// `fieldMapping.defaultUnifiedValue` becomes `defaultValue`, `unifiedFilter` becomes `filter`,
/// `lookup.universalQuery` becomes `lookup.query`. What is there already stays: a `defaultValue` field by field,
/// a filter or query as a whole.
///
/// # Errors
/// As [`UnifiedFields::rebase`] and [`UnifiedFields::rebase_filter`].
///
/// ```
/// use membrane_core::mapping::rebase_config;
/// use membrane_core::unified::{UnifiedFields, UnifiedModel};
/// use serde_json::json;
///
/// let to = json!({"gid": {"$var": "$.id"}, "mail": {"$var": "$.primaryEmail"}});
/// let users = UnifiedFields::new(UnifiedModel::find("users")?, None, Some(to))?;
/// let config = json!({"fieldMapping": {"defaultUnifiedValue": {"$var": "$.input"}}});
/// let derived = rebase_config(&config, &users)?;
/// assert_eq!(
///     derived["fieldMapping"]["defaultValue"],
///     json!({"gid": {"$var": "$.input.id"}, "mail": {"$var": "$.input.primaryEmail"}}),
/// );
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn rebase_config(config: &Value, unified: &UnifiedFields) -> Result<Value> {
    check_depth(config)?;
    let mut derived = config.clone();
    let [(_, value), (_, filter), (_, query)] = unified_parts(config);
    if let (Some(value), Some(Value::Object(mapping))) = (value, derived.get_mut("fieldMapping")) {
        let rebased = unified.rebase(value)?;
        let merged =
            merge_formulas(rebased.as_ref(), mapping.get("defaultValue").filter(|own| !own.is_null()));
        mapping.extend(merged.map(|merged| ("defaultValue".to_owned(), merged)));
    }
    let narrowed = |of: &mut Value, own: &str, filter: Option<&Value>| match (filter, of) {
        (Some(filter), Value::Object(of)) if of.get(own).is_none_or(Value::is_null) => {
            of.extend(unified.rebase_filter(filter)?.map(|native| (own.to_owned(), native)));
            Ok::<_, Error>(())
        }
        _ => Ok(()),
    };
    narrowed(&mut derived, "filter", filter)?;
    if let Some(lookup) = derived.get_mut("lookup") {
        narrowed(lookup, "query", query)?;
    }
    Ok(derived)
}

/// The fields a formula builds, and what each reads; none for what is no object of them.
fn reads_by_field(formula: Option<&Value>) -> Result<Vec<(String, Vec<Locator>)>> {
    let Some(Value::Object(fields)) = formula.filter(|formula| FormulaKind::of(formula).is_none()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (name, field) in fields {
        found.extend(Formula::parse(field)?.reads().map(|reads| (name.clone(), reads)));
    }
    Ok(found)
}

/// What a config says in terms of a unified model.
pub(super) fn unified_parts(config: &Value) -> [(&'static str, Option<&Value>); 3] {
    let of = |part: &str, name: &str| config.get(part).and_then(|part| is_set(part, name));
    [
        ("fieldMapping.defaultUnifiedValue", of("fieldMapping", "defaultUnifiedValue")),
        (
            "unifiedFilter",
            is_set(config, "unifiedFilter").filter(|filter| **filter != Value::Object(Map::new())),
        ),
        ("lookup.universalQuery", of("lookup", "universalQuery")),
    ]
}

fn is_set<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
    of.get(name).filter(|value| !value.is_null())
}

fn without_model(field: &'static str) -> Error {
    Error::configuration(format!(
        "`{field}` is in terms of a unified model, but the data source has none the connector can map"
    ))
    .with("field", field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::unified::UnifiedModel;

    fn users() -> UnifiedFields {
        let from = json!({"id": {"$var": "$.gid"}, "fullName": {"$var": "$.name"}});
        let to = json!({"gid": {"$var": "$.id"}, "name": {"$var": "$.fullName"}, "kind": "person"});
        UnifiedFields::new(UnifiedModel::find("users").unwrap(), Some(from), Some(to)).unwrap()
    }

    /// As an action's run does it.
    fn run(mapping: &ActionMapping, input: &Value) -> Value {
        let vars = Vars::new().with("input", input);
        Formula::parse(mapping.config()).unwrap().build_with(&vars).unwrap_or_default()
    }

    #[test]
    fn what_is_about_records_is_not_built_over_the_input() {
        let config = json!({"id": {"$var": "$.input.id"}, "fieldMapping": {
            "importValue": {"label": {"$var": "$.name"}}, "exportValue": {"name": {"$var": "$.label"}},
            "input": {"$var": "$.input.fields"},
        }});
        let mapping = ActionMapping::new(&config, None, None).unwrap();
        let built = run(&mapping, &json!({"id": "7", "fields": {"label": "Ada"}, "name": "not this"}));
        assert_eq!(built, json!({"id": "7", "fieldMapping": {"input": {"label": "Ada"}}}));
        assert_eq!(mapping.export(&built).unwrap(), json!({"name": "Ada"}).as_object().cloned());
        assert_eq!(mapping.import(json!({"name": "Ada"})).unwrap().fields, json!({"label": "Ada"}));
        assert_eq!(mapping.import(json!({"x": 1})).unwrap().fields, json!({}));
    }

    #[test]
    fn without_input_an_export_is_over_the_action_s_variables() {
        let config = json!({"fieldMapping": {"exportValue": {"title": {"$var": "$.input.subject"}}}});
        let mapping = ActionMapping::new(&config, None, None).unwrap();
        let built = run(&mapping, &json!({"subject": "Bug"}));
        assert_eq!(mapping.export(&built).unwrap(), json!({"title": "Bug"}).as_object().cloned());
        assert_eq!(mapping.export(&json!({})).unwrap(), None);
        assert_eq!(
            mapping.export(&json!({"fieldMapping": {"exportValue": 5}})).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }

    #[test]
    fn the_nearest_to_the_app_counts_most() {
        let config = json!({"fieldMapping": {
            "key": "users",
            "defaultUnifiedValue": {"id": "u", "fullName": "unified"},
            "defaultValue": {"name": "default", "x": 1},
            "input": {"x": 2},
        }});
        let named = FieldMapping::parse(&json!({"exportValue": {"x": {"$var": "$.x"}}})).unwrap();
        let mapping = ActionMapping::new(&config, Some(&named), Some(users())).unwrap();
        let fields = mapping.export(&run(&mapping, &json!({}))).unwrap().unwrap();
        assert_eq!(Value::Object(fields), json!({"gid": "u", "name": "default", "kind": "person", "x": 2}));
    }

    #[test]
    fn a_universal_mapping_reads_and_writes_unified_records() {
        let universal = json!({"defaultImportValue": {"$var": "$"}, "defaultExportValue": {"$var": "$"}});
        let universal = FieldMapping::parse(&universal).unwrap();
        let config = json!({"fieldMapping": {"key": "users", "input": {"$var": "$.input"}}});
        let mapping = ActionMapping::new(&config, Some(&universal), Some(users())).unwrap();
        assert_eq!(
            mapping.import(json!({"gid": 7, "name": "Ada Lovelace"})).unwrap().fields,
            json!({"id": 7, "fullName": "Ada Lovelace", "firstName": "Ada", "lastName": "Lovelace"})
        );
        let built = run(&mapping, &json!({"fullName": "Ada"}));
        assert_eq!(
            mapping.export(&built).unwrap(),
            json!({"name": "Ada", "kind": "person"}).as_object().cloned()
        );
    }

    #[test]
    fn filters_and_queries_come_out_in_the_collection_s_terms() {
        let config = json!({
            "unifiedFilter": {"fullName": {"$var": "$.input.name"}},
            "lookup": {"universalQuery": {"id": {"$var": "$.input.id"}}},
        });
        let mapping = ActionMapping::new(&config, None, Some(users())).unwrap();
        let built = run(&mapping, &json!({"name": "Ada", "id": 7}));
        assert_eq!(mapping.filter(&built).unwrap(), Some(json!({"name": "Ada"})));
        assert_eq!(mapping.query(&built).unwrap(), Some(json!({"gid": 7})));
        let built = run(&mapping, &json!({}));
        assert_eq!(mapping.filter(&built).unwrap(), None);
        let unknown = json!({"unifiedFilter": {"roleId": 1}});
        let error = mapping.filter(&unknown).unwrap_err();
        assert!(
            error.message().starts_with("`unifiedFilter`: the collection has no field for `$.roleId`"),
            "{error}"
        );
        let both = json!({"unifiedFilter": {"roleId": 1}, "filter": {"role": 1}});
        assert_eq!(mapping.filter(&both).unwrap(), Some(json!({"role": 1})));
    }

    #[test]
    fn an_empty_unified_filter_asks_for_nothing() {
        let mapping = ActionMapping::new(&json!({"unifiedFilter": {}}), None, None).unwrap();
        assert_eq!(mapping.filter(&json!({"unifiedFilter": {}})).unwrap(), None);
        assert_eq!(mapping.query(&json!({"lookup": {"universalQuery": {}}})).unwrap(), None);
        let error = mapping.filter(&json!({"unifiedFilter": {"id": 1}})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }

    #[test]
    fn what_was_exported_already_is_laid_over_the_rest() {
        let config = json!({"fieldMapping": {
            "defaultValue": {"kind": "robot", "name": "nobody"}, "exportValue": {"name": {"$var": "$.label"}},
            "input": {"label": "Ada"},
        }});
        let mapping = ActionMapping::new(&config, None, None).unwrap();
        let built = run(&mapping, &json!({}));
        let fields = mapping.export_built(&built, Some(json!({"name": "Eve"}))).unwrap().map(Value::Object);
        assert_eq!(fields, Some(json!({"kind": "robot", "name": "Eve"})));
        assert_eq!(mapping.export(&built).unwrap().unwrap()["name"], json!("Ada"));
        assert!(mapping.export_built(&built, Some(json!("text"))).is_err());
    }

    #[test]
    fn jsonata_reads_and_writes() {
        let config = json!({"fieldMapping": {
            "importValue": {"label": {"$jsonata": "$uppercase(name)"}},
            "exportValue": {"name": {"$jsonata": "$lowercase(label)"}}, "input": {"label": "ADA"},
        }});
        let mapping = ActionMapping::new(&config, None, None).unwrap();
        assert_eq!(mapping.import(json!({"name": "ada"})).unwrap().fields, json!({"label": "ADA"}));
        let fields = mapping.export(&run(&mapping, &json!({}))).unwrap().unwrap();
        assert_eq!(fields["name"], json!("ada"));
    }

    #[test]
    fn unified_terms_need_a_unified_model() {
        for (config, field) in [
            (json!({"fieldMapping": {"defaultUnifiedValue": {"id": 1}}}), "fieldMapping.defaultUnifiedValue"),
            (json!({"unifiedFilter": {"id": 1}}), "unifiedFilter"),
            (json!({"lookup": {"universalQuery": {"id": 1}}}), "lookup.universalQuery"),
        ] {
            let error = ActionMapping::new(&config, None, None).unwrap_err();
            assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::Configuration, Some(field)));
        }
        assert!(ActionMapping::new(&json!({"unifiedFilter": {}, "fieldMapping": null}), None, None).is_ok());
        assert!(ActionMapping::new(&json!(null), None, None).is_ok());
    }

    #[test]
    fn a_config_is_derived() {
        let config = json!({
            "unifiedFilter": {"$var": "$.input.filter"},
            "fieldMapping": {"defaultUnifiedValue": {"id": {"$var": "$.input.id"}}, "defaultValue": {"kind": "robot"}},
            "lookup": {"universalQuery": {"id": 1}, "query": {"gid": 2}},
        });
        let derived = rebase_config(&config, &users()).unwrap();
        assert_eq!(
            derived["filter"],
            json!({"gid": {"$var": "$.input.filter.id"}, "name": {"$var": "$.input.filter.fullName"}})
        );
        assert_eq!(
            derived["fieldMapping"]["defaultValue"],
            json!({"gid": {"$var": "$.input.id"}, "kind": "robot"})
        );
        assert_eq!(derived["lookup"]["query"], json!({"gid": 2}));
        assert_eq!(derived["unifiedFilter"], config["unifiedFilter"]);
        assert_eq!(rebase_config(&json!({"id": 1}), &users()).unwrap(), json!({"id": 1}));
    }
}
