//! Functions of the cases that are about schemas, by name.

use membrane_core::formula::{Formula, FormulaKind, implied_schema, retain_variables};
use membrane_core::schema::{DataSchema, Fit, PatchOptions};
use membrane_core::{Error, Locator, Operator};
use serde_json::{Value, json};

use super::cases::Outcome;
use super::functions::{locators, schema_of, to_write, valid_locators};

/// Calls a function; nothing when there is none with this name.
pub(crate) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    let a = args.first().unwrap_or(&Value::Null);
    let b = args.get(1).unwrap_or(&Value::Null);
    let Some(schema) = DataSchema::new(a.clone()).ok().filter(|_| a != &json!(false)) else {
        return without_schema(name, args);
    };
    Some(match name {
        "getSchemaByLocator" => Ok(at(b, |place| schema.at(place).map(DataSchema::into_value))),
        "getNameForLocator" => {
            Ok(Locator::from_value(b).ok().and_then(|place| match schema.full_name_of(&place) {
                Some(_) => schema.name_of(&place).map(Value::from),
                None => Some(Value::Null),
            }))
        }
        "getFullNameForLocator" => {
            Ok(Locator::from_value(b).ok().and_then(|place| schema.full_name_of(&place).map(Value::from)))
        }
        "setSchemaAtLocator" => match args.get(2) {
            Some(inner) => put(schema, b, inner),
            None => to_write(b).map(|place| Some(schema.exclude(&[place]).into_value())),
        },
        "getLocatorsFromSchema" => Ok(Some(json!(schema.places()))),
        "getOperatorsBySchema" if !a.is_object() => Ok(Some(json!([]))),
        "getOperatorsBySchema" => Ok(Some(operators(&schema))),
        "patchSchema" => {
            let options = args.get(2).unwrap_or(&Value::Null);
            let is_set = |key: &str| is_set(&options[key]) && options[key] != false;
            let options = PatchOptions { read_only: is_set("readOnly"), write_only: is_set("writeOnly") };
            let patch = DataSchema::new(b.clone()).ok();
            let has_type = DataSchema::merge([Some(&schema), patch.as_ref()].into_iter().flatten()).is_some();
            let patch = patch.unwrap_or_else(|| schema.clone());
            Ok(has_type.then(|| schema.patched(&patch, options).into_value()))
        }
        "getRequiredFieldsFromSchema" => Ok(Some(fields(&schema.required()))),
        "getMissingRequiredFields" => Ok(Some(fields(&schema.missing(b)))),
        "addRequiredFieldsToSchema" => Ok(Some(schema.with_required(&locators(b)).into_value())),
        "removeRequiredFieldsFromSchema" => Ok(Some(schema.without_required().into_value())),
        // No list of fields is not an empty one.
        "pickFieldsFromSchema" if !b.is_array() => Ok(Some(json!({"type": "object", "properties": {}}))),
        "pickFieldsFromSchema" => Ok(Some(schema.pick(&locators(b)).into_value())),
        "excludeFieldsFromSchema" => {
            let fields: Vec<Value> =
                b.as_array().into_iter().flatten().filter(|field| is_set(field)).cloned().collect();
            valid_locators(&Value::Array(fields)).map(|fields| Some(schema.exclude(&fields).into_value()))
        }
        "excludeReadOnlyFieldsFromSchema" => Ok(Some(schema.without_read_only().into_value())),
        "excludeWriteOnlyFieldsFromSchema" => Ok(Some(schema.without_write_only().into_value())),
        "populateSchemaTitles" => Ok(Some(schema.with_titles().into_value())),
        "compressDataSchema" => Ok(Some(schema.compressed().into_value())),
        "generateExampleFromSchema" => Ok(schema.example()),
        "isSchemaEmpty" => Ok(Some(json!(schema.is_empty()))),
        "schemaHasFixedValues" => Ok(Some(json!(schema.has_fixed_values()))),
        // Where JavaScript answers with what the schema does not have, it is nothing instead of false.
        "schemaAllowsCustomValue" => {
            let allows = schema.allows_custom_value();
            Ok((allows || a.get("allowCustom").is_some()).then(|| json!(allows)))
        }
        "schemaIsScalar" => Ok(Some(json!(schema.is_scalar()))),
        _ => return without_schema(name, args),
    })
}

