#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// With neither feature nothing leads to an engine: the types are there, and no call can be made.
#![cfg_attr(not(any(feature = "in-process", feature = "remote")), allow(unreachable_code, unused))]

mod action;
mod backend;
mod client;
mod collection;
mod connection;
mod customer;
mod data_link;
mod data_source;
mod field_mapping;
mod list;
#[cfg(feature = "remote")]
mod token;
mod workspace;

pub use membrane_core::connector::{Record, Records, UniversalAction};
pub use membrane_core::element::{Action, Connection, Customer, Integration};
pub use membrane_core::mapping::Direction;
pub use membrane_core::op::{
    ActionRun, ActionRunRecord, ConnectionAttemptRecord, CreateConnection, DataLink, ListQuery,
    ProxyResponse, WorkspaceExport, WorkspaceImport,
};
pub use membrane_core::workspace::WorkspaceFiles;
pub use membrane_core::{Error, ErrorKind, Page, Paging, Result, Retry, Secret, Selector, universal};

pub use crate::action::ActionHandle;
pub use crate::backend::Callable;
pub use crate::client::Client;
pub use crate::collection::CollectionHandle;
pub use crate::connection::ConnectionHandle;
pub use crate::customer::CustomerHandle;
pub use crate::data_link::DataLinkTableHandle;
pub use crate::data_source::DataSourceHandle;
pub use crate::field_mapping::FieldMappingHandle;
pub use crate::list::RecordList;
#[cfg(feature = "remote")]
pub use crate::token::TokenSource;
pub use crate::workspace::WorkspaceHandle;
