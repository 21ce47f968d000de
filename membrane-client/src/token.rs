use async_trait::async_trait;
use membrane_core::{Result, Secret};

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
/// assert_eq!(client.customer("acme").connections().await?.len(), 2);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
#[async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// A token that is valid now.
    async fn token(&self, customer: Option<&str>) -> Result<Secret<String>>;
}

#[async_trait]
impl TokenSource for String {
    async fn token(&self, _customer: Option<&str>) -> Result<Secret<String>> {
        Ok(Secret::new(self.clone()))
    }
}

#[async_trait]
impl TokenSource for &'static str {
    async fn token(&self, _customer: Option<&str>) -> Result<Secret<String>> {
        Ok(Secret::new((*self).to_owned()))
    }
}
