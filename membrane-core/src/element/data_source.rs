use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{ElementKind, Layered, Place, Spec};

/// A pointer to a data collection: by a unified model for every app, by its key for one.
///
/// ```
/// use membrane_core::element::DataSourceSpec;
///
/// let spec: DataSourceSpec = serde_json::from_value(serde_json::json!({"udm": "contacts"}))?;
/// assert_eq!(spec.udm.as_deref(), Some("contacts"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DataSourceSpec {
    /// The key of the unified model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udm: Option<String>,
    /// Seconds between two looks for changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_updates_interval_seconds: Option<Number>,
    /// Seconds between two readings of everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_sync_interval_seconds: Option<Number>,
    /// The key of the collection; below a universal data source the connector's default one for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_key: Option<String>,
    /// Values for the parameters of the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_parameters: Option<Value>,
    /// The old form of the collection: `/data/<key>?<name>=<value>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The old form of the default collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_path: Option<String>,
    /// The connector's collection for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_collection_key: Option<String>,
    /// The parameters of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_collection_parameters: Option<Map<String, Value>>,
    /// What the collection it leads to can do; in the answer that reads it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_spec: Option<Value>,
    /// The integration's data source this one follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_source_revision: Option<String>,
    /// The universal data source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_data_source_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_data_source_revision: Option<String>,
}

impl Spec for DataSourceSpec {
    const KIND: ElementKind = ElementKind::DataSource;
    const EDITABLE: &'static [&'static str] = &[
        "udm",
        "pullUpdatesIntervalSeconds",
        "fullSyncIntervalSeconds",
        "collectionKey",
        "collectionParameters",
        "path",
        "defaultPath",
    ];
    const DERIVED: &'static [&'static str] = &[
        "defaultCollectionKey",
        "defaultCollectionParameters",
        "collectionSpec",
        "dataSourceId",
        "dataSourceRevision",
        "universalDataSourceId",
        "universalDataSourceRevision",
    ];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] = &[
        ("dataSourceId", "parentId"),
        ("dataSourceKey", "parentKey"),
        ("universalDataSourceId", "universalParentId"),
    ];
}

impl Layered for DataSourceSpec {
    fn note_parents(&mut self, place: &Place) {
        let parents = place.parents();
        (self.data_source_id, self.data_source_revision) = parents.of_app;
        (self.universal_data_source_id, self.universal_data_source_revision) = parents.universal;
    }
}
