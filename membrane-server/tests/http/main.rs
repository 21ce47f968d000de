//! The REST API over real HTTP, nested below a prefix of a host.

mod elements;
mod openapi;
mod proxy;
mod requests;
mod support;
mod tokens;
