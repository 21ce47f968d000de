use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Function;
use crate::error::{Error, Result};
use crate::schema::DataSchema;

/// The ways a customer can connect.
///
/// ```
/// use membrane_core::connector::AuthType;
///
/// assert_eq!(AuthType::ClientCredentials.as_str(), "client-credentials");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AuthType {
    /// The customer types what the app gave them: an API key, a user name and password.
    ClientCredentials,
}

impl AuthType {
    /// The type as it is written: `client-credentials`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client-credentials",
        }
    }
}

/// One way to connect: what to ask, what to keep, how to try it.
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::connector::{AuthOption, Function, RestCall};
/// use serde_json::json;
///
/// let key = DataSchema::new(json!({
///     "type": "object",
///     "properties": {"apiKey": {"type": "string", "title": "API key", "isSensitive": true}},
///     "required": ["apiKey"],
/// }))?;
/// let address = DataSchema::new(json!({"type": "object", "properties": {"apiUri": {"type": "string"}}}))?;
/// let option = AuthOption::client_credentials(key)
///     .with_connector_parameters(address)
///     .with_test(Function::Rest(RestCall::new(http::Method::GET, "/me")?.into()));
/// assert!(option.test.is_some());
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuthOption {
    /// Empty for the connector's only or main way.
    pub key: String,
    /// The kind of way.
    pub r#type: AuthType,
    /// For people.
    pub title: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// What the customer is asked.
    pub input_schema: Option<DataSchema>,
    /// What the customer may say about the app besides, for example the address of an installation of its
    /// own. A name that is not declared here is the product's to set, and refused from a customer. What is set
    /// is kept in clear, so no field may be marked sensitive.
    pub connector_parameters_schema: Option<DataSchema>,
    /// Makes the credentials of `connectionInput` and `connectorParameters`; without it the input is the
    /// credentials.
    pub credentials: Option<Function>,
    /// Tries the credentials; succeeds when they work.
    pub test: Option<Function>,
}

impl AuthOption {
    /// Asks the customer for credentials of this schema.
    pub fn client_credentials(input_schema: DataSchema) -> Self {
        Self {
            key: String::new(),
            r#type: AuthType::ClientCredentials,
            title: None,
            description: None,
            input_schema: Some(input_schema),
            connector_parameters_schema: None,
            credentials: None,
            test: None,
        }
    }

    /// Lets the customer set these parameters of the app.
    #[must_use]
    pub fn with_connector_parameters(mut self, schema: DataSchema) -> Self {
        self.connector_parameters_schema = Some(schema);
        self
    }

    /// Tries credentials with this function.
    #[must_use]
    pub fn with_test(mut self, test: Function) -> Self {
        self.test = Some(test);
        self
    }

    /// Holds that a customer is not asked for a secret where it would be kept in clear.
    pub(crate) fn check(&self) -> Result<()> {
        let schema = self.connector_parameters_schema.as_ref();
        let Some(name) = schema.and_then(DataSchema::sensitive_field) else { return Ok(()) };
        Err(Error::configuration(format!(
            "`connectorParametersSchema` declares the sensitive field `{name}`, and what a customer sets there is \
             kept in clear; declare it in the auth option's `inputSchema`, so that it is sealed with the credentials"
        ))
        .with("field", "connectorParametersSchema"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::connector::Connector;
    use crate::error::ErrorKind;

    fn build(parameters: Value) -> Result<Connector> {
        let option = AuthOption::client_credentials(DataSchema::any());
        let option = option.with_connector_parameters(DataSchema::new(parameters)?);
        Connector::builder("taskly", "Taskly").base_uri("https://api.taskly.example").auth(option).build()
    }

    #[test]
    fn a_secret_among_the_customers_parameters_is_refused() {
        build(json!({"properties": {"apiUri": {"type": "string"}, "tokenUri": {"type": "string"}}})).unwrap();
        for mark in [json!({"isSensitive": true}), json!({"type": "string", "format": "password"})] {
            let error = build(json!({"properties": {"apiUri": {}, "pin": mark}})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.context_value("connector"), Some("taskly"));
            assert!(
                error.message().contains("`pin`") && error.message().contains("`inputSchema`"),
                "{error}"
            );
        }
    }
}
