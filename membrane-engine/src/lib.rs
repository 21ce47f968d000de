//! The in-process integration engine: runs, stores, sealed credentials and the HTTP stack of Membrane for Rust.
