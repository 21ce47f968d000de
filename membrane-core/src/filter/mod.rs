//! Filters: conditions that all must hold, as data.
//!
#![doc = include_str!("REFERENCE.md")]

mod members;
mod operator;
mod push;
mod written;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use self::members::Members;
pub use self::operator::Operator;
pub use self::push::{Pushdown, Split};
pub(crate) use self::written::Written;
use crate::error::{Error, Result};
use crate::locator::{Locator, Step, each_reached};

/// More conditions than any screen shows.
const MAX_CONDITIONS: usize = 200;

/// A data filter: a list of conditions that all must hold.
///
/// A field that leads through a list means any of its items: the condition holds when one value satisfies
/// it, also for `is_not`. The value is literal, a formula in it is not built.
///
/// ```
/// use membrane_core::Filter;
/// use serde_json::json;
///
/// let filter = Filter::parse(&json!([
///     {"field": "labels.name", "operator": "is", "value": "bug"},
///     {"field": "votes", "operator": "more_than", "value": 2},
/// ]))?;
/// assert!(filter.matches(&json!({"labels": [{"name": "api"}, {"name": "bug"}], "votes": 3})));
/// assert!(!filter.matches(&json!({"labels": [], "votes": 3})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Filter {
    conditions: Vec<Condition>,
    /// For each condition with a long list of values, the list made ready for searching.
    members: Vec<Option<Members>>,
}

/// One condition of a [`Filter`].
///
/// ```
/// use membrane_core::{Condition, Filter, Locator, Operator};
/// use serde_json::json;
///
/// let open = Condition::new(Locator::parse("$.state")?, Operator::Is, json!("open"));
/// let filter = Filter::new(vec![open]);
/// assert!(filter.matches(&json!({"state": "open"})) && !filter.matches(&json!({"state": "closed"})));
/// assert_eq!(filter.to_value()[0]["operator"], "is");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// What to compare.
    pub field: Locator,
    /// How.
    pub operator: Operator,
    /// With what; `null` for operators that need nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

impl Filter {
    /// Parses the array form. A value that is no array matches everything, and a condition with an operator
    /// that does not exist is left out.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a condition that is null or whose
    /// field is no locator, and for more than 200 conditions; names the place.
    pub fn parse(value: &Value) -> Result<Self> {
        Written::parse(value)?.whole()
    }

    /// Parses the array form and refuses what cannot be tried, for filters no condition of which may be lost.
    ///
    /// # Errors
    /// As [`Filter::parse`], and [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a value that
    /// is no array, and for a condition without an operator or with one that does not exist.
    ///
    /// ```
    /// use membrane_core::Filter;
    /// use serde_json::json;
    ///
    /// let wrong = json!([{"field": "state", "operator": "equals", "value": "open"}]);
    /// assert!(Filter::parse(&wrong)?.is_empty());
    /// assert!(Filter::parse_strict(&wrong).unwrap_err().message().contains("unknown operator `equals`"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn parse_strict(value: &Value) -> Result<Self> {
        let Value::Array(conditions) = value else {
            return Err(Error::invalid_input("a filter is a list of `{field, operator, value}`"));
        };
        let filter = Self::parse(value)?;
        if filter.conditions.len() == conditions.len() {
            return Ok(filter);
        }
        let (n, reason) = lost_condition(conditions).unwrap_or_default();
        let message = format!("filter at $[{n}].operator: {reason}");
        Err(Error::invalid_input(message).with("place", format!("$[{n}].operator")))
    }

    /// The filter that wants each leaf of an object to be equal: `{a: 1, b: {c: 2}}` is *a is 1 and b.c is
    /// 2*. A list takes any of its items. What is no object gives the filter that matches everything.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for more than 200 leaves or 100 levels.
    ///
    /// ```
    /// use membrane_core::Filter;
    /// use serde_json::json;
    ///
    /// let filter = Filter::from_fields(&json!({"state": "open", "author": {"login": "ann"}}))?;
    /// assert!(filter.matches(&json!({"state": "open", "author": {"login": "ann"}})));
    /// assert_eq!(filter.conditions()[1].field.to_string(), "$.author.login");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn from_fields(fields: &Value) -> Result<Self> {
        let mut conditions = Vec::new();
        if let Value::Object(fields) = fields {
            add_fields(fields, &Locator::root(), &mut conditions)?;
        }
        Ok(Self::new(conditions))
    }

    /// The filter of these conditions.
    ///
    /// ```
    /// use membrane_core::{Condition, Filter, Operator};
    /// use serde_json::json;
    ///
    /// let filter = Filter::new(vec![Condition::new("$.votes".parse()?, Operator::MoreThan, json!(2))]);
    /// assert!(filter.matches(&json!({"votes": 3})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(conditions: Vec<Condition>) -> Self {
        let members = conditions.iter().map(Members::of).collect();
        Self { conditions, members }
    }

    /// The conditions, all of which must hold.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether the filter matches everything.
    ///
    /// ```
    /// use membrane_core::Filter;
    /// use serde_json::json;
    ///
    /// assert!(Filter::default().is_empty() && Filter::parse(&json!([]))?.is_empty());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether the data satisfies all conditions.
    pub fn matches(&self, data: &Value) -> bool {
        self.matches_by(|steps, found| each_reached(steps, data, found))
    }

    /// As [`Filter::matches`], over data that is read through a function like `each_reached`.
    pub(crate) fn matches_by(&self, read: impl Fn(&[Step], &mut dyn FnMut(&Value) -> bool) -> bool) -> bool {
        self.conditions.iter().zip(&self.members).all(|(condition, members)| {
            let holds = |value: Option<&Value>| match members {
                Some(members) => members.contains(value) == (condition.operator == Operator::IsOneOf),
                None => condition.operator.holds(value, Some(&condition.value)),
            };
            let mut reached = false;
            let mut test = |value: &Value| {
                reached = true;
                holds(Some(value))
            };
            read(condition.field.steps(), &mut test) || (!reached && holds(None))
        })
    }

    /// The array form.
    ///
    /// ```
    /// use membrane_core::Filter;
    /// use serde_json::json;
    ///
    /// let filter = Filter::from_fields(&json!({"state": "open"}))?;
    /// assert_eq!(filter.to_value(), json!([{"field": "$.state", "operator": "is", "value": "open"}]));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn to_value(&self) -> Value {
        let conditions = self.conditions.iter().map(|condition| {
            let mut out = Map::new();
            out.insert("field".to_owned(), json!(condition.field));
            out.insert("operator".to_owned(), json!(condition.operator));
            if !condition.value.is_null() {
                out.insert("value".to_owned(), condition.value.clone());
            }
            Value::Object(out)
        });
        Value::Array(conditions.collect())
    }
}

