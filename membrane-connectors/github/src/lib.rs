//! The GitHub connector of Membrane for Rust.
