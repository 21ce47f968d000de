//! Ids, keys and selectors: how things are named.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

text_type! {
    /// The id of an element of any kind, unique within its workspace, made by the engine.
    ElementId
}
text_type! {
    /// The id of an action, at any layer.
    ActionId
}
text_type! {
    /// The id of a customer. Not the customer's id in your product: that is its `internalId`.
    CustomerId
}
text_type! {
    /// The id of one customer's connection to one app.
    ConnectionId
}
text_type! {
    /// The id of an integration: your product's tie to one app.
    IntegrationId
}
text_type! {
    /// The id of one run of an action.
    RunId
}
text_type! {
    /// The id of a workspace: all that one product configures, and its customers.
    WorkspaceId
}

macro_rules! element_ids {
    ($($name:ident),*) => {$(
        impl From<$name> for ElementId {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }

        impl From<ElementId> for $name {
            fn from(id: ElementId) -> Self {
                Self(id.0)
            }
        }
    )*};
}

element_ids!(ActionId, CustomerId, ConnectionId, IntegrationId);

text_type! {
    /// A name people give to an element: `create-task`, `github`. Unique within its parent and scope.
    Key
}

impl Key {
    /// Length at the most, in bytes.
    pub const MAX_LEN: usize = 100;

    /// Checks a key that came from outside.
    ///
    /// Membrane's own exports hold keys with spaces and capitals, so only what would break a path or a
    /// selector is refused.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when empty, longer than
    /// [`Key::MAX_LEN`], or with a control character or a slash.
    ///
    /// ```
    /// use membrane_core::Key;
    ///
    /// assert_eq!(Key::parse("create-Job Applications")?.as_str(), "create-Job Applications");
    /// assert!(Key::parse("a/b").is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() || text.len() > Self::MAX_LEN {
            return Err(Error::invalid_input(format!(
                "a key has 1 to {} bytes, this one has {}",
                Self::MAX_LEN,
                text.len()
            ))
            .with("field", "key"));
        }
        if text.chars().any(|c| c.is_control() || c == '/') {
            return Err(
                Error::invalid_input("a key has no slash and no control character").with("field", "key")
            );
        }
        Ok(Self::new(text))
    }

    /// Makes the key of a name: lower case, words joined by `-`.
    ///
    /// ```
    /// assert_eq!(membrane_core::Key::from_name("Create  Task (v2)").as_str(), "create-task-v2");
    /// ```
    pub fn from_name(name: &str) -> Self {
        let mut key = String::with_capacity(name.len());
        for c in name.chars() {
            if c.is_alphanumeric() {
                key.extend(c.to_lowercase());
            } else if !key.is_empty() && !key.ends_with('-') {
                key.push('-');
            }
        }
        while key.len() > Self::MAX_LEN {
            key.pop();
        }
        Self::new(key.trim_end_matches('-'))
    }
}

/// The layer names a selector or a query can ask for.
///
/// ```
/// use membrane_core::{LayerName, Selector};
///
/// let universal = Selector::key("create-task").layer(LayerName::Universal);
/// assert_eq!(universal.to_string(), "key=create-task&layer=universal");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LayerName {
    /// Belongs to one customer's connection.
    Connection,
    /// Belongs to one app.
    Integration,
    /// Belongs to no app: the use case itself.
    Universal,
}

impl LayerName {
    /// The name as it is written in queries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Integration => "integration",
            Self::Universal => "universal",
        }
    }
}

/// Names one element: by id, by key, by `integrationKey.elementKey`, or by a key and where to look.
///
/// ```
/// use membrane_core::Selector;
///
/// let by_text = Selector::from("github.create-task");
/// let by_fields = Selector::key("create-task").integration("github");
/// assert_eq!(by_text.to_string(), "github.create-task");
/// assert_eq!(by_fields.to_string(), "key=create-task&integrationKey=github");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Selector {
    /// An id, a key, or `integrationKey.elementKey`, whichever fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Look at this layer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerName>,
    /// Look within this integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_key: Option<String>,
    /// Look within this integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// Look within this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// Look within this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_key: Option<String>,
    /// Tells apart several connection-level copies of one element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_key: Option<String>,
    /// The id of the parent element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The key of the parent element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_key: Option<String>,
    /// Look at what belongs to the customer with this id of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Look at what belongs to the customer with this id of yours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

