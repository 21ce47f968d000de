//! Schemas as language models take them: a tool's input schema, and the way back from a model's arguments.

mod convert;
mod enums;
mod gather;
mod inside;
mod kind;
mod lint;
mod names;
mod pattern;
mod text;
mod view;

use std::fmt;

use serde_json::{Map, Value};

use self::convert::Converter;
use self::names::Names;
use super::DataSchema;
use crate::locator::Locator;

/// Levels of a plain schema.
const MAX_DEPTH: usize = 10;

/// Schemas inside a plain schema.
const MAX_SCHEMAS: usize = 5_000;

/// The property a value lies under when it is no object itself.
const WRAPPER: &str = "value";

/// Schemas for tools.
impl DataSchema {
    /// This schema as a language model takes it for the input of a tool, `$ref: "schemas/…"` left open.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({
    ///     "properties": {"owner[id]": {"type": "string", "referenceCollection": {"key": "users"}}},
    ///     "required": ["owner[id]", "owner[id]", "gone"],
    /// }))?;
    /// let plain = schema.to_plain();
    /// assert_eq!(plain.schema().as_value()["required"], json!(["owner_id_"]));
    /// assert_eq!(plain.from_arguments(json!({"owner_id_": "7"})), json!({"owner[id]": "7"}));
    /// assert!(plain.schema().to_plain().changes().is_empty());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn to_plain(&self) -> PlainSchema {
        self.to_plain_with(&|_| None)
    }

    /// As [`DataSchema::to_plain`], with somebody who knows the schemas behind `$ref: "schemas/<key>"`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let person = DataSchema::new(json!({"type": "object", "properties": {"name": {"type": "string"}}}))?;
    /// let task = DataSchema::new(json!({"type": "object", "properties": {"by": {"$ref": "schemas/person"}}}))?;
    /// let plain = task.to_plain_with(&|key| (key == "person").then_some(&person));
    /// assert_eq!(plain.schema().as_value()["properties"]["by"], *person.as_value());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn to_plain_with<'s>(&'s self, schemas: &dyn Fn(&str) -> Option<&'s DataSchema>) -> PlainSchema {
        Converter::new(self.as_value(), schemas).convert()
    }
}

/// A schema that every vendor of language models takes for the input of a tool; made by
/// [`DataSchema::to_plain`].
///
/// It is JSON Schema 2020-12 of the few keywords all of them know, and converting it again changes nothing:
///
/// - The top is an object with `properties`. A value that is no object lies under the property `value`; a top
///   that says nothing of its type is taken for an object. No `anyOf`, `oneOf` or `allOf` at the top.
/// - `required` names properties that exist, each once.
/// - No `$ref`: references are put in place, one that leads nowhere or back to itself is left open. `allOf` is
///   merged, `oneOf` is `anyOf`, which stands alone.
/// - `type` is one name; a list of types is an `anyOf`. Where it is missing it is what the keywords are
///   about: one with `properties` is of objects, one with `minLength` of texts. Lists always have `items`.
/// - `enum` holds different texts, none of them empty; other fixed values are told in the description.
/// - Names of properties are 1 to 64 letters, digits, `_`, `-` or `.`.
/// - At most 10 levels and 5,000 schemas; large ones count for more. What is beyond is left open.
/// - What other keywords of the dialect mean for a writer (which records, which format, what is read only)
///   is told in the description. Formulas and unknown keywords are gone.
///
/// Data that fits the original fits this schema, in the form of [`PlainSchema::to_arguments`]: nothing is
/// narrowed but that `null` is not offered where a property may simply be left out.
///
/// Anthropic: [names of properties, no `$ref`, no union at the top][a]. OpenAI: [numbers of levels, properties
/// and values of an `enum`][o]. Gemini: [one type, texts as `enum`, the keywords of `Schema`][g].
///
/// [a]: https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview
/// [o]: https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas
/// [g]: https://ai.google.dev/api/caching#Schema
///
/// ```
/// use membrane_core::DataSchema;
/// use serde_json::json;
///
/// let schema = DataSchema::new(json!({"type": ["string", "null"], "format": "date"}))?;
/// let plain = schema.to_plain();
/// let date = json!({"anyOf": [{"type": "string", "description": "Format: date."}, {"type": "null"}]});
/// assert_eq!(plain.schema().as_value()["properties"]["value"], date);
/// assert_eq!(plain.from_arguments(json!({"value": "2026-02-03"})), json!("2026-02-03"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PlainSchema {
    schema: DataSchema,
    changes: Vec<Change>,
    names: Names,
    is_wrapped: bool,
}

