use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ElementKind, Layered, Spec};

/// Elements that belong together. It exists for all apps and for one, not on connections.
///
/// ```
/// use membrane_core::element::{ElementKind, PackageSpec};
///
/// let fields = serde_json::json!({"elements": [{"type": "flow", "id": "f1"}]});
/// let spec: PackageSpec = serde_json::from_value(fields)?;
/// assert_eq!(spec.elements.unwrap()[0].r#type, ElementKind::Flow);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageSpec {
    /// The template it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario_template_id: Option<String>,
    /// The elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements: Option<Vec<PackagedElement>>,
    /// Listed for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_public: Option<bool>,
}

/// An element of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackagedElement {
    /// The kind.
    pub r#type: ElementKind,
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The uuid, as exports have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The element itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<Value>,
}

impl Spec for PackageSpec {
    const KIND: ElementKind = ElementKind::Package;
    const EDITABLE: &'static [&'static str] = &["scenarioTemplateId", "elements", "isPublic"];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] =
        &[("packageId", "parentId"), ("packageKey", "parentKey")];
}

impl Layered for PackageSpec {}
