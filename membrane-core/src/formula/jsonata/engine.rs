use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;

use super::Jsonata;
use crate::locator::loose;

/// Longer expressions are not evaluated.
const MAX_EXPRESSION: usize = 20_000;

/// The `jsonata-core` engine, for `$jsonata`.
///
/// An expression takes at most a second, 500 nested calls and 100,000 items in a sequence; beyond that it
/// has no value.
///
/// ```
/// use membrane_core::formula::{Formula, JsonataCore, Vars};
/// use serde_json::json;
///
/// let vars = json!({"items": [{"price": 2, "n": 3}, {"price": 5, "n": 1}]});
/// let formula = Formula::parse(&json!({"total": {"$jsonata": "$sum(items.(price * n))"}}))?;
/// let engine = JsonataCore::new();
/// let total = formula.build_with(&Vars::from(&vars).with_jsonata(&engine));
/// assert_eq!(total, Some(json!({"total": 11})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonataCore(());

impl JsonataCore {
    /// Makes an engine.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Says why an expression cannot be read.
    pub(crate) fn check(expression: &str) -> Result<(), String> {
        if expression.len() > MAX_EXPRESSION {
            return Err(format!("an expression has at most {MAX_EXPRESSION} bytes"));
        }
        // The empty one builds nothing, as it is meant to.
        if expression.is_empty() {
            return Ok(());
        }
        match catch_unwind(|| parser::parse(expression).map(drop).map_err(|error| error.to_string())) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(format!("the expression is wrong: {reason}")),
            Err(_) => Err("the expression is wrong".to_owned()),
        }
    }
}

impl Jsonata for JsonataCore {
    fn evaluate(&self, expression: &str, variables: &Value) -> Option<Value> {
        if expression.len() > MAX_EXPRESSION {
            return None;
        }
        // The expression is a customer's, and the engine is large: a defect in it must not end the run.
        catch_unwind(AssertUnwindSafe(|| evaluate(expression, variables))).ok().flatten()
    }
}

fn evaluate(expression: &str, variables: &Value) -> Option<Value> {
    let options = EvaluatorOptions {
        timeout_ms: Some(1000),
        max_stack_depth: Some(500),
        max_sequence_length: Some(100_000),
        ..EvaluatorOptions::default()
    };
    let expression = parser::parse(expression).ok()?;
    let result = Evaluator::with_options(Context::new(), options)
        .evaluate(&expression, &JValue::from(variables.clone()))
        .ok()?;
    if result.is_undefined() { None } else { whole_numbers(Value::from(&result), 0) }
}

/// The engine knows floating numbers only; whole ones become integers again.
fn whole_numbers(value: Value, depth: usize) -> Option<Value> {
    if depth > loose::MAX_DEPTH {
        return None;
    }
    Some(match value {
        Value::Number(number) => loose::number(loose::float(&number)),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| whole_numbers(item, depth + 1)).collect::<Option<_>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, field)| Some((name, whole_numbers(field, depth + 1)?)))
                .collect::<Option<_>>()?,
        ),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(expression: &str) -> Option<Value> {
        JsonataCore::new().evaluate(expression, &json!({"list": [{"id": 1}, {"id": 2}], "n": 1}))
    }

    #[test]
    fn has_values_or_none() {
        assert_eq!(value("list.id"), Some(json!([1, 2])));
        assert_eq!(value("list[id=2].id"), Some(json!(2)));
        assert_eq!(value("n / 2"), Some(json!(0.5)));
        for expression in ["missing", "1 +", "$error('x')", "$uppercase(n)"] {
            assert_eq!(value(expression), None, "{expression}");
        }
    }

    #[test]
    fn endless_expressions_end() {
        for expression in
            ["($f := function($n) { $f($n + 1) }; $f(0))", "($f := function($n) { 1 + $f($n) }; $f(0))"]
        {
            assert_eq!(value(expression), None, "{expression}");
        }
        assert!(JsonataCore::check("((((").is_err() && JsonataCore::check("a.b").is_ok());
        assert!(JsonataCore::check(&"a".repeat(100_000)).is_err() && JsonataCore::check("").is_ok());
        assert_eq!(value("[1..10000000]"), None);
        assert_eq!(value(&format!("{}1{}", "(".repeat(9000), ")".repeat(9000))), None);
    }
}
