//! Which fields are secret: by their schema's mark, or by their name.

use serde_json::{Map, Value};

/// Levels of schema and value that are looked into.
const MAX_DEPTH: usize = 128;

/// Schemas that are looked at for one value; what is beyond counts as sensitive.
const MAX_STEPS: usize = 10_000;

/// What a name says of its value, in small letters and digits only.
const NAMES: &[&str] = &["apikey", "password", "privatekey", "secret", "token"];

/// The name of the first field that is marked, `$` for the whole value.
pub(super) fn first_marked(schema: &Value) -> Option<&str> {
    marked_below(schema, "$", 0)
}

/// The parts of a value that are sensitive.
pub(super) fn values<'v>(schema: &Value, value: &'v Value) -> Vec<&'v Value> {
    let mut walk = Walk { root: schema, steps: MAX_STEPS, found: Vec::new() };
    walk.marked(schema, value, 0);
    walk.named(value, 0);
    walk.found
}

fn is_marked(keywords: &Map<String, Value>) -> bool {
    keywords.get("isSensitive") == Some(&Value::Bool(true))
        || keywords.get("format").is_some_and(|format| format == "password")
}

fn marked_below<'s>(schema: &'s Value, name: &'s str, depth: usize) -> Option<&'s str> {
    if depth > MAX_DEPTH {
        return None;
    }
    match schema {
        Value::Object(keywords) if is_marked(keywords) => Some(name),
        Value::Object(keywords) => keywords.iter().find_map(|(keyword, inner)| match keyword.as_str() {
            "$defs" | "definitions" | "properties" => {
                let mut named = inner.as_object().into_iter().flatten();
                named.find_map(|(name, schema)| marked_below(schema, name, depth + 1))
            }
            "const" | "default" | "enum" | "example" | "examples" => None,
            _ => marked_below(inner, name, depth + 1),
        }),
        Value::Array(schemas) => schemas.iter().find_map(|schema| marked_below(schema, name, depth + 1)),
        _ => None,
    }
}

struct Walk<'s, 'v> {
    root: &'s Value,
    steps: usize,
    found: Vec<&'v Value>,
}

impl<'v> Walk<'_, 'v> {
    fn marked(&mut self, schema: &Value, value: &'v Value, depth: usize) {
        let Value::Object(keywords) = schema else { return };
        // A schema may refer to itself: better too much is masked than too little.
        if is_marked(keywords) || self.steps == 0 || depth > MAX_DEPTH {
            self.found.push(value);
            return;
        }
        self.steps -= 1;
        let root = self.root;
        let target = keywords.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
        if let Some(schema) = target.and_then(|place| root.pointer(place)) {
            self.marked(schema, value, depth + 1);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for schema in keywords.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.marked(schema, value, depth + 1);
            }
        }
        match value {
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    for keyword in ["items", "prefixItems"] {
                        match keywords.get(keyword) {
                            Some(Value::Array(schemas)) => {
                                schemas
                                    .get(n)
                                    .into_iter()
                                    .for_each(|schema| self.marked(schema, item, depth + 1));
                            }
                            Some(schema) => self.marked(schema, item, depth + 1),
                            None => {}
                        }
                    }
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let own = keywords.get("properties").and_then(|properties| properties.get(name));
                    if let Some(schema) = own.or_else(|| keywords.get("additionalProperties")) {
                        self.marked(schema, field, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn named(&mut self, value: &'v Value, depth: usize) {
        if depth > MAX_DEPTH {
            self.found.push(value);
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.named(item, depth + 1)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    if is_secret_name(name) {
                        self.found.push(field);
                    } else {
                        self.named(field, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a name tells of a secret, however its words are joined: `clientSecret`, `API-Key`, `private_key`.
fn is_secret_name(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_are_found_wherever_a_schema_can_hold_one() {
        for (schema, name) in [
            (json!({"properties": {"a": {}, "pin": {"isSensitive": true}}}), Some("pin")),
            (json!({"properties": {"pin": {"type": "string", "format": "password"}}}), Some("pin")),
            (json!({"properties": {"pins": {"items": {"isSensitive": true}}}}), Some("pins")),
            (json!({"anyOf": [{}, {"properties": {"pin": {"isSensitive": true}}}]}), Some("pin")),
            (json!({"$ref": "#/$defs/p", "$defs": {"p": {"format": "password"}}}), Some("p")),
            (json!({"isSensitive": true}), Some("$")),
            (json!({"properties": {"a": {"isSensitive": false, "format": "uri"}}}), None),
            (json!({"properties": {"format": {"default": "password", "examples": ["password"]}}}), None),
            (json!({"properties": {"a": {"default": {"format": "password"}}}}), None),
            (json!(true), None),
        ] {
            assert_eq!(first_marked(&schema), name, "{schema}");
        }
    }

    #[test]
    fn values_are_sensitive_by_mark() {
        let schema = json!({
            "properties": {
                "pin": {"format": "password"},
                "more": {"type": "array", "items": {"$ref": "#/$defs/pin"}},
                "pair": {"prefixItems": [{}, {"isSensitive": true}]},
                "any": {"oneOf": [{"type": "number"}, {"properties": {"pin": {"isSensitive": true}}}]},
            },
            "additionalProperties": {"properties": {"pin": {"isSensitive": true}}},
            "$defs": {"pin": {"isSensitive": true}},
        });
        let value = json!({
            "pin": "1", "more": ["2", "3"], "pair": ["a", "4"], "any": {"pin": "5", "b": "c"}, "x": {"pin": 6},
        });
        assert_eq!(
            values(&schema, &value),
            ["1", "2", "3", "4", "5"].map(Value::from).iter().chain([&json!(6)]).collect::<Vec<_>>()
        );
    }

    #[test]
    fn values_are_sensitive_by_name() {
        for name in
            ["clientSecret", "client_secret", "PASSWORD", "API-Key", "apiKeyId", "private key", "Token"]
        {
            assert_eq!(values(&json!({}), &json!({"a": [{name: "x"}]})), [&json!("x")], "{name}");
        }
        for name in ["clientId", "key", "apiUri", "private", "pass"] {
            assert!(values(&json!({}), &json!({name: "x"})).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_schema_that_never_ends_hides_all() {
        assert!(!values(&json!({"$ref": "#"}), &json!({"a": 1})).is_empty());
        let wide = json!({"allOf": vec![json!({"$ref": "#"}); 50]});
        assert!(!values(&wide, &json!({"a": 1})).is_empty());
    }
}
