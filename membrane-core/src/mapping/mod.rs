//! Field mappings: an app's fields become the product's own, and back.
//!
//! [`FieldMapping`] is how a mapping is written down, with the layers of integration and connection laid over
//! each other; [`ActionMapping`] is what an action over records does with one.

mod action;
mod derive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::action::{ActionMapping, Imported, rebase_config};
pub use self::derive::{derived_config, is_completed_by_connector};
use crate::error::{Error, Result};
use crate::formula::{Formula, FormulaKind, merge_formulas};
use crate::schema::{DataSchema, Fit};
use crate::unified::UnifiedFields;

/// How the fields of an app's records and the product's own fields map onto each other.
///
/// Import reads: `importValue` builds own fields over those of the app. Export writes: `exportValue` builds
/// the app's fields over one's own. What they do not say comes from the `default…` and `unified…` values,
/// which are in terms of a unified model where the records have one. `null` is the same as absent.
///
/// ```
/// use membrane_core::mapping::FieldMapping;
/// use membrane_core::unified::{UnifiedFields, UnifiedModel};
/// use serde_json::json;
///
/// // The universal mapping takes every field of the unified model.
/// let universal: FieldMapping = serde_json::from_value(json!({
///     "defaultImportValue": {"$var": "$"}, "defaultExportValue": {"$var": "$"},
/// })).unwrap();
/// let users = UnifiedFields::new(
///     UnifiedModel::find("users")?,
///     Some(json!({"id": {"$var": "$.gid"}, "primaryEmail": {"$var": "$.mail"}})),
///     Some(json!({"mail": {"$var": "$.primaryEmail"}})),
/// )?;
/// let integration = universal.derived(Some(&users), None)?;
/// assert_eq!(integration.import_value, Some(json!({
///     "id": {"$var": "$.gid"}, "primaryEmail": {"$var": "$.mail"}, "emails": [{"value": {"$var": "$.mail"}}],
/// })));
/// assert_eq!(integration.export_value, Some(json!({"mail": {"$var": "$.primaryEmail"}})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldMapping {
    /// The schema of the product's own side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_schema: Option<DataSchema>,
    /// Which ways it maps; both when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// What `importValue` is derived from: a formula over unified fields, over the app's where there is no
    /// unified model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_import_value: Option<Value>,
    /// What `exportValue` is derived from: a formula over own fields that builds unified ones, or the app's
    /// where there is no unified model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_export_value: Option<Value>,
    /// A formula over unified fields that builds own ones; counts more than the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unified_import_value: Option<Value>,
    /// A formula over own fields that builds unified ones; counts more than the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unified_export_value: Option<Value>,
    /// A formula over the app's fields that builds own ones; counts most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_value: Option<Value>,
    /// A formula over own fields that builds the app's; counts most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_value: Option<Value>,
}

/// Which ways a [`FieldMapping`] maps.
///
/// ```
/// use membrane_core::mapping::Direction;
///
/// assert!(Direction::Import.imports() && !Direction::Import.exports());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Direction {
    /// Both ways.
    Both,
    /// From the product to the app.
    Export,
    /// From the app to the product.
    Import,
}

impl Direction {
    /// Whether records are read with it.
    pub fn imports(self) -> bool {
        self != Self::Export
    }

    /// Whether records are written with it.
    pub fn exports(self) -> bool {
        self != Self::Import
    }
}

