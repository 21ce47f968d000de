use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use membrane_core::op::Access;
use membrane_core::{Error, ErrorKind, Result};
use membrane_engine::{Caller, Engine};
use moka::future::Cache;
use percent_encoding::percent_decode;

use crate::config::ServerConfig;
use crate::token::{LEEWAY, Verified, Verifier, Who, now};

/// How long a signature that was checked is not checked again.
const BELIEVED: Duration = Duration::from_secs(30);

/// Tokens remembered at the most.
const REMEMBERED: u64 = 10_000;

/// Turns tokens into callers, and remembers for a short while which token says what.
///
/// A verification costs an HMAC and JSON; a caller makes many requests with one token. Tokens are remembered by
/// their SHA-256, so that a copy of this memory lets nobody in. Whether the customer may still come in is asked
/// of the engine each time.
pub(crate) struct Sessions {
    verifier: Verifier,
    known: Cache<[u8; 32], Arc<Verified>>,
}

/// The bearer of a verified token.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    caller: Caller,
    is_nobody: bool,
}

impl Sessions {
    pub(crate) fn new(engine: &Engine, config: &ServerConfig) -> Self {
        Self {
            verifier: Verifier::new(engine.workspace_key(), &config.secrets),
            known: Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build(),
        }
    }

    /// The session of a token.
    ///
    /// # Errors
    /// `NotAuthenticated` when the token is not genuine; `AccessDenied` when its customer was archived.
    pub(crate) async fn open(&self, engine: &Engine, token: &str) -> Result<Session> {
        let hash = hash(token)?;
        let believed = self.known.get(&hash).await;
        let verified = match believed.filter(|known| now() < known.expires.saturating_add(LEEWAY)) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.verifier.verify(token)?);
                // On the heap, so that the future of every request is not as large as that of the first one.
                Box::pin(self.known.insert(hash, Arc::clone(&verified))).await;
                verified
            }
        };
        let caller = match &verified.who {
            Who::Customer { id, name, fields } => {
                engine.customer_with(id, name.as_deref(), fields.as_ref()).await?
            }
            Who::Manager => engine.manager(),
            Who::Nobody => engine.nobody(),
        };
        Ok(Session { caller, is_nobody: verified.who == Who::Nobody })
    }
}

impl Session {
    /// Narrows the session to the customer the request names in `membrane-customer`, percent-encoded.
    ///
    /// # Errors
    /// `AccessDenied` when the token belongs to another customer.
    pub(crate) async fn narrowed(mut self, engine: &Engine, headers: &HeaderMap) -> Result<Self> {
        let Some(named) = headers.get("membrane-customer") else { return Ok(self) };
        let named = percent_decode(named.as_bytes()).decode_utf8_lossy().into_owned();
        match self.caller.internal_id() {
            Some(own) if own == named => {}
            None if self.caller.is_manager() => self.caller = Box::pin(engine.customer(&named)).await?,
            _ => {
                return Err(Error::new(
                    ErrorKind::AccessDenied,
                    "the token belongs to another customer than the one this call is made for",
                ));
            }
        }
        Ok(self)
    }

    /// The caller, if the token may ask for anything of this access at all.
    pub(crate) fn caller(&self, access: Access) -> Result<&Caller> {
        if self.is_nobody && access != Access::Anyone {
            return Err(Error::new(
                ErrorKind::AccessDenied,
                "this access token names nobody: it needs the customer's `id` (the client's `tenantKey`), \
                 or `isAdmin: true` to manage the workspace",
            ));
        }
        Ok(&self.caller)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

fn hash(token: &str) -> Result<[u8; 32]> {
    let hash = digest(&SHA256, token.as_bytes());
    hash.as_ref().try_into().map_err(|_| Error::internal("SHA-256 has 32 bytes"))
}
