//! Functions of the cases, by name.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use membrane_core::Error;
use membrane_core::formula::{self, Formula, FormulaKind, Vars, formula_places, variable_places};
use membrane_core::locator::{self, Locator, Step};
use membrane_core::schema::{DataLocation, DataSchema};
use membrane_core::unified::UnifiedModel;
use serde_json::{Value, json};

use super::cases::Outcome;
use super::schemas;

/// Calls a function; nothing when there is none with this name.
pub(crate) fn call(name: &str, args: &[Value]) -> Option<Outcome> {
    let a = args.first().unwrap_or(&Value::Null);
    let b = args.get(1).unwrap_or(&Value::Null);
    Some(match name {
        "isValidLocator" => Ok(Some(json!(Locator::from_value(a).is_ok()))),
        "locatorToSteps" if a.is_array() => Ok(Some(a.clone())),
        "locatorToSteps" => to_write(a).map(|locator| Some(locator.steps().iter().map(step).collect())),
        "stepsToLocator" if a.is_null() => Ok(Some(json!("$"))),
        "stepsToLocator" => Locator::from_value(a).map(|locator| Some(json!(locator))),
        "locatorToString" if !a.is_array() => Ok(args.first().cloned()),
        "locatorToString" => Locator::from_value(a).map(|locator| Some(json!(locator))),
        "getValueByLocator" => Ok(Locator::from_value(b)
            .ok()
            .and_then(|locator| locator.read(a).map(std::borrow::Cow::into_owned))),
        "getValueAtLocator" => Ok(Locator::from_value(b)
            .ok()
            .filter(|_| !a.is_null())
            .and_then(|locator| locator.peek(a).map(std::borrow::Cow::into_owned))),
        "setValueAtLocator" => to_write(b).map(|locator| {
            let mut target = a.clone();
            locator.write(&mut target, args.get(2).cloned());
            (!locator.is_root() || args.len() > 2).then_some(target)
        }),
        // The object's locator is a text here that stays as it was written.
        "makeObjectPropertyLocator" => {
            let step = Locator::root().property(b.as_str().unwrap_or_default()).to_string().split_off(1);
            Ok(Some(json!(format!("{}{step}", a.as_str().unwrap_or("$")))))
        }
        "extractFieldLocator" => to_write(a).map(|locator| Some(json!(locator.field()))),
        "getVariableLocators" => Ok(Some(json!(variable_places(a)))),
        "getFormulaLocators" => {
            let kind = FormulaKind::from_key(&format!("${}", a.as_str().unwrap_or_default()));
            Ok(Some(json!(kind.map(|kind| formula_places(b, kind)).unwrap_or_default())))
        }
        "getLocatorsFromData" => Ok(Some(json!(locator::leaves(a)))),
        "findValueLocators" => Ok(Some(json!(locator::find(a, b)))),
        "pickFieldsFromValue" => Ok(locator::pick(a, &locators(b))),
        "excludeFieldsFromValue" => {
            valid_locators(b).map(|places| Some(locator::exclude(a.clone(), &places)))
        }
        "locatorToField" => Ok(match a {
            Value::String(text) => Some(json!(text.strip_prefix("$.").unwrap_or(text))),
            _ => args.first().cloned(),
        }),
        "createObjectFromLocators" => {
            let value = args.get(1).cloned().unwrap_or_else(|| json!(""));
            valid_locators(a).map(|places| Some(locator::object_of(&places, &value)))
        }
        "addUdmFallbackFields" if b.as_str().is_none_or(str::is_empty) => Ok(args.first().cloned()),
        "addUdmFallbackFields" => UnifiedModel::find(b.as_str().unwrap_or_default())
            .and_then(|model| model.fill(a.clone()))
            .map(Some),
        "transformVars" => formula::transform_variables(a, b),
        "mergeWithFormulas" => Ok(formula::merge_formulas(args.first(), args.get(1))),
        "parseDate" => Ok(formula::parse_date(a).map(Value::from)),
        "getReferenceCollectionPathForSchema" => Ok(schema(a)
            .and_then(|schema| schema.reference_collection())
            .map(|place| json!(place.to_string()))),
        "parseDataLocationPath" if a.as_str().is_none_or(str::is_empty) => Ok(None),
        "parseDataLocationPath" => DataLocation::parse(a.as_str().unwrap_or_default())
            .map(|place| Some(json!({"key": place.key, "parameters": place.parameters}))),
        "makeDataLocationPath" => Ok(location(a).map(|place| json!(place.to_string()))),
        "isSameDataLocation" => {
            let parameters = |place: &Value| place["parameters"].as_object().cloned().unwrap_or_default();
            let place = |place: &Value| DataLocation::new("any", parameters(place));
            Ok(Some(json!(a.get("key") == b.get("key") && place(a) == place(b))))
        }
        "dataLocationParametersMatch" => {
            let parameters = |key: &str| a[key].as_object().cloned().unwrap_or_default();
            let place = DataLocation::new("any", parameters("locationParameters"));
            Ok(Some(json!(place.has_parameters(&parameters("targetParameters")))))
        }
        _ => return schemas::call(name, args),
    })
}

fn schema(value: &Value) -> Option<DataSchema> {
    DataSchema::new(value.clone()).ok()
}

fn location(value: &Value) -> Option<DataLocation> {
    if let Some(path) = value.as_str().filter(|path| path.starts_with("/data/")) {
        return Some(DataLocation::new(&path["/data/".len()..], serde_json::Map::new()));
    }
    let parameters = value["parameters"].as_object().cloned().unwrap_or_default();
    let key = match &value["key"] {
        Value::Number(number) => number.to_string(),
        key => key.as_str().filter(|key| !key.is_empty())?.to_owned(),
    };
    Some(DataLocation::new(key, parameters))
}

pub(crate) fn locators(value: &Value) -> Vec<Locator> {
    value.as_array().into_iter().flatten().filter_map(|place| Locator::from_value(place).ok()).collect()
}

/// The empty text is no locator to read by, and the empty name to write by.
pub(crate) fn to_write(value: &Value) -> Result<Locator, Error> {
    if value == "" { Ok(Locator::root().property("")) } else { Locator::from_value(value) }
}

/// Fails where one is none. What is no list has none.
pub(crate) fn valid_locators(value: &Value) -> Result<Vec<Locator>, Error> {
    value.as_array().into_iter().flatten().map(to_write).collect()
}

fn step(step: &Step) -> Value {
    match step {
        Step::Index(index) => json!({"index": index, "type": "array_item"}),
        Step::Nowhere(index) => json!({"index": index.parse::<f64>().ok(), "type": "array_item"}),
        Step::Property(name) => json!({"propertyName": name, "type": "object_property"}),
        _ => Value::Null,
    }
}

/// Variables as a case gives them.
pub(crate) fn vars(variables: &Value) -> Vars<'_> {
    Vars::from(variables).with_jsonata(&*JSONATA)
}

/// The schema of a formula, that of expressions too.
pub(crate) fn schema_of(formula: &Formula, vars: &DataSchema) -> Option<DataSchema> {
    formula.schema_with(vars, &*JSONATA)
}

static JSONATA: std::sync::LazyLock<formula::JsonataCore> =
    std::sync::LazyLock::new(formula::JsonataCore::new);

/// Runs a future that never waits.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
