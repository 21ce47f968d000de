//! What a formula gets wrong without anybody noticing: at run time it merely builds nothing.

use serde_json::Value;

use super::located::Part;
use super::one_of;
use super::origin::Origin;
use crate::error::Result;
use crate::filter::Operator;
use crate::locator::Locator;

/// The functions, with their `$`.
const FUNCTIONS: &[&str] = &[
    "$and",
    "$case",
    "$concat",
    "$copy",
    "$dataSchemaRef",
    "$domainFromEmail",
    "$eval",
    "$extractDate",
    "$extractTime",
    "$findAppRecordId",
    "$findExternalRecordId",
    "$firstName",
    "$firstNotEmpty",
    "$formula",
    "$iterate",
    "$jsonata",
    "$lastName",
    "$lookup",
    "$map",
    "$mergeObjects",
    "$or",
    "$plain",
    "$record",
    "$tpl",
    "$var",
];

/// What may stand beside `$eval`.
const COMPARISONS: &[&str] = &[
    "contains",
    "doesNotContain",
    "gt",
    "gte",
    "is",
    "isEmpty",
    "isNot",
    "isNotEmpty",
    "lt",
    "lte",
    "noneOf",
    "oneOf",
];

/// Checks a formula and all within it.
pub(super) fn check(origin: Origin<'_>, part: Part<'_>) -> Result<()> {
    match part.value {
        Value::Array(_) => part.items().try_for_each(|item| check(origin, item)),
        Value::Object(_) => match part.entries().next() {
            Some((name, argument)) if name.starts_with('$') => function(origin, part, name, argument),
            _ => part.entries().try_for_each(|(_, field)| check(origin, field)),
        },
        _ => Ok(()),
    }
}

/// As [`check`], where a first name such as `$top` is the app's own.
pub(super) fn check_query(origin: Origin<'_>, part: Part<'_>) -> Result<()> {
    match part.entries().next() {
        Some((name, _)) if name.starts_with('$') && !FUNCTIONS.contains(&name.as_str()) => {
            part.entries().try_for_each(|(_, field)| check(origin, field))
        }
        _ => check(origin, part),
    }
}

fn function(origin: Origin<'_>, part: Part<'_>, name: &str, argument: Part<'_>) -> Result<()> {
    if !FUNCTIONS.contains(&name) {
        let message = format!("unknown formula `{name}`, expected {}", one_of(FUNCTIONS));
        return Err(origin.error(part.at(), message));
    }
    let allowed: &[&str] = if name == "$eval" { COMPARISONS } else { &[] };
    if let Some((beside, _)) = part.entries().skip(1).find(|(beside, _)| !allowed.contains(&beside.as_str()))
    {
        let message = if allowed.is_empty() {
            format!("`{beside}` cannot stand beside `{name}`: a formula is an object of its own")
        } else {
            format!("unknown comparison `{beside}`, expected {}", one_of(allowed))
        };
        return Err(origin.error(part.at(), message));
    }
    match name {
        "$var" => variable(origin, argument),
        "$plain" | "$formula" => Ok(()),
        "$case" => {
            let cases = argument.entry("cases").unwrap_or(argument);
            for case in cases.items() {
                if let Some(filter) = case.entry("filter").filter(|filter| filter.value.is_array()) {
                    filter.items().try_for_each(|condition| check_condition(origin, condition))?;
                }
                case.entry("value").map_or(Ok(()), |value| check(origin, value))?;
            }
            argument.entry("default").map_or(Ok(()), |value| check(origin, value))
        }
        _ => part.entries().try_for_each(|(_, field)| check(origin, field)),
    }
}

fn variable(origin: Origin<'_>, argument: Part<'_>) -> Result<()> {
    Locator::from_value(argument.value)
        .map(drop)
        .map_err(|error| origin.error(argument.at(), error.message()))
}

/// Checks one condition of a filter.
fn check_condition(origin: Origin<'_>, condition: Part<'_>) -> Result<()> {
    let known = condition.value.get("operator").and_then(Value::as_str).and_then(Operator::from_name);
    if known.is_none() {
        let at = condition.entry("operator").unwrap_or(condition).at();
        return Err(
            origin.error(at, "a condition needs an `operator`, for example `is`, `is_one_of`, `is_empty`")
        );
    }
    match condition.entry("field") {
        Some(field) => variable(origin, field),
        None => Err(origin.error(condition.at(), "a condition needs a `field`, for example `$.state`")),
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;
    use crate::formula::FormulaKind;

    #[test]
    fn every_function_is_listed() {
        assert!(FUNCTIONS.iter().all(|name| FormulaKind::from_key(name).is_some()));
        assert_eq!(FUNCTIONS.len(), 25);
    }
}
