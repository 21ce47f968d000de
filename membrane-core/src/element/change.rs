//! What changes from one document to another, field by field.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What happens to one field: an operation of [JSON Patch](https://www.rfc-editor.org/rfc/rfc6902), with the value there
/// was. A path enters objects only; a list changes as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
#[non_exhaustive]
pub enum FieldChange {
    /// The field is new.
    Add {
        /// The place, a [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901).
        path: String,
        /// The value.
        value: Value,
    },
    /// The field goes.
    Remove {
        /// The place.
        path: String,
        /// The value it had.
        #[serde(rename = "oldValue")]
        was: Value,
    },
    /// The field has another value.
    Replace {
        /// The place.
        path: String,
        /// The value it had.
        #[serde(rename = "oldValue")]
        was: Value,
        /// The value.
        value: Value,
    },
}

impl FieldChange {
    /// The place, a JSON Pointer.
    pub fn path(&self) -> &str {
        match self {
            Self::Add { path, .. } | Self::Remove { path, .. } | Self::Replace { path, .. } => path,
        }
    }
}

/// Says what makes one document the other, in the order of the fields' names.
///
/// ```
/// use membrane_core::element::field_changes;
/// use serde_json::{Map, json};
///
/// let doc = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
/// let changes = field_changes(
///     &doc(json!({"name": "Close", "config": {"method": "POST"}})),
///     &doc(json!({"config": {"method": "PUT"}, "name": "Close"})),
/// );
/// assert_eq!(serde_json::to_value(&changes)?, json!([
///     {"op": "replace", "path": "/config/method", "oldValue": "POST", "value": "PUT"},
/// ]));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn field_changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", before, after, &|_| true, &mut changes);
    changes
}

/// Compares objects, by the fields at their top that count. How deep documents nest is bounded where they are made.
pub(crate) fn compare(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    counts: &dyn Fn(&str) -> bool,
    patch: &mut Vec<FieldChange>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names.into_iter().filter(|name| counts(name)) {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (before.get(name), after.get(name)) {
            (None, Some(value)) => patch.push(FieldChange::Add { path, value: value.clone() }),
            (Some(was), None) => patch.push(FieldChange::Remove { path, was: was.clone() }),
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                compare(&path, before, after, &|_| true, patch);
            }
            (Some(was), Some(value)) if was != value => {
                patch.push(FieldChange::Replace { path, was: was.clone(), value: value.clone() });
            }
            _ => {}
        }
    }
}
