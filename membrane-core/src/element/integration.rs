use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ElementKind, Spec};

/// The product's tie to one app: which connector, with which parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Values for the connector's `parametersSchema`. An answer to a customer leaves them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Per auth option: `{disabled, parameters}`.
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
}
