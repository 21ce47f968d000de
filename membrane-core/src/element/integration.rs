use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ElementKind, Spec};

/// The product's tie to one app: which connector, with which parameters.
///
/// ```
/// use membrane_core::element::{IntegrationSpec, Spec};
///
/// let spec: IntegrationSpec = serde_json::from_value(serde_json::json!({
///     "connectorKey": "github",
///     "parameters": {"clientId": "Iv1.0a", "clientSecret": "…"},
/// }))?;
/// assert_eq!(spec.connector_key.as_deref(), Some("github"));
/// assert!(IntegrationSpec::SEALED.contains(&"parameters"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IntegrationSpec {
    /// Where the logo is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The connector, by id; the same as its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<String>,
    /// The connector, by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_key: Option<String>,
    /// The pinned version; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_version: Option<String>,
    /// Values for the connector's `parametersSchema`, for example an OAuth client's id and secret. Kept sealed; an
    /// answer to a customer leaves them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Per auth option: `{disabled, parameters}`. Kept sealed, and shown, as the parameters are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options_config: Option<Map<String, Value>>,
    /// A redirect address of your own for OAuth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o_auth_callback_uri: Option<String>,
    /// The connector needs parameters that are not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_missing_parameters: Option<bool>,
    /// The connector has operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_operations: Option<bool>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations_count: Option<usize>,
    /// The connector has data collections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_data: Option<bool>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_collections_count: Option<usize>,
    /// How a customer connects, for example `client-credentials`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
}

impl fmt::Debug for IntegrationSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters are here in some answers.
        f.debug_struct("IntegrationSpec")
            .field("connector_key", &self.connector_key)
            .field("has_missing_parameters", &self.has_missing_parameters)
            .finish_non_exhaustive()
    }
}

impl Spec for IntegrationSpec {
    const KIND: ElementKind = ElementKind::Integration;
    const EDITABLE: &'static [&'static str] = &[
        "logoUri",
        "connectorId",
        "connectorKey",
        "connectorVersion",
        "parameters",
        "optionsConfig",
        "oAuthCallbackUri",
    ];
    const SEALED: &'static [&'static str] = &["parameters", "optionsConfig"];
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::element::Element;

    #[test]
    fn debug_shows_no_parameter() {
        let spec: IntegrationSpec = serde_json::from_value(json!({
            "connectorKey": "taskly",
            "parameters": {"clientSecret": "hunter2"},
            "optionsConfig": {"oauth": {"parameters": {"clientSecret": "hunter2"}}},
        }))
        .unwrap();
        let shown = format!("{:?}", Element::new("1", "Taskly", spec));
        assert!(shown.contains("taskly") && !shown.contains("hunter2"), "{shown}");
    }
}
