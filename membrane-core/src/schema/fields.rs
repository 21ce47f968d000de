//! Fields of a schema: where they are, which are required, and schemas with fewer of them.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::locator::{Locator, Step, loose};

const MAX_DEPTH: usize = 128;

/// The schema of a place; only objects have properties, and only lists items.
pub(super) fn at<'a>(schema: &'a Value, place: &[Step]) -> Option<&'a Value> {
    place.iter().try_fold(schema, |schema, step| {
        let inside = match step {
            Step::Property(name) if loose::is_of_type(schema, "object") => {
                schema.get("properties")?.get(name)
            }
            Step::Index(_) | Step::Nowhere(_) if loose::is_of_type(schema, "array") => schema.get("items"),
            _ => None,
        };
        inside.filter(|schema| loose::truthy(schema))
    })
}

fn at_mut<'a>(schema: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    at(schema, place)?;
    place.iter().try_fold(schema, |schema, step| match step {
        Step::Property(name) => schema.get_mut("properties")?.get_mut(name),
        _ => schema.get_mut("items"),
    })
}

/// Puts the schema of a place; objects and lists on the way are declared.
pub(super) fn put(schema: &mut Value, place: &[Step], inner: Value) {
    put_by(schema, place, inner, loose::settle);
}

/// Leaves new names where they are put; [`loose::sort_all`] is for when all are there.
pub(super) fn put_unsorted(schema: &mut Value, place: &[Step], inner: Value) {
    put_by(schema, place, inner, |_, _| {});
}

fn put_by(schema: &mut Value, place: &[Step], inner: Value, settle: impl Fn(&mut Map<String, Value>, &str)) {
    let mut schema = schema;
    for step in place {
        let (kind, keyword) = match step {
            Step::Property(_) => ("object", "properties"),
            _ => ("array", "items"),
        };
        if !schema.is_object() {
            *schema = json!({"type": kind});
        }
        let Value::Object(keywords) = schema else { return };
        keywords.insert("type".to_owned(), Value::from(kind));
        let child = keywords.entry(keyword).or_insert(Value::Null);
        schema = match step {
            Step::Property(name) => {
                if !child.is_object() {
                    *child = Value::Object(Map::new());
                }
                let Value::Object(properties) = child else { return };
                if !properties.contains_key(name) {
                    properties.insert(name.clone(), Value::Null);
                    settle(properties, name);
                }
                let Some(property) = properties.get_mut(name) else { return };
                property
            }
            _ => child,
        };
    }
    *schema = inner;
}

/// Visits a schema and those inside it.
pub(super) fn walk<'s>(
    schema: &'s Value,
    place: &Locator,
    depth: usize,
    visit: &mut impl FnMut(&Locator, &'s Value),
) {
    visit(place, schema);
    if depth == MAX_DEPTH {
        return;
    }
    for (name, property) in properties(schema) {
        walk(property, &place.property(name), depth + 1, visit);
    }
    if let Some(items) = schema.get("items") {
        walk(items, &place.index(0), depth + 1, visit);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for option in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            walk(option, place, depth + 1, visit);
        }
    }
}

/// The places of all fields, each before those inside it.
pub(super) fn places(schema: &Value) -> Vec<Locator> {
    fn walk(schema: &Value, place: &Locator, out: &mut Vec<Locator>) {
        if place.steps().len() > MAX_DEPTH || !is_object(schema) {
            return;
        }
        for (name, property) in properties(schema) {
            let place = place.property(name);
            out.push(place.clone());
            walk(property, &place, out);
        }
    }
    let mut out = Vec::new();
    walk(schema, &Locator::root(), &mut out);
    out
}

/// The places of required fields, outermost first; lists are not entered.
pub(super) fn required(schema: &Value) -> Vec<Locator> {
    fn walk(schema: &Value, place: &Locator, out: &mut Vec<Locator>) {
        if place.steps().len() > MAX_DEPTH {
            return;
        }
        if !is_object(schema) {
            return;
        }
        out.extend(required_names(schema).map(|name| place.property(name)));
        for (name, property) in properties(schema) {
            walk(property, &place.property(name), out);
        }
    }
    let mut out = Vec::new();
    walk(schema, &Locator::root(), &mut out);
    out
}