impl PlainSchema {
    /// The schema, for the vendor.
    pub fn schema(&self) -> &DataSchema {
        &self.schema
    }

    /// What differs from the original, for the author of the schema; empty when it was plain before.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::schema::Rule;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"type": "object", "properties": {"tags": {"type": "array"}}}))?;
    /// let plain = schema.to_plain();
    /// let [change] = plain.changes() else { panic!("is one") };
    /// assert_eq!((change.place.to_string().as_str(), change.rule), ("$.properties.tags.items", Rule::Items));
    /// assert_eq!(change.to_string(), "$.properties.tags.items: added, lists have `items`, objects `properties`");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// A model's arguments as the original schema has them: under their own names, unwrapped. What is not
    /// wrapped although it should be is taken as it is.
    ///
    /// Every property under a name that stands for another is taken for that one; in a union the first option
    /// that renames it decides.
    pub fn from_arguments(&self, arguments: Value) -> Value {
        let value = match arguments {
            Value::Object(mut fields) if self.is_wrapped => match fields.shift_remove(WRAPPER) {
                Some(value) => value,
                None => Value::Object(fields),
            },
            arguments => arguments,
        };
        self.names.restore(value)
    }

    /// Data of the original schema as a model is to write it, for instance as an example.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let plain = DataSchema::new(json!({"type": "string"}))?.to_plain();
    /// assert_eq!(plain.to_arguments(json!("x")), json!({"value": "x"}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn to_arguments(&self, value: Value) -> Value {
        let value = self.names.apply(value);
        if self.is_wrapped {
            return Value::Object(Map::from_iter([(WRAPPER.to_owned(), value)]));
        }
        value
    }
}

/// One difference between a schema and its plain form.
///
/// Displayed as a line: where, what and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where in the schema, references followed: `$.properties.owner.enum`.
    pub place: Locator,
    /// Why.
    pub rule: Rule,
    /// What was done.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {}", self.place, self.what, self.rule)
    }
}

/// Why a [`PlainSchema`] differs from its original.
///
/// ```
/// use membrane_core::schema::Rule;
///
/// assert_eq!(Rule::Required.to_string(), "`required` names properties that exist, each once");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// An `enum` holds different texts.
    Enum,
    /// A list has `items`, an object `properties`.
    Items,
    /// Only keywords all vendors know, in the form they want.
    Keyword,
    /// Names of properties are short and simple.
    Name,
    /// No references.
    Reference,
    /// `required` names properties that exist.
    Required,
    /// Bounds on levels, schemas and texts.
    Size,
    /// The top is an object.
    Top,
    /// `type` is one name.
    Type,
    /// A union is an `anyOf` that stands alone.
    Union,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enum => "an `enum` holds different texts, few enough and none empty",
            Self::Items => "lists have `items`, objects `properties`",
            Self::Keyword => "not every vendor knows it in this form",
            Self::Name => "names are 1 to 64 letters, digits, `_`, `-` or `.`",
            Self::Reference => "references are not followed by every vendor",
            Self::Required => "`required` names properties that exist, each once",
            Self::Size => "schemas and texts are bounded in size",
            Self::Top => "the input of a tool is an object",
            Self::Type => "`type` is one known name",
            Self::Union => "a union is an `anyOf` that stands alone",
        })
    }
}
