//! Runnable examples of Membrane for Rust.
