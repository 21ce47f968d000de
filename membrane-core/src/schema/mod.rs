//! Data schemas: the shape of inputs, outputs, records and mappings.
//!
//! [`DataSchema`] is a loose dialect of JSON Schema with keywords of its own (`referenceCollection`,
//! `isImplied`, …). Keywords it does not know pass through untouched, and the order of keys is kept.
//!
#![doc = include_str!("REFERENCE.md")]

mod dialect;
mod fields;
mod fit;
mod merge;
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
pub use self::reference::DataLocation;
pub use self::titles::header_case;
pub use self::validate::Validator;
use crate::error::{Error, Result};
use crate::locator::Locator;

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
    /// expression, a `#/…` reference leads nowhere, or the schema nests deeper than 128 levels.
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
    /// let added = DataSchema::from_value(&json!({"id": "7"}));
    /// let patched = fields.patched(&added, PatchOptions { read_only: true, write_only: false });
    /// assert_eq!(patched.as_value()["properties"]["id"], json!({"type": "string", "readOnly": true}));
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
    /// let schema = DataSchema::from_samples([&json!({"votes": 1}), &json!({"votes": 1.5})]);
    /// assert_eq!(schema.unwrap().as_value()["properties"]["votes"], json!({"type": "number"}));
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
    /// let title = record.at(&"$.fields.title".parse()?);
    /// assert_eq!(title, Some(DataSchema::new(json!({"type": "string"}))?));
    /// # Ok::<(), membrane_core::Error>(())
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

    /// Data of this shape, with empty values.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug"}));
    /// assert_eq!(schema.example(), Some(json!({"title": ""})));
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
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "votes": 1}));
    /// let fitted = schema.fit(json!({"votes": "3", "title": "Crash"}), &Fit::new().normalize_values(true));
    /// assert_eq!(fitted.unwrap().to_string(), r#"{"title":"Crash","votes":3}"#);
    /// ```
    pub fn fit(&self, value: Value, options: &Fit<'_>) -> Option<Value> {
        options.apply(Some(value), &self.0, 0)
    }
}

/// Parts of a schema.
impl DataSchema {
    /// The schema of a place inside the data.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"author": {"properties": {"name": {"type": "string"}}}}}))?;
    /// let name = schema.at(&Locator::parse("$.author.name")?);
    /// assert_eq!(name, Some(DataSchema::new(json!({"type": "string"}))?));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn at(&self, place: &Locator) -> Option<DataSchema> {
        fields::at(&self.0, place.steps()).cloned().and_then(|schema| Self::new(schema).ok())
    }

    /// Puts the schema of a place, and declares the objects and lists on the way.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let mut schema = DataSchema::any();
    /// schema.put(&"$.author.name".parse()?, DataSchema::new(json!({"type": "string"}))?);
    /// assert_eq!(schema.places(), ["$.author.name".parse()?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn put(&mut self, place: &Locator, schema: DataSchema) {
        fields::put(&mut self.0, place.steps(), schema.0);
    }

    /// The places of all fields, down to those that hold no other fields. Lists are not entered.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "author": {"name": "Ada"}}));
    /// assert_eq!(schema.places(), ["$.title".parse()?, "$.author.name".parse()?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn places(&self) -> Vec<Locator> {
        fields::places(&self.0)
    }

    /// The places of required fields, outermost first. Lists are not entered.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"title": {}}, "required": ["title"]}))?;
    /// assert_eq!(schema.required(), ["$.title".parse()?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn required(&self) -> Vec<Locator> {
        fields::required(&self.0)
    }

    /// The required places at which a value has nothing; `null` and `""` are something.
    ///
    /// What is required inside an optional object is not missed when the whole object is absent.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"author": {
    ///     "properties": {"name": {"type": "string"}}, "required": ["name"],
    /// }}}))?;
    /// assert!(schema.missing(&json!({})).is_empty());
    /// assert_eq!(schema.missing(&json!({"author": {}}))[0].to_string(), "$.author.name");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn missing(&self, value: &Value) -> Vec<Locator> {
        fields::missing(&self.0, value)
    }

    /// Requires fields; those the schema does not have are left out.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let places = ["$.title".parse()?, "$.none".parse()?];
    /// let schema = DataSchema::from_value(&json!({"title": "Bug"})).with_required(&places);
    /// assert_eq!(schema.as_value()["required"], json!(["title"]));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_required(mut self, places: &[Locator]) -> Self {
        fields::set_required(&mut self.0, places, true);
        self
    }

    /// No longer requires fields.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"title": {}}, "required": ["title"]}))?;
    /// assert!(schema.without_required(&["$.title".parse()?]).required().is_empty());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn without_required(mut self, places: &[Locator]) -> Self {
        fields::set_required(&mut self.0, places, false);
        self
    }

    /// The schema of these fields only.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "votes": 3}));
    /// let title = [Locator::parse("$.title")?];
    /// assert_eq!(schema.pick(&title).places(), title);
    /// assert_eq!(schema.exclude(&title).places(), [Locator::parse("$.votes")?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn pick(&self, places: &[Locator]) -> Self {
        Self::of_keywords(fields::pick(&self.0, places))
    }

    /// The schema without these fields.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "votes": 3}));
    /// assert_eq!(schema.exclude(&["$.title".parse()?]).places(), ["$.votes".parse()?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn exclude(mut self, places: &[Locator]) -> Self {
        fields::exclude(&mut self.0, places);
        self
    }

    /// The schema without fields that are `readOnly`, at any depth.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"id": {"readOnly": true}, "title": {}}}))?;
    /// assert_eq!(schema.without_read_only().places(), ["$.title".parse()?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn without_read_only(mut self) -> Self {
        fields::exclude_marked(&mut self.0, "readOnly", 0);
        self
    }

    /// The schema without fields that are `writeOnly`, at any depth.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"id": {"writeOnly": true}, "title": {}}}))?;
    /// assert_eq!(schema.without_write_only().places(), ["$.title".parse()?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn without_write_only(mut self) -> Self {
        fields::exclude_marked(&mut self.0, "writeOnly", 0);
        self
    }

    /// The schema with a title for each field that had none, and for the fields inside those.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"firstName": "Ada"})).with_titles();
    /// assert_eq!(schema.as_value()["properties"]["firstName"]["title"], "First Name");
    /// ```
    #[must_use]
    pub fn with_titles(mut self) -> Self {
        titles::populate(&mut self.0, 0);
        self
    }

    /// The title of a place, or a name made from its key or index.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"zip": {"title": "ZIP"}, "cityName": {}}}))?;
    /// assert_eq!(schema.name_of(&"$.zip".parse()?).as_deref(), Some("ZIP"));
    /// assert_eq!(schema.name_of(&"$.cityName".parse()?).as_deref(), Some("City Name"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn name_of(&self, place: &Locator) -> Option<String> {
        titles::name(&self.0, place.steps())
    }

    /// The names of a place and of all around it, `Contact > Address > ZIP`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let address = json!({"title": "Address", "properties": {"zip": {"title": "ZIP"}}});
    /// let schema = DataSchema::new(json!({"title": "Contact", "properties": {"address": address}}))?;
    /// let zip = schema.full_name_of(&"$.address.zip".parse()?);
    /// assert_eq!(zip.as_deref(), Some("Contact > Address > ZIP"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn full_name_of(&self, place: &Locator) -> Option<String> {
        titles::full_name(&self.0, place.steps())
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

