#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod cache;
mod caller;
mod clock;
mod connect;
mod element;
mod engine;
pub mod http;
mod memo;
pub mod op;
mod run;
pub mod store;
mod sync;
pub mod vault;
mod workspace;

pub use crate::builder::{Builder, Dangerous};
pub use crate::caller::Caller;
pub use crate::engine::Engine;
