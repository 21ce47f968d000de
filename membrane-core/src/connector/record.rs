//! Records, and from what an app answers to one.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::projection::Compiled;
use super::{Collection, Cx, WriteMethod};
use crate::error::{Error, ErrorKind, Result};
use crate::formula::{Formula, Vars};

/// How the fields of an answer become a record: formulas over the fields themselves.
///
/// ```
/// use membrane_core::Formula;
/// use membrane_core::connector::RecordMapping;
/// use serde_json::json;
///
/// let mut mapping = RecordMapping::default();
/// mapping.name = Some(Formula::parse(&json!({"$concat": ["#", {"$var": "$.number"}]}))?);
/// assert_eq!(mapping.name.and_then(|name| name.build(&json!({"number": 5}))), Some(json!("#5")));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RecordMapping {
    /// The id; the field `id` when absent.
    pub id: Option<Formula>,
    /// The name; the field `name` when absent.
    pub name: Option<Formula>,
    /// The address for people.
    pub uri: Option<Formula>,
    /// When it was made.
    pub created_time: Option<Formula>,
    /// When it was last changed.
    pub updated_time: Option<Formula>,
    /// The fields, out of the answer; the answer itself when absent.
    pub fields: Option<Formula>,
    pub(crate) compiled: Compiled,
}

/// One record of a collection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Record {
    /// The app's id, as text.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_time: Option<String>,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_time: Option<String>,
    /// The fields.
    #[serde(default)]
    pub fields: Value,
    /// The app's own fields, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_fields: Option<Value>,
    /// The unified model of `unified_fields`: that of the data source, or the one that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udm: Option<String>,
    /// The fields in terms of the unified model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unified_fields: Option<Value>,
}

/// One page of records.
///
/// ```
/// use membrane_core::connector::{Record, Records};
///
/// let record: Record = serde_json::from_str(r#"{"id": "7", "name": "Bug", "fields": {"title": "Bug"}}"#)?;
/// let page = Records::new(vec![record], None);
/// assert_eq!(page.records[0].fields["title"], "Bug");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Records {
    /// The records, in the app's order.
    pub records: Vec<Record>,
    /// Opaque; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Records {
    /// Makes a page.
    pub fn new(records: Vec<Record>, cursor: Option<String>) -> Self {
        Self { records, cursor }
    }
}

impl RecordMapping {
    /// Turns an answer into a record; `None` when it has no id, or one that is no longer the app's: a number of
    /// more than 64 bits, which is read with some of its digits only.
    ///
    /// ```
    /// use membrane_core::Formula;
    /// use membrane_core::connector::RecordMapping;
    /// use serde_json::json;
    ///
    /// let mut mapping = RecordMapping::default();
    /// mapping.fields = Some(Formula::parse(&json!({"title": {"$var": "$.name"}}))?);
    /// let record = mapping.read(json!({"id": 7, "name": "Bug"})).unwrap();
    /// assert_eq!((record.id.as_str(), record.name.as_deref()), ("7", Some("Bug")));
    /// assert_eq!(record.fields, json!({"title": "Bug"}));
    /// assert_eq!(mapping.read(json!({"name": "Bug"})), None);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn read(&self, raw: Value) -> Option<Record> {
        self.try_read(raw).ok()
    }

    fn try_read(&self, raw: Value) -> Result<Record, NoId> {
        let text = |formula: &Option<Formula>, field: &str| match formula {
            Some(formula) => formula.build_with(&Vars::from(&raw).equipped()).as_ref().and_then(as_text),
            None if field.is_empty() => None,
            None => raw.get(field).and_then(as_text),
        };
        let id = match &self.id {
            Some(formula) => formula.build_with(&Vars::from(&raw)).map(Cow::Owned),
            None => raw.get("id").map(Cow::Borrowed),
        };
        let mut record = Record {
            id: as_id(id.as_deref())?,
            name: text(&self.name, "name"),
            uri: text(&self.uri, ""),
            created_time: text(&self.created_time, ""),
            updated_time: text(&self.updated_time, ""),
            ..Record::default()
        };
        record.fields = match &self.fields {
            Some(fields) => fields.build_from(raw).unwrap_or_default(),
            None => raw,
        };
        Ok(record)
    }
}

