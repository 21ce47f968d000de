//! Data made to fit a schema.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::locator::loose;

/// How [`DataSchema::fit`](super::DataSchema::fit) changes data. All off by default: data is only put in
/// the schema's order.
///
/// ```
/// use membrane_core::schema::{DataSchema, Fit};
/// use serde_json::json;
///
/// let schema = DataSchema::new(json!({"type": "object", "properties": {
///     "votes": {"type": "integer"}, "id": {"type": "string", "readOnly": true},
/// }}))?;
/// let fit = Fit::new().normalize_values(true).skip_read_only_fields(true);
/// assert_eq!(schema.fit(json!({"id": "7", "votes": "3"}), &fit), Some(json!({"votes": 3})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Fit<'a> {
    normalizes: bool,
    skips_unknown: bool,
    skips_read_only: bool,
    adds_defaults: bool,
    keeps: Option<&'a dyn Fn(&Value) -> bool>,
}

impl<'a> Fit<'a> {
    /// Changes nothing but the order of fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Converts values to the type of their schema, where that loses nothing: `"3"` to `3`, `5` to `"5"`,
    /// `"true"` to `true`.
    #[must_use]
    pub fn normalize_values(mut self, yes: bool) -> Self {
        self.normalizes = yes;
        self
    }

    /// Leaves out fields the schema does not declare, unless it has `additionalProperties`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::schema::Fit;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug"}));
    /// let fitted = schema.fit(json!({"extra": 1, "title": "Crash"}), &Fit::new().skip_unknown_fields(true));
    /// assert_eq!(fitted, Some(json!({"title": "Crash"})));
    /// ```
    #[must_use]
    pub fn skip_unknown_fields(mut self, yes: bool) -> Self {
        self.skips_unknown = yes;
        self
    }

    /// Leaves out fields that are `readOnly`.
    #[must_use]
    pub fn skip_read_only_fields(mut self, yes: bool) -> Self {
        self.skips_read_only = yes;
        self
    }

    /// Puts the `default` where there is nothing or `null`.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::schema::Fit;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"type": "object", "properties": {"state": {"default": "open"}}}))?;
    /// let fitted = schema.fit(json!({"state": null}), &Fit::new().add_defaults(true));
    /// assert_eq!(fitted, Some(json!({"state": "open"})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn add_defaults(mut self, yes: bool) -> Self {
        self.adds_defaults = yes;
        self
    }

    /// Leaves values alone for which the test is true, such as formulas.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use membrane_core::formula::FormulaKind;
    /// use membrane_core::schema::Fit;
    /// use serde_json::{Value, json};
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "code": "A-1"}));
    /// let is_formula = |value: &Value| FormulaKind::of(value).is_some();
    /// let fit = Fit::new().normalize_values(true).keep(&is_formula);
    /// let mapping = json!({"title": {"$var": "$.name"}, "code": 7});
    /// assert_eq!(schema.fit(mapping, &fit), Some(json!({"title": {"$var": "$.name"}, "code": "7"})));
    /// ```
    #[must_use]
    pub fn keep(mut self, test: &'a dyn Fn(&Value) -> bool) -> Self {
        self.keeps = Some(test);
        self
    }

    pub(super) fn apply(&self, value: Option<Value>, schema: &Value, depth: usize) -> Option<Value> {
        let default = schema.get("default").filter(|_| self.adds_defaults);
        let kind = schema.get("type").and_then(Value::as_str);
        let value = match (value, default) {
            (None | Some(Value::Null), Some(default)) => default.clone(),
            // What is absent may have defaults inside.
            (None, None) if self.adds_defaults && depth <= loose::MAX_DEPTH && kind == Some("object") => {
                return self.object(Map::new(), schema, depth).filter(|out| !loose::is_empty(Some(out)));
            }
            (value, _) => value?,
        };
        if depth > loose::MAX_DEPTH || self.keeps.is_some_and(|keeps| keeps(&value)) {
            return Some(value);
        }
        match (kind, value) {
            (Some("object"), Value::Object(fields)) => self.object(fields, schema, depth),
            // What is no object becomes one when fields of the schema come out, as with defaults.
            (Some("object"), value) => {
                let mut declared = parts(&value);
                let is_declared = !self.declared(&mut declared, schema, depth).is_empty();
                if is_declared { self.object(parts(&value), schema, depth) } else { Some(value) }
            }
            (Some("array"), Value::Array(items)) => self.array(items, schema, depth),
            (Some(kind), value) if self.normalizes => Some(normalized(kind, value)),
            (_, value) => Some(value),
        }
    }

    fn object(&self, mut fields: Map<String, Value>, schema: &Value, depth: usize) -> Option<Value> {
        let was_empty = fields.is_empty();
        let mut out = self.declared(&mut fields, schema, depth);
        let declared = schema.get("properties").and_then(Value::as_object);
        if !self.skips_unknown || schema.get("additionalProperties").is_some_and(loose::truthy) {
            let declared: HashSet<&String> = declared.into_iter().flatten().map(|(name, _)| name).collect();
            out.extend(fields.into_iter().filter(|(name, _)| !declared.contains(name)));
        }
        loose::sort_positions(&mut out);
        (was_empty || !out.is_empty()).then_some(Value::Object(out))
    }

    /// The fields the schema declares, taken out of those there are.
    fn declared(&self, fields: &mut Map<String, Value>, schema: &Value, depth: usize) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let value = fields.get_mut(name).map(Value::take);
            if self.skips_read_only && property.get("readOnly").is_some_and(loose::truthy) {
                continue;
            }
            out.extend(self.apply(value, property, depth + 1).map(|value| (name.clone(), value)));
        }
        out
    }

    fn array(&self, items: Vec<Value>, schema: &Value, depth: usize) -> Option<Value> {
        let Some(schema) = schema.get("items") else { return Some(Value::Array(items)) };
        let was_empty = items.is_empty();
        let out: Vec<Value> =
            items.into_iter().filter_map(|item| self.apply(Some(item), schema, depth + 1)).collect();
        (was_empty || !out.is_empty()).then_some(Value::Array(out))
    }
}

/// A list and a text as fields, by position.
fn parts(value: &Value) -> Map<String, Value> {
    let parts: Vec<Value> = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) => text.chars().map(|c| Value::from(c.to_string())).collect(),
        _ => Vec::new(),
    };
    parts.into_iter().enumerate().map(|(n, part)| (n.to_string(), part)).collect()
}

fn normalized(kind: &str, value: Value) -> Value {
    let converted = match (kind, &value) {
        (_, Value::Null) => None,
        ("string", Value::String(_)) => None,
        ("string", other) => Some(Value::from(loose::text(Some(other)).into_owned())),
        ("boolean", Value::String(text)) => text.parse().ok().map(Value::Bool),
        ("number", Value::String(text)) => finite(loose::to_number(text)),
        ("integer", Value::String(text)) => finite(loose::to_number(text)).filter(is_whole),
        ("number" | "integer", Value::Bool(bool)) => Some(Value::from(u8::from(*bool))),
        _ => None,
    };
    converted.unwrap_or(value)
}

fn finite(number: f64) -> Option<Value> {
    number.is_finite().then(|| loose::number(number))
}

fn is_whole(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0)
}
