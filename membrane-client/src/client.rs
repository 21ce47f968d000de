use std::fmt;
#[cfg(feature = "remote")]
use std::sync::Arc;

#[cfg(feature = "remote")]
use async_trait::async_trait;
#[cfg(feature = "remote")]
use membrane_core::Secret;
use membrane_core::connector::UniversalAction;
use membrane_core::element::{ActionSpec, IntegrationSpec};
use membrane_core::op::{List, ListQuery};
use membrane_core::{Page, Result};

use crate::backend::{Backend, Who};
use crate::customer::CustomerHandle;
use crate::{Action, Integration};

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
/// assert!(acme.connections().await?.items.is_empty());
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
    /// let apps: Vec<String> = client.integrations().await?.items.into_iter().map(|app| app.name).collect();
    /// assert!(apps.contains(&"Taskly".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn integrations(&self) -> Result<Page<Integration>> {
        self.backend.call(&Who::Manager, List::<IntegrationSpec>::from(everything())).await
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
    /// let actions = client.universal_actions().await?.items;
    /// assert!(actions.iter().any(|action| action.name == "Create a task"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn universal_actions(&self) -> Result<Page<Action>> {
        let mut query = everything();
        query.layer = Some(membrane_core::LayerName::Universal);
        self.backend.call(&Who::Manager, List::<ActionSpec>::from(query)).await
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

pub(crate) fn everything() -> ListQuery {
    let mut query = ListQuery::default();
    query.paging.limit = Some(membrane_core::Paging::MAX_LIMIT);
    query
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Where the tokens of a remote client come from: `customer` is your product's own id, `None` asks for a
/// manager's token.
///
/// A text is the same token for every call.
///
/// ```
/// use membrane_client::{Client, Result, Secret, TokenSource};
/// use membrane_server::{AccessToken, ServerConfig};
/// # use membrane_testkit::demo::Stage;
///
/// /// On the product's own backend, which holds the workspace secret.
/// struct Minted(Secret<String>);
///
/// #[async_trait::async_trait]
/// impl TokenSource for Minted {
///     async fn token(&self, customer: Option<&str>) -> Result<Secret<String>> {
///         let token = customer.map_or_else(AccessToken::manager, AccessToken::customer);
///         token.sign("default", &self.0).map(Secret::new)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let stage = Stage::start().await?;
/// let secret = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
/// # let router = membrane_server::router(stage.engine.clone(), ServerConfig::new(secret.clone())?);
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("http://{}", listener.local_addr()?);
/// # tokio::spawn(membrane_server::serve(listener, router, std::future::pending()));
/// let client = Client::remote(&url, Minted(secret))?;
/// assert_eq!(client.customer("acme").connections().await?.items.len(), 2);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "remote")]
#[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
#[async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// A token that is valid now.
    async fn token(&self, customer: Option<&str>) -> Result<Secret<String>>;
}

#[cfg(feature = "remote")]
#[async_trait]
impl TokenSource for String {
    async fn token(&self, _customer: Option<&str>) -> Result<Secret<String>> {
        Ok(Secret::new(self.clone()))
    }
}

#[cfg(feature = "remote")]
#[async_trait]
impl TokenSource for &'static str {
    async fn token(&self, _customer: Option<&str>) -> Result<Secret<String>> {
        Ok(Secret::new((*self).to_owned()))
    }
}
