//! Names for people.

use serde_json::Value;

use super::fields;
use crate::locator::Step;

/// A key as a heading: `firstName` is `First Name`.
///
/// ```
/// use membrane_core::schema::header_case;
///
/// assert_eq!(header_case("nested_objID"), "Nested Obj Id");
/// ```
pub fn header_case(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (n, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = n.checked_sub(1).map(|n| chars[n]);
        let begins_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && chars.get(n + 1).is_some_and(|next| next.is_lowercase()))
            });
        if begins_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            if word.is_empty() { word.extend(c.to_uppercase()) } else { word.extend(c.to_lowercase()) }
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// Gives each field without a title one, and does the same inside the fields it named.
pub(super) fn populate(schema: &mut Value, depth: usize) {
    if depth > 128 {
        return;
    }
    let inside = match schema.get("type").and_then(Value::as_str) {
        Some("array") => return schema.get_mut("items").map_or((), |items| populate(items, depth + 1)),
        Some("object") => schema.get_mut("properties"),
        _ => None,
    };
    for (name, property) in inside.and_then(Value::as_object_mut).into_iter().flatten() {
        let has_title = property.get("title").is_some_and(|title| title.as_str() != Some(""));
        if has_title || !property.is_object() {
            continue;
        }
        populate(property, depth + 1);
        if let Value::Object(keywords) = property {
            keywords.insert("title".to_owned(), Value::from(header_case(name)));
        }
    }
}

/// The title of a place, or a name made from its last step; nothing for the root without a title.
pub(super) fn name(schema: &Value, place: &[Step]) -> Option<String> {
    let at = fields::at(schema, place)?;
    match (at.get("title").and_then(Value::as_str).filter(|title| !title.is_empty()), place.last()) {
        (Some(title), _) => Some(title.to_owned()),
        (None, Some(Step::Property(name))) => Some(header_case(name)),
        (None, Some(Step::Index(index))) => Some(format!("Item #{}", index + 1)),
        _ => None,
    }
}

/// The names of a place and all around it: `Root > Address > ZIP`.
pub(super) fn full_name(schema: &Value, place: &[Step]) -> Option<String> {
    fields::at(schema, place)?;
    let names: Vec<String> = (0..=place.len()).filter_map(|n| name(schema, &place[..n])).collect();
    Some(names.join(" > "))
}
