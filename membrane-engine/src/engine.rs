use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use membrane_core::connector::{Connector, UniversalAction};
use membrane_core::element::Customer;
use membrane_core::op::Access;
use membrane_core::{Error, Key, Result, WorkspaceId};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::builder::Builder;
use crate::cache::{Cache, Touched};
use crate::caller::{Caller, Identity};
use crate::element::customer;
use crate::http::{Deadline, HttpStack};
use crate::op::Execute;
use crate::run::RunLog;
use crate::store::{Store, Write};
use crate::vault::Vault;

/// The integration engine of one workspace, inside this process. Cheap to clone.
///
/// ```
/// use membrane_engine::Engine;
/// use membrane_engine::store::SqliteStore;
/// use membrane_engine::vault::KeyProvider;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let engine = Engine::builder()
///     .store(SqliteStore::memory().await?)
///     .vault(KeyProvider::generate()?)
///     .build()
///     .await?;
/// let acme = engine.customer("acme").await?;
/// assert_eq!(acme.internal_id(), Some("acme"));
/// engine.shutdown().await;
/// # Ok::<(), membrane_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) workspace: WorkspaceId,
    pub(crate) workspace_key: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) http: HttpStack,
    pub(crate) call_timeout: Duration,
    pub(crate) connectors: IndexMap<Key, Arc<Connector>>,
    pub(crate) cache: Cache,
    pub(crate) log: RunLog,
    /// Writes under way, whether somebody waits for them or not.
    pub(crate) writes: TaskTracker,
}

/// How long a stop takes at the most, unless said otherwise.
const STOP: Duration = Duration::from_secs(30);

impl Engine {
    /// Starts an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The key of the workspace, as tokens name it.
    pub fn workspace_key(&self) -> &str {
        &self.0.workspace_key
    }

