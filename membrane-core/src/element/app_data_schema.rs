use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ElementKind, Spec};
use crate::schema::DataSchema;

/// What records of the product look like: for all customers, or an instance of it for one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppDataSchemaSpec {
    /// The schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<DataSchema>,
    /// JavaScript that returns the schema of a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// For all customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_universal: Option<bool>,
    /// The schema this one is the customer's instance of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_data_schema_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_data_schema_revision: Option<String>,
}

impl Spec for AppDataSchemaSpec {
    const KIND: ElementKind = ElementKind::AppDataSchema;
    const EDITABLE: &'static [&'static str] = &["schema", "code"];
    const DERIVED: &'static [&'static str] = &["appDataSchemaId", "appDataSchemaRevision"];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] =
        &[("appDataSchemaId", "parentId"), ("appDataSchemaKey", "parentKey")];
}
