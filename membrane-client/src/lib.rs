//! Customer-facing integrations for a Rust product: one client, in process or remote.
