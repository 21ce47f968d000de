use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::locator::loose;
use crate::schema::DataSchema;

/// How a [`Condition`](super::Condition) compares the field with its value.
///
/// Equality is loose as in JavaScript (`1` is `"1"`, an absent field is `null`), membership is strict,
/// comparisons use the number a text begins with.
///
/// ```
/// use membrane_core::Operator;
///
/// assert_eq!(Operator::from_name("contains"), Some(Operator::Contains));
/// assert_eq!(Operator::Contains.as_str(), "contains");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operator {
    /// The field is no list, or no item of it is strictly equal to the value.
    ArrayDoesNotInclude,
    /// The field is a list with an item strictly equal to the value.
    ArrayIncludes,
    /// The field's text contains the value's text, in the same case.
    Contains,
    /// The field is not falsy and its text does not contain the value's text.
    DoesNotContain,
    /// Loosely equal.
    Is,
    /// Absent, `null`, or an empty text, list or object.
    IsEmpty,
    /// Exactly `false`.
    IsFalse,
    /// Not loosely equal.
    IsNot,
    /// Not empty.
    IsNotEmpty,
    /// Not in the list of values.
    IsNotOneOf,
    /// In the list of values.
    IsOneOf,
    /// Truthy.
    IsTrue,
    /// A smaller number.
    LessThan,
    /// A smaller or the same number.
    LessThanOrEqual,
    /// A greater number.
    MoreThan,
    /// A greater or the same number.
    MoreThanOrEqual,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 16] = [
        Self::ArrayDoesNotInclude,
        Self::ArrayIncludes,
        Self::Contains,
        Self::DoesNotContain,
        Self::Is,
        Self::IsEmpty,
        Self::IsFalse,
        Self::IsNot,
        Self::IsNotEmpty,
        Self::IsNotOneOf,
        Self::IsOneOf,
        Self::IsTrue,
        Self::LessThan,
        Self::LessThanOrEqual,
        Self::MoreThan,
        Self::MoreThanOrEqual,
    ];

    /// The operator with this name, for example `is_one_of`.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(operator, _)| *operator)
    }

    /// The operator's name.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(operator, _)| *operator == self).map_or("is", |(_, name)| name)
    }

    /// The operators that make sense for a field, each with the schema of its value.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Operator};
    /// use serde_json::json;
    ///
    /// let operators = Operator::for_schema(&DataSchema::new(json!({"type": "boolean"}))?);
    /// assert_eq!(operators[0], (Operator::IsTrue, None));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn for_schema(schema: &DataSchema) -> Vec<(Self, Option<DataSchema>)> {
        let value = schema.as_value();
        let kind = value.get("type").and_then(Value::as_str);
        let of_type = |kind: &str| DataSchema::new(json!({"type": kind})).ok();
        let mut out = Vec::new();
        if schema.is_scalar() && kind != Some("boolean") {
            let list = DataSchema::new(json!({"type": "array", "items": value})).ok();
            out.extend([Self::Is, Self::IsNot].map(|operator| (operator, Some(schema.clone()))));
            out.extend([Self::IsOneOf, Self::IsNotOneOf].map(|operator| (operator, list.clone())));
        }
        match kind {
            Some("string") if schema.allows_custom_value() => {
                out.extend(
                    [Self::Contains, Self::DoesNotContain].map(|operator| (operator, of_type("string"))),
                );
            }
            Some("integer" | "number") => {
                let comparisons =
                    [Self::LessThan, Self::LessThanOrEqual, Self::MoreThan, Self::MoreThanOrEqual];
                out.extend(comparisons.map(|operator| (operator, of_type("number"))));
            }
            Some("boolean") => out.extend([Self::IsTrue, Self::IsFalse].map(|operator| (operator, None))),
            Some("array") => {
                if let Some(items) = value.get("items").filter(|items| loose::truthy(items)) {
                    let items = DataSchema::new(items.clone()).ok();
                    let operators = [Self::ArrayIncludes, Self::ArrayDoesNotInclude];
                    out.extend(operators.map(|operator| (operator, items.clone())));
                }
            }
            _ => {}
        }
        out.extend([Self::IsNotEmpty, Self::IsEmpty].map(|operator| (operator, None)));
        out
    }

    /// Whether one value of the field satisfies the operator.
    pub(super) fn holds(self, field: Option<&Value>, operand: Option<&Value>) -> bool {
        let is_falsy = !field.is_some_and(loose::truthy);
        let order = |allowed: &[Ordering]| {
            loose::compare(field, operand).is_some_and(|order| allowed.contains(&order))
        };
        match self {
            Self::ArrayDoesNotInclude => !includes(field, operand),
            Self::ArrayIncludes => includes(field, operand),
            Self::Contains => !is_falsy && contains(field, operand),
            Self::DoesNotContain => !is_falsy && !contains(field, operand),
            Self::Is => loose::loose_equal(field, operand),
            Self::IsEmpty => loose::is_empty(field),
            Self::IsFalse => matches!(field, Some(Value::Bool(false))),
            Self::IsNot => !loose::loose_equal(field, operand),
            Self::IsNotEmpty => !loose::is_empty(field),
            Self::IsNotOneOf => !includes(operand, field),
            Self::IsOneOf => includes(operand, field),
            Self::IsTrue => !is_falsy,
            Self::LessThan => order(&[Ordering::Less]),
            Self::LessThanOrEqual => order(&[Ordering::Less, Ordering::Equal]),
            Self::MoreThan => order(&[Ordering::Greater]),
            Self::MoreThanOrEqual => order(&[Ordering::Greater, Ordering::Equal]),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn includes(list: Option<&Value>, item: Option<&Value>) -> bool {
    list.and_then(Value::as_array)
        .is_some_and(|items| items.iter().any(|known| loose::strict_equal(Some(known), item)))
}

fn contains(field: Option<&Value>, operand: Option<&Value>) -> bool {
    loose::text(field).contains(&*loose::text(operand))
}

const NAMES: &[(Operator, &str)] = &[
    (Operator::ArrayDoesNotInclude, "array_does_not_include"),
    (Operator::ArrayIncludes, "array_includes"),
    (Operator::Contains, "contains"),
    (Operator::DoesNotContain, "does_not_contain"),
    (Operator::Is, "is"),
    (Operator::IsEmpty, "is_empty"),
    (Operator::IsFalse, "is_false"),
    (Operator::IsNot, "is_not"),
    (Operator::IsNotEmpty, "is_not_empty"),
    (Operator::IsNotOneOf, "is_not_one_of"),
    (Operator::IsOneOf, "is_one_of"),
    (Operator::IsTrue, "is_true"),
    (Operator::LessThan, "less_than"),
    (Operator::LessThanOrEqual, "less_than_or_equal"),
    (Operator::MoreThan, "more_than"),
    (Operator::MoreThanOrEqual, "more_than_or_equal"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_wire_names() {
        assert_eq!(NAMES.iter().map(|(operator, _)| *operator).collect::<Vec<_>>(), Operator::ALL);
        for (operator, name) in NAMES {
            assert_eq!(serde_json::to_value(operator).unwrap(), json!(name));
            assert_eq!(Operator::from_name(name), Some(*operator));
            assert_eq!(operator.as_str(), *name);
        }
    }

    #[test]
    fn contains_and_its_opposite_are_both_false_for_falsy_fields() {
        for field in [json!(""), json!(0), json!(null)] {
            assert!(!Operator::Contains.holds(Some(&field), Some(&json!(""))));
            assert!(!Operator::DoesNotContain.holds(Some(&field), Some(&json!("x"))));
        }
    }
}
