//! The one list of app connectors of Membrane for Rust, one feature an app.
