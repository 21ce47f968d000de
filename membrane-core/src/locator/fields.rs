//! Whole values taken apart by locators.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::write::write_unsorted;
use super::{Locator, Step, loose};

/// The places of all leaves: values that are neither `null` nor containers.
///
/// ```
/// use membrane_core::locator::leaves;
/// use serde_json::json;
///
/// let places = leaves(&json!({"a": 1, "b": {"c": null, "d": [true]}}));
/// assert_eq!(places.iter().map(ToString::to_string).collect::<Vec<_>>(), ["$.a", "$.b.d[0]"]);
/// ```
pub fn leaves(value: &Value) -> Vec<Locator> {
    let mut out = Vec::new();
    walk(value, &mut Vec::new(), &mut |place, value| {
        if !matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
            out.push(Locator::from_steps(place.to_vec()));
        }
        true
    });
    out
}

/// The places of values that hold the same data as `wanted`; a match is not searched further.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::locator::find;
/// use serde_json::json;
///
/// let places = find(&json!({"a": {"id": 1}, "b": [{"id": 1.0}]}), &json!({"id": 1}));
/// assert_eq!(places, [Locator::parse("a")?, Locator::parse("b[0]")?]);
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn find(value: &Value, wanted: &Value) -> Vec<Locator> {
    let mut out = Vec::new();
    walk(value, &mut Vec::new(), &mut |place, value| {
        let found = loose::deep_equal(value, wanted);
        if found {
            out.push(Locator::from_steps(place.to_vec()));
        }
        !found
    });
    out
}

/// Only what is at these places; absent when none is there.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::locator::pick;
/// use serde_json::json;
///
/// let places = [Locator::parse("a.id")?, Locator::parse("gone")?];
/// assert_eq!(pick(&json!({"a": {"id": 1, "n": 2}, "b": 3}), &places), Some(json!({"a": {"id": 1}})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn pick(value: &Value, places: &[Locator]) -> Option<Value> {
    let mut out = None;
    for place in places {
        if let Some(found) = place.peek(value) {
            let out = out.get_or_insert_with(|| Value::Object(Map::new()));
            write_unsorted(place.steps(), out, Some(found.into_owned()));
        }
    }
    out.iter_mut().for_each(loose::sort_all);
    out
}

/// An object that has a value at each of these places.
///
/// They are written one after the other. A property of another of these places and the root do not count.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::locator::object_of;
/// use serde_json::json;
///
/// let places = [Locator::parse("a.id")?, Locator::parse("b")?];
/// assert_eq!(object_of(&places, &json!("x")), json!({"a": {"id": "x"}, "b": "x"}));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[must_use]
pub fn object_of(places: &[Locator], value: &Value) -> Value {
    let known: HashSet<&[Step]> = places.iter().map(Locator::steps).collect();
    let mut out = Value::Object(Map::new());
    for place in places.iter().filter(|place| !place.is_root()) {
        let steps = place.steps();
        let is_inside = |n: usize| matches!(steps[n], Step::Property(_)) && known.contains(&steps[..n]);
        if !(1..steps.len()).any(is_inside) {
            write_unsorted(steps, &mut out, Some(value.clone()));
        }
    }
    loose::sort_all(&mut out);
    out
}

/// All but what is at these places. The objects around a place are made when they are missing.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::locator::exclude;
/// use serde_json::json;
///
/// let places = [Locator::parse("a.id")?];
/// assert_eq!(exclude(json!({"a": {"id": 1, "n": 2}}), &places), json!({"a": {"n": 2}}));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[must_use]
pub fn exclude(mut value: Value, places: &[Locator]) -> Value {
    for place in places {
        let is_inside = match place.steps().first() {
            Some(Step::Property(_)) => value.is_object() || value.is_array(),
            Some(_) => value.is_array(),
            None => false,
        };
        if is_inside {
            place.write(&mut value, None);
        }
    }
    value
}

/// Visits each value from the outside in; the visitor says whether to go inside.
fn walk(value: &Value, place: &mut Vec<Step>, visit: &mut dyn FnMut(&[Step], &Value) -> bool) {
    if !visit(place, value) || place.len() > loose::MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                place.push(Step::Index(index));
                walk(item, place, visit);
                place.pop();
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                place.push(Step::Property(name.clone()));
                walk(field, place, visit);
                place.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn picks_and_excludes() {
        let value = json!({"a": 1, "b": {"c": 2, "d": 3}});
        let places: Vec<_> = ["a", "b.c", "zz"].iter().map(|text| Locator::parse(text).unwrap()).collect();
        assert_eq!(pick(&value, &places), Some(json!({"a": 1, "b": {"c": 2}})));
        assert_eq!(exclude(value, &places), json!({"b": {"d": 3}}));
        assert_eq!(pick(&json!({}), &places), None);
    }
}
