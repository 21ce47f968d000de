use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::formula::Formula;

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