    /// The caller that manages the workspace: everything of every customer.
    ///
    /// ```
    /// use membrane_core::element::CustomerSpec;
    /// use membrane_core::op::{List, ListQuery};
    /// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
    /// engine.customer("acme").await?;
    /// let customers = engine.call(&engine.manager(), List::<CustomerSpec>::from(ListQuery::default())).await?;
    /// assert_eq!(customers.items.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn manager(&self) -> Caller {
        Caller::manager(self.0.workspace.clone())
    }

    /// The caller without a token.
    ///
    /// ```
    /// use membrane_core::ErrorKind;
    /// use membrane_core::op::GetSelf;
    /// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
    /// let error = engine.call(&engine.nobody(), GetSelf::default()).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotAuthenticated);
    /// # Ok(())
    /// # }
    /// ```
    pub fn nobody(&self) -> Caller {
        Caller::nobody(self.0.workspace.clone())
    }

    /// The caller that is this customer, by your product's own id. Made when first named.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the id is empty or longer
    /// than 500 bytes; [`ErrorKind::AccessDenied`](membrane_core::ErrorKind::AccessDenied) when the
    /// customer was archived.
    pub async fn customer(&self, internal_id: &str) -> Result<Caller> {
        self.customer_with(internal_id, None, None).await
    }

    /// The same, and stores a name and fields that are new.
    ///
    /// # Errors
    /// As [`Engine::customer`].
    ///
    /// ```
    /// use membrane_core::op::GetSelf;
    /// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
    /// let acme = engine.customer_with("acme", Some("Acme Inc."), None).await?;
    /// let stored = engine.call(&acme, GetSelf::default()).await?;
    /// assert_eq!(stored.name, "Acme Inc.");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn customer_with(
        &self,
        internal_id: &str,
        name: Option<&str>,
        fields: Option<&Map<String, Value>>,
    ) -> Result<Caller> {
        self.0.log.check_open()?;
        let cache = &self.0.cache;
        let key = cache.customer_key(internal_id);
        let is_known = |customer: &Arc<Customer>| {
            name.is_none_or(|name| name == customer.name)
                && fields.is_none_or(|fields| Some(fields) == customer.spec.fields.as_ref())
        };
        let customer = match cache.customers.get(&key).await.filter(is_known) {
            Some(customer) => customer,
            // On the heap, so that the future of every call is not as large as that of the first one.
            None => Box::pin(self.learn_customer(key, internal_id, name, fields)).await?,
        };
        let identity = Identity { id: customer.id.clone().into(), internal_id: internal_id.to_owned() };
        Ok(Caller::customer(self.0.workspace.clone(), identity))
    }

    async fn learn_customer(
        &self,
        key: (u64, String),
        internal_id: &str,
        name: Option<&str>,
        fields: Option<&Map<String, Value>>,
    ) -> Result<Arc<Customer>> {
        let customer = Arc::new(customer::ensure(self, internal_id, name, fields).await?);
        self.0.cache.customers.insert(key, Arc::clone(&customer)).await;
        Ok(customer)
    }

    /// Carries out one operation of the catalogue.
    ///
    /// ```
    /// use membrane_core::op::GetHealth;
    /// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
    /// assert_eq!(engine.call(&engine.nobody(), GetHealth::default()).await?.status, "ok");
    /// # Ok::<(), membrane_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`](membrane_core::ErrorKind::NotAuthenticated) and
    /// [`ErrorKind::AccessDenied`](membrane_core::ErrorKind::AccessDenied) when the caller may not; else
    /// what the operation gives. The error names the operation.
    pub async fn call<T: Execute>(&self, caller: &Caller, op: T) -> Result<T::Output> {
        let info = crate::op::info::<T>();
        let may = self.check(caller, info.access);
        let outcome = match may {
            Ok(()) => op.execute(self, caller).await,
            Err(error) => Err(error),
        };
        outcome.map_err(|error| error.with_operation(info.name.clone()))
    }

    /// How long a call waits for apps at the most; see [`Builder::call_timeout`].
    pub fn call_timeout(&self) -> Duration {
        self.0.call_timeout
    }

    /// The connectors, in the order they were given.
    pub fn connectors(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.0.connectors.values()
    }

    /// Waits until every run so far is in the log.
    pub async fn flush(&self) {
        self.0.log.flush().await;
    }

    /// How many runs are missing in the log because the database refused them five times. Each refusal is also
    /// told to `tracing`, target `membrane::log`.
    pub fn runs_not_logged(&self) -> u64 {
        self.0.log.lost()
    }

    /// Waits for the runs under way, writes out what is buffered and lets go of the database; takes 30 seconds at
    /// the most. What is called after it fails with
    /// [`ErrorKind::Unavailable`](membrane_core::ErrorKind::Unavailable).
    pub async fn shutdown(&self) {
        self.shutdown_within(STOP).await;
    }

    /// As [`Engine::shutdown`], in this time at the most: five sixths of it for the runs under way, the rest for what
    /// is to be written then. What takes longer is let go.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
    /// engine.shutdown_within(Duration::from_secs(5)).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown_within(&self, time: Duration) {
        // Longer than anything of ours takes, and a time that an `Instant` can be moved by.
        let time = time.min(Duration::from_secs(86_400));
        let until = Instant::now() + time;
        self.0.log.close(until - time / 6, until - time / 12).await;
        self.0.writes.close();
        let rest = async {
            self.0.writes.wait().await;
            self.0.store.close().await;
        };
        if timeout_at(until, rest).await.is_err() {
            tracing::error!(target: "membrane::store", "the database took too long to be let go of");
        }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The time of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.0.call_timeout)
    }

    /// The connector that something in the workspace uses.
    ///
    /// # Errors
    /// `Configuration` when this engine was not given it.
    pub(crate) fn registered(&self, key: &str) -> Result<&Arc<Connector>> {
        self.0.connectors.get(key).ok_or_else(|| {
            Error::configuration(format!(
                "its connector `{key}` is not registered in this engine; give it to `Engine::builder()` with \
                 `connectors(…)`, or its file to `membrane serve --connectors`"
            ))
            .with("connector", key)
        })
    }

    pub(crate) fn connector(&self, key: &str) -> Result<&Arc<Connector>> {
        self.0.connectors.get(key).ok_or_else(|| {
            Error::not_found(format!("there is no connector `{key}`; register it with `connectors(…)`"))
                .with("connector", key)
        })
    }

    /// Makes all these changes or none, and forgets what was kept of what they change.
    ///
    /// A caller that stops waiting does not stop it: the store makes the changes all the same, and what was
    /// kept has to go then.
    pub(crate) async fn write(&self, caller: &Caller, writes: Vec<Write>) -> Result<()> {
        let (parts, scope) = (Arc::clone(&self.0), caller.scope());
        let write = async move {
            let touched = Touched::by(&writes);
            let outcome = parts.store.write(&scope, writes).await;
            parts.cache.changed(touched).await;
            outcome
        };
        let write = self.0.writes.spawn(write.in_current_span());
        write.await.map_err(|error| Error::internal("a write ended early").with_source(error))?
    }

    pub(crate) fn check(&self, caller: &Caller, access: Access) -> Result<()> {
        self.0.log.check_open()?;
        if *caller.workspace() != self.0.workspace {
            return Err(Error::new(
                membrane_core::ErrorKind::AccessDenied,
                "this caller belongs to another workspace",
            ));
        }
        caller.require(access)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("workspace", &self.0.workspace_key)
            .field("connectors", &self.0.connectors.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A universal action as the engine seeds it.
pub(crate) struct Seed {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) input: membrane_core::DataSchema,
    pub(crate) output: membrane_core::DataSchema,
}

impl Seed {
    pub(crate) fn of<A: UniversalAction>() -> Self {
        Self {
            key: A::KEY,
            name: A::NAME,
            description: A::DESCRIPTION,
            input: membrane_core::DataSchema::of::<A::Input>(),
            output: membrane_core::DataSchema::of::<A::Output>(),
        }
    }
}
