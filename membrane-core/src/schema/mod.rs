//! Data schemas: the shape of inputs, outputs, records and mappings.
//!
//! [`DataSchema`] is a loose dialect of JSON Schema with keywords of its own (`referenceCollection`,
//! `isImplied`, …). Keywords it does not know pass through untouched, and the order of keys is kept.
//!
#![doc = include_str!("REFERENCE.md")]

mod compress;
mod cost;
mod dialect;
mod field;
mod fields;
mod fit;
mod form;
mod merge;
mod parts;
mod plain;
mod reference;
mod sample;
mod sensitive;
mod titles;
mod validate;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

pub use self::fit::Fit;
pub use self::form::{DataForm, FormField, ValueOption};
pub use self::plain::{Change, PlainSchema, Rule};
pub use self::reference::DataLocation;
pub use self::titles::header_case;
pub use self::validate::Validator;
use crate::error::{Error, Result};

/// The shape of some data: an object of JSON Schema keywords, or `true` (anything) or `false` (nothing).
///
/// ```
/// use membrane_core::DataSchema;
/// use serde_json::json;
///
/// let schema = DataSchema::new(json!({
///     "type": "object",
///     "properties": {"title": {"type": "string"}, "votes": {"type": "integer"}},
///     "required": ["title"],
/// }))?;
/// let validator = schema.compile()?;
/// assert!(validator.is_valid(&json!({"title": "Bug", "votes": null})));
/// let error = validator.validate(&json!({"title": 5})).unwrap_err();
/// assert!(error.message().contains("$.title"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct DataSchema(Value, #[serde(skip)] Compiled);

/// What [`DataSchema::compile`] made the first time; clones of a schema share it.
type Compiled = Arc<OnceLock<Validator>>;

impl fmt::Debug for DataSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DataSchema").field(&self.0).finish()
    }
}

impl PartialEq for DataSchema {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl DataSchema {
    /// Makes a schema.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) unless it is an object or a boolean.
    pub fn new(value: Value) -> Result<Self> {
        match value {
            Value::Object(_) | Value::Bool(_) => Ok(Self::of_keywords(value)),
            _ => Err(Error::invalid_input("a data schema must be an object of JSON Schema keywords")),
        }
    }

    /// The schema of a Rust type.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use schemars::JsonSchema;
    ///
    /// #[derive(JsonSchema)]
    /// #[allow(dead_code)]
    /// struct Issue {
    ///     title: String,
    ///     body: Option<String>,
    /// }
    ///
    /// let schema = DataSchema::of::<Issue>();
    /// assert_eq!(schema.as_value()["required"][0], "title");
    /// ```
    #[must_use]
    pub fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        });
        Self::of_keywords(settings.into_generator().into_root_schema_for::<T>().to_value())
    }

    /// The schema of anything, `{}`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(DataSchema::any().compile()?.is_valid(&json!([1, "a"])));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn any() -> Self {
        Self::of_keywords(Value::Object(serde_json::Map::new()))
    }

    fn of_keywords(value: Value) -> Self {
        Self(value, Compiled::default())
    }

    /// The schema as JSON.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert_eq!(DataSchema::new(json!({"type": "string"}))?.as_value(), &json!({"type": "string"}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Turns the schema into JSON.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert_eq!(DataSchema::new(json!({"type": "string"}))?.into_value(), json!({"type": "string"}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Makes it ready to validate data, many times. The first call does the work; it and its clones remember.
    ///
    /// What the dialect adds: a property that is not `required` may be absent or `null`; values beside an
    /// `enum` pass with `allowCustom`; `format`, references to other schemas or records, keywords the
    /// dialect does not know and keywords that hold a formula do not restrict anything.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a `pattern` is no regular
    /// expression, a `#/…` reference leads nowhere, the schema nests deeper than 128 levels, or its references
    /// multiply: more than 5,000 schemas would be tried on one value, or a schema on the same value forever.
    pub fn compile(&self) -> Result<Validator> {
        if let Some(compiled) = self.1.get() {
            return Ok(compiled.clone());
        }
        let compiled = Validator::new(&self.0)?;
        Ok(self.1.get_or_init(|| compiled).clone())
    }
}

