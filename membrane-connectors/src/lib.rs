#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "github")]
#[doc(inline)]
pub use membrane_connector_github as github;
#[cfg(feature = "linear")]
#[doc(inline)]
pub use membrane_connector_linear as linear;
#[cfg(feature = "slack")]
#[doc(inline)]
pub use membrane_connector_slack as slack;
use membrane_core::Result;
use membrane_core::connector::Connector;

/// The one list: every app whose feature is on.
const APPS: &[fn() -> Result<Connector>] = &[
    #[cfg(feature = "github")]
    github::connector,
    #[cfg(feature = "linear")]
    linear::connector,
    #[cfg(feature = "slack")]
    slack::connector,
];

/// The connectors of all apps whose feature is on, in the order of their keys.
///
/// # Errors
/// None that a user of this crate could cause: what the connectors are read from is part of it.
///
/// ```
/// let keys: Vec<String> =
///     membrane_connectors::all()?.iter().map(|connector| connector.key.to_string()).collect();
/// assert!(keys.is_sorted());
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn all() -> Result<Vec<Connector>> {
    APPS.iter().map(|connector| connector()).collect()
}
