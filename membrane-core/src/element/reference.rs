use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ElementKind;
use crate::id::ElementId;

/// An element that another one refers to.
///
/// ```
/// use membrane_core::element::{ElementKind, Reference};
///
/// let reference = Reference::key(ElementKind::DataSource, "contacts");
/// assert_eq!(reference.key.as_deref(), Some("contacts"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Reference {
    /// The kind.
    pub r#type: ElementKind,
    /// The id, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ElementId>,
    /// The key, where it is named by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Reference {
    /// Refers to an element by its key.
    pub fn key(kind: ElementKind, key: impl Into<String>) -> Self {
        Self { r#type: kind, id: None, key: Some(key.into()) }
    }

    /// Refers to an element by its id.
    pub fn id(kind: ElementKind, id: impl Into<ElementId>) -> Self {
        Self { r#type: kind, id: Some(id.into()), key: None }
    }
}

/// Where a config names other elements, and of which kind they are.
const PLACES: &[(&str, ElementKind)] = &[
    ("dataSource", ElementKind::DataSource),
    ("fieldMapping", ElementKind::FieldMapping),
    ("dataLinkTable", ElementKind::DataLinkTable),
    ("appEvent", ElementKind::AppEventType),
    ("action", ElementKind::Action),
];

/// The elements the config of an action or a node of a flow names. One that a formula names is not among them.
///
/// ```
/// use membrane_core::element::{ElementKind, Reference, references};
/// use serde_json::json;
///
/// let config = json!({"dataSource": {"key": "contacts"}, "fieldMapping": {"key": {"$var": "$.input.key"}}});
/// assert_eq!(references(&config), [Reference::key(ElementKind::DataSource, "contacts")]);
/// ```
pub fn references(config: &Value) -> Vec<Reference> {
    let named = |(name, kind): &(&str, ElementKind)| {
        let part = config.get(name)?;
        let text = |name: &str| part.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let by_id = || text("id").map(|id| Reference::id(*kind, id));
        text("key").map(|key| Reference::key(*kind, key)).or_else(by_id)
    };
    PLACES.iter().filter_map(named).collect()
}
