//! The least a schema says.

use serde_json::{Map, Value};

use crate::locator::loose;

/// Levels that are kept; what lies deeper is left open.
const MAX_DEPTH: usize = 128;

/// UTF-16 units of a description that are kept.
const KEPT: usize = 300;

/// UTF-16 units from which on a description ends in dots, as Membrane has it.
const MARKED: usize = 50;

/// Type, title and description of values, and what is inside of lists and objects.
pub(super) fn compress(schema: &Value, depth: usize) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let mut out = Map::new();
    if depth > MAX_DEPTH {
        return Value::Object(out);
    }
    let mut keep = |keyword: &str, value: Option<Value>| {
        out.extend(value.map(|value| (keyword.to_owned(), value)));
    };
    let kind = keywords.get("type");
    keep("type", kind.cloned());
    match kind.and_then(Value::as_str) {
        Some("array") => keep("items", keywords.get("items").map(|items| compress(items, depth + 1))),
        Some("object") => {
            let properties = keywords.get("properties").and_then(Value::as_object).into_iter().flatten();
            let kept = properties.filter(|(_, property)| loose::truthy(property));
            let kept = kept.map(|(name, property)| (name.clone(), compress(property, depth + 1)));
            keep("properties", Some(Value::Object(kept.collect())));
        }
        _ => {
            keep("title", keywords.get("title").cloned());
            let text = keywords.get("description").and_then(Value::as_str).filter(|text| !text.is_empty());
            keep("description", text.map(|text| Value::from(shortened(text))));
        }
    }
    Value::Object(out)
}

fn shortened(text: &str) -> String {
    let mut units = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= KEPT
        })
        .collect();
    if units > MARKED { format!("{kept}...") } else { kept }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn descriptions_are_shortened() {
        for (length, expected) in [(50, 50), (51, 54), (300, 303), (5_000, 303)] {
            assert_eq!(shortened(&"y".repeat(length)).len(), expected, "{length}");
        }
        assert_eq!(shortened(&"😀".repeat(200)).chars().count(), 153);
    }

    #[test]
    fn only_the_shape_stays() {
        let schema = json!({"type": "object", "title": "T", "required": ["a"], "properties": {
            "a": {"type": "array", "title": "A", "minItems": 1, "items": {"type": "integer", "title": "N", "minimum": 1}},
            "b": {}, "c": null, "d": true, "e": {"anyOf": [{"type": "string"}], "title": ""},
        }});
        let expected = json!({"type": "object", "properties": {
            "a": {"type": "array", "items": {"type": "integer", "title": "N"}}, "b": {}, "d": true, "e": {"title": ""},
        }});
        assert_eq!(compress(&schema, 0), expected);
        assert_eq!(compress(&json!({"type": "object"}), 0), json!({"type": "object", "properties": {}}));
    }
}