impl Selector {
    /// Selects by key.
    pub fn key(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    /// Looks within the integration with this key.
    #[must_use]
    pub fn integration(mut self, key: impl Into<String>) -> Self {
        self.integration_key = Some(key.into());
        self
    }

    /// Looks within the connection with this id, key or integration key.
    ///
    /// ```
    /// use membrane_core::Selector;
    ///
    /// let action = Selector::key("create-task").connection("github");
    /// assert_eq!(action.connection_id.as_deref(), Some("github"));
    /// assert!(!action.is_empty());
    /// ```
    #[must_use]
    pub fn connection(mut self, selector: impl Into<String>) -> Self {
        self.connection_id = Some(selector.into());
        self
    }

    /// Looks at one layer only.
    #[must_use]
    pub fn layer(mut self, layer: LayerName) -> Self {
        self.layer = Some(layer);
        self
    }

    /// Whether it names nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The error that nothing of this kind fits.
    ///
    /// ```
    /// use membrane_core::Selector;
    ///
    /// let error = Selector::key("create-task").connection("github").not_found("action");
    /// assert_eq!(error.message(), "there is no action `create-task` on connection `github`");
    /// ```
    pub fn not_found(&self, kind: impl fmt::Display) -> Error {
        let name = self.selector.as_ref().or(self.id.as_ref()).or(self.key.as_ref());
        let mut message = match name {
            Some(name) => format!("there is no {kind} `{name}`"),
            None => format!("there is no such {kind}"),
        };
        let places = [
            ("below", self.parent_id.as_ref().or(self.parent_key.as_ref())),
            ("of integration", self.integration_id.as_ref().or(self.integration_key.as_ref())),
            ("on connection", self.connection_id.as_ref().or(self.connection_key.as_ref())),
            ("with the instance key", self.instance_key.as_ref()),
        ];
        for (word, place) in places {
            if let Some(place) = place {
                message.push_str(&format!(" {word} `{place}`"));
            }
        }
        if let Some(layer) = self.layer {
            message.push_str(&format!(" at the layer `{}`", layer.as_str()));
        }
        Error::not_found(message).with("selector", self)
    }
}

impl From<&str> for Selector {
    fn from(text: &str) -> Self {
        Self { selector: Some(text.to_owned()), ..Self::default() }
    }
}

impl From<String> for Selector {
    fn from(text: String) -> Self {
        Self { selector: Some(text), ..Self::default() }
    }
}

impl From<&ElementId> for Selector {
    fn from(id: &ElementId) -> Self {
        Self { id: Some(id.to_string()), ..Self::default() }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.layer.map(LayerName::as_str);
        let fields = [
            ("", self.selector.as_deref()),
            ("id=", self.id.as_deref()),
            ("key=", self.key.as_deref()),
            ("layer=", layer),
            ("integrationKey=", self.integration_key.as_deref()),
            ("integrationId=", self.integration_id.as_deref()),
            ("connectionId=", self.connection_id.as_deref()),
            ("connectionKey=", self.connection_key.as_deref()),
            ("instanceKey=", self.instance_key.as_deref()),
            ("parentId=", self.parent_id.as_deref()),
            ("parentKey=", self.parent_key.as_deref()),
        ];
        let mut first = true;
        for (name, value) in fields {
            let Some(value) = value else { continue };
            write!(f, "{}{name}{value}", if first { "" } else { "&" })?;
            first = false;
        }
        Ok(())
    }
}
