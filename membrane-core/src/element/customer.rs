use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ElementKind, Spec};

/// A customer of the product, made when first named.
///
/// ```
/// use membrane_core::element::CustomerSpec;
///
/// let spec: CustomerSpec = serde_json::from_value(serde_json::json!({
///     "internalId": "acme", "fields": {"plan": "pro"},
/// }))?;
/// assert_eq!(spec.fields.unwrap_or_default()["plan"], "pro");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomerSpec {
    /// Your product's own id of the customer: the `id` of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_id: Option<String>,
    /// Your own data, `user` in formulas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Map<String, Value>>,
    /// Made for tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_test: Option<bool>,
    /// In use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// The workspace; in the answer of `GET /self` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_key: Option<String>,
}

impl Spec for CustomerSpec {
    const KIND: ElementKind = ElementKind::Customer;
    const EDITABLE: &'static [&'static str] = &["internalId", "fields", "isTest", "isActive"];
}
