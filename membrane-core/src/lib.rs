#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;
pub mod filter;
pub mod formula;
pub mod locator;
pub mod page;
pub mod schema;
pub mod secret;

pub use crate::error::{Error, ErrorBody, ErrorKind, Result, Retry};
pub use crate::filter::{Condition, Filter, Operator};
pub use crate::formula::{Formula, Vars};
pub use crate::locator::Locator;
pub use crate::page::{Page, Paging};
pub use crate::schema::{DataSchema, Validator};
pub use crate::secret::Secret;