/// Questions about one field.
impl DataSchema {
    /// Whether it says nothing, or no more than that there is an object.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(DataSchema::any().is_empty() && DataSchema::new(json!({"type": "object"}))?.is_empty());
    /// assert!(!DataSchema::new(json!({"type": "string"}))?.is_empty());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        let Value::Object(keywords) = &self.0 else { return false };
        let has_properties = keywords
            .get("properties")
            .and_then(Value::as_object)
            .is_some_and(|properties| !properties.is_empty());
        match keywords.get("type") {
            None => keywords.is_empty(),
            Some(kind) => kind == "object" && !has_properties,
        }
    }

    /// Whether the value is no object and no list.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(DataSchema::from_value(&json!("Bug")).is_scalar());
    /// assert!(!DataSchema::from_value(&json!(["Bug"])).is_scalar());
    /// ```
    pub fn is_scalar(&self) -> bool {
        !matches!(self.keyword("type").and_then(Value::as_str), Some("array" | "object"))
    }

    /// Whether values are picked from a list: an `enum`, records or a boolean.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(DataSchema::new(json!({"enum": ["open", "done"]}))?.has_fixed_values());
    /// assert!(!DataSchema::new(json!({"type": "string"}))?.has_fixed_values());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn has_fixed_values(&self) -> bool {
        ["enum", "referenceRecords", "referenceCollection"]
            .iter()
            .any(|keyword| self.keyword(keyword).is_some())
            || self.keyword("type").is_some_and(|kind| kind == "boolean")
    }

    /// Whether other values than the fixed ones are allowed.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(!DataSchema::new(json!({"enum": ["open", "done"]}))?.allows_custom_value());
    /// assert!(DataSchema::new(json!({"enum": ["open", "done"], "allowCustom": true}))?.allows_custom_value());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn allows_custom_value(&self) -> bool {
        !self.has_fixed_values() || self.keyword("allowCustom") == Some(&Value::Bool(true))
    }

    /// Where the records are whose ids are the values.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"referenceCollection": {"key": "users", "parameters": {"team": "T1"}}}))?;
    /// assert_eq!(schema.reference_collection().unwrap().to_string(), "/data/users?team=T1");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn reference_collection(&self) -> Option<DataLocation> {
        reference::collection(&self.0)
    }

    fn keyword(&self, keyword: &str) -> Option<&Value> {
        self.0.get(keyword)
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
