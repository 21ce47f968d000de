#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;
pub mod page;
pub mod secret;

pub use crate::error::{Error, ErrorBody, ErrorKind, Result, Retry};
pub use crate::page::{Page, Paging};
pub use crate::secret::Secret;
