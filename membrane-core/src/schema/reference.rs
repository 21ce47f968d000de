//! References of a schema to the records of a collection.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::locator::loose;

/// What a query keeps as it is: letters, digits and `*-._`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// A data collection with parameters: where the records are that a field refers to.
///
/// ```
/// use membrane_core::schema::DataLocation;
///
/// let users = DataLocation::parse("/data/users?team=T1")?;
/// assert_eq!((users.key.as_str(), users.parameters["team"].as_str()), ("users", Some("T1")));
/// assert_eq!(users.to_string(), "/data/users?team=T1");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataLocation {
    /// The key of the collection.
    pub key: String,
    /// Its parameters.
    pub parameters: Map<String, Value>,
}

impl DataLocation {
    /// Makes a location.
    ///
    /// ```
    /// use membrane_core::schema::DataLocation;
    /// use serde_json::Map;
    ///
    /// assert_eq!(DataLocation::new("users", Map::new()).to_string(), "/data/users");
    /// ```
    pub fn new(key: impl Into<String>, parameters: Map<String, Value>) -> Self {
        Self { key: key.into(), parameters }
    }

    /// Parses the text form, `/data/<key>?<name>=<value>`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) unless the text begins with `data/`.
    pub fn parse(text: &str) -> Result<Self> {
        let path = text.strip_prefix('/').unwrap_or(text);
        let Some(rest) = path.strip_prefix("data/") else {
            let shown: String = text.chars().take(200).collect();
            let message = format!("invalid data location path `{shown}`: it must start with `data/`");
            return Err(Error::invalid_input(message));
        };
        // A second `?` ends the query.
        let mut parts = rest.split('?');
        let (key, query) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let mut parameters = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.insert(decoded(name), Value::from(decoded(value)));
        }
        loose::sort_positions(&mut parameters);
        Ok(Self { key: key.to_owned(), parameters })
    }

    /// Whether all wanted parameters have the same values here.
    ///
    /// ```
    /// use membrane_core::schema::DataLocation;
    ///
    /// let users = DataLocation::parse("/data/users?team=T1&role=admin")?;
    /// assert!(users.has_parameters(&DataLocation::parse("/data/users?team=T1")?.parameters));
    /// assert!(!users.has_parameters(&DataLocation::parse("/data/users?team=T2")?.parameters));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn has_parameters(&self, wanted: &Map<String, Value>) -> bool {
        wanted.iter().all(|(name, wanted)| {
            self.parameters.get(name).is_some_and(|value| loose::deep_equal(value, wanted))
        })
    }
}

impl std::fmt::Display for DataLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/data/{}", self.key)?;
        let parameters = self.parameters.iter().filter(|(_, value)| !value.is_null());
        for (n, (name, value)) in parameters.enumerate() {
            let value = loose::text(Some(value));
            write!(f, "{}{}={}", if n == 0 { '?' } else { '&' }, encoded(name), encoded(&value))?;
        }
        Ok(())
    }
}

/// Where the records are that a field of this schema refers to.
pub(super) fn collection(schema: &Map<String, Value>) -> Option<DataLocation> {
    if let Some(Value::Object(reference)) = schema.get("referenceCollection") {
        let parameters = reference.get("parameters").and_then(Value::as_object).cloned();
        match reference.get("key") {
            Some(Value::Object(_) | Value::Array(_)) => return None,
            // A key may be a number.
            Some(key) if loose::truthy(key) => {
                return Some(DataLocation::new(loose::text(Some(key)), parameters.unwrap_or_default()));
            }
            _ => {}
        }
    }
    let path = ["referenceCollectionPath", "referenceCollectionUri"];
    let path = path.iter().filter_map(|keyword| schema.get(*keyword)).find(|path| loose::truthy(path))?;
    DataLocation::parse(path.as_str()?).ok().filter(|place| !place.key.is_empty())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string().replace(' ', "+")
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
