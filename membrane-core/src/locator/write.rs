//! Writing and removing.

use serde_json::{Map, Value};

use super::{Step, loose};

/// How far past the end of a list an item may be put; what lies between is filled with `null`.
const MAX_GAP: usize = 100_000;

pub(super) fn write(steps: &[Step], target: &mut Value, value: Option<Value>) {
    write_by(steps, target, value, loose::settle);
}

/// Leaves new names where they are put; [`loose::sort_all`] is for when all are there.
pub(super) fn write_unsorted(steps: &[Step], target: &mut Value, value: Option<Value>) {
    write_by(steps, target, value, |_, _| {});
}

fn write_by(
    steps: &[Step],
    target: &mut Value,
    value: Option<Value>,
    settle: impl Fn(&mut Map<String, Value>, &str),
) {
    let Some((last, parents)) = steps.split_last() else {
        *target = value.unwrap_or(Value::Null);
        return;
    };
    let mut target = target;
    for step in parents {
        shape(step, target);
        let child = match (step, target) {
            (Step::Property(name), Value::Object(fields)) => {
                if !fields.contains_key(name) {
                    fields.insert(name.clone(), Value::Null);
                    settle(fields, name);
                }
                match fields.get_mut(name) {
                    Some(child) => child,
                    None => return,
                }
            }
            (step, Value::Array(items)) => match position(step).and_then(|index| slot(items, index)) {
                Some(child) => child,
                None => return,
            },
            _ => return,
        };
        target = child;
    }
    shape(last, target);
    match (last, target, value) {
        (Step::Property(name), Value::Object(fields), Some(value)) => {
            fields.insert(name.clone(), value);
            settle(fields, name);
        }
        (Step::Property(name), Value::Object(fields), None) => {
            fields.shift_remove(name);
        }
        (step, Value::Array(items), value) => match (position(step), value) {
            (Some(index), Some(value)) => {
                if let Some(slot) = slot(items, index) {
                    *slot = value;
                }
            }
            (Some(index), None) if index < items.len() => {
                // By its name only the item goes, not its place.
                if matches!(step, Step::Property(_)) {
                    items[index] = Value::Null;
                } else {
                    items.remove(index);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// Makes the value a container the step can enter. A list stays a list.
fn shape(step: &Step, value: &mut Value) {
    match step {
        Step::Property(_) if !value.is_object() && !value.is_array() => *value = Value::Object(Map::new()),
        Step::Index(_) | Step::Nowhere(_) if !value.is_array() => *value = Value::Array(Vec::new()),
        _ => {}
    }
}

fn position(step: &Step) -> Option<usize> {
    match step {
        Step::Index(index) => Some(*index),
        Step::Nowhere(_) => None,
        Step::Property(name) => loose::list_position(name),
    }
}

fn slot(items: &mut Vec<Value>, index: usize) -> Option<&mut Value> {
    if index >= items.len() {
        if index - items.len() > MAX_GAP {
            return None;
        }
        items.resize(index + 1, Value::Null);
    }
    items.get_mut(index)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::locator::Locator;

    fn written(
        mut target: serde_json::Value,
        place: &str,
        value: Option<serde_json::Value>,
    ) -> serde_json::Value {
        Locator::parse(place).unwrap().write(&mut target, value);
        target
    }

    #[test]
    fn makes_what_is_missing() {
        assert_eq!(written(json!(null), "a[1].b", Some(json!(1))), json!({"a": [null, {"b": 1}]}));
        assert_eq!(written(json!({"a": {}}), "a[0]", Some(json!(1))), json!({"a": [1]}));
        assert_eq!(written(json!({"a": [1]}), "a.b.c", Some(json!(1))), json!({"a": [1]}));
        assert_eq!(written(json!({"a": [1]}), "a.0", Some(json!(2))), json!({"a": [2]}));
        assert_eq!(written(json!({}), "a[9000000000]", Some(json!(1))), json!({"a": []}));
    }

    #[test]
    fn removes_and_keeps_the_order() {
        let out = written(json!({"a": 1, "b": 2, "c": 3}), "a", None);
        assert_eq!(out.to_string(), r#"{"b":2,"c":3}"#);
        assert_eq!(written(json!([1, 2, 3]), "$[1]", None), json!([1, 3]));
        assert_eq!(written(json!([1, 2, 3]), "$.1", None), json!([1, null, 3]));
        assert_eq!(written(json!({}), "x.y", None), json!({"x": {}}));
        assert_eq!(
            written(json!({"a": 1, "b": 2}), "1.x", Some(json!(0))).to_string(),
            r#"{"1":{"x":0},"a":1,"b":2}"#
        );
        assert_eq!(
            written(json!({"2": 1, "b": 2}), "$.10", Some(json!(0))).to_string(),
            r#"{"2":1,"10":0,"b":2}"#
        );
    }
}
