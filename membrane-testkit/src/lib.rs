#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod demo;
pub mod fault;
#[cfg(feature = "engine")]
pub mod store;

mod recorder;
mod serve;

pub use self::recorder::Recorder;
