//! Names for people.

use serde_json::{Map, Value};

use super::fields;
use crate::locator::{Locator, Step, loose};

/// A key as a heading: `firstName` is `First Name`.
///
/// A word is of the letters A to Z and digits, and begins anew where a capital follows a small letter. Other
/// characters part words.
///
/// ```
/// use membrane_core::schema::header_case;
///
/// assert_eq!(header_case("nested_objID"), "Nested Obj Id");
/// assert_eq!(header_case("URLOfV2Api"), "Urlof V2api");
/// ```
pub fn header_case(key: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = None;
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && before.is_some_and(is_small)) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(if word.is_empty() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
        }
        before = Some(c);
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn is_small(c: char) -> bool {
    c.is_ascii_lowercase()
}

/// Gives each field without a title one, and does the same inside the fields it named. A field whose name is no
/// locator has none.
pub(super) fn populate(schema: &mut Value, depth: usize) {
    if depth > 128 {
        return;
    }
    // A title that was left empty gives way to that of the object around it.
    let outer = schema.get("title").filter(|title| loose::truthy(title)).cloned();
    let inside = match schema.get("type").and_then(Value::as_str) {
        Some("array") => return schema.get_mut("items").map_or((), |items| populate(items, depth + 1)),
        Some("object") => schema.get_mut("properties"),
        _ => None,
    };
    for (name, property) in inside.and_then(Value::as_object_mut).into_iter().flatten() {
        let is_place = Locator::parse(name)
            .is_ok_and(|place| matches!(place.steps(), [Step::Property(step)] if step == name));
        if !is_place || property.get("title").is_some_and(loose::truthy) || !loose::truthy(property) {
            continue;
        }
        // What is no object of keywords becomes one.
        if !property.is_object() {
            *property = Value::Object(Map::new());
        }
        if let Value::Object(keywords) = property {
            let is_empty = keywords.get("title").is_some_and(|title| !title.is_null());
            let heading = Some(header_case(name)).filter(|heading| !is_empty && !heading.is_empty());
            match heading.map(Value::from).or_else(|| outer.clone()) {
                Some(title) => keywords.insert("title".to_owned(), title),
                None => keywords.shift_remove("title"),
            };
        }
        populate(property, depth + 1);
    }
}

/// The title of a place or a name made from its last step; where it was left empty, that of what is around it.
pub(super) fn name(schema: &Value, place: &[Step]) -> Option<String> {
    names(schema, place)?.pop()
}

/// The names of a place and all around it: `Root > Address > ZIP`.
pub(super) fn full_name(schema: &Value, place: &[Step]) -> Option<String> {
    Some(names(schema, place)?.join(" > "))
}

fn names(schema: &Value, place: &[Step]) -> Option<Vec<String>> {
    let mut schema = schema;
    let mut names: Vec<String> = title(schema, None).into_iter().collect();
    for step in place {
        schema = fields::at(schema, std::slice::from_ref(step))?;
        names.extend(title(schema, Some(step)));
    }
    Some(names)
}

fn title(schema: &Value, step: Option<&Step>) -> Option<String> {
    match (schema.get("title").filter(|title| !title.is_null()), step) {
        (Some(title), _) => loose::truthy(title).then(|| loose::text(Some(title)).into_owned()),
        (None, Some(Step::Property(name))) => Some(header_case(name)).filter(|name| !name.is_empty()),
        (None, Some(Step::Index(index))) => Some(format!("Item #{}", index + 1)),
        (None, Some(Step::Nowhere(number))) => {
            let number = loose::to_number(number) + 1.0;
            Some(format!("Item #{}", loose::float_text(number)))
        }
        (None, None) => None,
    }
}
