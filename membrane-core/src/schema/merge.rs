//! Schemas laid over each other.

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

/// The types in the order a merged schema lists them; the first is no type at all.
const TYPES: [&str; 8] = ["", "null", "boolean", "number", "integer", "string", "array", "object"];

/// Levels that are merged; what lies deeper is taken from the first schema.
const MAX_DEPTH: usize = 128;

pub(super) fn merge(schemas: &[&Value]) -> Option<Value> {
    merge_at(schemas, 0)
}

fn merge_at(schemas: &[&Value], depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return schemas.first().map(|first| (*first).clone());
    }
    let mut groups: [Vec<Map<String, Value>>; 8] = Default::default();
    for schema in schemas {
        flatten(schema, depth, &mut |kind, keywords| {
            // Whole numbers are numbers as soon as there is one that is not.
            groups[kind].push(keywords);
        });
    }
    let [_, _, _, numbers, integers, ..] = &groups;
    if !numbers.is_empty() && !integers.is_empty() {
        groups[3] = in_order_of(schemas, depth, &["number", "integer"]);
        groups[4].clear();
    }
    let is_typed = groups[1..].iter().any(|group| !group.is_empty());
    let mut merged = Vec::new();
    for (kind, group) in groups.into_iter().enumerate() {
        if group.is_empty() || (kind == 0 && is_typed) {
            continue;
        }
        merged.push(match TYPES[kind] {
            "array" => merge_arrays(group, depth),
            "object" => merge_objects(group, depth),
            _ => overlay(group),
        });
    }
    if merged.len() <= 1 {
        return merged.pop().map(Value::Object);
    }
    let (bare, full): (Vec<_>, Vec<_>) = merged.into_iter().partition(|schema| schema.len() == 1);
    let mut types: Vec<Value> = bare.into_iter().filter_map(|mut schema| schema.remove("type")).collect();
    let bare = match types.len() {
        0 => None,
        1 => types.pop().map(|kind| json!({"type": kind})),
        _ => Some(json!({"type": types})),
    };
    if full.is_empty() {
        return bare;
    }
    let options: Vec<Value> = bare.into_iter().chain(full.into_iter().map(Value::Object)).collect();
    Some(json!({"anyOf": options}))
}

/// Takes apart `anyOf` and lists of types; passes what has a known type, or none, on by its type's number.
fn flatten(schema: &Value, depth: usize, found: &mut dyn FnMut(usize, Map<String, Value>)) {
    let Value::Object(keywords) = schema else { return };
    if let Some(Value::Array(options)) = keywords.get("anyOf") {
        if depth <= MAX_DEPTH {
            options.iter().for_each(|option| flatten(option, depth + 1, found));
        }
        return;
    }
    let number_of = |name: &Value| name.as_str().filter(|name| !name.is_empty()).and_then(type_number);
    match keywords.get("type") {
        None | Some(Value::Null) => found(0, keywords.clone()),
        Some(Value::Array(names)) => {
            for name in names {
                if let Some(kind) = number_of(name) {
                    found(kind, Map::from_iter([("type".to_owned(), name.clone())]));
                }
            }
        }
        Some(name) => {
            if let Some(kind) = number_of(name) {
                found(kind, keywords.clone());
            }
        }
    }
}

fn type_number(name: &str) -> Option<usize> {
    TYPES.iter().position(|known| *known == name)
}

/// The schemas of some types in the order they came, all made the first type.
fn in_order_of(schemas: &[&Value], depth: usize, names: &[&str]) -> Vec<Map<String, Value>> {
    let mut out = Vec::new();
    for schema in schemas {
        flatten(schema, depth, &mut |kind, mut keywords| {
            if names.contains(&TYPES[kind]) {
                keywords.insert("type".to_owned(), Value::from(names[0]));
                out.push(keywords);
            }
        });
    }
    out
}

fn overlay(schemas: Vec<Map<String, Value>>) -> Map<String, Value> {
    schemas
        .into_iter()
        .reduce(|mut all, schema| {
            all.extend(schema);
            all
        })
        .unwrap_or_default()
}

fn merge_arrays(schemas: Vec<Map<String, Value>>, depth: usize) -> Map<String, Value> {
    let items: Vec<Value> = schemas.iter().filter_map(|schema| schema.get("items").cloned()).collect();
    let mut out = overlay(schemas);
    match merge_at(&items.iter().collect::<Vec<_>>(), depth + 1) {
        Some(items) => {
            out.insert("items".to_owned(), items);
        }
        None => {
            out.shift_remove("items");
        }
    }
    out
}

fn merge_objects(schemas: Vec<Map<String, Value>>, depth: usize) -> Map<String, Value> {
    let mut properties: Map<String, Value> = Map::new();
    let mut required: IndexSet<&str> = IndexSet::new();
    let has = |keyword| schemas.iter().any(|schema| schema.contains_key(keyword));
    let (has_properties, has_required) = (has("properties"), has("required"));
    for schema in &schemas {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // Collected as a list first: a property of no known type that occurs once is kept as it is.
            match properties.get_mut(name) {
                Some(Value::Array(found)) => found.push(property.clone()),
                _ => {
                    properties.insert(name.clone(), Value::Array(vec![property.clone()]));
                }
            }
        }
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(names.filter_map(Value::as_str));
    }
    let properties: Map<String, Value> = properties
        .into_iter()
        .filter_map(|(name, found)| match found {
            Value::Array(mut found) => {
                let merged = merge_at(&found.iter().collect::<Vec<_>>(), depth + 1);
                merged.or_else(|| found.pop().filter(|_| found.is_empty())).map(|schema| (name, schema))
            }
            _ => None,
        })
        .collect();
    let required = json!(required);
    let mut out = overlay(schemas);
    if has_properties {
        out.insert("properties".to_owned(), Value::Object(properties));
    }
    if has_required {
        out.insert("required".to_owned(), required);
    }
    out
}

/// What a patch says about who may read and write its fields.
pub(super) fn patch(source: &Value, patch: &Value, marks: [(&str, bool); 2]) -> Option<Value> {
    let mut merged = merge(&[source, patch])?;
    for (mark, is_set) in marks {
        if is_set {
            mark_new(&mut merged, source, patch, mark);
        } else {
            clear_unrepeated(&mut merged, patch, mark, 0);
        }
    }
    Some(merged)
}

fn mark_new(merged: &mut Value, source: &Value, patch: &Value, mark: &str) {
    let has =
        |schema: &Value, name: &str| schema.get("properties").is_some_and(|all| all.get(name).is_some());
    for (name, property) in properties_mut(merged) {
        if let Value::Object(keywords) = property
            && has(patch, name)
            && !has(source, name)
        {
            keywords.insert(mark.to_owned(), Value::Bool(true));
        }
    }
}

fn clear_unrepeated(merged: &mut Value, patch: &Value, mark: &str, depth: usize) {
    for (name, property) in properties_mut(merged) {
        let Some(patched) = patch.get("properties").and_then(|all| all.get(name)) else { continue };
        if let Value::Object(keywords) = property
            && patched.get(mark).is_none()
        {
            keywords.shift_remove(mark);
        }
        if depth < MAX_DEPTH {
            clear_unrepeated(property, patched, mark, depth + 1);
        }
    }
}

fn properties_mut(schema: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
}
