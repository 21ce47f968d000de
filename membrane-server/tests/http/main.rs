//! The REST API over real HTTP, nested below a prefix of a host.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod elements;
mod links;
mod openapi;
mod proxy;
mod requests;
mod support;
mod tokens;
mod traces;
