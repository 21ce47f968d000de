use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ElementKind, Spec};
use crate::error::ErrorBody;

/// One customer's authenticated link to one app. The credentials are not here: they are sealed apart.
///
/// ```
/// use membrane_core::element::{ConnectionSpec, Element};
///
/// let connection: Element<ConnectionSpec> = serde_json::from_value(serde_json::json!({
///     "id": "0192", "name": "GitHub", "connected": false,
///     "error": {"type": "bad_request", "key": "refresh_failed", "message": "the token was revoked"},
/// }))?;
/// assert_eq!(connection.spec.connected, Some(false));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionSpec {
    /// The credentials worked when last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// The old inverse of `connected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected: Option<bool>,
    /// The error of the last test or refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// The connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<String>,
    /// The pinned version of the connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_version: Option<String>,
    /// Which of the connector's ways to connect was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_option_key: Option<String>,
    /// Values for the connector's connection parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_parameters: Option<Value>,
    /// The customer's default connection of its integration: the one the integration's key names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Its customer was made for tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_test: Option<bool>,
    /// The connector has a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_test: Option<bool>,
    /// What the customer must do; only while `CLIENT_ACTION_REQUIRED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_action: Option<ClientAction>,
    /// In answers to a caller that asked for secrets and may have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Value>,
}

impl fmt::Debug for ConnectionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Credentials are here in some answers.
        f.debug_struct("ConnectionSpec")
            .field("connector_id", &self.connector_id)
            .field("connected", &self.connected)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Spec for ConnectionSpec {
    const KIND: ElementKind = ElementKind::Connection;
    const EDITABLE: &'static [&'static str] = &[];
}

/// What the customer must do before a connection works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientAction {
    /// `connect` or `provide-input`.
    pub r#type: String,
    /// For a person.
    pub description: String,
    /// Where to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_url: Option<String>,
}
