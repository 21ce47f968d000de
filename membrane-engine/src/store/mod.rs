//! Where elements, their sealed parts and run logs are kept.
//!
//! [`Store`] is one narrow contract for every kind of element: identity, place and revision are columns,
//! the rest is one JSON document.

pub(crate) mod depth;
mod link;
mod run;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::element::ElementKind;
use membrane_core::op::Actor;
use membrane_core::{
    ConnectionId, CustomerId, ElementId, IntegrationId, LayerName, Page, Paging, Result, RunId, WorkspaceId,
};
use serde_json::{Map, Value};

pub use self::link::{LinkDirection, LinkQuery, LinkRow};
pub use self::run::{Requests, RunKind, RunQuery, RunRow};
pub use self::sqlite::{SqliteOptions, SqliteStore};

/// Checkpoints a [`Store`] keeps of each row.
pub const CHECKPOINTS_KEPT: u64 = 100;

/// Whose rows a call may see. Every call of a [`Store`] carries one; none can forget it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Everything of one workspace, for callers that manage it.
    Workspace(WorkspaceId),
    /// One customer: the workspace's own rows (read only) and that customer's rows.
    Customer(WorkspaceId, CustomerId),
}

impl Scope {
    /// The workspace.
    pub fn workspace(&self) -> &WorkspaceId {
        match self {
            Self::Workspace(workspace) | Self::Customer(workspace, _) => workspace,
        }
    }

    /// The customer, when it is narrowed to one.
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Workspace(_) => None,
            Self::Customer(_, customer) => Some(customer),
        }
    }
}

/// One stored element.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The kind.
    pub kind: ElementKind,
    /// The id; unique within the workspace. Ids grow with time, so their order is the order of creation.
    pub id: ElementId,
    /// The customer it belongs to; `None` for the workspace's own rows.
    pub customer: Option<CustomerId>,
    /// The key. Unique per (kind, customer, integration, connection, instance key, key) among rows that
    /// are not archived; absent parts are equal to one another.
    pub key: Option<String>,
    /// A seat that one row only can have: unique per (kind, customer, slot) among rows that are not
    /// archived. What it says is the engine's business.
    pub slot: Option<String>,
    /// The integration.
    pub integration: Option<IntegrationId>,
    /// The connection.
    pub connection: Option<ConnectionId>,
    /// Tells apart several connection-level copies.
    pub instance_key: Option<String>,
    /// The element one layer up.
    pub parent: Option<ElementId>,
    /// The name, for search.
    pub name: String,
    /// Opaque; the store compares it and the engine makes a new one for each change.
    pub revision: String,
    /// ISO 8601, UTC, milliseconds.
    pub created_at: String,
    /// ISO 8601, UTC, milliseconds.
    pub updated_at: String,
    /// When it was archived.
    pub archived_at: Option<String>,
    /// Everything else, as one document of at most 100 levels; `InvalidInput` when it is deeper.
    pub doc: Map<String, Value>,
}

/// Which rows to list. Every field that is set narrows.
///
/// ```
/// use membrane_core::Paging;
/// use membrane_core::element::ElementKind;
/// use membrane_engine::store::{Query, Scope, SqliteStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let store = SqliteStore::memory().await?;
/// let workspace = store.workspace("default", &"w1".into()).await?;
/// let query = Query { search: Some("issue".to_owned()), include_archived: true, ..Query::default() };
/// let scope = Scope::Workspace(workspace);
/// let page = store.rows(&scope, ElementKind::Action, &query, &Paging::default()).await?;
/// assert!(page.items.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// With this key.
    pub key: Option<String>,
    /// Of this integration.
    pub integration: Option<IntegrationId>,
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// With this instance key; an empty text is *without one*.
    pub instance_key: Option<String>,
    /// With this parent.
    pub parent: Option<ElementId>,
    /// At this layer: universal has neither integration nor connection, integration no connection.
    pub layer: Option<LayerName>,
    /// At the universal layer, or at any other.
    pub is_universal: Option<bool>,
    /// With this text in name or key, in any case of letters of any script. `%` and `_` are themselves.
    pub search: Option<String>,
    /// With each of these values at the top level of the document: field names and JSON scalars. Type and
    /// value count: `1` is neither `"1"` nor `true`, and null is a field that is there. Anything but a
    /// scalar finds nothing.
    pub fields: Vec<(String, Value)>,
    /// Archived ones too.
    pub include_archived: bool,
}

/// What a row was after one of its changes.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointRow {
    /// Counts the changes of the row, from 1.
    pub number: u64,
    /// The customer in whose scope the change was made; `None` for the workspace's.
    pub made_by: Option<CustomerId>,
    /// Who made it: whom [`Write::By`] says, else a customer or a manager, by the scope.
    pub actor: Actor,
    /// The row, as the change left it.
    pub row: Row,
}

