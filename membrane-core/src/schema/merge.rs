//! Schemas laid over each other.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value, json};

use crate::locator::loose;

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
    let mut unwrapped = Vec::new();
    for schema in schemas {
        unwrap(schema, depth, &mut unwrapped);
    }
    for keywords in unwrapped.into_iter().map(keywords_of) {
        if let Some(kind) = group_of(&keywords) {
            groups[kind].push(keywords);
        }
    }
    // Whole numbers are numbers as soon as there is one that is not, and come after those.
    let [_, _, _, numbers, integers, ..] = &mut groups;
    if !numbers.is_empty() {
        numbers.extend(integers.drain(..).map(|mut keywords| {
            keywords.insert("type".to_owned(), Value::from("number"));
            keywords
        }));
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

/// Takes apart `anyOf` and lists of types.
fn unwrap(schema: &Value, depth: usize, out: &mut Vec<Value>) {
    if !loose::truthy(schema) {
        return;
    }
    match (schema.get("anyOf"), schema.get("type")) {
        (Some(Value::Array(options)), _) => {
            if depth <= MAX_DEPTH {
                options.iter().for_each(|option| unwrap(option, depth + 1, out));
            }
        }
        (_, Some(Value::Array(names))) => out.extend(names.iter().map(|name| json!({"type": name}))),
        _ => out.push(schema.clone()),
    }
}

/// The keywords; what is no object has none.
fn keywords_of(schema: Value) -> Map<String, Value> {
    if let Value::Object(keywords) = schema { keywords } else { Map::new() }
}

/// The number of a schema's type; nothing for a type there is not.
fn group_of(keywords: &Map<String, Value>) -> Option<usize> {
    match keywords.get("type") {
        None => Some(0),
        Some(Value::Null) => Some(1),
        Some(Value::String(name)) if !name.is_empty() => TYPES.iter().position(|known| known == name),
        Some(_) => None,
    }
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
    let mut items = Vec::new();
    for schema in &schemas {
        schema.get("items").into_iter().for_each(|inside| unwrap(inside, depth, &mut items));
    }
    let mut out = overlay(schemas);
    if items.is_empty() {
        return out;
    }
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
    let mut found: IndexMap<&String, Vec<Value>> = IndexMap::new();
    let mut required: IndexSet<&str> = IndexSet::new();
    for schema in &schemas {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            unwrap(property, depth, found.entry(name).or_default());
        }
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(names.filter_map(Value::as_str));
    }
    let has_properties = !found.is_empty();
    let mut properties = Map::new();
    for (name, mut found) in found {
        // A property that occurs once is kept as it is, also one of a type there is not.
        let merged = if found.len() == 1 {
            found.pop()
        } else {
            merge_at(&found.iter().collect::<Vec<_>>(), depth + 1)
        };
        properties.extend(merged.map(|schema| (name.clone(), schema)));
    }
    loose::sort_positions(&mut properties);
    let required = (!required.is_empty()).then(|| json!(required));
    let mut out = overlay(schemas);
    if has_properties {
        out.insert("properties".to_owned(), Value::Object(properties));
    }
    out.extend(required.map(|required| ("required".to_owned(), required)));
    out
}

/// What a patch says about who may read and write its fields.
pub(super) fn patch(source: &Value, patch: &Value, marks: [(&str, bool); 2]) -> Option<Value> {
    let mut merged = merge(&[source, patch])?;
    for (mark, is_set) in marks {
        if is_set {
            mark_new(&mut merged, source, patch, mark);
        } else {
            clear_unrepeated(&mut merged, source, patch, mark, 0);
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

fn clear_unrepeated<'s>(merged: &mut Value, source: &'s Value, patch: &'s Value, mark: &str, depth: usize) {
    if [source, patch].iter().any(|schema| schema.get("type").is_none_or(|kind| kind != "object")) {
        return;
    }
    for (name, property) in properties_mut(merged) {
        let inside = |schema: &'s Value| schema.get("properties")?.get(name);
        let (Some(source), Some(patched)) = (inside(source), inside(patch)) else { continue };
        let is_marked = |schema: &Value| schema.get(mark).is_some_and(loose::truthy);
        if let Value::Object(keywords) = property
            && is_marked(source)
            && !is_marked(patched)
        {
            keywords.shift_remove(mark);
        }
        if depth < MAX_DEPTH {
            clear_unrepeated(property, source, patched, mark, depth + 1);
        }
    }
}

fn properties_mut(schema: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
}
