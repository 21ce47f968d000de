use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use membrane_core::connector::{Connector, UniversalAction};
use membrane_core::universal::{CreateTask, SendMessage};
use membrane_core::{Error, Key, Result};

use crate::cache::Cache;
use crate::clock::new_id;
use crate::engine::{Engine, Parts, Seed};
use crate::http::HttpStack;
use crate::run::RunLog;
use crate::store::Store;
use crate::sync;
use crate::vault::{Vault, WrapKey};

/// Puts an [`Engine`] together. A store and a vault key are required.
///
/// ```
/// use membrane_core::connector::Connector;
/// use membrane_core::universal::CreateTask;
/// use membrane_engine::Engine;
/// use membrane_engine::http::HttpStack;
/// use membrane_engine::store::SqliteStore;
/// use membrane_engine::vault::KeyProvider;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let file = "key: demo\nname: Demo\nauth: {type: client-credentials}\napi: {baseUri: 'https://demo.example'}";
/// let engine = Engine::builder()
///     .workspace("my-product")
///     .store(SqliteStore::memory().await?)
///     .vault(KeyProvider::generate()?)
///     .connector(Connector::from_yaml(file, "demo.yml")?)
///     .universal::<CreateTask>()
///     .http(HttpStack::builder().build()?)
///     .build()
///     .await?;
/// assert_eq!(engine.workspace_key(), "my-product");
/// assert_eq!(engine.connectors().count(), 1);
///
/// let error = Engine::builder().build().await.unwrap_err();
/// assert_eq!(error.message(), "an engine needs `store(…)`: call it on the builder");
/// # Ok(())
/// # }
/// ```
#[must_use]
#[derive(Default)]
pub struct Builder {
    workspace: Option<String>,
    store: Option<Arc<dyn Store>>,
    vault: Option<Vault>,
    connectors: Vec<Connector>,
    http: Option<HttpStack>,
    allow_private_networks: bool,
    universal: Vec<Seed>,
    call_timeout: Option<Duration>,
    without_sync: bool,
    keep_runs: KeepRuns,
}

/// How long runs stay in the log; for ever when it does not say.
struct KeepRuns(Option<Duration>);

impl Default for KeepRuns {
    fn default() -> Self {
        Self(Some(Duration::from_secs(30 * 86_400)))
    }
}

/// How long a call may take unless said otherwise: less than a server gives a request.
const CALL_TIMEOUT: Duration = Duration::from_secs(50);

/// Choices that weaken the engine, apart so that a review finds them.
///
/// ```
/// use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let engine = Engine::builder()
///     .store(SqliteStore::memory().await?)
///     .vault(KeyProvider::generate()?)
///     .dangerous()
///     .allow_private_networks() // the customers' apps run in our own network
///     .build()
///     .await?;
/// # let _ = engine;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Dangerous(Builder);

impl Dangerous {
    /// Lets connectors reach private networks and this machine. For tests, and for products whose customers'
    /// apps run inside their own network.
    pub fn allow_private_networks(mut self) -> Builder {
        self.0.allow_private_networks = true;
        self.0
    }
}

impl Builder {
    /// The key of the workspace, as tokens name it; `default` when not set.
    pub fn workspace(mut self, key: impl Into<String>) -> Self {
        self.workspace = Some(key.into());
        self
    }

