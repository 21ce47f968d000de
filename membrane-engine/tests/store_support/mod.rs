//! Rows for tests of the store and the vault.

// Each test file uses its own part.
#![allow(dead_code, unreachable_pub)]

use membrane_core::element::ElementKind;
use membrane_engine::store::{Row, Scope};
use serde_json::Map;

pub const CREATED_AT: &str = "2026-11-01T10:00:00.000Z";

/// Everything of the workspace the tests write to.
pub fn scope() -> Scope {
    Scope::Workspace("w".into())
}

/// A row of the customer `ann` without content.
pub fn row(kind: ElementKind, id: impl Into<String>) -> Row {
    Row {
        kind,
        id: id.into().into(),
        customer: Some("ann".into()),
        key: None,
        slot: None,
        integration: None,
        connection: None,
        instance_key: None,
        parent: None,
        name: "Name".to_owned(),
        revision: "1".to_owned(),
        created_at: CREATED_AT.to_owned(),
        updated_at: CREATED_AT.to_owned(),
        archived_at: None,
        doc: Map::new(),
    }
}
