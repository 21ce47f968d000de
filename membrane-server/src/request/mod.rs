//! From an HTTP request to the input of an operation.

mod body;
mod field;
mod query;

pub(crate) use self::body::{Unread, json, read};
pub(crate) use self::field::Fields;
pub(crate) use self::query::parse;
