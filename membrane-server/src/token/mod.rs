//! Access tokens: signed here by hosts and tests, verified here for every request.

mod verify;

use std::fmt;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use membrane_core::{Error, Result, Secret};
use serde_json::{Map, Value, json};

pub(crate) use self::verify::{LEEWAY, Verified, Verifier, Who, now};
use crate::config::checked;

/// An access token in the making: who the bearer is, and for how long.
///
/// The front end of a product gets one from the product's own backend, which holds the workspace secret.
///
/// ```
/// use membrane_core::Secret;
/// use membrane_server::AccessToken;
/// use serde_json::json;
///
/// let secret = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
/// let token = AccessToken::customer("acme")
///     .with_name("Acme Inc.")
///     .with_fields(json!({"plan": "pro"}))
///     .sign("default", &secret)?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is signed before `sign`"]
pub struct AccessToken {
    customer: Option<String>,
    name: Option<String>,
    fields: Option<Value>,
    lifetime: Duration,
}

impl AccessToken {
    /// A token of the customer with this id of your product.
    pub fn customer(internal_id: impl Into<String>) -> Self {
        Self { customer: Some(internal_id.into()), ..Self::manager() }
    }

    /// A token that manages the workspace: everything of every customer. It belongs on no customer's device.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use membrane_core::Secret;
    /// use membrane_server::AccessToken;
    ///
    /// let secret = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
    /// let token = AccessToken::manager().with_lifetime(Duration::from_secs(60)).sign("default", &secret)?;
    /// assert_eq!(token.split('.').count(), 3);
    /// assert!(AccessToken::manager().sign("default", &Secret::new("short".to_owned())).is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn manager() -> Self {
        Self { customer: None, name: None, fields: None, lifetime: Duration::from_secs(3600) }
    }

    /// Stores this name on the customer when the token is used, in the place of the one there.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Stores these fields, an object, on the customer when the token is used, in the place of those there.
    pub fn with_fields(mut self, fields: Value) -> Self {
        self.fields = Some(fields);
        self
    }

    /// Lets the token expire after this long; one hour when not set.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Signs it (HS256) for the workspace with this key.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the customer's id is empty or
    /// the fields are no object; [`ErrorKind::Configuration`](membrane_core::ErrorKind::Configuration) when
    /// the secret is too short.
    pub fn sign(&self, workspace_key: &str, secret: &Secret<String>) -> Result<String> {
        let mut claims = Map::new();
        match &self.customer {
            Some(id) if id.trim().is_empty() => {
                return Err(Error::invalid_input("a customer's id is not empty").with("field", "id"));
            }
            Some(id) => claims.insert("id".to_owned(), json!(id)),
            None => claims.insert("isAdmin".to_owned(), json!(true)),
        };
        if let Some(name) = &self.name {
            claims.insert("name".to_owned(), json!(name));
        }
        if let Some(fields) = &self.fields {
            if !fields.is_object() {
                return Err(Error::invalid_input("fields are a JSON object").with("field", "fields"));
            }
            claims.insert("fields".to_owned(), fields.clone());
        }
        claims.insert("iss".to_owned(), json!(workspace_key));
        claims.insert("exp".to_owned(), json!(now().saturating_add(self.lifetime.as_secs())));
        let secret = checked(secret.clone())?;
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
            .map_err(|error| Error::internal("the token could not be signed").with_source(error))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("customer", &self.customer)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
