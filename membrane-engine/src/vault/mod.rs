//! What is secret of an element is kept sealed: each record under a key of its own, that key under an outer key.
//!
//! The outer key is the host's: a [`KeyProvider`] from 32 bytes, or any [`WrapKey`], a cloud's key service
//! for example. A record is bound to its workspace, customer, element and version, and to what it holds
//! ([`Part`]), so a row that was copied elsewhere or put back from an older copy does not open.

mod cipher;
mod keys;
mod owner;
mod rotate;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::{Error, ErrorKind, Result, Secret};
use serde_json::Value;
use zeroize::Zeroizing;

pub use self::keys::KeyProvider;
use self::owner::Bound;
pub use self::owner::{Owner, Part};
use crate::store::{Sealed, depth};

/// Wraps data keys with an outer key.
///
/// # Contract
/// - [`WrapKey::unwrap`] MUST refuse a key that was wrapped with other associated data.
/// - It MUST go on unwrapping what was wrapped under an older key until [`Vault::rotate`] is done.
/// - Errors MUST NOT hold key material. [`Configuration`](ErrorKind::Configuration) says that the key is
///   wrong or not there; a key service that cannot be reached is [`Unavailable`](ErrorKind::Unavailable).
///
/// ```
/// use async_trait::async_trait;
/// use membrane_core::{Result, Secret};
/// use membrane_engine::vault::{KeyProvider, Vault, WrapKey};
///
/// /// Counts, and leaves the work to another: a key service is called in the same place.
/// struct Audited(KeyProvider);
///
/// #[async_trait]
/// impl WrapKey for Audited {
///     fn key_id(&self) -> &str {
///         self.0.key_id()
///     }
///
///     async fn wrap(&self, data_key: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
///         self.0.wrap(data_key, associated).await
///     }
///
///     async fn unwrap(&self, key_id: &str, wrapped: &[u8], associated: &[u8]) -> Result<Secret<Vec<u8>>> {
///         println!("opened with {key_id}");
///         self.0.unwrap(key_id, wrapped, associated).await
///     }
/// }
///
/// let vault = Vault::new(Audited(KeyProvider::from_bytes([7; 32])));
/// assert_eq!(vault.key_id(), "d686c735f1a3833e");
/// ```
#[async_trait]
pub trait WrapKey: Send + Sync + 'static {
    /// Names the outer key that wraps from now on. Public, and other for every other key.
    fn key_id(&self) -> &str;

    /// Wraps a data key with the key of [`WrapKey::key_id`].
    async fn wrap(&self, data_key: &[u8], associated: &[u8]) -> Result<Vec<u8>>;

    /// Unwraps a data key that was wrapped with the key of this id.
    async fn unwrap(&self, key_id: &str, wrapped: &[u8], associated: &[u8]) -> Result<Secret<Vec<u8>>>;
}

/// Seals and opens what is secret of an element. A cheap handle.
///
/// ```
/// use membrane_core::{ErrorKind, Secret};
/// use membrane_engine::vault::{KeyProvider, Owner, Part, Vault};
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let vault = Vault::new(KeyProvider::generate()?);
/// let acme = Owner::new("workspace", "acme", "github");
/// let token = Secret::new(json!({"access_token": "t"}));
/// let sealed = vault.seal(&acme, Part::Credentials, 1, &token).await?;
/// assert_eq!(vault.open(&acme, Part::Credentials, &sealed).await?.expose()["access_token"], "t");
///
/// let other = Owner::new("workspace", "evil", "github");
/// let error = vault.open(&other, Part::Credentials, &sealed).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Configuration);
/// # Ok::<(), membrane_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Vault {
    keys: Arc<dyn WrapKey>,
}

impl Vault {
    /// Makes a vault over an outer key.
    pub fn new(keys: impl WrapKey) -> Self {
        Self { keys: Arc::new(keys) }
    }

    /// Makes a vault over an outer key that is shared or chosen at run time.
    pub fn from_shared(keys: Arc<dyn WrapKey>) -> Self {
        Self { keys }
    }

    /// Names the outer key that seals from now on.
    pub fn key_id(&self) -> &str {
        self.keys.key_id()
    }

    /// Seals a part of an element as this version of the owner's record.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) when it is nested deeper than JSON can be read,
    /// [`Internal`](ErrorKind::Internal) when there is no randomness; what the [`WrapKey`] answers.
    pub async fn seal(
        &self,
        owner: &Owner,
        part: Part,
        version: u64,
        secret: &Secret<Value>,
    ) -> Result<Sealed> {
        depth::check([secret.expose()])?;
        let data_key = cipher::random_key()?;
        let associated = owner.associated(Bound::Part(part), version);
        let ciphertext = cipher::seal(&data_key[..], &associated, &cipher::Json(secret.expose()))?;
        let associated = owner.associated(Bound::DataKey, version);
        let wrapped_key = self.keys.wrap(&data_key[..], &associated).await?;
        Ok(Sealed { key_id: self.key_id().to_owned(), wrapped_key, ciphertext, version })
    }

    /// Opens what was sealed as this part for this owner.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when the outer key is not there or is not the right
    /// one, and when the record was changed, is another owner's or holds another part; what the [`WrapKey`]
    /// answers.
    pub async fn open(&self, owner: &Owner, part: Part, sealed: &Sealed) -> Result<Secret<Value>> {
        let data_key = self.data_key(owner, sealed).await?;
        let associated = owner.associated(Bound::Part(part), sealed.version);
        let text = cipher::open(data_key.expose(), &associated, &sealed.ciphertext);
        let text: Zeroizing<Vec<u8>> = text.ok_or_else(|| damaged(owner, sealed))?;
        serde_json::from_slice(&text).map(Secret::new).map_err(|_| damaged(owner, sealed))
    }

    async fn data_key(&self, owner: &Owner, sealed: &Sealed) -> Result<Secret<Vec<u8>>> {
        let associated = owner.associated(Bound::DataKey, sealed.version);
        let data_key = self.keys.unwrap(&sealed.key_id, &sealed.wrapped_key, &associated).await;
        data_key.map_err(|error| error.with("elementId", &owner.element))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

fn damaged(owner: &Owner, sealed: &Sealed) -> Error {
    Error::new(ErrorKind::Configuration, format!("the sealed record {DAMAGED}"))
        .with("elementId", &owner.element)
        .with("keyId", &sealed.key_id)
}

/// Why a record does not open under the right key, and what helps.
const DAMAGED: &str = "was changed outside of the vault or belongs to another element; restore the row, or make it \
                       anew: let the customer connect again, or replace the integration's parameters";
