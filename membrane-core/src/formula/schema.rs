//! The schema of what a formula builds.

use serde_json::{Map, Value, json};

use super::jsonata::Jsonata;
use super::kind::FormulaKind;
use crate::locator::{Locator, loose};
use crate::schema::DataSchema;

/// Stands for the items of a list and for properties of which nothing is known, until all is put together: they
/// take part in that.
const UNKNOWN: bool = false;

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
    let mut schema = of(value, Known { vars, jsonata }, 0)?;
    drop_unknown(&mut schema, 0);
    DataSchema::new(schema).ok()
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
                .map(|(name, field)| {
                    (name.clone(), of(field, known, depth + 1).unwrap_or(Value::Bool(UNKNOWN)))
                })
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
            let cases = argument.as_array().or_else(|| argument.get("cases")?.as_array())?;
            let values = cases.iter().filter_map(|case| case.get("value"));
            let default = argument.get("default").filter(|default| loose::truthy(default));
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
        // Nobody knows yet what is copied.
        FormulaKind::Copy => Some(Value::Null),
        FormulaKind::Formula => None,
        FormulaKind::DataSchemaRef => Some(json!({"type": "object"})),
        FormulaKind::ExtractDate => Some(json!({"type": "string", "format": "date"})),
        FormulaKind::ExtractTime => Some(json!({"type": "string", "format": "time"})),
        FormulaKind::FirstNotEmpty => inner(argument.as_array()?.first()?),
        FormulaKind::Iterate => {
            let source = argument.get("source").and_then(inner);
            let item = source.and_then(|source| source.get("items").cloned());
            let mut properties = Map::new();
            properties.insert("parent".to_owned(), known.vars.as_value().clone());
            properties.extend(item.map(|item| ("item".to_owned(), item)));
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
            let Some(items) = argument.as_array() else { return Some(json!({"type": "object"})) };
            let mut properties = Map::new();
            let is_object = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "object");
            for schema in items.iter().filter_map(inner).filter(is_object) {
                properties
                    .extend(schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
            }
            loose::sort_positions(&mut properties);
            Some(json!({"type": "object", "properties": properties}))
        }
        FormulaKind::Plain => of_data(argument, depth),
        // A variable that is not known has no schema, one without a place has none to tell.
        FormulaKind::Var => {
            let place = Locator::from_value(argument).ok()?;
            Some(known.vars.at(&place).map_or(Value::Null, DataSchema::into_value))
        }
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
                .map(|(name, field)| {
                    (name.clone(), of_data(field, depth + 1).unwrap_or(Value::Bool(UNKNOWN)))
                })
                .collect();
            Some(json!({"type": "object", "properties": properties}))
        }
        scalar => of(scalar, known, depth),
    }
}

fn list_of(items: Option<Value>) -> Value {
    match items {
        Some(items) => json!({"type": "array", "items": items}),
        // That they are not known tells two lists apart when they are merged.
        None => json!({"type": "array", "items": UNKNOWN}),
    }
}

fn drop_unknown(schema: &mut Value, depth: usize) {
    let Value::Object(keywords) = schema else { return };
    if depth > MAX_DEPTH {
        return;
    }
    if keywords.get("items") == Some(&Value::Bool(UNKNOWN)) {
        keywords.shift_remove("items");
    }
    for (keyword, inside) in keywords {
        match (keyword.as_str(), inside) {
            ("items", items) => drop_unknown(items, depth + 1),
            ("properties", Value::Object(properties)) => {
                properties.retain(|_, property| *property != Value::Bool(UNKNOWN));
                properties.values_mut().for_each(|property| drop_unknown(property, depth + 1));
            }
            ("anyOf", Value::Array(options)) => {
                options.iter_mut().for_each(|option| drop_unknown(option, depth + 1));
            }
            _ => {}
        }
    }
}

