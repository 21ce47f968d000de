//! The Linear connector of Membrane for Rust.
