//! AES-256-GCM-SIV with a random nonce in front of the ciphertext and the tag behind it.

use std::io;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use membrane_core::{Error, Result};
use serde_json::Value;
use zeroize::Zeroizing;

pub(super) const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// What is sealed: bytes whose number is known before they are written.
pub(super) trait Plaintext {
    fn len(&self) -> Result<usize>;
    fn write(&self, bytes: &mut Vec<u8>) -> Result<()>;
}

impl Plaintext for [u8] {
    fn len(&self) -> Result<usize> {
        Ok(<[u8]>::len(self))
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.extend_from_slice(self);
        Ok(())
    }
}

/// A value as JSON text.
pub(super) struct Json<'a>(pub(super) &'a Value);

impl Plaintext for Json<'_> {
    fn len(&self) -> Result<usize> {
        let mut count = Count(0);
        serde_json::to_writer(&mut count, self.0).map_err(|_| not_json())?;
        Ok(count.0)
    }

    fn write(&self, bytes: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(bytes, self.0).map_err(|_| not_json())
    }
}

/// Draws a key.
pub(super) fn random_key() -> Result<Zeroizing<[u8; KEY_LEN]>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    rand::fill(&mut key[..]).map_err(|_| Error::internal("the system gives no randomness"))?;
    Ok(key)
}

/// Seals bytes under a key.
pub(super) fn seal<P: Plaintext + ?Sized>(key: &[u8], associated: &[u8], plaintext: &P) -> Result<Vec<u8>> {
    let len = plaintext.len()?;
    // All room is taken at once: a buffer that grows leaves copies of the plaintext behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(NONCE_LEN + len + TAG_LEN));
    bytes.resize(NONCE_LEN, 0);
    plaintext.write(&mut bytes)?;
    let key = cipher(key)?;
    let sealed = key.seal_in_place_separate_tag(Aad::from(associated), &mut bytes[NONCE_LEN..]);
    let (nonce, tag) = sealed.map_err(|_| Error::internal("the cipher failed to seal"))?;
    bytes[..NONCE_LEN].copy_from_slice(nonce.as_ref());
    bytes.extend_from_slice(tag.as_ref());
    Ok(std::mem::take(&mut *bytes))
}

/// Opens what [`seal`] made; `None` when key, associated data or bytes are not the same.
pub(super) fn open(key: &[u8], associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let len = cipher(key).ok()?.open_in_place(nonce, Aad::from(associated), &mut bytes).ok()?.len();
    bytes.truncate(len);
    Some(bytes)
}

fn cipher(key: &[u8]) -> Result<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM_SIV, key).map_err(|_| Error::internal("a key has a wrong length"))
}

fn not_json() -> Error {
    Error::internal("a secret cannot be written as JSON")
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn takes_all_room_at_once() {
        let value = json!({"token": "x".repeat(100), "text": "\u{1}\"\\é"});
        let sealed = seal(&[7; 32], b"", &Json(&value)).unwrap();
        assert_eq!(sealed.len(), NONCE_LEN + Json(&value).len().unwrap() + TAG_LEN);
        assert_eq!(sealed.capacity(), sealed.len());
        assert_eq!(open(&[7; 32], b"", &sealed).unwrap().as_slice(), value.to_string().as_bytes());
    }

    #[test]
    fn short_input_does_not_open() {
        for len in 0..NONCE_LEN + TAG_LEN {
            assert!(open(&[7; 32], b"", &vec![0; len]).is_none());
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert!(seal(&[7; 31], b"", b"x".as_slice()).is_err());
        assert!(open(&[7; 31], b"", &[0; 64]).is_none());
    }
}