    /// Where elements, credentials and logs are kept.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The outer key that credentials are sealed under: a [`KeyProvider`](crate::vault::KeyProvider), or the host's
    /// own [`WrapKey`], for a key service.
    ///
    /// ```
    /// use async_trait::async_trait;
    /// use membrane_core::{Error, Result, Secret};
    /// use membrane_engine::{Engine, store::SqliteStore, vault::WrapKey};
    ///
    /// /// The product's key service.
    /// struct KeyService;
    ///
    /// # impl KeyService {
    /// #     async fn request(&self, _: &str, _: &[u8], _: &[u8]) -> Result<Vec<u8>> {
    /// #         Err(Error::internal("offline"))
    /// #     }
    /// # }
    /// #
    /// #[async_trait]
    /// impl WrapKey for KeyService {
    ///     fn key_id(&self) -> &str {
    ///         "projects/acme/keys/membrane/versions/3"
    ///     }
    ///
    ///     async fn wrap(&self, data_key: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
    ///         self.request("encrypt", data_key, associated).await
    ///     }
    ///
    ///     async fn unwrap(&self, _key_id: &str, wrapped: &[u8], associated: &[u8]) -> Result<Secret<Vec<u8>>> {
    ///         self.request("decrypt", wrapped, associated).await.map(Secret::new)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyService).build().await?;
    /// # let _ = engine;
    /// # Ok(())
    /// # }
    /// ```
    pub fn vault(mut self, keys: impl WrapKey) -> Self {
        self.vault = Some(Vault::new(keys));
        self
    }

    /// Adds an app.
    pub fn connector(mut self, connector: Connector) -> Self {
        self.connectors.push(connector);
        self
    }

    /// Adds apps, for example `membrane_connectors::all()?`.
    ///
    /// ```
    /// use membrane_core::connector::Connector;
    /// use membrane_engine::Engine;
    ///
    /// let folder = ["one", "two"].map(|key| {
    ///     let file = format!("key: {key}\nname: App\nauth: {{type: client-credentials}}\napi: {{baseUri: 'https://{key}.example'}}");
    ///     Connector::from_yaml(&file, "connector.yml")
    /// });
    /// let builder = Engine::builder().connectors(folder.into_iter().collect::<membrane_core::Result<Vec<_>>>()?);
    /// # let _ = builder;
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn connectors(mut self, connectors: impl IntoIterator<Item = Connector>) -> Self {
        self.connectors.extend(connectors);
        self
    }

    /// Adds a universal action of the product's own. Those of [`membrane_core::universal`] are there already.
    ///
    /// ```
    /// use membrane_core::connector::UniversalAction;
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::Get;
    /// use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize, JsonSchema)]
    /// struct Invoice {
    ///     number: String,
    /// }
    ///
    /// struct SendInvoice;
    ///
    /// impl UniversalAction for SendInvoice {
    ///     type Input = Invoice;
    ///     type Output = Invoice;
    ///     const KEY: &'static str = "send-invoice";
    ///     const NAME: &'static str = "Send an invoice";
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let engine = Engine::builder()
    ///     .store(SqliteStore::memory().await?)
    ///     .vault(KeyProvider::generate()?)
    ///     .universal::<SendInvoice>()
    ///     .build()
    ///     .await?;
    /// let action = engine.call(&engine.manager(), Get::<ActionSpec>::new("send-invoice")).await?;
    /// assert_eq!(action.name, "Send an invoice");
    /// # Ok(())
    /// # }
    /// ```
    pub fn universal<A: UniversalAction>(mut self) -> Self {
        self.universal.push(Seed::of::<A>());
        self
    }