/// The required places where the value has nothing.
///
/// A field inside something optional that is absent itself is not missed.
pub(super) fn missing(schema: &Value, value: &Value) -> Vec<Locator> {
    fn walk(
        schema: &Value,
        value: Option<&Value>,
        is_excused: bool,
        place: &Locator,
        out: &mut Vec<Locator>,
    ) {
        if place.steps().len() > MAX_DEPTH || !is_object(schema) {
            return;
        }
        let inside = |name: &str| value.and_then(|value| value.get(name));
        let names: HashSet<&str> = required_names(schema).collect();
        if !is_excused {
            out.extend(
                required_names(schema).filter(|name| inside(name).is_none()).map(|name| place.property(name)),
            );
        }
        for (name, property) in properties(schema) {
            let value = inside(name);
            let is_excused = is_excused || (value.is_none() && !names.contains(name.as_str()));
            walk(property, value, is_excused, &place.property(name), out);
        }
    }
    let mut out = Vec::new();
    walk(schema, Some(value), false, &Locator::root(), &mut out);
    out
}

/// Makes fields required, also when they are already; those of objects the schema does not have are left out.
pub(super) fn add_required(schema: &mut Value, places: &[Locator]) {
    for place in places {
        let Some((Step::Property(name), parents)) = place.steps().split_last() else { continue };
        let Some(Value::Object(keywords)) = at_mut(schema, parents) else { continue };
        match keywords.get_mut("required") {
            Some(Value::Array(names)) => names.push(Value::from(name.as_str())),
            _ => {
                keywords.insert("required".to_owned(), json!([name]));
            }
        }
    }
}

/// Makes all fields optional; lists are not entered.
pub(super) fn remove_required(schema: &mut Value, depth: usize) {
    if depth > MAX_DEPTH || !is_object(schema) {
        return;
    }
    if let Value::Object(keywords) = schema {
        keywords.shift_remove("required");
        let properties = keywords.get_mut("properties").and_then(Value::as_object_mut);
        properties.into_iter().flatten().for_each(|(_, property)| remove_required(property, depth + 1));
    }
}

/// Only these fields.
pub(super) fn pick(schema: &Value, places: &[Locator]) -> Value {
    let mut out = json!({"type": "object", "properties": {}});
    let has_fields = is_object(schema) && schema.get("properties").is_some_and(loose::truthy);
    // A place outside the fields would take the place of all of them.
    for place in places.iter().filter(|place| matches!(place.steps().first(), Some(Step::Property(_)))) {
        if has_fields && let Some(found) = at(schema, place.steps()) {
            put_unsorted(&mut out, place.steps(), found.clone());
        }
    }
    loose::sort_all(&mut out);
    if has_fields && schema.get("required").is_some_and(Value::is_array) {
        let is_picked = |name: &&str| places.iter().any(|place| is_field(place, name));
        let kept: Vec<&str> = required_names(schema).filter(is_picked).collect();
        out["required"] = json!(kept);
    }
    out
}

fn is_field(place: &Locator, name: &str) -> bool {
    matches!(place.steps(), [Step::Property(field)] if field == name)
}

/// All but these fields; what is required stays required.
pub(super) fn exclude(schema: &mut Value, places: &[Locator]) {
    for place in places {
        let Some((last, parents)) = place.steps().split_last() else { continue };
        put(schema, place.steps(), Value::Null);
        match (last, at_mut(schema, parents)) {
            (Step::Property(name), Some(Value::Object(parent))) => {
                if let Some(Value::Object(properties)) = parent.get_mut("properties") {
                    properties.shift_remove(name);
                }
            }
            (_, Some(Value::Object(parent))) => {
                parent.shift_remove("items");
            }
            _ => {}
        }
    }
}

/// All but the fields with this mark, at any depth.
pub(super) fn exclude_marked(schema: &mut Value, mark: &str, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let (is_object, is_array) = (is_object(schema), schema.get("type").is_some_and(|kind| kind == "array"));
    let Value::Object(keywords) = schema else { return };
    if is_object {
        let properties = keywords.entry("properties").or_insert(Value::Null);
        if !properties.is_object() {
            *properties = Value::Object(Map::new());
        }
        if let Value::Object(properties) = properties {
            properties.retain(|_, property| !property.get(mark).is_some_and(loose::truthy));
            properties.values_mut().for_each(|property| exclude_marked(property, mark, depth + 1));
        }
    }
    if let Some(items) = keywords.get_mut("items").filter(|_| is_array) {
        exclude_marked(items, mark, depth + 1);
    }
}

fn is_object(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "object")
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn required_names(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
