use std::collections::HashMap;

use membrane_core::{Error, Result};
use serde_json::{Number, Value};

/// What the fields of an input are, as far as a text of a query must be turned into it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields(HashMap<String, Shape>);

/// What a text of a query becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    Boolean,
    Integer { min: i64, max: i64 },
    Number,
    Text,
    Other,
}

impl Fields {
    /// Reads the fields off the schema of an input.
    pub(crate) fn of(schema: &Value) -> Self {
        let properties = schema.get("properties").and_then(Value::as_object);
        let shapes =
            properties.into_iter().flatten().map(|(name, field)| (name.clone(), Shape::of(schema, field)));
        Self(shapes.collect())
    }

    /// Keeps these only.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    pub(crate) fn shape(&self, name: &str) -> Option<Shape> {
        self.0.get(name).copied()
    }
}

impl Shape {
    fn of(root: &Value, field: &Value) -> Self {
        let field = resolve(root, field);
        let types: Vec<&str> = match field.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        match types.into_iter().find(|name| *name != "null") {
            Some("boolean") => Self::Boolean,
            Some("integer") => {
                let bound = |name| field.get(name).and_then(Value::as_i64);
                let max = match field.get("format").and_then(Value::as_str) {
                    Some("uint32") => i64::from(u32::MAX),
                    Some("int32") => i64::from(i32::MAX),
                    _ => i64::MAX,
                };
                let min = bound("minimum").unwrap_or(i64::MIN);
                Self::Integer { min, max: bound("maximum").unwrap_or(max) }
            }
            Some("number") => Self::Number,
            Some("string") => Self::Text,
            _ => Self::Other,
        }
    }

    /// Turns a value of a query into what the field is.
    ///
    /// # Errors
    /// `InvalidInput` that names the field.
    pub(crate) fn coerce(self, name: &str, value: Value) -> Result<Value> {
        let refused = |what: &str| {
            Err(Error::invalid_input(format!("query parameter `{name}` must be {what}")).with("field", name))
        };
        let text = match (&value, self) {
            (Value::String(text), _) => text.trim(),
            (_, Self::Other) => return Ok(value),
            _ => return refused("one value"),
        };
        Ok(match self {
            // As the official service reads them: any other text is true.
            Self::Boolean => Value::Bool(!(text == "0" || text.eq_ignore_ascii_case("false"))),
            Self::Integer { min, max } => match text.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Value::from(number),
                Ok(_) if min != i64::MIN => return refused(&format!("within {min} and {max}")),
                _ => return refused("an integer"),
            },
            Self::Number => match text.parse().ok().and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => return refused("a number"),
            },
            Self::Text | Self::Other => value,
        })
    }
}

/// Follows a reference, and `anyOf` with `null` to the other side.
fn resolve<'a>(root: &'a Value, field: &'a Value) -> &'a Value {
    let options = field.get("anyOf").and_then(Value::as_array);
    let other = options.and_then(|options| {
        options.iter().find(|option| option.get("type").and_then(Value::as_str) != Some("null"))
    });
    let field = other.unwrap_or(field);
    let reference = field.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    reference.and_then(|path| root.pointer(path)).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Fields {
        Fields::of(&json!({
            "properties": {
                "limit": {"type": ["integer", "null"], "format": "uint32", "minimum": 0},
                "offset": {"type": "integer", "format": "int64"},
                "ratio": {"type": "number"},
                "connected": {"type": ["boolean", "null"]},
                "layer": {"anyOf": [{"$ref": "#/$defs/LayerName"}, {"type": "null"}]},
                "input": true,
            },
            "$defs": {"LayerName": {"type": "string"}},
        }))
    }

    fn coerce(name: &str, text: &str) -> Result<Value> {
        fields().shape(name).unwrap().coerce(name, json!(text))
    }

    #[test]
    fn knows_the_shapes_of_a_schema() {
        assert_eq!(fields().shape("limit"), Some(Shape::Integer { min: 0, max: 4_294_967_295 }));
        assert_eq!(fields().shape("layer"), Some(Shape::Text));
        assert_eq!(fields().shape("input"), Some(Shape::Other));
        assert_eq!(fields().shape("hash"), None);
    }

    #[test]
    fn reads_booleans_as_the_official_service_does() {
        for (text, expected) in
            [("true", true), ("TRUE", true), ("1", true), ("yes", true), ("0", false), ("False", false)]
        {
            assert_eq!(coerce("connected", text).unwrap(), json!(expected), "{text}");
        }
    }

    #[test]
    fn refuses_garbage_and_names_the_field() {
        assert_eq!(coerce("limit", " 7 ").unwrap(), json!(7));
        assert_eq!(coerce("offset", "-7").unwrap(), json!(-7));
        assert_eq!(coerce("ratio", "0.5").unwrap(), json!(0.5));
        for (name, text) in [("limit", "abc"), ("limit", "-1"), ("limit", "4294967296"), ("ratio", "NaN")] {
            let error = coerce(name, text).unwrap_err();
            assert_eq!(error.context_value("field"), Some(name), "{text}");
            assert!(error.message().contains(name));
        }
        let twice = fields().shape("limit").unwrap().coerce("limit", json!(["1", "2"]));
        assert_eq!(twice.unwrap_err().context_value("field"), Some("limit"));
    }
}
