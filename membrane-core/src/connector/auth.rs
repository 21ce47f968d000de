use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Function;
use crate::schema::DataSchema;

/// The ways a customer can connect.
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
            credentials: None,
            test: None,
        }
    }

    /// Tries credentials with this function.
    #[must_use]
    pub fn with_test(mut self, test: Function) -> Self {
        self.test = Some(test);
        self
    }
}
