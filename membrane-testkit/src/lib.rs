//! Conformance suites, demo apps and faults for connectors and stores of Membrane for Rust.

#[cfg(feature = "engine")]
pub mod store;