fn without_schema(name: &str, args: &[Value]) -> Option<Outcome> {
    let a = args.first().unwrap_or(&Value::Null);
    let b = args.get(1).unwrap_or(&Value::Null);
    let vars = || DataSchema::new(b.clone()).unwrap_or_else(|_| none());
    Some(match name {
        "mergeSchemas" => {
            let schemas: Vec<DataSchema> = a
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|schema| DataSchema::new(schema.clone()).ok())
                .collect();
            Ok(DataSchema::merge(&schemas).map(DataSchema::into_value))
        }
        "createSchema" => Ok(Some(DataSchema::from_value(a).into_value())),
        "createCompoundSchema" => match a {
            Value::Array(samples) => Ok(DataSchema::from_samples(samples).map(DataSchema::into_value)),
            _ => Err(Error::invalid_input("the samples are no list")),
        },
        // These are told to have the schema null; here they have none.
        "buildDataSchema" | "getSchemaFromValue" if is_unknown_variable(a, b) => Ok(Some(Value::Null)),
        "buildDataSchema" | "getSchemaFromValue" => {
            Formula::parse(a).map(|formula| schema_of(&formula, &vars()).map(DataSchema::into_value))
        }
        "updateImpliedSchema" => {
            let schema = |key: &str| DataSchema::new(a[key].clone()).ok();
            let vars = schema("variablesSchema").unwrap_or_else(none);
            let implied = implied_schema(schema("schema").as_ref(), &a["value"], &vars);
            Ok(implied.map(DataSchema::into_value))
        }
        "removeNonExistentVars" => retain_variables(a, &vars()),
        "valueToSchema" => match DataSchema::new(b.clone()) {
            Ok(schema) => Ok(schema.fit(a.clone(), &fit(args.get(2).unwrap_or(&Value::Null)))),
            Err(_) => Ok(Some(a.clone())),
        },
        "makeDataRecordSchema" => {
            let fields = DataSchema::new(a["fieldsSchema"].clone());
            let fields = fields.unwrap_or_else(|_| DataSchema::from_value(&json!({})));
            Ok(Some(fields.of_record().into_value()))
        }
        // No schema at all.
        "setSchemaAtLocator" => match args.get(2) {
            Some(inner) => put(DataSchema::any(), b, inner),
            None => to_write(b).map(|place| Some(DataSchema::any().exclude(&[place]).into_value())),
        },
        "patchSchema" => Ok(DataSchema::new(b.clone()).ok().and_then(|patch| {
            let merged = DataSchema::merge(std::iter::once(&patch))?;
            Some(merged.into_value())
        })),
        "getLocatorsFromSchema"
        | "getMissingRequiredFields"
        | "getOperatorsBySchema"
        | "getRequiredFieldsFromSchema" => Ok(Some(json!([]))),
        "addRequiredFieldsToSchema" | "generateExampleFromSchema" | "getFullNameForLocator" => Ok(None),
        "getNameForLocator" | "getSchemaByLocator" => Ok(at(b, |_| None)),
        "pickFieldsFromSchema" => Ok(Some(json!({"type": "object", "properties": {}}))),
        "compressDataSchema"
        | "excludeFieldsFromSchema"
        | "excludeReadOnlyFieldsFromSchema"
        | "excludeWriteOnlyFieldsFromSchema"
        | "populateSchemaTitles"
        | "removeRequiredFieldsFromSchema" => Ok(args.first().cloned()),
        "isSchemaEmpty" => Ok(Some(json!(true))),
        "schemaHasFixedValues" | "schemaIsScalar" => Ok(Some(json!(false))),
        "schemaAllowsCustomValue" => Ok(Some(json!(true))),
        _ => return None,
    })
}

/// The schema that says nothing, and has no place inside.
fn none() -> DataSchema {
    DataSchema::new(json!(false)).unwrap_or_default()
}

/// What is not null, and no empty text.
fn is_set(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn at(place: &Value, read: impl FnOnce(&Locator) -> Option<Value>) -> Option<Value> {
    Locator::from_value(place).ok().map(|place| read(&place).unwrap_or_default())
}

/// Whether it is a copy or a variable the schema does not have, whose schemas the cases say are null.
fn is_unknown_variable(formula: &Value, vars: &Value) -> bool {
    let mut formula = formula;
    // These have the schema of what they choose from.
    while let Some((FormulaKind::Map | FormulaKind::FirstNotEmpty, argument)) = FormulaKind::of(formula) {
        match argument.get("value").or_else(|| argument.get(0)) {
            Some(value) => formula = value,
            None => return false,
        }
    }
    let Some((kind, argument)) = FormulaKind::of(formula) else { return false };
    if kind == FormulaKind::Copy {
        return true;
    }
    let place = Some(argument).filter(|_| kind == FormulaKind::Var);
    let place = place.and_then(|place| Locator::from_value(place).ok());
    let vars = DataSchema::new(vars.clone()).unwrap_or_else(|_| none());
    place.is_some_and(|place| vars.at(&place).is_none())
}

fn put(mut schema: DataSchema, place: &Value, inner: &Value) -> Result<Option<Value>, Error> {
    schema.put(&to_write(place)?, DataSchema::new(inner.clone())?);
    Ok(Some(schema.into_value()))
}

fn fields(places: &[Locator]) -> Value {
    places.iter().map(|place| Value::from(place.to_string().split_off(2))).collect()
}

fn operators(schema: &DataSchema) -> Value {
    let operators = Operator::for_schema(schema).into_iter();
    operators.map(|(operator, schema)| json!({"type": operator, "operandSchema": schema})).collect()
}

fn fit(options: &Value) -> Fit<'static> {
    let is_set = |key: &str| is_set(&options[key]) && options[key] != false;
    let fit = Fit::new()
        .normalize_values(is_set("normalizeValues"))
        .skip_unknown_fields(is_set("skipUnknownFields"))
        .skip_read_only_fields(is_set("skipReadOnlyFields"))
        .add_defaults(is_set("addDefaults"));
    if is_set("valueHasFormulas") { fit.keep(&|value| FormulaKind::of(value).is_some()) } else { fit }
}
