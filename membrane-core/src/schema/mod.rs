//! Data schemas: the shape of inputs, outputs, records and mappings.
//!
//! [`DataSchema`] is a loose dialect of JSON Schema with keywords of its own (`referenceCollection`,
//! `isImplied`, …). Keywords it does not know pass through untouched, and the order of keys is kept.

mod dialect;
mod validate;

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

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
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DataSchema(Value);

impl DataSchema {
    /// Makes a schema.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) unless it is an object or a boolean.
    pub fn new(value: Value) -> Result<Self> {
        match value {
            Value::Object(_) | Value::Bool(_) => Ok(Self(value)),
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
        Self(settings.into_generator().into_root_schema_for::<T>().to_value())
    }

    /// The schema of anything, `{}`.
    #[must_use]
    pub fn any() -> Self {
        Self(Value::Object(serde_json::Map::new()))
    }

    /// The schema as JSON.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Turns the schema into JSON.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Makes it ready to validate data, many times.
    ///
    /// What the dialect adds: a property that is not `required` may be absent or `null`; values beside an
    /// `enum` pass with `allowCustom`; `format`, references to other schemas or records, keywords the
    /// dialect does not know and keywords that hold a formula do not restrict anything.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a `pattern` is no regular
    /// expression, a `#/…` reference leads nowhere, or the schema nests deeper than 128 levels.
    pub fn compile(&self) -> Result<Validator> {
        Validator::new(&self.0)
    }
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
