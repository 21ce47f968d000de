use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{Condition, Filter, Operator};
use crate::locator::{Locator, loose};

/// The conditions an app tries itself: by field the operators it takes, and the parameter that carries the
/// value of each.
///
/// ```
/// use membrane_core::filter::Pushdown;
/// use membrane_core::{Filter, Locator, Operator};
/// use serde_json::json;
///
/// let app = Pushdown::new()
///     .take(Locator::parse("state")?, Operator::Is, "state")
///     .take(Locator::parse("createdAt")?, Operator::MoreThan, "since");
/// let filter = Filter::parse_strict(&json!([
///     {"field": "state", "operator": "is", "value": "open"},
///     {"field": "state", "operator": "is_not", "value": "draft"},
///     {"field": "createdAt", "operator": "more_than", "value": "2026"},
/// ]))?;
/// let split = app.split(&filter);
/// assert_eq!(serde_json::to_value(&split.values).unwrap(), json!({"state": "open", "since": "2026"}));
/// assert_eq!(split.rest.conditions()[0].operator, Operator::IsNot); // the app does not try this one
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pushdown(IndexMap<Locator, IndexMap<Operator, String>>);

/// A filter in two parts that together mean the whole; made by [`Pushdown::split`].
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Split {
    /// What the app tries.
    pub taken: Filter,
    /// What the app is sent for it, by parameter.
    pub values: Map<String, Value>,
    /// What is to be tried on what the app answers.
    pub rest: Filter,
}

impl Pushdown {
    /// Nothing: every condition is tried here.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The app tries this operator on this field; the last word on both counts.
    #[must_use]
    pub fn take(mut self, field: Locator, operator: Operator, parameter: impl Into<String>) -> Self {
        self.0.entry(field).or_default().insert(operator, parameter.into());
        self
    }

    /// The fields, and what the app takes of each.
    pub fn fields(&self) -> impl Iterator<Item = (&Locator, impl Iterator<Item = (Operator, &str)>)> {
        self.0.iter().map(|(field, operators)| {
            (field, operators.iter().map(|(operator, parameter)| (*operator, parameter.as_str())))
        })
    }

    /// The parameter of an operator on a field; nothing when the app does not try it.
    pub fn parameter(&self, field: &Locator, operator: Operator) -> Option<&str> {
        self.0.get(field)?.get(&operator).map(String::as_str)
    }

    /// Parts a filter in what the app tries and the rest.
    ///
    /// No condition is in neither. What stays although the app takes the operator: a second condition for one
    /// parameter, and a value a parameter cannot carry, such as `null`, the empty text (often sent for *no
    /// filter*) or a list with a comma inside.
    pub fn split(&self, filter: &Filter) -> Split {
        let mut values = Map::new();
        let (mut taken, mut rest) = (Vec::new(), Vec::new());
        for condition in filter.conditions() {
            let parameter = self.parameter(&condition.field, condition.operator);
            match (parameter.filter(|parameter| !values.contains_key(*parameter)), sent(condition)) {
                (Some(parameter), Some(value)) => {
                    values.insert(parameter.to_owned(), value);
                    taken.push(condition.clone());
                }
                _ => rest.push(condition.clone()),
            }
        }
        Split { taken: Filter::new(taken), values, rest: Filter::new(rest) }
    }
}

/// The value a parameter carries for a condition.
fn sent(condition: &Condition) -> Option<Value> {
    match (condition.operator, &condition.value) {
        (Operator::IsEmpty | Operator::IsNotEmpty | Operator::IsTrue, _) => Some(Value::Bool(true)),
        (Operator::IsFalse, _) => Some(Value::Bool(false)),
        (Operator::IsNotOneOf | Operator::IsOneOf, Value::Array(items)) => {
            let fits = |item: &Value| is_sendable(item) && !loose::text(Some(item)).contains(',');
            (!items.is_empty() && items.iter().all(fits)).then(|| condition.value.clone())
        }
        (Operator::IsNotOneOf | Operator::IsOneOf, _) => None,
        (_, value) => is_sendable(value).then(|| value.clone()),
    }
}

fn is_sendable(value: &Value) -> bool {
    match value {
        Value::Array(_) | Value::Null | Value::Object(_) => false,
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parameter_carries_one_value() {
        let state = Locator::parse("state").unwrap();
        let app = Pushdown::new()
            .take(state.clone(), Operator::Is, "state")
            .take(state.clone(), Operator::IsOneOf, "state")
            .take(Locator::parse("done").unwrap(), Operator::IsFalse, "done");
        let filter = |conditions: Value| Filter::parse_strict(&conditions).unwrap();
        let is = |value: Value| json!({"field": "state", "operator": "is", "value": value});
        let any = |values: Value| json!({"field": "state", "operator": "is_one_of", "value": values});
        let done = json!({"field": "done", "operator": "is_false"});
        for (conditions, values, rest) in [
            (json!([is(json!("a")), is(json!("b"))]), json!({"state": "a"}), 1),
            (json!([is(json!("")), is(json!("b"))]), json!({"state": "b"}), 1),
            (json!([is(json!(null)), is(json!({"a": 1})), is(json!(["a"]))]), json!({}), 3),
            (json!([any(json!(["a", 1])), is(json!("a"))]), json!({"state": ["a", 1]}), 1),
            (json!([any(json!([])), any(json!(["a,b"])), any(json!("a"))]), json!({}), 3),
            (json!([done, is(json!(0))]), json!({"done": false, "state": 0}), 0),
        ] {
            let split = app.split(&filter(conditions));
            assert_eq!((json!(split.values), split.rest.conditions().len()), (values, rest));
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            prop_oneof!["[ab,]{0,2}", "[0-2]"].prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                inner.prop_map(|inner| json!({"x": inner})),
            ]
        })
    }

    fn field() -> impl Strategy<Value = Locator> {
        prop_oneof!["a", "b", "a\\.x", "b\\[0\\]"].prop_map(|text| Locator::parse(&text).unwrap())
    }

    fn operator() -> impl Strategy<Value = Operator> {
        prop::sample::select(Operator::ALL.to_vec())
    }

    /// An app that knows its conditions from the parameters alone.
    fn app(abilities: &Pushdown, values: &Map<String, Value>, record: &Value) -> bool {
        abilities.fields().all(|(field, operators)| {
            operators.into_iter().all(|(operator, parameter)| match values.get(parameter) {
                None => true,
                Some(value) => {
                    Filter::new(vec![Condition::new(field.clone(), operator, value.clone())]).matches(record)
                }
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn both_parts_mean_the_whole(
            abilities in prop::collection::vec((field(), operator()), 0..12),
            conditions in prop::collection::vec((field(), operator(), value()), 0..6),
            records in prop::collection::vec((value(), value()), 1..8),
        ) {
            let abilities = abilities.into_iter().fold(Pushdown::new(), |all, (field, operator)| {
                let parameter = format!("{field} {operator}");
                all.take(field, operator, parameter)
            });
            let condition = |(field, operator, value)| Condition::new(field, operator, value);
            let whole: Filter = conditions.into_iter().map(condition).collect();
            let split = abilities.split(&whole);
            assert_eq!(split.taken.conditions().len() + split.rest.conditions().len(), whole.conditions().len());
            for (a, b) in records {
                let record = json!({"a": a, "b": b});
                assert_eq!(app(&abilities, &split.values, &record), split.taken.matches(&record));
                assert_eq!(split.taken.matches(&record) && split.rest.matches(&record), whole.matches(&record));
            }
        }
    }
}
