#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

use membrane_core::Result;
use membrane_core::connector::Connector;

/// The Slack connector, all of it in `connector.yml`.
///
/// # Errors
/// None that a user of this crate could cause: the file is part of it.
///
/// ```
/// let slack = membrane_connector_slack::connector()?;
/// assert_eq!(slack.actions["send-message"].name, "Send a message");
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn connector() -> Result<Connector> {
    Connector::from_yaml(include_str!("../connector.yml"), "slack/connector.yml")
}
