//! Pages of a listing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One page: its items, and the cursor of the next page unless this is the last.
///
/// ```
/// use membrane_core::Page;
///
/// let page = Page::new(vec![1, 2], Some("2".to_owned())).map(|n| n * 10);
/// assert_eq!((page.items, page.cursor.as_deref()), (vec![10, 20], Some("2")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// The items, in listing order.
    pub items: Vec<T>,
    /// Opaque; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page.
    pub fn new(items: Vec<T>, cursor: Option<String>) -> Self {
        Self { items, cursor }
    }

    /// Turns each item into another.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), cursor: self.cursor }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), cursor: None }
    }
}

/// Which page of a listing to read.
///
/// ```
/// use membrane_core::Paging;
///
/// let paging = Paging { limit: Some(50), cursor: Some("0".to_owned()) };
/// assert_eq!((paging.limit()?, paging.start()), (50, None));
/// assert_eq!(Paging::default().limit()?, 25);
/// assert!(Paging { limit: Some(0), cursor: None }.limit().is_err());
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paging {
    /// How many items at the most, 1 to 1000; 25 when absent.
    #[schemars(range(min = 1, max = 1000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where to go on; absent or `0` is the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Paging {
    /// Items a page when the caller names no limit.
    pub const DEFAULT_LIMIT: u32 = 25;
    /// Items a page at the most.
    pub const MAX_LIMIT: u32 = 1000;

    /// The limit to use.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) unless it lies within 1 and 1000.
    pub fn limit(&self) -> Result<u32> {
        match self.limit {
            None => Ok(Self::DEFAULT_LIMIT),
            Some(limit @ 1..=Self::MAX_LIMIT) => Ok(limit),
            Some(limit) => {
                Err(Error::invalid_input(format!("limit must lie within 1 and 1000, not {limit}"))
                    .with("field", "limit"))
            }
        }
    }

    /// Checks the cursor of a list that goes on after an id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) unless it is absent, `0` or a UUID.
    ///
    /// ```
    /// use membrane_core::Paging;
    ///
    /// let paging = Paging { limit: None, cursor: Some("zzz".to_owned()) };
    /// assert_eq!(paging.check_cursor().unwrap_err().message(), "`zzz` is not a cursor of this list");
    /// ```
    pub fn check_cursor(&self) -> Result<()> {
        let is_id = |text: &str| {
            text.len() == 36
                && text.bytes().enumerate().all(|(at, byte)| match at {
                    8 | 13 | 18 | 23 => byte == b'-',
                    _ => byte.is_ascii_hexdigit(),
                })
        };
        match self.start() {
            Some(cursor) if !is_id(cursor) => Err(not_ours(cursor)),
            _ => Ok(()),
        }
    }

    /// The cursor to go on from; `None` is the beginning.
    pub fn start(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|cursor| !matches!(cursor.trim(), "" | "0"))
    }
}

/// The error for a cursor a list did not give out.
pub(crate) fn not_ours(cursor: &str) -> Error {
    let cursor: String = cursor.chars().take(60).collect();
    Error::invalid_input(format!("`{cursor}` is not a cursor of this list")).with("field", "cursor")
}
