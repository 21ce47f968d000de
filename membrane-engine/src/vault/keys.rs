use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use membrane_core::{Error, ErrorKind, Result, Secret};
use zeroize::{Zeroize, Zeroizing};

use super::cipher::{self, KEY_LEN};
use super::{DAMAGED, WrapKey};

/// Holds the outer key, and older ones that still open what they sealed.
///
/// To rotate: put a new key first, run [`Vault::rotate`](super::Vault::rotate), then drop the old one.
///
/// ```
/// use membrane_engine::vault::KeyProvider;
///
/// let old = KeyProvider::from_base64("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")?;
/// let both = KeyProvider::generate()?.with_previous(old);
/// assert!(!format!("{both:?}").contains("BwcH"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone)]
pub struct KeyProvider {
    current: Key,
    previous: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: String,
    bytes: Zeroizing<[u8; KEY_LEN]>,
}

impl KeyProvider {
    /// Takes a key of 32 random bytes.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let current = Key::new(Zeroizing::new(bytes));
        bytes.zeroize();
        Self { current, previous: Vec::new() }
    }

    /// Reads 32 bytes in base64 (either alphabet, padded or not), or several of these with commas
    /// between: the first is current, the others are older.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when a key is not base64 or has another length.
    ///
    /// ```
    /// use membrane_engine::vault::KeyProvider;
    ///
    /// let key = KeyProvider::generate()?;
    /// let kept = key.to_base64(); // where the host keeps its secrets
    /// let again = KeyProvider::from_base64(kept.expose())?;
    /// assert_eq!(again.to_base64().expose(), kept.expose());
    /// assert!(KeyProvider::from_base64("too short").is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn from_base64(text: &str) -> Result<Self> {
        let mut keys = text.split(',').map(parse);
        let current = keys.next().unwrap_or_else(|| Err(not_a_key()))?;
        Ok(Self { current, previous: keys.collect::<Result<_>>()? })
    }

    /// Reads a variable of the environment that holds what [`KeyProvider::from_base64`] reads.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when it is not set or holds no key.
    ///
    /// ```
    /// use membrane_engine::vault::KeyProvider;
    ///
    /// let error = KeyProvider::from_env("A_VARIABLE_THAT_IS_NOT_SET").unwrap_err();
    /// assert!(error.message().contains("openssl rand -base64 32"));
    /// ```
    pub fn from_env(name: &str) -> Result<Self> {
        let text = std::env::var(name).map(Zeroizing::new).map_err(|_| {
            Error::configuration(format!(
                "set {name} to 32 random bytes in base64; `openssl rand -base64 32` makes one"
            ))
        });
        text.and_then(|text| Self::from_base64(&text)).map_err(|error| error.with("variable", name))
    }

    /// Draws a new key. Keep it with [`KeyProvider::to_base64`]: what it seals opens with no other.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal) when the system gives no randomness.
    pub fn generate() -> Result<Self> {
        Ok(Self { current: Key::new(cipher::random_key()?), previous: Vec::new() })
    }

    /// Keeps the keys of another provider for opening.
    ///
    /// ```
    /// use membrane_engine::vault::{KeyProvider, Owner, Part, Vault};
    /// # use membrane_core::Secret;
    /// # use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let (old, new) = (KeyProvider::generate()?, KeyProvider::generate()?);
    /// let owner = Owner::new("workspace", "acme", "github");
    /// let secret = Secret::new(json!({"token": "t"}));
    /// let sealed = Vault::new(old.clone()).seal(&owner, Part::Credentials, 1, &secret).await?;
    ///
    /// assert!(Vault::new(new.clone()).open(&owner, Part::Credentials, &sealed).await.is_err());
    /// assert!(Vault::new(new.with_previous(old)).open(&owner, Part::Credentials, &sealed).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_previous(mut self, previous: KeyProvider) -> Self {
        self.previous.push(previous.current);
        self.previous.extend(previous.previous);
        self
    }

    /// The current key in base64, for the one place where the host keeps it.
    pub fn to_base64(&self) -> Secret<String> {
        Secret::new(BASE64.encode(&self.current.bytes[..]))
    }

    fn key(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.previous).find(|key| key.id == id)
    }
}

#[async_trait]
impl WrapKey for KeyProvider {
    fn key_id(&self) -> &str {
        &self.current.id
    }

    async fn wrap(&self, data_key: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        cipher::seal(&self.current.bytes[..], associated, data_key)
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], associated: &[u8]) -> Result<Secret<Vec<u8>>> {
        let key = self.key(key_id).ok_or_else(|| {
            Error::configuration(
                "the key that sealed this record is not among the provider's; add it as a previous key",
            )
            .with("keyId", key_id)
        })?;
        let mut opened = cipher::open(&key.bytes[..], associated, wrapped).ok_or_else(|| {
            Error::configuration(format!("the sealed data key {DAMAGED}")).with("keyId", key_id)
        })?;
        Ok(Secret::new(std::mem::take(&mut *opened)))
    }
}

impl fmt::Debug for KeyProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyProvider").finish_non_exhaustive()
    }
}

impl Key {
    fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        // A short hash names the key: nobody finds 256 random bits from 64 bits of their hash.
        let mut named = Zeroizing::new(b"membrane.key-id.1".to_vec());
        named.reserve_exact(KEY_LEN);
        named.extend_from_slice(&bytes[..]);
        let hash = digest(&SHA256, &named);
        Self { id: HEXLOWER.encode(&hash.as_ref()[..8]), bytes }
    }
}

fn parse(text: &str) -> Result<Key> {
    let text = text.trim().trim_end_matches('=');
    let mut standard = Zeroizing::new(Vec::with_capacity(text.len()));
    standard.extend(text.bytes().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    }));
    let bytes = BASE64_NOPAD.decode(&standard).map(Zeroizing::new).map_err(|_| not_a_key())?;
    let bytes = <[u8; KEY_LEN]>::try_from(bytes.as_slice()).map_err(|_| not_a_key())?;
    Ok(Key::new(Zeroizing::new(bytes)))
}

fn not_a_key() -> Error {
    Error::new(
        ErrorKind::Configuration,
        "a key is 32 random bytes in base64; `openssl rand -base64 32` makes one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_base64_in_any_form() {
        let bytes = [0xfb; 32];
        let standard = BASE64.encode(&bytes);
        let url = standard.replace('+', "-").replace('/', "_");
        let id = |text: &str| KeyProvider::from_base64(text).unwrap().key_id().to_owned();
        for text in [&standard, &url, &standard.trim_end_matches('=').to_owned(), &format!(" {standard}\n")] {
            assert_eq!(id(text), KeyProvider::from_bytes(bytes).key_id());
        }
        let list = KeyProvider::from_base64(&format!("{standard},{}", BASE64.encode(&[1; 32]))).unwrap();
        assert_eq!(list.key_id(), KeyProvider::from_bytes(bytes).key_id());
        assert!(list.key(KeyProvider::from_bytes([1; 32]).key_id()).is_some());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        for text in ["", "hunter2", "hunter2,hunter2", &BASE64.encode(&[1; 31])] {
            let error = KeyProvider::from_base64(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        let error = KeyProvider::from_env("MEMBRANE_TEST_KEY_THAT_IS_NOT_SET").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("MEMBRANE_TEST_KEY_THAT_IS_NOT_SET"));
    }

    #[test]
    fn key_ids_are_stable() {
        assert_eq!(KeyProvider::from_bytes([7; 32]).key_id(), "d686c735f1a3833e");
    }
}
