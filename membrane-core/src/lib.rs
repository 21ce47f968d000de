#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod connector;
pub mod element;
pub mod error;
pub mod id;
pub mod page;
pub mod schema;
pub mod secret;

pub use crate::error::{Error, ErrorBody, ErrorKind, Result, Retry};
pub use crate::id::{
    ActionId, ConnectionId, CustomerId, ElementId, IntegrationId, Key, LayerName, RunId, Selector,
    WorkspaceId,
};
pub use crate::page::{Page, Paging};
pub use crate::secret::Secret;
