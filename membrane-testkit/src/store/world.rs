use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use membrane_core::element::ElementKind;
use membrane_core::{ErrorKind, Paging, Result, RunId, WorkspaceId};
use membrane_engine::store::{Query, Row, RunKind, RunRow, Scope, Sealed, Store, Write};
use serde_json::{Map, Value};

pub(super) const CREATED_AT: &str = "2026-11-01T10:00:00.000Z";

/// A workspace nobody else uses, so that behaviours can share a database.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) workspace: WorkspaceId,
}

impl World {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, workspace: WorkspaceId::from(unique("workspace")) }
    }

    /// The scope that sees everything.
    pub(super) fn all(&self) -> Scope {
        Scope::Workspace(self.workspace.clone())
    }

    /// The scope of one customer.
    pub(super) fn of(&self, customer: &str) -> Scope {
        Scope::Customer(self.workspace.clone(), customer.into())
    }

    pub(super) async fn insert(&self, row: &Row) -> Result<()> {
        self.store.write(&self.all(), vec![Write::Insert(row.clone())]).await
    }

    /// Inserts a connection of a customer.
    pub(super) async fn connection(&self, id: &str, customer: &str) -> Result<()> {
        self.insert(&owned(ElementKind::Connection, id, customer)).await
    }

    pub(super) async fn row(&self, kind: ElementKind, id: &str) -> Result<Option<Row>> {
        self.store.row(&self.all(), kind, &id.into()).await
    }

    /// The ids of the actions a query finds, over all pages of two.
    pub(super) async fn found(&self, scope: &Scope, query: &Query) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut paging = Paging { limit: Some(2), cursor: None };
        loop {
            let page = self.store.rows(scope, ElementKind::Action, query, &paging).await?;
            found.extend(page.items.iter().map(|row| row.id.to_string()));
            match page.cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => return Ok(found),
            }
        }
    }

    /// Seals a record of an element, of a customer's or of the workspace's own.
    pub(super) async fn seal<'c>(
        &self,
        scope: &Scope,
        id: &str,
        customer: impl Into<Option<&'c str>>,
        version: u64,
    ) -> Result<()> {
        self.store.write(scope, vec![seal(id, customer, version)]).await
    }

    pub(super) fn run(&self, id: &str, customer: &str) -> RunRow {
        RunRow {
            id: RunId::from(id),
            workspace: self.workspace.clone(),
            customer: customer.into(),
            integration: None,
            connection: None,
            kind: RunKind::Action,
            actions: [None, None, None],
            is_success: true,
            created_at: CREATED_AT.to_owned(),
            requests: 0,
            requests_failed: 0,
            record: "{}".to_owned(),
            exchanges: "[]".to_owned(),
        }
    }
}

/// A text no other call and no other process makes.
pub(super) fn unique(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{what}-{now}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A row of the workspace's own.
pub(super) fn shared(kind: ElementKind, id: &str) -> Row {
    Row {
        kind,
        id: id.into(),
        customer: None,
        key: None,
        slot: None,
        integration: None,
        connection: None,
        instance_key: None,
        parent: None,
        name: format!("Name of {id}"),
        revision: "r1".to_owned(),
        created_at: CREATED_AT.to_owned(),
        updated_at: CREATED_AT.to_owned(),
        archived_at: None,
        doc: Map::new(),
    }
}

/// A row of a customer.
pub(super) fn owned(kind: ElementKind, id: &str, customer: &str) -> Row {
    Row { customer: Some(customer.into()), ..shared(kind, id) }
}

/// An action of the workspace's own.
pub(super) fn action(id: &str) -> Row {
    shared(ElementKind::Action, id)
}

/// The row with its next revision.
pub(super) fn update(row: &Row, expected: &str) -> Write {
    Write::Update { row: row.clone(), expected: expected.to_owned() }
}

/// A document.
pub(super) fn doc(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What seals a record of an element, of a customer's or of the workspace's own.
pub(super) fn seal<'c>(id: &str, customer: impl Into<Option<&'c str>>, version: u64) -> Write {
    let customer = customer.into().map(Into::into);
    Write::Seal { element: id.into(), customer, sealed: sealed(version) }
}

/// What removes the record of an element.
pub(super) fn unseal<'c>(id: &str, customer: impl Into<Option<&'c str>>) -> Write {
    Write::Unseal { element: id.into(), customer: customer.into().map(Into::into) }
}

/// A record whose bytes are those of no text.
pub(super) fn sealed(version: u64) -> Sealed {
    let byte = u8::try_from(version % 251).unwrap_or_default();
    Sealed {
        key_id: "key-1".to_owned(),
        wrapped_key: vec![0, 255, byte],
        ciphertext: vec![byte, 0, 0, 254],
        version,
    }
}

/// Holds that a call failed, and how.
#[track_caller]
pub(super) fn refused<T: Debug>(outcome: Result<T>, kind: ErrorKind) {
    match outcome {
        Err(error) => assert_eq!(error.kind(), kind, "{error:?}"),
        Ok(_) => assert!(outcome.is_err(), "expected {kind}, got {outcome:?}"),
    }
}
