//! Builds over variables nobody needs afterwards: what is only handed on is moved, not copied.

use serde_json::Value;

use super::eval::{At, Evaluator, Stop};
use super::node::{Call, Node, Test};
use super::scope::{Scope, Vars};
use crate::locator::{Step, overlap};

/// What becomes of a node when the variables may be taken apart.
#[derive(Debug)]
pub(super) enum Plan {
    /// It is built as ever.
    Build,
    /// It is a variable nothing else reads any part of: the names on the way to it.
    Move(Vec<String>),
    /// An object with such variables in it.
    Object(Vec<Plan>),
}

impl Plan {
    /// Finds what can be moved.
    pub(super) fn of(node: &Node) -> Self {
        let mut reads = Vec::new();
        let is_told = reads_of(node, false, &mut |read| {
            let (Read::Filter(steps) | Read::Var(steps)) = read;
            reads.push(steps);
            true
        });
        if !is_told {
            return Self::Build;
        }
        Self::below(node, &reads)
    }

    fn below(node: &Node, reads: &[&[Step]]) -> Self {
        match node {
            Node::Object(fields) => {
                let plans: Vec<Self> = fields.iter().map(|(_, node)| Self::below(node, reads)).collect();
                if plans.iter().all(|plan| matches!(plan, Self::Build)) {
                    return Self::Build;
                }
                Self::Object(plans)
            }
            Node::Call(call) => match &**call {
                Call::Var(locator) => {
                    let steps = locator.steps();
                    // It meets itself once.
                    let met = reads.iter().filter(|other| overlap(steps, other)).count();
                    match names(steps) {
                        Some(names) if met == 1 => Self::Move(names),
                        _ => Self::Build,
                    }
                }
                _ => Self::Build,
            },
            _ => Self::Build,
        }
    }

    pub(super) fn build(
        &self,
        node: &Node,
        vars: &mut Value,
        evaluator: &Evaluator<'_>,
    ) -> Result<Option<Value>, Stop> {
        match (self, node) {
            (Self::Object(plans), Node::Object(fields)) => {
                return fields
                    .build(|n, _, node| plans.get(n).unwrap_or(&Self::Build).build(node, vars, evaluator));
            }
            (Self::Move(names), _) => {
                if let Some(value) = take(names, vars) {
                    return Ok(Some(value));
                }
            }
            _ => {}
        }
        let vars = Vars::from(&*vars);
        evaluator.owned(evaluator.eval(node, At { scope: Scope::Vars(&vars), schema: None }))
    }
}