fn merged(schemas: impl Iterator<Item = Value>) -> Option<Value> {
    let schemas: Vec<DataSchema> = schemas.filter_map(|schema| DataSchema::new(schema).ok()).collect();
    DataSchema::merge(&schemas).map(DataSchema::into_value)
}

/// A schema that also declares the fields a mapping fills, marked `isImplied`; nothing when neither tells anything.
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
/// let implied = implied_schema(Some(&fields), &mapping, &variables).unwrap();
/// assert_eq!(implied.as_value()["properties"]["score"], json!({"type": "integer", "isImplied": true}));
/// assert_eq!(implied_schema(Some(&implied), &json!({}), &variables), Some(fields));
/// ```
pub fn implied_schema(schema: Option<&DataSchema>, mapping: &Value, vars: &DataSchema) -> Option<DataSchema> {
    let declared = schema.and_then(|schema| without_implied(schema.as_value(), 0));
    let mut out = declared.and_then(|schema| DataSchema::new(schema).ok());
    if let Some(mut built) = of(mapping, Known { vars, jsonata: None }, 0) {
        drop_unknown(&mut built, 0);
        add_implied(&mut out, &built, &Locator::root());
    }
    out.map(DataSchema::in_order)
}

/// The schema without what was implied; nothing when that is all of it.
fn without_implied(schema: &Value, depth: usize) -> Option<Value> {
    if !loose::truthy(schema) || schema.get("isImplied").is_some_and(loose::truthy) {
        return None;
    }
    Some(with_inside(schema.clone(), depth, without_implied))
}

/// Declares what is built and not declared; what is declared of another type is left alone.
fn add_implied(out: &mut Option<DataSchema>, built: &Value, place: &Locator) {
    let kind = |schema: &Value| schema.get("type").cloned();
    match out.as_ref().and_then(|schema| schema.at(place)) {
        Some(declared) if kind(declared.as_value()) != kind(built) => {}
        Some(_) if place.steps().len() < MAX_DEPTH => {
            if loose::is_of_type(built, "object") {
                for (name, built) in built.get("properties").and_then(Value::as_object).into_iter().flatten()
                {
                    add_implied(out, built, &place.property(name));
                }
            } else if let Some(items) = built.get("items").filter(|_| loose::is_of_type(built, "array")) {
                add_implied(out, items, &place.index(0));
            }
        }
        Some(_) => {}
        None => {
            if let Some(implied) = implied(built, 0).and_then(|implied| DataSchema::new(implied).ok()) {
                out.get_or_insert_default().put_unsorted(place, implied);
            }
        }
    }
}

/// The schema with all in it marked as implied; nothing for what is no schema.
fn implied(schema: &Value, depth: usize) -> Option<Value> {
    let mut out = schema.as_object()?.clone();
    out.shift_remove("readOnly");
    out.shift_remove("title");
    out.insert("isImplied".to_owned(), Value::Bool(true));
    Some(with_inside(Value::Object(out), depth, implied))
}

/// The schema with what is inside the object or list replaced; what is replaced by nothing goes.
fn with_inside(mut schema: Value, depth: usize, replace: fn(&Value, usize) -> Option<Value>) -> Value {
    let (is_object, is_array) = (loose::is_of_type(&schema, "object"), loose::is_of_type(&schema, "array"));
    if depth > MAX_DEPTH {
        return schema;
    }
    match &mut schema {
        Value::Object(keywords) if is_object => {
            if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
                properties.retain(|_, property| match replace(property, depth + 1) {
                    Some(replaced) => {
                        *property = replaced;
                        true
                    }
                    None => false,
                });
            }
        }
        Value::Object(keywords) if is_array => {
            match keywords
                .get("items")
                .filter(|items| loose::truthy(items))
                .map(|items| replace(items, depth + 1))
            {
                Some(Some(items)) => {
                    keywords.insert("items".to_owned(), items);
                }
                Some(None) => {
                    keywords.shift_remove("items");
                }
                None => {}
            }
        }
        _ => {}
    }
    schema
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
