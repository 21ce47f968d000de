use serde_json::Value;

use super::scope::Scope;
use super::{Formula, Vars};
use crate::error::{Error, Result};
use crate::filter::{Filter, Written};
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
#[derive(Debug)]
pub struct AnyFilter(Form);

#[derive(Debug)]
enum Form {
    /// Conditions that all must hold.
    Data(Written),
    /// A formula that must build something truthy; nothing and `null` count as true.
    Formula(Formula),
}

impl AnyFilter {
    /// Parses a filter: an array holds conditions, anything else is a formula.
    ///
    /// Of what is wrong, the result tells once it is reached: a condition over no locator matters when all
    /// before it hold.
    ///
    /// # Errors
    /// As [`Formula::parse`], and for more than 200 conditions.
    pub fn parse(value: &Value) -> Result<Self> {
        Ok(Self(if value.is_array() {
            Form::Data(Written::parse(value)?)
        } else {
            Form::Formula(Formula::parse(value)?)
        }))
    }

    /// Parses a filter and refuses one with something wrong in it, for filters their authors still look at.
    ///
    /// # Errors
    /// As [`AnyFilter::parse`], [`Filter::parse_strict`] and [`Formula::parse_strict`].
    ///
    /// ```
    /// use membrane_core::formula::AnyFilter;
    /// use serde_json::json;
    ///
    /// let error = AnyFilter::parse_strict(&json!([{"field": "votes[", "operator": "is", "value": 1}])).unwrap_err();
    /// assert!(error.message().contains("votes["), "{error}");
    /// ```
    pub fn parse_strict(value: &Value) -> Result<Self> {
        if value.is_array() {
            Filter::parse_strict(value)?;
            return Self::parse(value);
        }
        Ok(Self(Form::Formula(Formula::parse_strict(value)?)))
    }

    /// Whether the data, or the variables, satisfy the filter. One that fails matches nothing.
    ///
    /// ```
    /// use membrane_core::formula::AnyFilter;
    /// use serde_json::json;
    ///
    /// let filter = AnyFilter::parse(&json!([{"field": "votes[", "operator": "is", "value": 1}]))?;
    /// assert!(!filter.matches(&json!({"votes": 1})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn matches(&self, data: &Value) -> bool {
        self.result(&Vars::from(data)).is_ok_and(|value| loose::truthy(&value))
    }

    /// What the filter comes to: a boolean, or whatever the formula builds.
    ///
    /// # Errors
    /// As [`Formula::try_build`]; [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a condition
    /// that is wrong.
    ///
    /// ```
    /// use membrane_core::Vars;
    /// use membrane_core::formula::AnyFilter;
    /// use serde_json::json;
    ///
    /// let filter = AnyFilter::parse(&json!({"$var": "$.votes"}))?;
    /// assert_eq!(filter.result(&Vars::from(&json!({"votes": 0})))?, json!(0));
    /// assert_eq!(filter.result(&Vars::new())?, json!(true));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn result(&self, vars: &Vars<'_>) -> Result<Value> {
        match &self.0 {
            Form::Data(written) => {
                let scope = Scope::Vars(vars);
                let matches = written.matches_by(|steps, found| scope.reach(steps, found));
                match written.problem().filter(|_| matches) {
                    Some(problem) => Err(Error::invalid_input(problem.message())),
                    None => Ok(Value::Bool(matches)),
                }
            }
            Form::Formula(formula) => Ok(match formula.try_build(vars)? {
                None | Some(Value::Null) => Value::Bool(true),
                Some(value) => value,
            }),
        }
    }
}
