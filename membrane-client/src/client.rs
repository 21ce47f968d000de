use std::fmt;
#[cfg(feature = "remote")]
use std::sync::Arc;

use membrane_core::Result;
use membrane_core::connector::UniversalAction;
use membrane_core::element::{ActionSpec, IntegrationSpec};
use membrane_core::op::ListQuery;

use crate::backend::{Backend, Callable, Who};
use crate::customer::CustomerHandle;
#[cfg(feature = "remote")]
use crate::token::TokenSource;
use crate::{Action, Integration, WorkspaceHandle};

/// What a product holds: the way to its customers' connections. Cheap to clone.
///
/// ```
/// use membrane_client::Client;
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
/// let client = Client::in_process(engine);
/// let acme = client.customer("acme");
/// assert!(acme.connections().await?.is_empty());
/// # Ok::<(), membrane_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Client {
    backend: Backend,
}

impl Client {
    /// Calls an engine in this process. Nothing is serialized.
    #[cfg(feature = "in-process")]
    #[cfg_attr(docsrs, doc(cfg(feature = "in-process")))]
    pub fn in_process(engine: membrane_engine::Engine) -> Self {
        Self { backend: Backend::InProcess(crate::backend::in_process::InProcess::new(engine)) }
    }

    /// Calls a server. `tokens` is one token, or a [`TokenSource`] that mints them.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](membrane_core::ErrorKind::Configuration) when `url` is no address.
    ///
    /// ```
    /// use membrane_client::Client;
    ///
    /// let client = Client::remote("https://integrations.example.com", "eyJhbGciOi…")?;
    /// assert!(Client::remote("integrations.example.com", "eyJhbGciOi…").is_err());
    /// # let _ = client;
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[cfg(feature = "remote")]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub fn remote(url: &str, tokens: impl TokenSource) -> Result<Self> {
        Ok(Self { backend: Backend::Remote(crate::backend::remote::Remote::new(url, Arc::new(tokens))?) })
    }

    /// A customer, by your product's own id. Nothing happens until something is asked of it; the customer is
    /// made when first named.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let acme = client.customer("acme");
    /// assert_eq!(acme.get().await?.spec.internal_id.as_deref(), Some("acme"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn customer(&self, id: impl Into<String>) -> CustomerHandle {
        CustomerHandle::new(self.backend.clone(), Who::Customer(id.into()))
    }

    /// The apps the product has integrations with.
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`](membrane_core::ErrorKind::NotAuthenticated) when the token is not a
    /// manager's.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let apps: Vec<String> = client.integrations().await?.into_iter().map(|app| app.name).collect();
    /// assert!(apps.contains(&"Taskly".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn integrations(&self) -> Result<Vec<Integration>> {
        self.backend.all::<IntegrationSpec>(&Who::Manager, ListQuery::default()).await
    }

    /// The universal actions: the use cases every app can implement.
    ///
    /// # Errors
    /// As [`Client::integrations`].
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let actions = client.universal_actions().await?;
    /// assert!(actions.iter().any(|action| action.name == "Create a task"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn universal_actions(&self) -> Result<Vec<Action>> {
        let mut query = ListQuery::default();
        query.layer = Some(membrane_core::LayerName::Universal);
        self.backend.all::<ActionSpec>(&Who::Manager, query).await
    }

    /// The workspace as a folder of files. A manager's token is needed.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let files = client.workspace().export().await?.files;
    /// assert!(files.get("membrane/integrations/taskly/spec.yaml").is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn workspace(&self) -> WorkspaceHandle {
        WorkspaceHandle::new(self.backend.clone())
    }

    /// Makes any operation of the [catalogue](membrane_core::op), as the workspace.
    ///
    /// # Errors
    /// What the operation gives; as [`Client::integrations`].
    ///
    /// ```
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::{Explain, ListCheckpoints, Revert, Update};
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// use serde_json::{Map, json};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let fields = Map::from_iter([("description".to_owned(), json!("Adds a task"))]);
    /// client.call(Update::<ActionSpec>::new("create-task").fields(fields)).await?;
    ///
    /// let history = client.call(ListCheckpoints::<ActionSpec>::new("create-task")).await?.items;
    /// assert_eq!((history.len(), history[0].changes[0].path()), (2, "/description"));
    /// let back = client.call(Revert::<ActionSpec>::new("create-task").to(1)).await?;
    /// assert_ne!(back.description.as_deref(), Some("Adds a task"));
    ///
    /// // Which layer is it that a value comes from?
    /// let explained = client.call(Explain::<ActionSpec>::new("create-task")).await?;
    /// assert!(explained.fields.contains_key("inputSchema"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call<T: Callable>(&self, op: T) -> Result<T::Output> {
        self.backend.call(&Who::Manager, op).await
    }

    /// The key of a universal action, for calls that take one.
    ///
    /// ```
    /// use membrane_client::{Client, universal::CreateTask};
    ///
    /// assert_eq!(Client::key_of::<CreateTask>(), "create-task");
    /// ```
    pub fn key_of<A: UniversalAction>() -> &'static str {
        A::KEY
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
