use std::collections::HashSet;

use serde_json::Value;

use super::{Condition, Operator};
use crate::locator::loose;

/// Shorter lists are searched item by item.
const LONG: usize = 16;

/// A list of values, for strict membership.
#[derive(Debug, Clone)]
pub(super) struct Members {
    texts: HashSet<String>,
    /// By their bits, with one zero.
    numbers: HashSet<u64>,
    bools: [bool; 2],
    has_null: bool,
}

impl Members {
    /// The values of a condition that looks for membership in a long list.
    pub(super) fn of(condition: &Condition) -> Option<Self> {
        let is_membership = matches!(condition.operator, Operator::IsNotOneOf | Operator::IsOneOf);
        let items = condition.value.as_array().filter(|items| is_membership && items.len() >= LONG)?;
        let mut out =
            Self { texts: HashSet::new(), numbers: HashSet::new(), bools: [false; 2], has_null: false };
        for item in items {
            match item {
                Value::Null => out.has_null = true,
                Value::Bool(bool) => out.bools[usize::from(*bool)] = true,
                Value::Number(number) => {
                    out.numbers.insert(bits(loose::float(number)));
                }
                Value::String(text) => {
                    out.texts.insert(text.clone());
                }
                // Two lists or objects are never the same one.
                Value::Array(_) | Value::Object(_) => {}
            }
        }
        Some(out)
    }

    pub(super) fn contains(&self, value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Array(_) | Value::Object(_)) => false,
            Some(Value::Null) => self.has_null,
            Some(Value::Bool(bool)) => self.bools[usize::from(*bool)],
            Some(Value::Number(number)) => self.numbers.contains(&bits(loose::float(number))),
            Some(Value::String(text)) => self.texts.contains(text),
        }
    }
}

fn bits(number: f64) -> u64 {
    if number == 0.0 { 0 } else { number.to_bits() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Filter;

    #[test]
    fn long_lists_mean_what_short_ones_mean() {
        let short = vec![json!(1), json!("a"), json!(true), json!({})];
        let mut long = short.clone();
        long.extend((100..200).map(|n| json!(n)));
        for operator in ["is_one_of", "is_not_one_of"] {
            let filter = |values: &[serde_json::Value]| {
                Filter::parse(&json!([{"field": "f", "operator": operator, "value": values}])).unwrap()
            };
            for value in [
                json!(1),
                json!(1.0),
                json!("1"),
                json!("a"),
                json!(true),
                json!(false),
                json!({}),
                json!(null),
            ] {
                let data = json!({"f": value});
                assert_eq!(filter(&short).matches(&data), filter(&long).matches(&data), "{operator} {data}");
            }
        }
    }
}
