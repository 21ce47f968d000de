use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::LayerName;

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
    /// An app of the catalogue.
    App,
    /// What records of the product look like, for all customers or for one.
    AppDataSchema,
    /// One customer's subscription to events of the product.
    AppEventSubscription,
    /// A kind of event of the product.
    AppEventType,
    /// One customer's authenticated link to an app.
    Connection,
    /// How to talk to one app.
    Connector,
    /// A customer of the product.
    Customer,
    /// Which records of an app and of the product belong together.
    DataLinkTable,
    /// A pointer to a data collection.
    DataSource,
    /// How fields of an app and of the product map onto each other.
    FieldMapping,
    /// Steps that run when something happens.
    Flow,
    /// The product's tie to one app.
    Integration,
    /// Elements that belong together.
    Package,
    /// What a page of the product shows of integrations.
    Screen,
}

impl ElementKind {
    /// The kind in the singular: `action`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::App => "app",
            Self::AppDataSchema => "app-data-schema",
            Self::AppEventSubscription => "app-event-subscription",
            Self::AppEventType => "app-event-type",
            Self::Connection => "connection",
            Self::Connector => "connector",
            Self::Customer => "customer",
            Self::DataLinkTable => "data-link-table",
            Self::DataSource => "data-source",
            Self::FieldMapping => "field-mapping",
            Self::Flow => "flow",
            Self::Integration => "integration",
            Self::Package => "package",
            Self::Screen => "screen",
        }
    }

    /// The path segment that takes a query selector: `action`, and `external-app` for an app.
    pub fn segment(self) -> &'static str {
        match self {
            Self::App => "external-app",
            _ => self.as_str(),
        }
    }

    /// The kind in the plural: `actions`, the path of the collection.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Action => "actions",
            Self::App => "external-apps",
            Self::AppDataSchema => "app-data-schemas",
            Self::AppEventSubscription => "app-event-subscriptions",
            Self::AppEventType => "app-event-types",
            Self::Connection => "connections",
            Self::Connector => "connectors",
            Self::Customer => "customers",
            Self::DataLinkTable => "data-link-tables",
            Self::DataSource => "data-sources",
            Self::FieldMapping => "field-mappings",
            Self::Flow => "flows",
            Self::Integration => "integrations",
            Self::Package => "packages",
            Self::Screen => "screens",
        }
    }

    /// The kind for people: `Data Source`.
    ///
    /// ```
    /// use membrane_core::element::ElementKind;
    ///
    /// assert_eq!(ElementKind::DataSource.title(), "Data Source");
    /// ```
    pub fn title(self) -> String {
        let words = self.as_str().split('-').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The layers elements of this kind exist at, the closest to a connection first; none for a kind without.
    ///
    /// ```
    /// use membrane_core::LayerName;
    /// use membrane_core::element::ElementKind;
    ///
    /// assert!(ElementKind::Package.layers().contains(&LayerName::Integration));
    /// assert!(!ElementKind::Package.layers().contains(&LayerName::Connection));
    /// assert!(ElementKind::Screen.layers().is_empty());
    /// ```
    pub const fn layers(self) -> &'static [LayerName] {
        match self {
            Self::Action | Self::DataSource | Self::FieldMapping | Self::Flow => {
                &[LayerName::Connection, LayerName::Integration, LayerName::Universal]
            }
            Self::DataLinkTable => &[LayerName::Connection, LayerName::Universal],
            Self::Package => &[LayerName::Integration, LayerName::Universal],
            Self::App
            | Self::AppDataSchema
            | Self::AppEventSubscription
            | Self::AppEventType
            | Self::Connection
            | Self::Connector
            | Self::Customer
            | Self::Integration
            | Self::Screen => &[],
        }
    }

    /// Whether elements of this kind exist at layers; their types are [`Layered`](super::Layered).
    pub const fn is_layered(self) -> bool {
        !self.layers().is_empty()
    }

    /// Whether elements of this kind belong to a customer, or exist once for all and once per customer.
    pub const fn is_of_customer(self) -> bool {
        matches!(self, Self::AppDataSchema | Self::AppEventSubscription)
    }

    /// Whether elements of this kind can be in a package.
    pub const fn is_packaged(self) -> bool {
        matches!(
            self,
            Self::Action
                | Self::AppDataSchema
                | Self::AppEventType
                | Self::DataLinkTable
                | Self::DataSource
                | Self::FieldMapping
                | Self::Flow
        )
    }
}

impl fmt::Display for ElementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
