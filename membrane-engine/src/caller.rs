//! Who asks.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use membrane_core::op::Access;
use membrane_core::{CustomerId, Error, ErrorKind, Result, WorkspaceId};

use crate::memo::Memo;
use crate::store::Scope;

/// Who asks: a workspace, the customer it is narrowed to, and the rights.
///
/// Only an [`Engine`](crate::Engine) makes one, so a caller that exists is one the engine knows.
///
/// ```
/// use membrane_core::ErrorKind;
/// use membrane_core::element::CustomerSpec;
/// use membrane_core::op::{List, ListQuery};
/// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
/// let acme = engine.customer("acme").await?;
/// assert_eq!((acme.internal_id(), acme.is_manager()), (Some("acme"), false));
/// assert!(acme.customer_id().is_some());
///
/// let manager = engine.manager();
/// assert_eq!((manager.internal_id(), manager.is_manager()), (None, true));
/// assert_eq!(manager.workspace(), acme.workspace());
///
/// // A customer may not list all customers.
/// let list = List::<CustomerSpec>::from(ListQuery::default());
/// let error = engine.call(&acme, list).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::AccessDenied);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    workspace: WorkspaceId,
    customer: Option<Identity>,
    is_manager: bool,
    memo: Remembering,
}

/// The customer a caller is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) id: CustomerId,
    pub(crate) internal_id: String,
}

impl Caller {
    pub(crate) fn manager(workspace: WorkspaceId) -> Self {
        Self { workspace, customer: None, is_manager: true, memo: Remembering::default() }
    }

    pub(crate) fn customer(workspace: WorkspaceId, customer: Identity) -> Self {
        Self { workspace, customer: Some(customer), is_manager: false, memo: Remembering::default() }
    }

    /// A caller with no rights but to ask what anybody may.
    pub(crate) fn nobody(workspace: WorkspaceId) -> Self {
        Self { workspace, customer: None, is_manager: false, memo: Remembering::default() }
    }

    /// The workspace.
    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// The customer, by the engine's id; `None` for a manager.
    pub fn customer_id(&self) -> Option<&CustomerId> {
        self.customer.as_ref().map(|customer| &customer.id)
    }

    /// The customer, by the product's own id; `None` for a manager.
    pub fn internal_id(&self) -> Option<&str> {
        self.customer.as_ref().map(|customer| customer.internal_id.as_str())
    }

    /// Whether it manages the workspace.
    pub fn is_manager(&self) -> bool {
        self.is_manager
    }

    /// The same caller, who reads no row twice. For one answer that only reads: what others write meanwhile goes
    /// unseen.
    pub(crate) fn remembering(&self) -> Self {
        Self { memo: Remembering(Some(Arc::default())), ..self.clone() }
    }

    /// What it has read so far, where it remembers that.
    pub(crate) fn memo(&self) -> Option<&Memo> {
        self.memo.0.as_deref()
    }

    /// The rows it may see.
    pub(crate) fn scope(&self) -> Scope {
        match &self.customer {
            None => Scope::Workspace(self.workspace.clone()),
            Some(customer) => Scope::Customer(self.workspace.clone(), customer.id.clone()),
        }
    }

    /// Refuses a caller that may not do something.
    pub(crate) fn require(&self, access: Access) -> Result<()> {
        let may = match access {
            Access::Anyone => true,
            Access::Customer => self.is_manager || self.customer.is_some(),
            // A right that this version does not know is nobody's.
            _ => self.is_manager,
        };
        if may {
            return Ok(());
        }
        if self.customer.is_none() {
            return Err(Error::new(ErrorKind::NotAuthenticated, "an access token is required"));
        }
        Err(Error::new(
            ErrorKind::AccessDenied,
            "a customer may not do this; it takes a token of the workspace (`isAdmin: true`, no `id`)",
        ))
    }
}

/// Whether a caller remembers; of no account for who it is.
#[derive(Clone, Default)]
struct Remembering(Option<Arc<Memo>>);

impl PartialEq for Remembering {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Remembering {}

impl Hash for Remembering {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("workspace", &self.workspace)
            .field("customer", &self.customer.as_ref().map(|customer| &customer.id))
            .field("is_manager", &self.is_manager)
            .finish()
    }
}
