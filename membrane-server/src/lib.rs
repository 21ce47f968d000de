//! Membrane's REST API as an axum router over the Rust engine.
