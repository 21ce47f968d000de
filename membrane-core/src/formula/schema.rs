//! The schema of what a formula builds.

use serde_json::{Map, Value, json};

use super::jsonata::Jsonata;
use super::kind::FormulaKind;
use crate::locator::Locator;
use crate::schema::DataSchema;

/// Levels that are looked into.
const MAX_DEPTH: usize = 128;

/// What is known where a formula stands.
#[derive(Clone, Copy)]
struct Known<'a> {
    vars: &'a DataSchema,
    jsonata: Option<&'a dyn Jsonata>,
}

/// The schema of what the formula builds over variables of a schema, as far as it can be told.
pub(super) fn of_formula(
    value: &Value,
    vars: &DataSchema,
    jsonata: Option<&dyn Jsonata>,
) -> Option<DataSchema> {
    DataSchema::new(of(value, Known { vars, jsonata }, 0)?).ok()
}

fn of(value: &Value, known: Known<'_>, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some((kind, argument)) = FormulaKind::of(value) {
        return of_call(kind, argument, known, depth + 1);
    }
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(json!({"type": "boolean"})),
        Value::Number(_) => Some(json!({"type": "number"})),
        Value::String(_) => Some(json!({"type": "string"})),
        Value::Array(items) => {
            let items = items.iter().filter_map(|item| of(item, known, depth + 1));
            Some(list_of(merged(items)))
        }
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .filter_map(|(name, field)| Some((name.clone(), of(field, known, depth + 1)?)))
                .collect();
            Some(json!({"type": "object", "properties": properties}))
        }
    }
}

fn of_call(kind: FormulaKind, argument: &Value, known: Known<'_>, depth: usize) -> Option<Value> {
    let inner = |value: &Value| of(value, known, depth);
    match kind {
        FormulaKind::And | FormulaKind::Eval | FormulaKind::Or => Some(json!({"type": "boolean"})),
        FormulaKind::Case => {
            let cases = argument.as_array().or_else(|| argument.get("cases")?.as_array());
            let values = cases.into_iter().flatten().filter_map(|case| case.get("value"));
            let default = argument.get("default").filter(|default| !default.is_null());
            merged(values.chain(default).filter_map(inner))
        }
        FormulaKind::Concat
        | FormulaKind::DomainFromEmail
        | FormulaKind::FindAppRecordId
        | FormulaKind::FindExternalRecordId
        | FormulaKind::FirstName
        | FormulaKind::LastName
        | FormulaKind::Lookup
        | FormulaKind::Record
        | FormulaKind::Tpl => Some(json!({"type": "string"})),
        FormulaKind::Copy | FormulaKind::Formula => None,
        FormulaKind::DataSchemaRef => Some(json!({"type": "object"})),
        FormulaKind::ExtractDate => Some(json!({"type": "string", "format": "date"})),
        FormulaKind::ExtractTime => Some(json!({"type": "string", "format": "time"})),
        FormulaKind::FirstNotEmpty => inner(argument.as_array()?.first()?),
        FormulaKind::Iterate => {
            let source = argument.get("source").and_then(inner);
            let item = source.and_then(|source| source.get("items").cloned());
            let mut properties = Map::new();
            properties.extend(item.map(|item| ("item".to_owned(), item)));
            properties.insert("parent".to_owned(), known.vars.as_value().clone());
            properties.insert("index".to_owned(), json!({"type": "number"}));
            let vars = DataSchema::new(json!({"type": "object", "properties": properties})).ok()?;
            let known = Known { vars: &vars, ..known };
            Some(list_of(argument.get("item").and_then(|item| of(item, known, depth))))
        }
        FormulaKind::Jsonata => {
            let built = known.jsonata?.evaluate(argument.as_str()?, &Value::Null)?;
            of(&built, Known { jsonata: None, ..known }, depth)
        }
        FormulaKind::Map => inner(argument.get("value")?),
        FormulaKind::MergeObjects => {
            let mut properties = Map::new();
            for schema in argument.as_array().into_iter().flatten().filter_map(inner) {
                properties
                    .extend(schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
            }
            Some(json!({"type": "object", "properties": properties}))
        }
        FormulaKind::Plain => of_data(argument, depth),
        FormulaKind::Var => known.vars.at(&Locator::from_value(argument).ok()?).map(DataSchema::into_value),
    }
}

/// The schema of data, in which formulas mean nothing.
fn of_data(value: &Value, depth: usize) -> Option<Value> {
    let known = Known { vars: &DataSchema::any(), jsonata: None };
    match value {
        _ if depth > MAX_DEPTH => None,
        Value::Array(items) => {
            Some(list_of(merged(items.iter().filter_map(|item| of_data(item, depth + 1)))))
        }
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .filter_map(|(name, field)| Some((name.clone(), of_data(field, depth + 1)?)))
                .collect();
            Some(json!({"type": "object", "properties": properties}))
        }
        scalar => of(scalar, known, depth),
    }
}