impl FieldMapping {
    /// Parses a mapping, leaving out what is none of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for what is no object, a schema that is
    /// none, an unknown direction, a value that is no formula; names the field.
    ///
    /// ```
    /// use membrane_core::mapping::FieldMapping;
    /// use serde_json::json;
    ///
    /// let mapping = FieldMapping::parse(&json!({"key": "users", "importValue": {"name": {"$var": "$.login"}}}))?;
    /// assert_eq!(mapping.import_value, Some(json!({"name": {"$var": "$.login"}})));
    /// let error = FieldMapping::parse(&json!({"exportValue": {"$tpl": {"template": "", "values": {"(": 1}}}})).unwrap_err();
    /// assert_eq!(error.context_value("field"), Some("exportValue"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn parse(value: &Value) -> Result<Self> {
        let wrong = |why: String| Error::configuration(format!("the field mapping is wrong: {why}"));
        if !value.is_object() {
            return Err(wrong("it is not an object".to_owned()));
        }
        crate::unified::check_depth(value).map_err(|error| wrong(error.message().to_owned()))?;
        let mapping = Self::deserialize(value).map_err(|error| wrong(error.to_string()))?;
        for (field, formula) in mapping.values() {
            if let Some(formula) = formula {
                Formula::parse_strict(formula)
                    .map_err(|error| wrong(format!("{field}: {}", error.message())).with("field", field))?;
            }
        }
        Ok(mapping)
    }

    fn values(&self) -> [(&'static str, Option<&Value>); 6] {
        [
            ("defaultImportValue", self.default_import_value.as_ref()),
            ("defaultExportValue", self.default_export_value.as_ref()),
            ("unifiedImportValue", self.unified_import_value.as_ref()),
            ("unifiedExportValue", self.unified_export_value.as_ref()),
            ("importValue", self.import_value.as_ref()),
            ("exportValue", self.export_value.as_ref()),
        ]
    }

    /// This mapping laid over its parent's: field by field, and where both have a value as
    /// [`merge_formulas`].
    ///
    /// ```
    /// use membrane_core::mapping::FieldMapping;
    /// use serde_json::json;
    ///
    /// let of = |value| FieldMapping::parse(&json!({ "importValue": value }));
    /// let parent = of(json!({"id": {"$var": "$.id"}, "name": {"$var": "$.name"}}))?;
    /// let child = of(json!({"name": {"$var": "$.title"}}))?;
    /// let merged = json!({"id": {"$var": "$.id"}, "name": {"$var": "$.title"}});
    /// assert_eq!(child.over(&parent).import_value, Some(merged));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn over(&self, parent: &Self) -> Self {
        let merged =
            |value: fn(&Self) -> &Option<Value>| merge_formulas(value(parent).as_ref(), value(self).as_ref());
        Self {
            app_schema: self.app_schema.as_ref().or(parent.app_schema.as_ref()).cloned(),
            direction: self.direction.or(parent.direction),
            default_import_value: merged(|mapping| &mapping.default_import_value),
            default_export_value: merged(|mapping| &mapping.default_export_value),
            unified_import_value: merged(|mapping| &mapping.unified_import_value),
            unified_export_value: merged(|mapping| &mapping.unified_export_value),
            import_value: merged(|mapping| &mapping.import_value),
            export_value: merged(|mapping| &mapping.export_value),
        }
    }

    /// The mapping with `importValue` and `exportValue` complete: what an integration's copy of a universal
    /// mapping is. A way it does not map has no value.
    ///
    /// With a unified model the templates are re-based onto the collection's own fields; without one they are
    /// in terms of these already. `writable` is the schema of the fields that can be written: of what is
    /// derived for others nothing is kept.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a value that nests too deep.
    pub fn derived(&self, unified: Option<&UnifiedFields>, writable: Option<&DataSchema>) -> Result<Self> {
        let direction = self.direction.unwrap_or(Direction::Both);
        let templates = |a: &Option<Value>, b: &Option<Value>| merge_formulas(a.as_ref(), b.as_ref());
        let mut derived = Self { import_value: None, export_value: None, ..self.clone() };
        if direction.imports() {
            let template = templates(&self.default_import_value, &self.unified_import_value);
            let base = match (template, unified) {
                (Some(template), Some(fields)) => fields.import_of(&template)?,
                (template, _) => template,
            };
            derived.import_value = merge_formulas(base.as_ref(), self.import_value.as_ref());
        }
        if direction.exports() {
            let template = templates(&self.default_export_value, &self.unified_export_value);
            let base = match (template, unified) {
                (Some(template), Some(fields)) => fields.rebase(&template)?,
                (template, _) => template,
            };
            let base = base.and_then(|base| written(base, writable));
            derived.export_value = merge_formulas(base.as_ref(), self.export_value.as_ref());
        }
        Ok(derived)
    }
}