/// What a node reads of the variables: the way of filters, or the `$var` way.
pub(super) enum Read<'n> {
    Filter(&'n [Step]),
    Var(&'n [Step]),
}

/// Calls back with all a node reads of the variables; `false` when that cannot be told, or a call answers so.
pub(super) fn reads_of<'n>(node: &'n Node, in_item: bool, reads: &mut dyn FnMut(Read<'n>) -> bool) -> bool {
    let mut all = |nodes: &[&'n Node]| nodes.iter().all(|node| reads_of(node, in_item, reads));
    match node {
        Node::Absent | Node::Constant(_) => true,
        Node::Invalid(_) => false,
        Node::List(nodes) => nodes.iter().all(|node| reads_of(node, in_item, reads)),
        Node::Object(fields) => fields.iter().all(|(_, node)| reads_of(node, in_item, reads)),
        Node::Call(call) => match &**call {
            Call::And(node)
            | Call::DomainFromEmail(node)
            | Call::ExtractDate(node)
            | Call::ExtractTime(node)
            | Call::FirstName(node)
            | Call::FirstNotEmpty { items: node, .. }
            | Call::LastName(node)
            | Call::MergeObjects(node)
            | Call::Or(node) => all(&[node]),
            Call::Case { cases, default } => {
                let told = cases.iter().all(|case| {
                    let tested = match &case.test {
                        Test::Always => true,
                        Test::Data(filter, _) => filter.conditions().iter().all(|condition| {
                            let steps = condition.field.steps();
                            is_told(steps, in_item).unwrap_or_else(|| reads(Read::Filter(steps)))
                        }),
                        Test::Formula(test) => reads_of(test, in_item, reads),
                    };
                    tested && reads_of(&case.value, in_item, reads)
                });
                told && reads_of(default, in_item, reads)
            }
            Call::Concat { values, delimiter } => {
                all(&[values]) && delimiter.as_ref().is_none_or(|node| reads_of(node, in_item, reads))
            }
            Call::Eval { value, comparison } => {
                all(&[value]) && comparison.as_ref().is_none_or(|(_, node)| reads_of(node, in_item, reads))
            }
            Call::Iterate { source, item } => all(&[source]) && reads_of(item, true, reads),
            Call::Map { value, mapping, default } => {
                all(&[value, default])
                    && mapping
                        .iter()
                        .all(|(from, to)| reads_of(from, in_item, reads) && reads_of(to, in_item, reads))
            }
            Call::Tpl { slots, .. } => slots.iter().all(|(_, node)| reads_of(node, in_item, reads)),
            Call::Var(locator) => {
                let steps = locator.steps();
                is_told(steps, in_item).unwrap_or_else(|| reads(Read::Var(steps)))
            }
            Call::Copy(_)
            | Call::DataSchemaRef { .. }
            | Call::FindAppRecordId(_)
            | Call::FindExternalRecordId(_)
            | Call::Formula { .. }
            | Call::Jsonata(_)
            | Call::Lookup(_) => false,
        },
    }
}

/// Whether it can be told what is read, when that is not plainly a place of the variables.
fn is_told(steps: &[Step], in_item: bool) -> Option<bool> {
    match (in_item, steps.first()) {
        // An item sees the item, which the source has read; of what is around it only through `parent`.
        (true, Some(Step::Property(name))) => Some(name == "item" || name == "index"),
        (false, Some(_)) => None,
        (_, _) => Some(false),
    }
}

fn names(steps: &[Step]) -> Option<Vec<String>> {
    let name = |step: &Step| match step {
        Step::Property(name) => Some(name.clone()),
        Step::Index(_) | Step::Nowhere(_) => None,
    };
    steps.iter().map(name).collect()
}

/// Takes a value out; nothing when it is not there, or the way to it is not through objects alone.
fn take(names: &[String], vars: &mut Value) -> Option<Value> {
    let mut place = vars;
    for name in names {
        place = place.as_object_mut()?.get_mut(name)?;
    }
    Some(place.take())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::formula::Formula;

    #[test]
    fn what_is_read_twice_stays() {
        let record = json!({"id": 1, "a": {"b": [1, 2], "c": "x"}, "d": null, "l": [{"n": 1}]});
        for formula in [
            json!({"b": {"$var": "$.a.b"}, "c": {"$var": "$.a.c"}, "d": {"$var": "$.d"}}),
            json!({"a": {"$var": "$.a"}, "c": {"$var": "$.a.c"}, "again": {"$var": "$.a.c"}}),
            json!({"b": {"$var": "$.a.b"}, "first": {"$var": "$.a.b[0]"}, "same": {"$var": "$.a.b.0"}}),
            json!({"l": {"$var": "$.l"}, "n": {"$var": "$.l.n"}, "gone": {"$var": "$.x.y"}}),
            json!({"c": {"$var": "$.a.c"}, "t": {"$concat": [{"$var": "$.a.c"}, "!"]}, "w": {"$var": "$"}}),
            json!({"l": {"$var": "$.l"}, "i": {"$iterate": {"source": {"$var": "$.a.b"},
                "item": [{"$var": "$.item"}, {"$var": "$.parent.l"}]}}}),
            json!({"b": {"$var": "$.a.b"}, "l": {"$var": "$.l"}, "case": {"$case": [
                {"filter": [{"field": "$.l.n", "operator": "is", "value": 1}], "value": "one"}]}}),
        ] {
            let formula = Formula::parse(&formula).unwrap();
            assert_eq!(formula.build_from(record.clone()), formula.build(&record), "{formula:?}");
        }
    }

    fn place() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof!["[ab0]", Just("item".to_owned())], 0..4)
            .prop_map(|steps| ["$"].into_iter().map(str::to_owned).chain(steps).collect::<Vec<_>>().join("."))
    }

    fn formula() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![place().prop_map(|place| json!({"$var": place})), Just(json!("x"))];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                4 => proptest::collection::vec(("[pqr]", inner.clone()), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
                1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| json!({"$concat": items})),
                1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| json!({"$firstNotEmpty": items})),
                1 => (place(), inner.clone(), inner.clone()).prop_map(|(field, value, default)| {
                    let filter = json!([{"field": field, "operator": "is_not_empty"}]);
                    json!({"$case": {"cases": [{"filter": filter, "value": value}], "default": default}})
                }),
                1 => (inner.clone(), inner.clone())
                    .prop_map(|(source, item)| json!({"$iterate": {"source": source, "item": item}})),
            ]
        })
    }

    fn record() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i8>().prop_map(|n| json!(n)),
            "[ab]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                3 => proptest::collection::vec(("[ab0]", inner.clone()), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
                1 => proptest::collection::vec(inner, 0..3).prop_map(Value::Array),
            ]
        })
    }

    proptest! {
        #[test]
        fn builds_the_same(formula in formula(), record in record()) {
            let formula = Formula::parse(&formula).unwrap();
            prop_assert_eq!(formula.build_from(record.clone()), formula.build(&record));
        }
    }
}