impl Collection {
    /// Turns an answer into a record.
    ///
    /// # Errors
    /// [`ErrorKind::External`] when it has no id, or a number of more than 64 bits; names the connector and the
    /// collection.
    pub fn record(&self, cx: &Cx<'_>, raw: Value) -> Result<Record> {
        self.record.try_read(raw).map_err(|no_id| {
            let why = match no_id {
                NoId::Absent => "without id",
                NoId::Inexact => "whose id is a number of more than 64 bits, which cannot be read exactly",
            };
            let message = format!("{} answered a record of `{}` {why}", cx.connector().name, self.key);
            Error::new(ErrorKind::External, message)
        })
    }

    /// The id of the record a method wrote, as the app answers it: at the place the method names, else the
    /// answer itself or the id of the record it is. As with records, a number of more than 64 bits is none.
    ///
    /// ```
    /// use membrane_core::connector::{Collection, Function, WriteMethod};
    /// use serde_json::json;
    ///
    /// let issues = Collection::new("issues", "Issues");
    /// let create = WriteMethod::new(Function::NotSupported);
    /// assert_eq!(issues.written_id(&create, &json!({"id": 7})).as_deref(), Some("7"));
    /// assert_eq!(issues.written_id(&create, &json!("A-7")).as_deref(), Some("A-7"));
    /// assert_eq!(issues.written_id(&create, &json!({"ok": true})), None);
    /// ```
    pub fn written_id(&self, method: &WriteMethod, answer: &Value) -> Option<String> {
        match &method.id {
            Some(place) => as_id(place.at(answer)).ok(),
            None => {
                as_id(Some(answer)).ok().or_else(|| self.record.read(answer.clone()).map(|record| record.id))
            }
        }
    }
}

/// Why there is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoId {
    Absent,
    Inexact,
}

fn as_id(value: Option<&Value>) -> Result<String, NoId> {
    match value {
        Some(Value::Number(number)) if !is_exact(number) => Err(NoId::Inexact),
        value => value.and_then(as_text).ok_or(NoId::Absent),
    }
}

/// Whether a number is the one that was written: whole ones beyond 64 bits are read as the next float.
pub(super) fn is_exact(number: &Number) -> bool {
    /// From here on, floats have no fractions and whole numbers are not read as such.
    const FIRST_INEXACT: f64 = 9_223_372_036_854_775_808.0;
    !number.is_f64() || number.as_f64().is_some_and(|float| float.abs() < FIRST_INEXACT)
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connector::Function;

    fn parsed(id: &str) -> Value {
        serde_json::from_str(&format!("{{\"id\": {id}, \"name\": {id}}}")).unwrap()
    }

    #[test]
    fn an_id_that_was_not_read_exactly_is_none() {
        let by_formula = RecordMapping {
            id: Some(Formula::parse(&json!({"$var": "$.id"})).unwrap()),
            ..RecordMapping::default()
        };
        let rows = Collection::new("rows", "Rows");
        let write = WriteMethod::new(Function::NotSupported);
        let mut placed = WriteMethod::new(Function::NotSupported);
        placed.id = Some(crate::Locator::parse("id").unwrap());
        for id in ["18446744073709551615", "-9223372036854775808", "7", "7.5"] {
            for mapping in [&RecordMapping::default(), &by_formula] {
                assert_eq!(mapping.read(parsed(id)).unwrap().id, id);
            }
            assert_eq!(rows.written_id(&write, &parsed(id)).as_deref(), Some(id));
        }
        for id in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "1e40"] {
            for mapping in [&RecordMapping::default(), &by_formula] {
                assert_eq!(mapping.try_read(parsed(id)).unwrap_err(), NoId::Inexact, "{id}");
            }
            assert_eq!(rows.written_id(&write, &parsed(id)), None);
            assert_eq!(rows.written_id(&write, &parsed(id)["id"]), None);
            assert_eq!(rows.written_id(&placed, &parsed(id)), None);
        }
    }
}
