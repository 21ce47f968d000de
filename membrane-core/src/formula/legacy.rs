use serde_json::Value;

use super::{Formula, Vars};
use crate::error::Result;
use crate::filter::Filter;
use crate::locator::loose;

/// A filter in either form: conditions over data, or, as older configurations have it, a formula.
///
/// ```
/// use membrane_core::formula::AnyFilter;
/// use serde_json::json;
///
/// let filter = AnyFilter::parse(&json!({"$eval": {"$var": "$.votes"}, "gt": 2}))?;
/// assert!(filter.matches(&json!({"votes": 3})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AnyFilter {
    /// Conditions that all must hold.
    Data(Filter),
    /// A formula that must build something truthy; nothing and `null` count as true.
    Formula(Formula),
}

impl AnyFilter {
    /// Parses a filter: an array holds conditions, anything else is a formula.
    ///
    /// # Errors
    /// As [`Filter::parse`] and [`Formula::parse`].
    pub fn parse(value: &Value) -> Result<Self> {
        if value.is_array() {
            Filter::parse(value).map(Self::Data)
        } else {
            Formula::parse(value).map(Self::Formula)
        }
    }

    /// Whether the data, or the variables, satisfy the filter.
    pub fn matches(&self, data: &Value) -> bool {
        loose::truthy(&self.result(data))
    }

    /// What the filter comes to: a boolean, or whatever the formula builds.
    ///
    /// ```
    /// use membrane_core::formula::AnyFilter;
    /// use serde_json::json;
    ///
    /// let filter = AnyFilter::parse(&json!({"$var": "$.votes"}))?;
    /// assert_eq!(filter.result(&json!({"votes": 0})), json!(0));
    /// assert_eq!(filter.result(&json!({})), json!(true));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn result(&self, data: &Value) -> Value {
        match self {
            Self::Data(filter) => Value::Bool(filter.matches(data)),
            Self::Formula(formula) => match formula.build_with(&Vars::from(data)) {
                None | Some(Value::Null) => Value::Bool(true),
                Some(value) => value,
            },
        }
    }
}
