//! Locators: the place of a value inside another, `$.assignees[0].email`.
//!
//! A locator is parsed once and used many times. Two ways of reading exist, and they differ on purpose:
//! [`Locator::read`] is what `$var` does (an item that is `0`, `""`, `false` or `null` is absent when it is
//! reached by index), [`Locator::at`] sees every value, which patches and copies need.
//!
#![doc = include_str!("REFERENCE.md")]

mod fields;
pub(crate) mod loose;
mod parse;
mod read;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub use self::fields::{exclude, find, leaves, object_of, pick};
pub(crate) use self::read::{each_reached, overlap, peek as peek_steps, read_steps};
use crate::error::{Error, Result};

/// The place of a value inside another.
///
/// Written `$`, then any mix of `.name` and `[index]`; without the `$`, `$.` is understood. In a name
/// `\`, `.`, `[` and `]` are escaped with a backslash. There are no wildcards, slices or negative indexes.
/// Cheap to clone. Displayed in full: `a.b` as `$.a.b`.
///
/// ```
/// use membrane_core::Locator;
/// use serde_json::json;
///
/// let locator = Locator::parse("assignees[0].email")?;
/// let mut issue = json!({"assignees": [{"email": "ann@acme.com"}]});
/// assert_eq!(locator.read(&issue).as_deref(), Some(&json!("ann@acme.com")));
///
/// Locator::parse("labels[0]")?.write(&mut issue, Some(json!("bug")));
/// assert_eq!(issue["labels"], json!(["bug"]));
/// assert_eq!(locator.to_string(), "$.assignees[0].email");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Locator(Arc<[Step]>);

/// One step of a [`Locator`].
///
/// ```
/// use membrane_core::locator::{Locator, Step};
///
/// let place = Locator::parse("$.labels[0]")?;
/// assert_eq!(place.steps(), [Step::Property("labels".to_owned()), Step::Index(0)]);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Into the item of a list.
    Index(usize),
    /// Into an item no list can have, such as `[1.5]`; holds the number's text.
    Nowhere(String),
    /// Into the property of an object.
    Property(String),
}

impl Step {
    fn at(number: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number <= EXACT {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            return Self::Index(number as usize);
        }
        Self::Nowhere(loose::float_text(number))
    }
}

