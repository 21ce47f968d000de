//! The Slack connector of Membrane for Rust.