fn list_of(items: Option<Value>) -> Value {
    match items {
        Some(items) => json!({"type": "array", "items": items}),
        None => json!({"type": "array"}),
    }
}

fn merged(schemas: impl Iterator<Item = Value>) -> Option<Value> {
    let schemas: Vec<DataSchema> = schemas.filter_map(|schema| DataSchema::new(schema).ok()).collect();
    DataSchema::merge(&schemas).map(DataSchema::into_value)
}

/// A schema that also declares the fields a mapping fills, marked `isImplied`.
///
/// Fields that were implied before and are no longer filled are gone; declared fields stay as they are.
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::formula::implied_schema;
/// use serde_json::json;
///
/// let fields = DataSchema::from_value(&json!({"title": "Bug"}));
/// let variables = DataSchema::from_value(&json!({"votes": 3}));
/// let mapping = json!({"title": "x", "score": {"$var": "votes"}});
/// let implied = implied_schema(&fields, &mapping, &variables);
/// assert_eq!(implied.as_value()["properties"]["score"], json!({"type": "integer", "isImplied": true}));
/// assert_eq!(implied_schema(&implied, &json!({}), &variables), fields);
/// ```
pub fn implied_schema(schema: &DataSchema, mapping: &Value, vars: &DataSchema) -> DataSchema {
    let mut out = schema.as_value().clone();
    drop_implied(&mut out, 0);
    if let Some(built) = of(mapping, Known { vars, jsonata: None }, 0) {
        add_implied(&mut out, &built, 0);
    }
    DataSchema::new(out).unwrap_or_else(|_| schema.clone())
}

fn drop_implied(schema: &mut Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|_, property| property.get("isImplied") != Some(&Value::Bool(true)));
        properties.values_mut().for_each(|property| drop_implied(property, depth + 1));
    }
}

fn add_implied(schema: &mut Value, built: &Value, depth: usize) {
    let (Value::Object(keywords), Some(Value::Object(found))) = (schema, built.get("properties")) else {
        return;
    };
    if depth > MAX_DEPTH || found.is_empty() || keywords.get("type").is_none_or(|kind| kind != "object") {
        return;
    }
    let properties = keywords.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(properties) = properties else { return };
    for (name, found) in found {
        match properties.get_mut(name) {
            Some(declared) => add_implied(declared, found, depth + 1),
            None => {
                let mut implied = found.clone();
                if let Value::Object(keywords) = &mut implied {
                    keywords.shift_remove("title");
                    if keywords.contains_key("properties") {
                        keywords.insert("properties".to_owned(), Value::Object(Map::new()));
                    }
                }
                add_implied(&mut implied, found, depth + 1);
                if let Value::Object(keywords) = &mut implied {
                    keywords.insert("isImplied".to_owned(), Value::Bool(true));
                }
                properties.insert(name.clone(), implied);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value)]
    fn schema_of(value: Value) -> Option<Value> {
        let vars = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}},
        }});
        of_formula(&value, &DataSchema::new(vars).unwrap(), None).map(DataSchema::into_value)
    }

    #[test]
    fn inside_iterations_there_are_other_variables() {
        let value = json!({"$iterate": {"source": {"$var": "rows"}, "item": {
            "id": {"$var": "item.id"}, "by": {"$var": "parent.name"}, "n": {"$var": "index"},
        }}});
        let items = json!({"type": "object", "properties": {
            "id": {"type": "integer"}, "by": {"type": "string"}, "n": {"type": "number"},
        }});
        assert_eq!(schema_of(value), Some(json!({"type": "array", "items": items})));
    }

    #[test]
    fn cases_are_merged() {
        let value = json!({"$case": {"cases": [{"value": 1}, {"value": {"$var": "name"}}], "default": null}});
        assert_eq!(schema_of(value), Some(json!({"type": ["number", "string"]})));
        assert_eq!(schema_of(json!({"$var": "missing"})), None);
    }

    #[test]
    fn an_expression_has_the_schema_of_what_it_is_without_variables() {
        struct Echo;
        impl Jsonata for Echo {
            fn evaluate(&self, expression: &str, variables: &Value) -> Option<Value> {
                assert!(variables.is_null());
                serde_json::from_str(expression).ok()
            }
        }
        let schema = |expression: &str| {
            of_formula(&json!({"$jsonata": expression}), &DataSchema::any(), Some(&Echo))
                .map(DataSchema::into_value)
        };
        assert_eq!(schema("2"), Some(json!({"type": "number"})));
        assert_eq!(
            schema(r#"{"b": 1.5, "c": null}"#),
            Some(json!({"type": "object", "properties": {"b": {"type": "number"}}}))
        );
        assert_eq!(schema("name"), None);
        assert_eq!(schema(r#"{"$jsonata": "2"}"#), None);
        assert_eq!(schema_of(json!({"$jsonata": "2"})), None);
    }
}
