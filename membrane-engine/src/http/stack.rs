//! The stack as a host makes it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use membrane_core::{Error, Result};

use super::auth::Auth;
use super::budget::Purse;
use super::client::AppClient;
use super::gate::Gates;
use super::guard::Guard;
use super::limit::Limit;
use super::log::Log;
use super::recorder::Recorder;
use super::resolve::{Resolver, SystemResolver};
use super::retry::{Retry, RetryPolicy};
use super::target::Target;
use super::transport::Transport;
use super::wire::Wire;

/// Sends all requests of an engine to the apps: one connection pool, one retry budget, shared limits.
///
/// Cheap to clone. Make one and keep it.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use membrane_engine::http::{HttpStack, Target};
///
/// let stack = HttpStack::builder().timeout(Duration::from_secs(10)).build()?;
/// let target = Target::builder("https://api.example.com/v2".parse()?).build()?;
/// let client = stack.client(Arc::new(target), None);
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HttpStack(Arc<Stack>);

pub(crate) struct Stack {
    pub(crate) layers: Log,
    pub(crate) gates: Gates,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: u64,
}

impl HttpStack {
    /// Begins a stack with the defaults.
    pub fn builder() -> HttpStackBuilder {
        HttpStackBuilder {
            transport: None,
            resolver: None,
            retry: RetryPolicy::default(),
            max_response_bytes: 30_000_000,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            allow_private: false,
        }
    }

    /// Makes a client for one target; what it sends is recorded when there is a recorder.
    pub fn client(&self, target: Arc<Target>, recorder: Option<Arc<Recorder>>) -> AppClient {
        let gate = self.0.gates.of(&target);
        AppClient { stack: self.0.clone(), target, gate, recorder, deadline: None }
    }
}

impl fmt::Debug for HttpStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStack").finish_non_exhaustive()
    }
}

/// Collects the options of an [`HttpStack`].
pub struct HttpStackBuilder {
    transport: Option<Arc<dyn Transport>>,
    resolver: Option<Arc<dyn Resolver>>,
    retry: RetryPolicy,
    max_response_bytes: u64,
    timeout: Duration,
    connect_timeout: Duration,
    allow_private: bool,
}

impl HttpStackBuilder {
    /// Puts another transport in the place of the stack's own.
    ///
    /// The guard then judges URLs only; what names resolve to is the transport's to judge.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets how the stack's own transport finds the addresses of names; the operating system's way when
    /// absent.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Sets when and how often a request is sent again.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Bounds the body of an answer, decoded; 30 MB unless said otherwise.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: u64) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Bounds one attempt from connecting to the end of the answer; 30 s unless said otherwise.
    ///
    /// Waiting for a rate limit does not count. A request's own timeout takes precedence. Of several attempts,
    /// and of all else that one call of the engine sends, [`Builder::call_timeout`](crate::Builder::call_timeout)
    /// bounds the whole.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Bounds the making of a connection, TLS included; 10 s unless said otherwise.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Leads to the options that give up protection.
    pub fn dangerous(self) -> Dangerous {
        Dangerous(self)
    }

    /// Makes the stack. Opens no connection and starts no task.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when TLS cannot be set up (no root
    /// certificates), or no attempt is allowed.
    pub fn build(self) -> Result<HttpStack> {
        if self.retry.max_attempts == 0 {
            return Err(Error::configuration("the retry policy allows no attempt"));
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let resolver = self.resolver.unwrap_or_else(|| Arc::new(SystemResolver));
                Arc::new(Wire::new(resolver, self.allow_private, self.connect_timeout)?)
            }
        };
        let guard = Guard { transport, allow_private: self.allow_private };
        let limit = Limit { inner: Auth { inner: guard }, max_wait: self.retry.max_wait };
        let retry = Retry { inner: limit, policy: self.retry, purse: Purse::new(self.retry.budget) };
        Ok(HttpStack(Arc::new(Stack {
            layers: Log { inner: retry },
            gates: Gates::default(),
            timeout: self.timeout,
            max_response_bytes: self.max_response_bytes,
        })))
    }
}

impl fmt::Debug for HttpStackBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStackBuilder").field("retry", &self.retry).finish_non_exhaustive()
    }
}

/// Options that give up protection; easy to find in a review.
#[derive(Debug)]
pub struct Dangerous(HttpStackBuilder);

impl Dangerous {
    /// Lets requests reach private, loopback and link-local addresses.
    ///
    /// Whoever can set a URL (a customer's own base address, a connector, a redirect of an app) then
    /// reaches the services inside the host's network, the cloud's metadata service included. The rules
    /// for schemes, user info and redirects stay.
    ///
    /// ```
    /// use membrane_engine::http::HttpStack;
    ///
    /// let stack = HttpStack::builder().dangerous().allow_private_networks().build()?;
    /// # let _ = stack;
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn allow_private_networks(mut self) -> HttpStackBuilder {
        self.0.allow_private = true;
        self.0
    }
}