impl Locator {
    /// Parses a locator.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for the empty text, an index that is no
    /// number or negative, a `[` without `]`, and more than 1000 steps.
    ///
    /// ```
    /// use membrane_core::Locator;
    /// use serde_json::json;
    ///
    /// let place = Locator::parse("$.labels[0].name")?;
    /// assert_eq!(place.at(&json!({"labels": [{"name": "bug"}]})), Some(&json!("bug")));
    /// assert_eq!(Locator::root().property("labels").index(0).property("name"), place);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        parse::parse(text)
    }

    /// The locator in its JSON form: a text, or a list of steps as older configurations have it.
    ///
    /// # Errors
    /// As [`Locator::parse`], and for any other value.
    ///
    /// ```
    /// use membrane_core::Locator;
    /// use serde_json::json;
    ///
    /// let place = json!([{"type": "object_property", "propertyName": "labels"}, {"type": "array_item", "index": 0}]);
    /// assert_eq!(Locator::from_value(&place)?, Locator::from_value(&json!("$.labels[0]"))?);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn from_value(value: &Value) -> Result<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Array(steps) => {
                steps.iter().map(step_from_value).collect::<Result<_>>().map(Self::from_steps)
            }
            _ => Err(Error::invalid_input("a locator must be a text such as `$.a.b[0]`")),
        }
    }

    /// The whole value, `$`.
    ///
    /// ```
    /// use membrane_core::Locator;
    ///
    /// assert_eq!(Locator::root().property("labels").index(0).to_string(), "$.labels[0]");
    /// ```
    #[must_use]
    pub fn root() -> Self {
        Self::from_steps(Vec::new())
    }

    /// The locator with these steps.
    ///
    /// ```
    /// use membrane_core::locator::{Locator, Step};
    ///
    /// let place = Locator::from_steps(vec![Step::Property("labels".to_owned()), Step::Index(0)]);
    /// assert_eq!(place.to_string(), "$.labels[0]");
    /// ```
    #[must_use]
    pub fn from_steps(steps: Vec<Step>) -> Self {
        Self(steps.into())
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the whole value.
    ///
    /// ```
    /// use membrane_core::Locator;
    ///
    /// assert!(Locator::parse("$")?.is_root() && !Locator::parse("$.a")?.is_root());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The place of a property of the value at this place.
    ///
    /// ```
    /// use membrane_core::Locator;
    ///
    /// assert_eq!(Locator::root().property("first.name").to_string(), r"$.first\.name");
    /// ```
    #[must_use]
    pub fn property(&self, name: &str) -> Self {
        self.then(Step::Property(name.to_owned()))
    }

    /// The place of a list item of the value at this place.
    ///
    /// ```
    /// use membrane_core::Locator;
    ///
    /// assert_eq!(Locator::parse("$.labels")?.index(0), Locator::parse("$.labels[0]")?);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// This locator, and from there another.
    ///
    /// ```
    /// use membrane_core::Locator;
    ///
    /// let inner = Locator::parse("$.name")?;
    /// assert_eq!(Locator::parse("$.author")?.join(inner.steps()), Locator::parse("$.author.name")?);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn join(&self, inner: &[Step]) -> Self {
        Self(self.0.iter().chain(inner).cloned().collect())
    }

    fn then(&self, step: Step) -> Self {
        self.join(&[step])
    }

    /// The part before the first name that begins with `$`: the field a place inside a formula belongs to.
    ///
    /// ```
    /// use membrane_core::Locator;
    ///
    /// let inside = Locator::parse("address.$concat.values[0]")?;
    /// assert_eq!(inside.field(), Locator::parse("address")?);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn field(&self) -> Self {
        let is_formula = |step: &Step| matches!(step, Step::Property(name) if name.starts_with('$'));
        Self(self.0.iter().take_while(|step| !is_formula(step)).cloned().collect())
    }

    /// The value there as `$var` reads it.
    ///
    /// A list item reached by index is absent when it is `null`, `false`, `0` or `""`. The `length` of a
    /// list is its number of items. Nothing can be read inside texts, numbers, booleans and `null`.
    pub fn read<'a>(&self, value: &'a Value) -> Option<Cow<'a, Value>> {
        read_steps(&self.0, value)
    }

    /// The value there, whatever it is.
    ///
    /// ```
    /// use membrane_core::Locator;
    /// use serde_json::json;
    ///
    /// let counts = json!({"counts": [0, null]});
    /// assert_eq!(Locator::parse("$.counts[0]")?.at(&counts), Some(&json!(0)));
    /// assert_eq!(Locator::parse("$.counts[1]")?.at(&counts), Some(&json!(null)));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn at<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        read::at(&self.0, value)
    }

    /// As [`Locator::at`], and the `length` of a list, which is no value in it.
    ///
    /// ```
    /// use membrane_core::Locator;
    /// use serde_json::json;
    ///
    /// let counts = json!({"counts": [0, null]});
    /// assert_eq!(Locator::parse("$.counts.length")?.peek(&counts).as_deref(), Some(&json!(2)));
    /// assert_eq!(Locator::parse("$.counts[0]")?.peek(&counts).as_deref(), Some(&json!(0)));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn peek<'a>(&self, value: &'a Value) -> Option<Cow<'a, Value>> {
        read::peek(&self.0, value)
    }

    /// Moves the value there out, and leaves `null` in its place.
    ///
    /// ```
    /// use membrane_core::Locator;
    /// use serde_json::json;
    ///
    /// let mut response = json!({"data": {"issues": [1, 2]}});
    /// assert_eq!(Locator::parse("data.issues")?.take(&mut response), Some(json!([1, 2])));
    /// assert_eq!(response, json!({"data": {"issues": null}}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn take(&self, value: &mut Value) -> Option<Value> {
        read::take(&self.0, value)
    }

    /// Puts a value there; `None` removes the property or list item.
    ///
    /// Objects and lists on the way are made, and what is no container is replaced by one; an object where
    /// a list is needed becomes a list, while a list keeps its items and takes no properties. At the root
    /// `None` leaves `null`. An index more than 100,000 past the end of its list is not written.
    ///
    /// ```
    /// use membrane_core::Locator;
    /// use serde_json::json;
    ///
    /// let mut fields = json!({});
    /// Locator::parse("$.author.name")?.write(&mut fields, Some(json!("Ada")));
    /// assert_eq!(fields, json!({"author": {"name": "Ada"}}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn write(&self, target: &mut Value, value: Option<Value>) {
        write::write(&self.0, target, value);
    }
}

impl FromStr for Locator {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in self.steps() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Nowhere(number) => write!(f, "[{number}]")?,
                Step::Property(name) => {
                    f.write_str(".")?;
                    for c in name.chars() {
                        if matches!(c, '\\' | '[' | ']' | '.') {
                            f.write_str("\\")?;
                        }
                        write!(f, "{c}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locator({self})")
    }
}

impl Serialize for Locator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Locator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

impl JsonSchema for Locator {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Locator")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "A place inside a value, such as `$.a.b[0]`."})
    }
}

fn step_from_value(step: &Value) -> Result<Step> {
    let invalid = || Error::invalid_input("a locator step must be an object_property or an array_item");
    match step.get("type").and_then(Value::as_str) {
        Some("object_property") => {
            let name = step.get("propertyName").and_then(Value::as_str).ok_or_else(invalid)?;
            Ok(Step::Property(name.to_owned()))
        }
        Some("array_item") => {
            let index =
                step.get("index").and_then(Value::as_f64).filter(|n| *n >= 0.0).ok_or_else(invalid)?;
            Ok(Step::at(index))
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn travels_as_text() {
        let locator: Locator = serde_json::from_value(json!("a.b[1]")).unwrap();
        assert_eq!(serde_json::to_value(&locator).unwrap(), json!("$.a.b[1]"));
        let steps =
            json!([{"type": "object_property", "propertyName": "a"}, {"type": "array_item", "index": 2}]);
        assert_eq!(serde_json::from_value::<Locator>(steps).unwrap().to_string(), "$.a[2]");
        assert!(serde_json::from_value::<Locator>(json!([{"type": "bogus"}])).is_err());
        assert!(serde_json::from_value::<Locator>(json!(5)).is_err());
    }

    #[test]
    fn names_are_escaped() {
        assert_eq!(Locator::root().property("a.b[0]\\").index(3).to_string(), r"$.a\.b\[0\]\\[3]");
    }
}