/// Schemas from schemas and from data.
impl DataSchema {
    /// The schema all these have in common; nothing when there are none.
    ///
    /// Of the same type, later keywords win, properties are merged one by one and `required` is united.
    /// Different types become a list of types, or `anyOf`. Schemas without a type give way to those with.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let one = DataSchema::new(json!({"type": "object", "properties": {"a": {"type": "string"}}}))?;
    /// let two = DataSchema::new(json!({"type": "object", "properties": {"a": {"type": "number"}}}))?;
    /// let merged = DataSchema::merge([&one, &two]);
    /// assert_eq!(merged.unwrap().as_value()["properties"]["a"], json!({"type": ["number", "string"]}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn merge<'a>(schemas: impl IntoIterator<Item = &'a DataSchema>) -> Option<Self> {
        let schemas: Vec<&Value> = schemas.into_iter().map(|schema| &schema.0).collect();
        merge::merge(&schemas).map(Self::of_keywords)
    }

    /// This schema with another laid over it: what a connection adds to an integration's fields.
    ///
    /// Fields the patch adds are marked by the options. A `readOnly` or `writeOnly` that is not repeated by
    /// the patch's own version of a field is cleared, unless its option is set.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::schema::PatchOptions;
    /// use serde_json::json;
    ///
    /// let fields = DataSchema::from_value(&json!({"title": "Bug"}));
    /// let custom = DataSchema::from_value(&json!({"severity": 1}));
    /// let patched = fields.patched(&custom, PatchOptions { read_only: true, ..PatchOptions::default() });
    /// assert_eq!(patched.as_value()["properties"]["severity"], json!({"type": "integer", "readOnly": true}));
    /// ```
    #[must_use]
    pub fn patched(&self, patch: &DataSchema, options: PatchOptions) -> Self {
        let marks = [("readOnly", options.read_only), ("writeOnly", options.write_only)];
        merge::patch(&self.0, &patch.0, marks).map_or_else(|| self.clone(), Self::of_keywords)
    }

    /// The schema of a value.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "votes": 3}));
    /// assert_eq!(schema.as_value()["properties"]["title"]["type"], "string");
    /// assert_eq!(schema.places().len(), 2);
    /// ```
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        Self::of_keywords(sample::of_value(value, 0))
    }

    /// The schema all samples have; nothing without samples.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let samples = [json!({"id": 1}), json!({"id": "x", "open": true})];
    /// let schema = DataSchema::from_samples(&samples).unwrap();
    /// let properties = json!({"id": {"type": ["integer", "string"]}, "open": {"type": "boolean"}});
    /// assert_eq!(schema.as_value()["properties"], properties);
    /// ```
    pub fn from_samples<'a>(samples: impl IntoIterator<Item = &'a Value>) -> Option<Self> {
        sample::of_samples(samples.into_iter(), 0).map(Self::of_keywords)
    }

    /// The schema of a whole record whose fields have this schema: id, name, times and `fields`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let record = DataSchema::from_value(&json!({"title": "Bug"})).of_record();
    /// assert_eq!(record.as_value()["properties"]["createdTime"]["format"], "datetime");
    /// assert_eq!(record.as_value()["properties"]["fields"]["properties"]["title"]["type"], "string");
    /// ```
    #[must_use]
    pub fn of_record(&self) -> Self {
        let text = || json!({"type": "string"});
        let time = || json!({"type": "string", "format": "datetime"});
        Self::of_keywords(json!({"type": "object", "properties": {
            "id": text(),
            "name": text(),
            "uri": {"type": "string", "format": "url"},
            "createdTime": time(),
            "updatedTime": time(),
            "deletedTime": time(),
            "createdById": text(),
            "updatedById": text(),
            "fields": self.0,
        }}))
    }

    /// Data of this shape, to be filled in: the empty text stands for every scalar.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "labels": ["api"], "votes": 3}));
    /// assert_eq!(schema.example(), Some(json!({"title": "", "labels": [""], "votes": ""})));
    /// ```
    pub fn example(&self) -> Option<Value> {
        sample::example(&self.0, 0)
    }

    /// Makes data fit: puts fields in the schema's order and does what the options say.
    ///
    /// Data of another shape stays as it is. An object or list that loses all it had is absent.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::schema::Fit;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug"}));
    /// let only_known = Fit::new().skip_unknown_fields(true);
    /// assert_eq!(schema.fit(json!({"zz": 1, "title": "Bug"}), &only_known), Some(json!({"title": "Bug"})));
    /// assert_eq!(schema.fit(json!({"zz": 1}), &only_known), None);
    /// ```
    pub fn fit(&self, value: Value, options: &Fit<'_>) -> Option<Value> {
        options.apply(Some(value), &self.0, 0)
    }
}

/// What is secret: fields marked `isSensitive: true` or `format: password`.
impl DataSchema {
    /// The name of a field that is marked, `$` for the whole value.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"pin": {"type": "string", "isSensitive": true}}}))?;
    /// assert_eq!(schema.sensitive_field(), Some("pin"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn sensitive_field(&self) -> Option<&str> {
        sensitive::first_marked(&self.0)
    }

    /// The parts of a value that must not be shown: those that are marked, and those whose name says so
    /// (secret, password, token, private key or API key, however it is written).
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let value = json!({"clientId": "a", "clientSecret": "b"});
    /// assert_eq!(DataSchema::any().sensitive_values(&value), [&json!("b")]);
    /// ```
    pub fn sensitive_values<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        sensitive::values(&self.0, value)
    }
}

/// What [`DataSchema::patched`] marks the fields with that a patch adds.
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::schema::PatchOptions;
/// use serde_json::json;
///
/// let (fields, added) = (DataSchema::any(), DataSchema::from_value(&json!({"secret": "x"})));
/// let options = PatchOptions { write_only: true, ..PatchOptions::default() };
/// let patched = fields.patched(&added, options);
/// assert_eq!(patched.as_value()["properties"]["secret"]["writeOnly"], true);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PatchOptions {
    /// Added fields are `readOnly`.
    pub read_only: bool,
    /// Added fields are `writeOnly`.
    pub write_only: bool,
}

impl Default for DataSchema {
    fn default() -> Self {
        Self::any()
    }
}

impl TryFrom<Value> for DataSchema {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        Self::new(value)
    }
}

impl From<DataSchema> for Value {
    fn from(schema: DataSchema) -> Self {
        schema.0
    }
}

impl<'de> Deserialize<'de> for DataSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::new(value).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

impl JsonSchema for DataSchema {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("DataSchema")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "description": "A JSON Schema.", "additionalProperties": true})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn is_an_object_or_a_boolean() {
        assert!(DataSchema::new(json!(true)).is_ok());
        assert!(DataSchema::new(json!([])).is_err());
        assert!(serde_json::from_value::<DataSchema>(json!("x")).is_err());
        let text = r#"{"type":"string","zz":1,"a":2}"#;
        let schema: DataSchema = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&schema).unwrap(), text);
    }
}
