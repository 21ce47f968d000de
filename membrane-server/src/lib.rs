#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod endpoint;
mod openapi;
mod proxy;
mod request;
mod respond;
mod router;
mod serve;
mod server;
mod session;
mod token;

pub use crate::config::ServerConfig;
pub use crate::openapi::document as openapi;
pub use crate::router::router;
pub use crate::serve::serve;
pub use crate::token::AccessToken;