/// What of a value can be written.
fn written(value: Value, writable: Option<&DataSchema>) -> Option<Value> {
    let Some(schema) = writable.filter(|schema| !schema.is_empty()) else { return Some(value) };
    let is_formula = |value: &Value| FormulaKind::of(value).is_some();
    let fit = Fit::new().skip_unknown_fields(true).skip_read_only_fields(true).keep(&is_formula);
    schema.fit(value, &fit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::unified::UnifiedModel;

    fn users() -> UnifiedFields {
        let from = json!({"id": {"$var": "$.gid"}, "fullName": {"$var": "$.name"}});
        let to = json!({"name": {"$var": "$.fullName"}, "gid": {"$var": "$.id"}, "mail": {"$var": "$.primaryEmail"}});
        UnifiedFields::new(UnifiedModel::find("users").unwrap(), Some(from), Some(to)).unwrap()
    }

    fn mapping(value: &Value) -> FieldMapping {
        FieldMapping::parse(value).unwrap()
    }

    #[test]
    fn own_values_count_more_than_unified_ones_and_these_more_than_defaults() {
        let mapping = mapping(&json!({
            "defaultImportValue": {"a": {"$var": "id"}, "b": {"$var": "id"}, "c": {"$var": "id"}},
            "unifiedImportValue": {"b": {"$var": "fullName"}, "c": {"$var": "fullName"}, "d": {"$var": "title"}},
            "importValue": {"c": {"$var": "own"}},
        }));
        let expected = json!({"a": {"$var": "$.gid"}, "b": {"$var": "$.name"}, "c": {"$var": "own"}});
        assert_eq!(mapping.derived(Some(&users()), None).unwrap().import_value, Some(expected));
        let plain = json!({"a": {"$var": "id"}, "b": {"$var": "fullName"}, "c": {"$var": "own"}, "d": {"$var": "title"}});
        assert_eq!(mapping.derived(None, None).unwrap().import_value, Some(plain), "no unified model");
    }

    #[test]
    fn only_what_can_be_written_is_derived() {
        let writable = DataSchema::new(json!({"type": "object", "properties": {
            "mail": {"type": "string"}, "name": {"type": "string"}, "gid": {"type": "string", "readOnly": true},
        }}))
        .unwrap();
        let universal = mapping(&json!({"defaultExportValue": {"$var": "$"}}));
        let export = universal.derived(Some(&users()), Some(&writable)).unwrap().export_value.unwrap();
        assert_eq!(export.to_string(), r#"{"mail":{"$var":"$.primaryEmail"},"name":{"$var":"$.fullName"}}"#);
        let nothing = DataSchema::new(json!({"type": "object", "properties": {"x": {}}})).unwrap();
        assert_eq!(universal.derived(Some(&users()), Some(&nothing)).unwrap().export_value, None);
        let all = universal.derived(Some(&users()), Some(&DataSchema::any())).unwrap().export_value;
        assert!(all.unwrap().get("gid").is_some(), "a schema that says nothing forbids nothing");
    }

    #[test]
    fn a_direction_is_kept() {
        let both = json!({"defaultImportValue": {"$var": "$"}, "defaultExportValue": {"$var": "$"}});
        for (direction, imports, exports) in
            [("import", true, false), ("export", false, true), ("both", true, true)]
        {
            let mut value = both.clone();
            value["direction"] = json!(direction);
            let derived = mapping(&value).derived(Some(&users()), None).unwrap();
            assert_eq!((derived.import_value.is_some(), derived.export_value.is_some()), (imports, exports));
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (value, why) in [
            (json!([]), "not an object"),
            (json!({"direction": "up"}), "up"),
            (json!({"appSchema": 5}), "schema"),
            (json!({"importValue": {"$tpl": {"template": "", "values": {"(": 1}}}}), "importValue"),
        ] {
            let error = FieldMapping::parse(&value).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Configuration);
            assert!(error.message().contains(why), "{error}");
        }
    }
}
