//! Values that must not be seen.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use zeroize::Zeroize;

/// A value that no log, error or `Debug` shows, overwritten in memory when dropped.
///
/// It can be read from JSON but not written: a struct that holds one cannot be serialized by accident.
///
/// ```
/// use membrane_core::Secret;
///
/// let secret = Secret::new("xoxb-123".to_owned());
/// assert_eq!(format!("{secret:?}"), "[secret]");
/// assert_eq!(secret.expose(), "xoxb-123");
/// ```
pub struct Secret<T: Wipe>(T);

impl<T: Wipe> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Wipe + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Wipe> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

impl<T: Wipe> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: Wipe> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<'de, T: Wipe + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// A value that can be overwritten in place.
///
/// ```
/// use membrane_core::secret::Wipe;
///
/// let mut key = [7_u8; 32];
/// key.wipe();
/// assert_eq!(key, [0; 32]);
/// ```
pub trait Wipe {
    /// Overwrites the memory that held the secret.
    fn wipe(&mut self);
}

impl Wipe for String {
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Wipe for Vec<u8> {
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> Wipe for [u8; N] {
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Wipe for Value {
    fn wipe(&mut self) {
        match self {
            Value::String(text) => text.zeroize(),
            Value::Array(items) => items.iter_mut().for_each(Wipe::wipe),
            Value::Object(map) => map.values_mut().for_each(Wipe::wipe),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
