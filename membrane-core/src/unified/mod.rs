//! Unified models: what contacts, tasks or invoices look like in every app, and how an app's own records
//! become theirs.
//!
//! A [`UnifiedModel`] says which fields a kind of record has. A connector says with [`UnifiedMappings`] which
//! of its collections hold such records, and how their fields map; [`UnifiedFields`] is that mapping, ready to
//! be used. What a mapping leaves out a model fills in from what it has: a full name from first and last name,
//! activities from tasks.

mod connector;
mod fallback;
mod fields;
mod fill;
mod filter;
mod models;

use std::fmt;

use indexmap::IndexMap;

pub use self::connector::{CollectionMapping, ModelMapping, UnifiedMappings};
pub use self::fallback::FallbackModel;
pub use self::fields::UnifiedFields;
pub(crate) use self::fields::are_missing;
use self::fill::Fallback;
pub(crate) use self::fill::check_depth;
use crate::error::{Error, Result};
use crate::schema::DataSchema;

/// What one kind of record looks like, whichever app keeps it.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::unified::UnifiedModel;
///
/// let tasks = UnifiedModel::find("tasks")?;
/// assert_eq!(tasks.name, "Tasks");
/// assert!(tasks.filter_fields.iter().any(|field| field == "assigneeId"));
/// let assignee = tasks.schema.at(&Locator::parse("$.assigneeId")?).unwrap_or_default();
/// assert_eq!(assignee.as_value()["referenceUdm"], "users");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[non_exhaustive]
pub struct UnifiedModel {
    /// The key: `contact-lists`.
    pub key: &'static str,
    /// For people: `Contact Lists`.
    pub name: String,
    /// The schema of the fields, an object. An id of another model's record has `referenceUdm`; what only the
    /// app sets is `readOnly`.
    pub schema: DataSchema,
    /// The fields a listing can be narrowed by.
    pub filter_fields: Vec<String>,
    /// The fields one record can be found by.
    pub match_fields: Vec<String>,
    /// The fields the older way of finding takes.
    pub query_fields: Vec<String>,
    /// The fields of a new record; all that can be written when empty.
    pub create_fields: Vec<String>,
    /// The fields a change may have; all that can be written when empty.
    pub update_fields: Vec<String>,
    /// The categories of connectors that have such records.
    pub categories: Vec<String>,
    /// Models whose records can stand for records of this one, the best first.
    pub fallback_models: Vec<FallbackModel>,
    fallbacks: Vec<Fallback>,
    populate: IndexMap<String, Vec<String>>,
}

impl UnifiedModel {
    /// The model with this key.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when there is none; names the key, and the
    /// one that was probably meant.
    ///
    /// ```
    /// use membrane_core::unified::UnifiedModel;
    ///
    /// let error = UnifiedModel::find("jobCandidates").unwrap_err();
    /// assert_eq!(error.message(), "there is no unified model `jobCandidates`; is it `job-candidates`?");
    /// ```
    pub fn find(key: &str) -> Result<&'static Self> {
        let models = models::all()?;
        models.get(key).ok_or_else(|| {
            let shown: String = key.chars().take(100).collect();
            let meant = nearest(key, models.keys().copied());
            let hint = meant.map(|meant| format!("; is it `{meant}`?")).unwrap_or_default();
            Error::invalid_input(format!("there is no unified model `{shown}`{hint}")).with("model", shown)
        })
    }

    /// All models, in Membrane's order.
    ///
    /// ```
    /// assert_eq!(membrane_core::unified::UnifiedModel::all().len(), 43);
    /// ```
    pub fn all() -> impl ExactSizeIterator<Item = &'static Self> {
        models::all().map(IndexMap::values).unwrap_or_default()
    }

    /// The places a fallback can fill, such as `fullName` or `primaryAddress.full`.
    ///
    /// ```
    /// use membrane_core::unified::UnifiedModel;
    ///
    /// let places: Vec<String> = UnifiedModel::find("meetings")?.derivable_fields().collect();
    /// assert_eq!(places, ["$.endTime", "$.startTime"]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn derivable_fields(&self) -> impl Iterator<Item = String> + '_ {
        let populated = self.populate.keys().map(|name| format!("$.{name}"));
        self.fallbacks.iter().map(|fallback| fallback.place.to_string()).chain(populated)
    }
}

impl fmt::Debug for UnifiedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnifiedModel").field(&self.key).finish()
    }
}

/// The key that begins like the one given, letters and digits alone counting.
fn nearest(given: &str, keys: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let letters =
        |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).take(100).collect() };
    let given = letters(given).to_ascii_lowercase();
    let common = |key: &str| letters(key).bytes().zip(given.bytes()).take_while(|(a, b)| a == b).count();
    let best = keys.max_by_key(|key| (common(key), std::cmp::Reverse(key.len())))?;
    (common(best) * 2 >= given.len().max(6)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_models_are_named() {
        for (given, meant) in
            [("task", Some("tasks")), ("Contacts", Some("contacts")), ("nope", None), ("", None)]
        {
            let error = UnifiedModel::find(given).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
            let hint = meant.map(|meant| format!("; is it `{meant}`?")).unwrap_or_default();
            assert_eq!(error.message(), format!("there is no unified model `{given}`{hint}"));
        }
        let long = UnifiedModel::find(&"contact".repeat(10_000)).unwrap_err();
        assert!(long.message().len() < 200);
    }
}