    /// Bounds what a call waits for apps: all requests it makes, their repetitions and the waits for the apps' limits
    /// together; 50 seconds unless said otherwise. A page of records is a call of its own, an action run is one
    /// whatever it sends.
    ///
    /// Then the call fails with [`ErrorKind::Timeout`](membrane_core::ErrorKind::Timeout), or as its last request
    /// failed. A server before the engine gives its requests more time than this, so that a remote caller is told the
    /// same.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let builder = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?);
    /// let engine = builder.call_timeout(Duration::from_secs(20)).build().await?;
    /// assert_eq!(engine.call_timeout(), Duration::from_secs(20));
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// How long the log keeps runs, and with them the requests they made and the attempts to connect: 30 days when not
    /// set, for ever with `None`. Those that began earlier are removed in the background, from the start on every few
    /// minutes and a few at a time. That goes for all workspaces of the database: engines that share one say the same.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use membrane_core::op::ListActionRuns;
    /// use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let engine = Engine::builder()
    ///     .store(SqliteStore::memory().await?)
    ///     .vault(KeyProvider::generate()?)
    ///     .keep_runs_for(Duration::from_secs(7 * 24 * 3600))
    ///     .build()
    ///     .await?;
    /// let runs = engine.call(&engine.manager(), ListActionRuns::default()).await?;
    /// assert!(runs.items.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_runs_for(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.keep_runs = KeepRuns(time.into());
        self
    }

    /// Uses this HTTP stack.
    pub fn http(mut self, stack: HttpStack) -> Self {
        self.http = Some(stack);
        self
    }

    /// Leaves the workspace as it is: no integration for an app that has none, no action brought up to date. For who
    /// looks at a workspace that another process serves, with other connectors maybe.
    ///
    /// ```
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::{List, ListQuery};
    /// use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let builder = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?);
    /// let engine = builder.without_sync().build().await?;
    /// let actions = engine.call(&engine.manager(), List::<ActionSpec>::from(ListQuery::default())).await?;
    /// assert!(actions.items.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn without_sync(mut self) -> Self {
        self.without_sync = true;
        self
    }

    /// Leads to choices that weaken the engine.
    pub fn dangerous(self) -> Dangerous {
        Dangerous(self)
    }

    /// Opens the workspace and, unless told [otherwise](Self::without_sync), brings it up to date with the connectors:
    /// an integration for each app that has none, its actions, the universal actions.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](membrane_core::ErrorKind::Configuration) when store or key are missing, two
    /// connectors have one key, or calls are given no time; what the store gives.
    pub async fn build(self) -> Result<Engine> {
        let missing =
            |what| Error::configuration(format!("an engine needs `{what}`: call it on the builder"));
        let store = self.store.ok_or_else(|| missing("store(…)"))?;
        let vault = self.vault.ok_or_else(|| missing("vault(…)"))?;
        let call_timeout = self.call_timeout.unwrap_or(CALL_TIMEOUT);
        if call_timeout.is_zero() {
            return Err(Error::configuration("`call_timeout` leaves calls no time"));
        }
        let http = match self.http {
            Some(_) if self.allow_private_networks => {
                return Err(Error::configuration(
                    "allow private networks on the HTTP stack itself, since you hand one in",
                ));
            }
            Some(stack) => stack,
            None if self.allow_private_networks => {
                HttpStack::builder().dangerous().allow_private_networks().build()?
            }
            None => HttpStack::builder().build()?,
        };
        let mut connectors: IndexMap<Key, Arc<Connector>> = IndexMap::new();
        for connector in self.connectors {
            let key = connector.key.clone();
            if connectors.insert(key.clone(), Arc::new(connector)).is_some() {
                return Err(Error::configuration(format!("two connectors have the key `{key}`"))
                    .with("connector", key));
            }
        }
        let workspace_key = self.workspace.unwrap_or_else(|| "default".to_owned());
        let workspace = store.workspace(&workspace_key, &new_id().into()).await?;
        let engine = Engine::from_parts(Parts {
            workspace,
            workspace_key,
            log: RunLog::start(Arc::clone(&store), self.keep_runs.0),
            writes: tokio_util::task::TaskTracker::new(),
            store,
            vault,
            http,
            call_timeout,
            connectors,
            cache: Cache::default(),
        });
        if self.without_sync {
            return Ok(engine);
        }
        let mut seeds = vec![Seed::of::<CreateTask>(), Seed::of::<SendMessage>()];
        for seed in self.universal {
            seeds.retain(|known| known.key != seed.key);
            seeds.push(seed);
        }
        sync::universal_actions(&engine, &seeds).await?;
        sync::integrations(&engine).await?;
        Ok(engine)
    }
}
