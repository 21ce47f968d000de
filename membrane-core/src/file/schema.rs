//! What a data schema gets wrong without anybody noticing: at run time it merely restricts nothing.

use serde_json::Value;

use super::located::Part;
use super::one_of;
use super::origin::Origin;
use crate::error::Result;

const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// Keywords that hold a schema.
const ONE: &[&str] = &["additionalProperties", "contains", "items", "not"];

/// Keywords that hold a list of schemas.
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords that hold schemas by name.
const MAPS: &[&str] = &["$defs", "definitions", "properties"];

pub(super) fn check(origin: Origin<'_>, schema: Part<'_>) -> Result<()> {
    if !matches!(schema.value, Value::Object(_) | Value::Bool(_)) {
        return Err(origin.error(schema.at(), "expected a data schema: an object of JSON Schema keywords"));
    }
    for (keyword, part) in schema.entries() {
        match keyword.as_str() {
            "type" => check_type(origin, part)?,
            "enum" if part.value.as_array().is_none_or(Vec::is_empty) => {
                return Err(origin.error(part.at(), "`enum` must be a list of the values there are"));
            }
            "required" => check_required(origin, schema, part)?,
            name if ONE.contains(&name) => check(origin, part)?,
            name if LISTS.contains(&name) => {
                for part in part.items() {
                    check(origin, part)?;
                }
            }
            name if MAPS.contains(&name) => {
                if !part.value.is_object() {
                    return Err(origin.error(part.at(), format!("`{name}` must be an object of schemas")));
                }
                for (_, part) in part.entries() {
                    check(origin, part)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_type(origin: Origin<'_>, part: Part<'_>) -> Result<()> {
    let unknown = |part: Part<'_>| {
        let known = part.value.as_str().is_some_and(|name| TYPES.contains(&name));
        (!known).then(|| {
            origin.error(part.at(), format!("unknown type {}, expected {}", part.value, one_of(TYPES)))
        })
    };
    let wrong = if part.value.is_array() { part.items().find_map(unknown) } else { unknown(part) };
    wrong.map_or(Ok(()), Err)
}

fn check_required(origin: Origin<'_>, schema: Part<'_>, part: Part<'_>) -> Result<()> {
    if !part.value.is_array() {
        return Err(origin.error(part.at(), "`required` must be a list of property names"));
    }
    let Some(properties) = schema.entry("properties") else { return Ok(()) };
    for name in part.items() {
        let Some(text) = name.value.as_str() else {
            return Err(origin.error(name.at(), "`required` must be a list of property names"));
        };
        if properties.entry(text).is_none() {
            return Err(
                origin.error(name.at(), format!("`{text}` is required but not among the `properties`"))
            );
        }
    }
    Ok(())
}
