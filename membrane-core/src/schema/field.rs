//! What a schema says of one field.

use serde_json::Value;

use super::DataSchema;
use super::reference::{self, DataLocation};
use crate::locator::loose;

/// Questions about one field.
impl DataSchema {
    /// Whether it has no type, or says no more than that there is an object.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(DataSchema::any().is_empty() && DataSchema::from_value(&json!({})).is_empty());
    /// assert!(!DataSchema::from_value(&json!({"a": 1})).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        let Value::Object(keywords) = &self.0 else { return true };
        let has_properties = keywords
            .get("properties")
            .and_then(Value::as_object)
            .is_some_and(|properties| !properties.is_empty());
        match keywords.get("type") {
            None => true,
            Some(kind) if !loose::truthy(kind) => true,
            Some(kind) => kind == "object" && !has_properties,
        }
    }

    /// Whether the value is no object, no list and not always `null`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// assert!(DataSchema::from_value(&json!("a")).is_scalar());
    /// assert!(!DataSchema::from_value(&json!(["a"])).is_scalar());
    /// ```
    pub fn is_scalar(&self) -> bool {
        let kind = match self.keyword("type") {
            Some(Value::Array(kinds)) if kinds.len() == 1 => kinds.first(),
            kind => kind,
        };
        self.0.is_object() && !matches!(kind.and_then(Value::as_str), Some("array" | "null" | "object"))
    }

    /// Whether values are picked from a list: an `enum`, records or a boolean.
    pub fn has_fixed_values(&self) -> bool {
        ["enum", "referenceRecords", "referenceCollection"]
            .iter()
            .any(|keyword| self.keyword(keyword).is_some_and(loose::truthy))
            || self.keyword("type").is_some_and(|kind| kind == "boolean")
    }

    /// Whether other values than the fixed ones are allowed.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let mut state = json!({"type": "string", "enum": ["open", "closed"]});
    /// let fixed = DataSchema::new(state.clone())?;
    /// assert!(fixed.has_fixed_values() && !fixed.allows_custom_value());
    /// state["allowCustom"] = json!(true);
    /// assert!(DataSchema::new(state)?.allows_custom_value());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn allows_custom_value(&self) -> bool {
        !self.has_fixed_values() || self.keyword("allowCustom").is_some_and(loose::truthy)
    }

    /// Where the records are whose ids are the values.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let owner = DataSchema::new(json!({"referenceCollection": {"key": "users", "parameters": {"team": 1}}}))?;
    /// assert_eq!(owner.reference_collection().unwrap().to_string(), "/data/users?team=1");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn reference_collection(&self) -> Option<DataLocation> {
        reference::collection(self.0.as_object()?)
    }

    pub(super) fn keyword(&self, keyword: &str) -> Option<&Value> {
        self.0.get(keyword)
    }
}
