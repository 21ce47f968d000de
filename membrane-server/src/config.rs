use std::fmt;
use std::time::Duration;

use membrane_core::{Error, Result, Secret};

/// How the REST API is served: the secrets tokens are signed with, and limits.
///
/// ```
/// use std::time::Duration;
///
/// use membrane_server::ServerConfig;
///
/// let config = ServerConfig::new("0123456789abcdef0123456789abcdef".to_owned())?
///     .with_request_timeout(Duration::from_secs(30))
///     .with_body_limit(1024 * 1024);
/// assert!(!format!("{config:?}").contains("0123"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ServerConfig {
    pub(crate) secrets: Vec<Secret<String>>,
    pub(crate) body_limit: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) cors: bool,
}

impl ServerConfig {
    /// The fewest bytes of a workspace secret: those of an HMAC-SHA-256 key (RFC 7518, section 3.2).
    pub const MIN_SECRET_LEN: usize = 32;

    /// Serves callers whose tokens are signed with this workspace secret.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](membrane_core::ErrorKind::Configuration) when the secret is shorter than
    /// [`ServerConfig::MIN_SECRET_LEN`]: a short one can be guessed from any token.
    pub fn new(workspace_secret: impl Into<Secret<String>>) -> Result<Self> {
        Ok(Self {
            secrets: vec![checked(workspace_secret.into())?],
            body_limit: 10 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            cors: true,
        })
    }

    /// Accepts tokens signed with this secret too, for the time of a rotation.
    ///
    /// # Errors
    /// As [`ServerConfig::new`].
    ///
    /// ```
    /// use membrane_server::ServerConfig;
    ///
    /// let config = ServerConfig::new("the new secret of 32 bytes or more".to_owned())?
    ///     .with_workspace_secret("the old secret of 32 bytes or more".to_owned())?;
    /// assert!(config.with_workspace_secret("short".to_owned()).is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn with_workspace_secret(mut self, secret: impl Into<Secret<String>>) -> Result<Self> {
        self.secrets.push(checked(secret.into())?);
        Ok(self)
    }

    /// Refuses bodies of more bytes than this with status 413; 10 MiB when not set. `POST /import`, which is a
    /// manager's, takes a whole workspace all the same: twice
    /// [`ImportWorkspace::MAX_BYTES`](membrane_core::op::ImportWorkspace::MAX_BYTES) as JSON.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Gives a request up after this long, reading its body included; 60 seconds when not set.
    ///
    /// It should be longer than the [`call_timeout`](membrane_engine::Builder::call_timeout) of the engine, so that a
    /// caller is told what became of a hung app, and not that the server gave up.
    #[must_use]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Leaves cross-origin headers to the host. Without this, pages of any origin may call the API with a
    /// token; cookies take no part.
    #[must_use]
    pub fn without_cors(mut self) -> Self {
        self.cors = false;
        self
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("secrets", &self.secrets.len())
            .field("body_limit", &self.body_limit)
            .field("request_timeout", &self.request_timeout)
            .field("cors", &self.cors)
            .finish()
    }
}

/// Refuses a secret that is too short to sign with.
pub(crate) fn checked(secret: Secret<String>) -> Result<Secret<String>> {
    let (len, min) = (secret.expose().len(), ServerConfig::MIN_SECRET_LEN);
    if len < min {
        return Err(Error::configuration(format!(
            "a workspace secret has at least {min} bytes, this one has {len}; \
             `openssl rand -hex 32` makes a good one"
        )));
    }
    Ok(secret)
}
