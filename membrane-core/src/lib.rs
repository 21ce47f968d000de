#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod connector;
pub mod element;
pub mod error;
mod escape;
mod file;
pub mod filter;
pub mod formula;
pub mod id;
pub mod locator;
pub mod mapping;
pub mod op;
pub mod page;
pub mod schema;
pub mod secret;
pub mod unified;
pub mod universal;
pub mod workspace;

pub use crate::error::{Error, ErrorBody, ErrorKind, Result, Retry};
pub use crate::filter::{Condition, Filter, Operator};
pub use crate::formula::{Formula, Vars};
pub use crate::id::{
    ActionId, ConnectionId, CustomerId, ElementId, IntegrationId, Key, LayerName, RunId, Selector,
    WorkspaceId,
};
pub use crate::locator::Locator;
pub use crate::page::{Page, Paging};
pub use crate::schema::{DataSchema, Validator};
pub use crate::secret::Secret;
