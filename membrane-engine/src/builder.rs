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
use crate::vault::{KeyProvider, Vault};

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
    keys: Option<KeyProvider>,
    connectors: Vec<Connector>,
    http: Option<HttpStack>,
    allow_private_networks: bool,
    universal: Vec<Seed>,
    keep_runs: KeepRuns,
}

/// How long runs stay in the log; for ever when it does not say.
struct KeepRuns(Option<Duration>);

impl Default for KeepRuns {
    fn default() -> Self {
        Self(Some(Duration::from_secs(30 * 86_400)))
    }
}

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

    /// The keys that seal credentials.
    pub fn vault(mut self, keys: KeyProvider) -> Self {
        self.keys = Some(keys);
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

    /// Leads to choices that weaken the engine.
    pub fn dangerous(self) -> Dangerous {
        Dangerous(self)
    }

    /// Opens the workspace and brings it up to date with the connectors: an integration for each app that has
    /// none, its actions, the universal actions.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](membrane_core::ErrorKind::Configuration) when store or key are missing, or
    /// two connectors have one key; what the store gives.
    pub async fn build(self) -> Result<Engine> {
        let missing =
            |what| Error::configuration(format!("an engine needs `{what}`: call it on the builder"));
        let store = self.store.ok_or_else(|| missing("store(…)"))?;
        let vault = Vault::new(self.keys.ok_or_else(|| missing("vault(…)"))?);
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
            connectors,
            cache: Cache::default(),
        });
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