impl Condition {
    /// Makes a condition.
    pub fn new(field: Locator, operator: Operator, value: Value) -> Self {
        Self { field, operator, value }
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.conditions == other.conditions
    }
}

impl FromIterator<Condition> for Filter {
    fn from_iter<I: IntoIterator<Item = Condition>>(conditions: I) -> Self {
        Self::new(conditions.into_iter().collect())
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.conditions.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(&value).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

fn parse_condition(n: usize, condition: &Value) -> Result<Option<Condition>> {
    if condition.is_null() {
        let message = format!("filter at $[{n}]: the condition is null");
        return Err(Error::invalid_input(message).with("place", format!("$[{n}]")));
    }
    let Some(operator) = condition.get("operator").and_then(Value::as_str).and_then(Operator::from_name)
    else {
        return Ok(None);
    };
    let field = condition.get("field").unwrap_or(&Value::Null);
    let field = match field {
        // Nothing is the empty name here, and no locator everywhere else.
        Value::String(text) if text.is_empty() => Ok(Locator::root().property("")),
        field => Locator::from_value(field),
    };
    let field = field.map_err(|error| {
        Error::invalid_input(format!("filter at $[{n}].field: {}", error.message()))
            .with("place", format!("$[{n}].field"))
    })?;
    Ok(Some(Condition { field, operator, value: condition.get("value").cloned().unwrap_or_default() }))
}

/// The first condition that is left out since it cannot be tried, and why.
pub(crate) fn lost_condition(conditions: &[Value]) -> Option<(usize, String)> {
    let operator = |condition: &Value| condition.get("operator")?.as_str().map(str::to_owned);
    let is_known =
        |condition: &Value| operator(condition).is_some_and(|name| Operator::from_name(&name).is_some());
    let n = conditions.iter().position(|condition| !is_known(condition))?;
    let what = match operator(&conditions[n]) {
        Some(name) => format!("unknown operator `{}`", name.chars().take(100).collect::<String>()),
        None => "the condition has no operator".to_owned(),
    };
    Some((n, format!("{what}; use for example `is` or `contains`")))
}

fn add_fields(fields: &Map<String, Value>, place: &Locator, out: &mut Vec<Condition>) -> Result<()> {
    for (name, value) in fields {
        let place = place.property(name);
        let operator = match value {
            Value::Object(fields) if !fields.is_empty() => {
                if place.steps().len() > 100 {
                    return Err(Error::invalid_input("filter fields nest deeper than 100 levels"));
                }
                add_fields(fields, &place, out)?;
                continue;
            }
            Value::Array(_) => Operator::IsOneOf,
            _ => Operator::Is,
        };
        if out.len() == MAX_CONDITIONS {
            return Err(Error::invalid_input(format!("a filter has at most {MAX_CONDITIONS} conditions")));
        }
        out.push(Condition { field: place, operator, value: value.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value)]
    fn matches(filter: Value, data: Value) -> bool {
        Filter::parse(&filter).unwrap().matches(&data)
    }

    #[test]
    fn any_item_satisfies() {
        let data = json!({"rows": [{"k": 1}, {"k": 2}]});
        assert!(matches(json!([{"field": "rows.k", "operator": "is_not", "value": 1}]), data.clone()));
        assert!(matches(json!([{"field": "rows.zz", "operator": "is_empty"}]), data.clone()));
        assert!(!matches(json!([{"field": "rows.k", "operator": "is_empty"}]), data));
    }

    #[test]
    fn what_is_no_filter_matches_everything() {
        for filter in
            [json!(null), json!("x"), json!({}), json!([]), json!([{"field": "a", "operator": "bogus"}])]
        {
            assert!(matches(filter, json!({})));
        }
        let error = Filter::parse(&json!([{"field": "a[", "operator": "is"}])).unwrap_err();
        assert!(error.message().contains("$[0].field"), "{error}");
    }

    #[test]
    fn keeps_its_form() {
        let form =
            json!([{"field": "$.a", "operator": "is", "value": 1}, {"field": "$.b", "operator": "is_empty"}]);
        let filter: Filter = serde_json::from_value(form.clone()).unwrap();
        assert_eq!(serde_json::to_value(&filter).unwrap(), form);
        assert_eq!(filter.to_value(), form);
    }
}