/// What is secret of an element, as it is kept: never in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which outer key wraps the data key.
    pub key_id: String,
    /// The data key, wrapped by the outer key.
    pub wrapped_key: Vec<u8>,
    /// The secret, sealed with the data key.
    pub ciphertext: Vec<u8>,
    /// Grows by one with every write of this element's record; part of what is authenticated.
    pub version: u64,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed")
            .field("key_id", &self.key_id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The sealed record of one element, for key rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The customer the element belongs to; `None` for the workspace's own.
    pub customer: Option<CustomerId>,
    /// The element.
    pub element: ElementId,
    /// The record.
    pub sealed: Sealed,
}

/// One change. [`Store::write`] makes several at once or none.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Write {
    /// Says who makes the changes that follow in the list, where that is not plainly the caller.
    By(Actor),
    /// Adds a row. `AlreadyExists` when id, key or slot is taken; `NotFound` when it is for a customer that is
    /// not the scope's.
    Insert(Row),
    /// Adds a link. One that is there already (the same table, direction and records) stays as it is, with its id.
    /// `NotFound` unless the table's row is there, not archived, and is this customer's, who is the scope's if that
    /// has one; a row that the same list inserts before it counts.
    Link(LinkRow),
    /// Replaces a row whose revision is still `expected`. `Concurrency` when it is not, `NotFound` when
    /// it is gone or belongs to somebody else; after these, `AlreadyExists` when the key or the slot is taken.
    Update {
        /// The new content; id, kind and customer name the row and never change.
        row: Row,
        /// The revision that was read.
        expected: String,
    },
    /// Sets the sealed record of an element: `sealed.version` must be one more than the stored one (1 for
    /// the first, also after an unseal), else `Concurrency`. `NotFound` unless the element's row is there and
    /// is this customer's (with `None`: the workspace's own) and one the scope may see; a row that the same
    /// list inserts before it counts. `AccessDenied` for the workspace's own when the scope is a customer's.
    ///
    /// Versions begin anew after an unseal: a caller that read an older record fences itself by changing
    /// the element's row in the same list.
    Seal {
        /// The element.
        element: ElementId,
        /// The customer it belongs to; `None` for the workspace's own.
        customer: Option<CustomerId>,
        /// The record.
        sealed: Sealed,
    },
    /// Removes the links of a table that fit, of those the scope may see; no fault when there is none.
    Unlink(LinkQuery),
    /// Removes the sealed record of an element; no fault when there is none. `NotFound` and `AccessDenied` as
    /// for a seal.
    Unseal {
        /// The element.
        element: ElementId,
        /// The customer it belongs to; `None` for the workspace's own.
        customer: Option<CustomerId>,
    },
}

