use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ElementKind, Layered, Place, Spec};
use crate::mapping::FieldMapping;
use crate::schema::DataSchema;

/// How fields of an app's records and of the product map onto each other, as an element.
///
/// ```
/// use membrane_core::element::FieldMappingSpec;
///
/// let fields = serde_json::json!({"dataSourceKey": "users", "importValue": {"name": {"$var": "$.login"}}});
/// let spec: FieldMappingSpec = serde_json::from_value(fields)?;
/// assert!(spec.mapping.import_value.is_some());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldMappingSpec {
    /// The mapping itself.
    #[serde(flatten)]
    pub mapping: FieldMapping,
    /// The data source whose records it maps, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_id: Option<String>,
    /// The same by uuid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_uuid: Option<String>,
    /// The same by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_key: Option<String>,
    /// Fields of the import that customers may not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_import_fields: Option<Value>,
    /// Fields of the export that customers may not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_export_fields: Option<Value>,
    /// Unified fields of the export that customers may not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_unified_export_fields: Option<Value>,
    /// The schema of the app's side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_schema: Option<DataSchema>,
    /// The data source on the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_instance_id: Option<String>,
    /// The integration's field mapping this one follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_mapping_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_mapping_revision: Option<String>,
    /// The universal field mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_field_mapping_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_field_mapping_revision: Option<String>,
}

impl Spec for FieldMappingSpec {
    const KIND: ElementKind = ElementKind::FieldMapping;
    const EDITABLE: &'static [&'static str] = &[
        "dataSourceId",
        "dataSourceUuid",
        "dataSourceKey",
        "appSchema",
        "direction",
        "defaultImportValue",
        "defaultExportValue",
        "importValue",
        "exportValue",
        "unifiedImportValue",
        "unifiedExportValue",
        "frozenImportFields",
        "frozenExportFields",
        "frozenUnifiedExportFields",
    ];
    const DERIVED: &'static [&'static str] = &[
        "dataSourceSchema",
        "dataSourceInstanceId",
        "fieldMappingId",
        "fieldMappingRevision",
        "universalFieldMappingId",
        "universalFieldMappingRevision",
    ];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] = &[
        ("fieldMappingId", "parentId"),
        ("fieldMappingKey", "parentKey"),
        ("universalFieldMappingId", "universalParentId"),
    ];
}

impl Layered for FieldMappingSpec {
    fn note_parents(&mut self, place: &Place) {
        let parents = place.parents();
        (self.field_mapping_id, self.field_mapping_revision) = parents.of_app;
        (self.universal_field_mapping_id, self.universal_field_mapping_revision) = parents.universal;
    }
}
