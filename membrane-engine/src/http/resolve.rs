//! Names to addresses, the private ones taken out.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address;

/// Finds the IP addresses of a host name.
///
/// The stack judges what it returns and connects to exactly those addresses, so a name that answers
/// differently a moment later gains nothing.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
///
/// use async_trait::async_trait;
/// use membrane_engine::http::Resolver;
///
/// struct Fixed;
///
/// #[async_trait]
/// impl Resolver for Fixed {
///     async fn resolve(&self, _host: &str) -> std::io::Result<Vec<IpAddr>> {
///         Ok(vec![IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14))])
///     }
/// }
/// ```
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Finds the addresses, best first.
    ///
    /// # Errors
    /// When the name is unknown or cannot be looked up now.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system.
pub(crate) struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A [`Resolver`] behind the guard: hands out public addresses only, unless private ones are allowed.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) inner: Arc<dyn Resolver>,
    pub(crate) allow_private: bool,
}

impl GuardedResolver {
    async fn vetted(&self, host: &str) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.inner.resolve(host).await?;
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
        }
        let mut reason = "";
        let vetted: Vec<_> = found
            .into_iter()
            .filter(|ip| match address::judge_ip(*ip) {
                Err(why) if !self.allow_private => {
                    reason = why;
                    false
                }
                _ => true,
            })
            .map(|ip| SocketAddr::new(ip, 0))
            .collect();
        if vetted.is_empty() { Err(Refused { reason }.into()) } else { Ok(vetted) }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let vetted = this.vetted(name.as_str()).await?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

/// All addresses of a name are refused; found again in the source chain of a connect error.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: address::Reason,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name resolves to {} only", self.reason)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static [&'static str]);

    #[async_trait]
    impl Resolver for Fixed {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.iter().map(|ip| ip.parse().unwrap()).collect())
        }
    }

    async fn vetted(found: &'static [&'static str], allow_private: bool) -> Result<Vec<String>, String> {
        let resolver = GuardedResolver { inner: Arc::new(Fixed(found)), allow_private };
        let vetted = resolver.vetted("a.example").await.map_err(|error| error.to_string())?;
        Ok(vetted.iter().map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn only_public_addresses_are_handed_out() {
        let mixed = &["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"];
        assert_eq!(vetted(mixed, false).await.unwrap(), ["1.1.1.1", "2606:4700::1111"]);
        assert_eq!(vetted(mixed, true).await.unwrap().len(), 4);
        assert!(vetted(&["127.0.0.1", "fd00::1"], false).await.unwrap_err().contains("resolves to"));
        assert!(vetted(&[], false).await.unwrap_err().contains("no address"));
    }
}
