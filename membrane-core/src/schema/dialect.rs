//! From our dialect to the JSON Schema a validator understands.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// Levels of a schema that is compiled.
const MAX_DEPTH: usize = 128;

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Keeps the keywords that restrict data and have the form JSON Schema wants; drops all others, so that a
/// formula or a foreign keyword never makes a schema unusable.
pub(super) fn to_json_schema(schema: &Value) -> Result<Value> {
    convert(schema, 0)
}

fn convert(schema: &Value, depth: usize) -> Result<Value> {
    if depth > MAX_DEPTH {
        let message = format!("the data schema nests deeper than {MAX_DEPTH} levels");
        return Err(Error::configuration(message));
    }
    let keywords = match schema {
        Value::Bool(_) => return Ok(schema.clone()),
        Value::Object(keywords) => keywords,
        _ => return Ok(json!(true)),
    };
    let required = keywords.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names: HashSet<&str> = required.iter().filter_map(Value::as_str).collect();
    let mut out = Map::new();
    for (keyword, value) in keywords {
        let kept = match keyword.as_str() {
            "$defs" | "definitions" => map_each(value, depth, |_, schema| Ok(schema))?,
            "$ref" => value.as_str().filter(|target| target.starts_with('#')).map(Value::from),
            "additionalProperties" | "not" | "contains" => schema_at(value, depth)?,
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => list_of_schemas(value, depth)?,
            "const" => Some(value.clone()),
            "enum" if keywords.get("allowCustom") == Some(&Value::Bool(true)) => None,
            "enum" => value.as_array().filter(|options| !options.is_empty()).map(|_| value.clone()),
            "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "minimum" => {
                value.is_number().then(|| value.clone())
            }
            "items" => schema_at(value, depth)?,
            "maxItems" | "maxLength" | "minItems" | "minLength" | "maxProperties" | "minProperties" => {
                value.as_u64().map(Value::from)
            }
            "multipleOf" => value.as_f64().filter(|step| *step > 0.0).map(|_| value.clone()),
            "pattern" => value.as_str().map(Value::from),
            "properties" => map_each(value, depth, |name, schema| {
                let is_required = names.contains(name);
                Ok(if is_required { schema } else { or_null(schema) })
            })?,
            "required" => {
                Some(Value::Array(required.iter().filter(|name| name.is_string()).cloned().collect()))
            }
            "type" => types(value),
            "uniqueItems" => value.as_bool().map(Value::from),
            _ => None,
        };
        out.extend(kept.map(|value| (keyword.clone(), value)));
    }
    Ok(Value::Object(out))
}

fn types(value: &Value) -> Option<Value> {
    let is_known = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    match value {
        Value::Array(names) if !names.is_empty() && names.iter().all(is_known) => {
            let mut unique: Vec<&Value> = Vec::new();
            for name in names {
                if !unique.contains(&name) {
                    unique.push(name);
                }
            }
            Some(json!(unique))
        }
        value => is_known(value).then(|| value.clone()),
    }
}

fn schema_at(value: &Value, depth: usize) -> Result<Option<Value>> {
    let is_schema = matches!(value, Value::Bool(_) | Value::Object(_));
    if is_schema { convert(value, depth + 1).map(Some) } else { Ok(None) }
}

fn list_of_schemas(value: &Value, depth: usize) -> Result<Option<Value>> {
    match value {
        Value::Array(schemas) if !schemas.is_empty() => {
            let schemas =
                schemas.iter().map(|schema| convert(schema, depth + 1)).collect::<Result<Vec<_>>>()?;
            Ok(Some(Value::Array(schemas)))
        }
        _ => Ok(None),
    }
}

fn map_each(
    value: &Value,
    depth: usize,
    then: impl Fn(&str, Value) -> Result<Value>,
) -> Result<Option<Value>> {
    let Value::Object(schemas) = value else { return Ok(None) };
    let mut out = Map::new();
    for (name, schema) in schemas {
        out.insert(name.clone(), then(name, convert(schema, depth + 1)?)?);
    }
    Ok(Some(Value::Object(out)))
}

/// The schema, or `null`: an optional property may be spelled out as nothing.
fn or_null(schema: Value) -> Value {
    let Value::Object(mut keywords) = schema else { return schema };
    let is_plain =
        !["$ref", "allOf", "anyOf", "const", "not", "oneOf"].iter().any(|key| keywords.contains_key(*key));
    if !is_plain {
        return json!({"anyOf": [{"type": "null"}, keywords]});
    }
    match keywords.get_mut("type") {
        Some(Value::Array(names)) if !names.contains(&json!("null")) => names.push(json!("null")),
        Some(name @ Value::String(_)) if name != "null" => *name = json!([name, "null"]),
        _ => {}
    }
    if let Some(Value::Array(options)) = keywords.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
    Value::Object(keywords)
}
