//! The three ways of reading: as `$var` does, as patches do, and as filters do.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Step, loose};

/// Objects with more fields are searched by hash.
const FEW: usize = 32;

/// The `$var` way.
pub(crate) fn read_steps<'a>(steps: &[Step], value: &'a Value) -> Option<Cow<'a, Value>> {
    let mut value = value;
    for (n, step) in steps.iter().enumerate() {
        if is_length(step, value) {
            return length(value).filter(|_| n + 1 == steps.len()).map(Cow::Owned);
        }
        value = enter(step, value)?;
        if matches!(step, Step::Index(_)) && !loose::truthy(value) {
            return None;
        }
    }
    Some(Cow::Borrowed(value))
}

/// The way of patches.
pub(super) fn at<'a>(steps: &[Step], value: &'a Value) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| enter(step, value))
}

/// The way of patches, and the length of a list.
pub(crate) fn peek<'a>(steps: &[Step], value: &'a Value) -> Option<Cow<'a, Value>> {
    if let Some((last, parents)) = steps.split_last()
        && let Some(list) = at(parents, value).filter(|list| is_length(last, list))
    {
        return length(list).map(Cow::Owned);
    }
    at(steps, value).map(Cow::Borrowed)
}

pub(super) fn take(steps: &[Step], value: &mut Value) -> Option<Value> {
    let mut value = value;
    for step in steps {
        value = match (step, value) {
            (Step::Property(name), Value::Object(fields)) => fields.get_mut(name)?,
            (Step::Property(name), Value::Array(items)) => items.get_mut(loose::list_position(name)?)?,
            (Step::Index(index), Value::Array(items)) => items.get_mut(*index)?,
            _ => return None,
        };
    }
    Some(value.take())
}

/// The way of filters: a name on a list goes into each item, and whatever is `null` is left out.
///
/// Calls back with each value reached until a call answers true; answers whether one did.
pub(crate) fn each_reached(steps: &[Step], value: &Value, found: &mut dyn FnMut(&Value) -> bool) -> bool {
    reach(steps, value, found, 0)
}

fn reach(steps: &[Step], value: &Value, found: &mut dyn FnMut(&Value) -> bool, depth: usize) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return !value.is_null() && found(value);
    };
    if depth > loose::MAX_DEPTH {
        return false;
    }
    match (step, value) {
        (Step::Property(_), Value::Array(items)) => {
            items.iter().any(|item| reach(steps, item, found, depth + 1))
        }
        (Step::Property(name), Value::String(text)) => match character(name, text) {
            Some(value) => reach(rest, &value, found, depth + 1),
            None => false,
        },
        _ => enter(step, value).is_some_and(|value| reach(rest, value, found, depth + 1)),
    }
}

/// The `length` of a text, or one of its characters.
fn character(name: &str, text: &str) -> Option<Value> {
    if name == "length" {
        return Some(Value::from(text.encode_utf16().count()));
    }
    let unit = text.encode_utf16().nth(loose::list_position(name)?)?;
    Some(Value::from(String::from_utf16_lossy(&[unit])))
}

/// Whether one place is the other one, or lies within it.
pub(crate) fn overlap(a: &[Step], b: &[Step]) -> bool {
    a.iter().zip(b).all(|(a, b)| match (a, b) {
        // `0` of an object and `[0]` of a list may be one place.
        (Step::Property(name), Step::Index(index)) | (Step::Index(index), Step::Property(name)) => {
            name.parse() == Ok(*index)
        }
        _ => a == b,
    })
}

fn enter<'a>(step: &Step, value: &'a Value) -> Option<&'a Value> {
    match (step, value) {
        (Step::Property(name), Value::Object(fields)) => field(name, fields),
        (Step::Property(name), Value::Array(items)) => items.get(loose::list_position(name)?),
        (Step::Index(index), Value::Array(items)) => items.get(*index),
        _ => None,
    }
}

/// Looking through few fields is quicker than hashing the name.
fn field<'a>(name: &str, fields: &'a Map<String, Value>) -> Option<&'a Value> {
    if fields.len() > FEW {
        return fields.get(name);
    }
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn is_length(step: &Step, value: &Value) -> bool {
    value.is_array() && matches!(step, Step::Property(name) if name == "length")
}

fn length(value: &Value) -> Option<Value> {
    value.as_array().map(|items| Value::from(items.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::locator::Locator;

    fn locator(text: &str) -> Locator {
        Locator::parse(text).unwrap()
    }

    #[test]
    fn reading_by_index_drops_falsy_items() {
        let data = json!({"list": [0, "", null, false, "x", {"k": null}]});
        for index in 0..4 {
            assert_eq!(locator("list").index(index).read(&data), None);
            assert!(locator("list").index(index).at(&data).is_some());
        }
        assert_eq!(locator("list[4]").read(&data).as_deref(), Some(&json!("x")));
        assert_eq!(locator("list[5].k").read(&data).as_deref(), Some(&json!(null)));
        assert_eq!(locator("list.0").read(&data).as_deref(), Some(&json!(0)));
        assert_eq!(locator("list.length").read(&data).as_deref(), Some(&json!(6)));
        assert_eq!(locator("list.length.x").read(&data), None);
        assert_eq!(locator("list[4].length").read(&data), None);
    }

    #[test]
    fn filters_fan_out() {
        let data = json!({"rows": [{"tags": ["a", null]}, [{"tags": ["b"]}], {}]});
        let reached = |text: &str| {
            let mut all = Vec::new();
            each_reached(locator(text).steps(), &data, &mut |value| {
                all.push(value.clone());
                false
            });
            all
        };
        assert_eq!(reached("rows.tags"), [json!(["a", null]), json!(["b"])]);
        assert_eq!(reached("rows.tags[0]"), [json!("a"), json!("b")]);
        assert_eq!(reached("rows.tags[0].length"), [json!(1), json!(1)]);
        assert_eq!(reached("rows.tags[1]"), Vec::<Value>::new());
    }
}
