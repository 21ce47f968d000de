//! Schemas from data, and data from schemas.

use serde_json::{Map, Value, json};

use super::merge;
use crate::locator::loose;

/// Levels of data that are looked into; what lies deeper may be anything.
const MAX_DEPTH: usize = 128;

/// The schema of one value.
pub(super) fn of_value(value: &Value, depth: usize) -> Value {
    match value {
        _ if depth > MAX_DEPTH => json!({}),
        Value::Null => json!({}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) => {
            let is_whole = loose::float(number).fract() == 0.0;
            json!({"type": if is_whole { "integer" } else { "number" }})
        }
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) if items.is_empty() => json!({"type": "array"}),
        Value::Array(items) => {
            let items = of_samples(items.iter(), depth + 1).unwrap_or_else(|| json!({}));
            json!({"type": "array", "items": items})
        }
        Value::Object(fields) if fields.is_empty() => json!({"type": "object"}),
        Value::Object(fields) => {
            let properties: Map<String, Value> =
                fields.iter().map(|(name, field)| (name.clone(), of_value(field, depth + 1))).collect();
            json!({"type": "object", "properties": properties})
        }
    }
}

/// The schema all samples have; nothing without samples.
pub(super) fn of_samples<'a>(samples: impl Iterator<Item = &'a Value>, depth: usize) -> Option<Value> {
    let mut schemas: Vec<Value> = Vec::new();
    for sample in samples {
        let schema = of_value(sample, depth);
        if schemas.last() != Some(&schema) {
            schemas.push(schema);
        }
    }
    merge::merge(&schemas.iter().collect::<Vec<_>>())
}

/// Data of the schema's shape.
pub(super) fn example(schema: &Value, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    if !schema.is_object() {
        return None;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => {
            let items = schema.get("items").filter(|items| loose::truthy(items));
            let item = items.map(|items| example(items, depth + 1).unwrap_or_default());
            Some(Value::Array(item.into_iter().collect()))
        }
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let fields = properties
                .into_iter()
                .flatten()
                .filter_map(|(name, property)| Some((name.clone(), example(property, depth + 1)?)));
            Some(Value::Object(fields.collect()))
        }
        _ => Some(json!("")),
    }
}
