//! What a formula gets wrong without anybody noticing: at run time it merely builds nothing.

use serde_json::Value;

use super::located::Part;
use super::one_of;
use super::origin::Origin;
use super::roots::Roots;
use crate::error::Result;
use crate::filter::Operator;
#[cfg(feature = "jsonata")]
use crate::formula::JsonataCore;
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

/// Checks a formula and all within it: what it is made of, and that it reads variables there are.
pub(super) fn check(origin: Origin<'_>, part: Part<'_>, roots: Roots<'_>) -> Result<()> {
    match part.value {
        Value::Array(_) => part.items().try_for_each(|item| check(origin, item, roots)),
        Value::Object(_) => match part.entries().next() {
            Some((name, argument)) if name.starts_with('$') => function(origin, part, name, argument, roots),
            _ => part.entries().try_for_each(|(_, field)| check(origin, field, roots)),
        },
        _ => Ok(()),
    }
}

/// As [`check`], where a first name such as `$top` is the app's own.
pub(super) fn check_query(origin: Origin<'_>, part: Part<'_>, roots: Roots<'_>) -> Result<()> {
    match part.entries().next() {
        Some((name, _)) if name.starts_with('$') && !FUNCTIONS.contains(&name.as_str()) => {
            part.entries().try_for_each(|(_, field)| check(origin, field, roots))
        }
        _ => check(origin, part, roots),
    }
}

fn function(
    origin: Origin<'_>,
    part: Part<'_>,
    name: &str,
    argument: Part<'_>,
    roots: Roots<'_>,
) -> Result<()> {
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
        "$var" => variable(origin, argument, roots),
        "$plain" => Ok(()),
        "$case" => cases(origin, argument, roots),
        // A place in what is built.
        "$copy" if argument.value.is_string() => variable(origin, argument, Roots::Any),
        "$jsonata" => expression(origin, argument, roots),
        "$concat" if argument.value.is_array() => check(origin, argument, roots),
        "$concat" => arguments(origin, argument, name, &["values", "delimiter"], roots),
        // Kept as a formula: it may read what is there later.
        "$formula" => check(origin, argument, Roots::Any),
        "$iterate" => {
            arguments(origin, argument, name, &["source", "item"], Roots::Any)?;
            argument.entry("source").map_or(Ok(()), |source| check(origin, source, roots))?;
            argument.entry("item").map_or(Ok(()), |item| check(origin, item, Roots::Item(&roots)))
        }
        "$map" => {
            arguments(origin, argument, name, &["value", "mapping", "default"], roots)?;
            let items = argument.entry("mapping").into_iter().flat_map(Part::items);
            items.into_iter().try_for_each(|item| names(origin, item, "an item of `$map`", &["from", "to"]))
        }
        "$tpl" => arguments(origin, argument, name, &["template", "values"], roots),
        _ => part.entries().try_for_each(|(_, field)| check(origin, field, roots)),
    }
}

/// Checks an argument that is an object of these names; the first must be there.
fn arguments(
    origin: Origin<'_>,
    argument: Part<'_>,
    name: &str,
    known: &[&str],
    roots: Roots<'_>,
) -> Result<()> {
    names(origin, argument, &format!("`{name}`"), known)?;
    let first = known.first().copied().unwrap_or_default();
    if argument.entry(first).is_none() {
        return Err(origin.error(argument.at(), format!("`{name}` needs `{first}`")));
    }
    argument
        .entries()
        // A template is a text, which is not looked into.
        .filter(|(field, _)| *field != "template")
        .try_for_each(|(_, field)| check(origin, field, roots))
}

/// Checks that something is an object of no other names.
fn names(origin: Origin<'_>, part: Part<'_>, what: &str, known: &[&str]) -> Result<()> {
    if !part.value.is_object() {
        let message = format!("{what} takes an object with {}", one_of(known));
        return Err(origin.error(part.at(), message));
    }
    match part.entries().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, unknown)) => {
            let message = format!("{what} has no argument `{name}`, expected {}", one_of(known));
            Err(origin.error(unknown.at(), message))
        }
        None => Ok(()),
    }
}

/// Checks the cases of a `$case`; what is no case, or no filter, is refused with the formula.
fn cases(origin: Origin<'_>, argument: Part<'_>, roots: Roots<'_>) -> Result<()> {
    if argument.value.is_object() {
        names(origin, argument, "`$case`", &["cases", "default"])?;
    }
    for case in argument.entry("cases").unwrap_or(argument).items().filter(|case| case.value.is_object()) {
        names(origin, case, "a case", &["filter", "value"])?;
        if let Some(filter) = case.entry("filter") {
            match filter.value {
                Value::Array(_) => {
                    filter.items().try_for_each(|condition| check_condition(origin, condition, roots))?;
                }
                _ => check(origin, filter, roots)?,
            }
        }
        case.entry("value").map_or(Ok(()), |value| check(origin, value, roots))?;
    }
    argument.entry("default").map_or(Ok(()), |value| check(origin, value, roots))
}

/// Checks an expression, when there is an engine to read it.
fn expression(origin: Origin<'_>, argument: Part<'_>, roots: Roots<'_>) -> Result<()> {
    #[cfg(feature = "jsonata")]
    if let Some(Err(reason)) = argument.value.as_str().map(JsonataCore::check) {
        return Err(origin.error(argument.at(), reason));
    }
    check(origin, argument, roots)
}

fn variable(origin: Origin<'_>, argument: Part<'_>, roots: Roots<'_>) -> Result<()> {
    let place =
        Locator::from_value(argument.value).map_err(|error| origin.error(argument.at(), error.message()))?;
    match roots.mistake(place.steps()) {
        Some(mistake) => Err(origin.error(argument.at(), mistake)),
        None => Ok(()),
    }
}

/// Checks one condition of a filter.
fn check_condition(origin: Origin<'_>, condition: Part<'_>, roots: Roots<'_>) -> Result<()> {
    let known = condition.value.get("operator").and_then(Value::as_str).and_then(Operator::from_name);
    if known.is_none() {
        let at = condition.entry("operator").unwrap_or(condition).at();
        return Err(
            origin.error(at, "a condition needs an `operator`, for example `is`, `is_one_of`, `is_empty`")
        );
    }
    match condition.entry("field") {
        Some(field) => variable(origin, field, roots),
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