/// Where the engine keeps what must outlive the process.
///
/// # Contract
/// - A [`Scope::Customer`] call MUST see the workspace's own rows (customer `None`) and that customer's
///   rows, and no others; an id of another customer is `NotFound`/`None`, never `AccessDenied`. It MUST
///   NOT write the workspace's own rows: `AccessDenied`. A [`Scope::Workspace`] call sees all rows of that
///   workspace.
/// - Sealed records are narrower: a [`Scope::Customer`] call MUST see those of that customer only, never the
///   workspace's own, although it sees the rows they belong to.
/// - [`Store::write`] is atomic and durable when it returns: killing the process right after loses
///   nothing. Either every change of the list is made or none; a change sees those before it in the list.
///   A caller that drops the future gets one of the two as well, and nothing in between.
/// - Every insert and update keeps what the row is then, in the same transaction: a checkpoint, numbered from 1,
///   unless nothing but revision and `updated_at` changed. Of each row the newest [`CHECKPOINTS_KEPT`] are kept.
///   They are as narrow as sealed records: a customer's scope sees those of that customer's rows only.
/// - [`Store::remove_runs`] carries no scope: how long runs are kept is the host's decision for all workspaces. A call
///   MUST take time for what it removes and not for what stays, however long the log is: it is made again and again,
///   in small steps, beside everything else.
/// - Calls may come from many tasks and, for a shared database, many processes at once. Waiting for a
///   lock is the store's own business; a busy database MUST NOT reach the caller while waiting can help,
///   and is `LockTimeout` with [`Retry::Backoff`](membrane_core::Retry::Backoff) after that.
/// - Other faults of the database are `Internal`; the message names the operation, never a row's content.
/// - Listings are ordered by id, oldest first ([`Store::runs`]: newest first unless the query says otherwise, as
///   [`Store::links`] when it does; [`Store::checkpoints`]: newest first); a cursor is the id to go on
///   after ([`Store::sealed_not_under`]: opaque) and stays valid while rows come and go. `limit` is
///   [`Paging::limit`]. A page that has a cursor is full; a page without is the last.
///
/// ```
/// use membrane_core::Paging;
/// use membrane_core::element::ElementKind;
/// use membrane_engine::store::{Query, Row, Scope, SqliteStore, Store, Write};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let store = SqliteStore::memory().await?;
/// let workspace = store.workspace("default", &"w1".into()).await?;
/// let row = Row {
///     kind: ElementKind::Action,
///     id: "a1".into(),
///     key: Some("close-issue".to_owned()),
///     name: "Close an issue".to_owned(),
///     // …
/// #     customer: None,
/// #     slot: None,
/// #     integration: None,
/// #     connection: None,
/// #     instance_key: None,
/// #     parent: None,
/// #     revision: "1".to_owned(),
/// #     created_at: "2026-11-01T10:00:00.000Z".to_owned(),
/// #     updated_at: "2026-11-01T10:00:00.000Z".to_owned(),
/// #     archived_at: None,
/// #     doc: serde_json::Map::new(),
/// };
/// store.write(&Scope::Workspace(workspace.clone()), vec![Write::Insert(row)]).await?;
///
/// // A customer sees the rows of the workspace, and writes none of them.
/// let ann = Scope::Customer(workspace, "ann".into());
/// let page = store.rows(&ann, ElementKind::Action, &Query::default(), &Paging::default()).await?;
/// assert_eq!(page.items[0].name, "Close an issue");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads one row.
    async fn row(&self, scope: &Scope, kind: ElementKind, id: &ElementId) -> Result<Option<Row>>;

    /// Lists rows of a kind.
    async fn rows(
        &self,
        scope: &Scope,
        kind: ElementKind,
        query: &Query,
        paging: &Paging,
    ) -> Result<Page<Row>>;

    /// Makes all these changes or none.
    async fn write(&self, scope: &Scope, writes: Vec<Write>) -> Result<()>;

    /// Lists what a row was after its changes, the newest first. The cursor is the number to go on below.
    async fn checkpoints(
        &self,
        scope: &Scope,
        kind: ElementKind,
        id: &ElementId,
        paging: &Paging,
    ) -> Result<Page<CheckpointRow>>;

    /// Reads what a row was after one of its changes.
    async fn checkpoint(
        &self,
        scope: &Scope,
        kind: ElementKind,
        id: &ElementId,
        number: u64,
    ) -> Result<Option<CheckpointRow>>;

    /// Reads the sealed record of an element; a customer's scope reads that customer's only.
    async fn sealed(&self, scope: &Scope, element: &ElementId) -> Result<Option<Sealed>>;

    /// Lists sealed records of every workspace whose outer key is not `key_id`, for rotation.
    async fn sealed_not_under(&self, key_id: &str, paging: &Paging) -> Result<Page<SealedRow>>;

    /// Puts a re-wrapped data key in place of the one that was read; the ciphertext stays. `Concurrency`
    /// when the record changed meanwhile.
    async fn rewrap(&self, row: &SealedRow, key_id: &str, wrapped_key: &[u8]) -> Result<()>;

    /// Lists links of a table; a customer's scope sees that customer's only.
    async fn links(&self, scope: &Scope, query: &LinkQuery, paging: &Paging) -> Result<Page<LinkRow>>;

    /// Appends runs, all or none, durably. A run that is there already is left as it is.
    async fn append_runs(&self, runs: Arc<[RunRow]>) -> Result<()>;

    /// Removes up to `limit` runs, of all workspaces, that began before a time, and says how many it removed. Fewer
    /// than the limit are the last. The time is ISO 8601 with an offset, or a date (UTC); anything else is
    /// `InvalidInput`.
    async fn remove_runs(&self, before: &str, limit: u32) -> Result<u64>;

    /// Lists runs, without their exchanges unless they are asked for.
    async fn runs(&self, scope: &Scope, query: &RunQuery, paging: &Paging) -> Result<Page<RunRow>>;

    /// Reads one run with its exchanges.
    async fn run(&self, scope: &Scope, id: &RunId) -> Result<Option<RunRow>>;

    /// Finds the workspace with this key, or makes it with this new id.
    async fn workspace(&self, key: &str, new_id: &WorkspaceId) -> Result<WorkspaceId>;

    /// Writes out what is buffered and lets go of the database. Calls after it fail with `Internal`.
    async fn close(&self);
}
