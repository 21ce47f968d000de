use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of element, Membrane's own words.
///
/// ```
/// use membrane_core::element::ElementKind;
///
/// assert_eq!(ElementKind::Connection.as_str(), "connection");
/// assert_eq!(ElementKind::Connection.plural(), "connections");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ElementKind {
    /// One operation a product runs on an app.
    Action,
    /// One customer's authenticated link to an app.
    Connection,
    /// How to talk to one app.
    Connector,
    /// A customer of the product.
    Customer,
    /// The product's tie to one app.
    Integration,
}

impl ElementKind {
    /// The kind in the singular: `action`. It is also the path segment that takes a query selector.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Connection => "connection",
            Self::Connector => "connector",
            Self::Customer => "customer",
            Self::Integration => "integration",
        }
    }

    /// The kind in the plural: `actions`, the path of the collection.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Action => "actions",
            Self::Connection => "connections",
            Self::Connector => "connectors",
            Self::Customer => "customers",
            Self::Integration => "integrations",
        }
    }

    /// Whether elements of this kind exist once as an idea, once per app and once per connection; their types
    /// are [`Layered`](super::Layered).
    pub const fn is_layered(self) -> bool {
        match self {
            Self::Action => true,
            Self::Connection | Self::Connector | Self::Customer | Self::Integration => false,
        }
    }
}

impl fmt::Display for ElementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
