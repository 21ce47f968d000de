use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::{ElementKind, Spec};

/// An app of the catalogue: what integrations and connectors of one app have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppSpec {
    /// Where the logo is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Where the app is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_uri: Option<String>,
    /// Membrane's categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Listed for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_public: Option<bool>,
    /// For sorting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub popularity: Option<Number>,
}

impl Spec for AppSpec {
    const KIND: ElementKind = ElementKind::App;
    const EDITABLE: &'static [&'static str] = &["logoUri", "appUri", "categories", "isPublic", "popularity"];
}
