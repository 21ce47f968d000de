//! Where variables and copies stand in a formula that was not parsed.

use serde_json::Value;

use super::kind::FormulaKind;
use crate::locator::{Locator, Step, loose, peek_steps};

/// Items that move up for the work of one value.
const MOVED_UNIT: usize = 32;

/// The places of all `$var` in a value.
///
/// Of an `$iterate` only the source is searched, since its item sees other variables; of an `$eval` only
/// the value it looks at.
///
/// ```
/// use membrane_core::formula::variable_places;
/// use serde_json::json;
///
/// let places = variable_places(&json!({"name": {"$concat": ["Mr ", {"$var": "$.last"}]}}));
/// assert_eq!(places[0].to_string(), "$.name.$concat[1]");
/// ```
pub fn variable_places(value: &Value) -> Vec<Locator> {
    let mut out = Vec::new();
    search(value, &mut Vec::new(), &mut out);
    out
}

fn search(value: &Value, place: &mut Vec<Step>, out: &mut Vec<Locator>) {
    if place.len() > loose::MAX_DEPTH {
        return;
    }
    let mut inside = |step: Step, value: &Value| {
        place.push(step);
        search(value, place, out);
        place.pop();
    };
    match FormulaKind::of(value) {
        Some((FormulaKind::Var, _)) => out.push(Locator::from_steps(place.clone())),
        Some((FormulaKind::Iterate, argument)) => {
            if let Some(source) = argument.get("source") {
                place.extend([key(FormulaKind::Iterate), Step::Property("source".to_owned())]);
                search(source, place, out);
                place.truncate(place.len() - 2);
            }
        }
        Some((kind, argument)) => inside(key(kind), argument),
        None => match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| inside(Step::Index(index), item));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| inside(Step::Property(name.clone()), field));
            }
            _ => {}
        },
    }
}

fn key(kind: FormulaKind) -> Step {
    Step::Property(format!("${}", kind.as_str()))
}

/// The places of formulas of a kind that have no other keys; those found are not searched further.
///
/// ```
/// use membrane_core::formula::{FormulaKind, formula_places};
/// use serde_json::json;
///
/// let mapping = json!({"name": {"$concat": ["a", "b"]}, "id": {"$var": "id"}});
/// assert_eq!(formula_places(&mapping, FormulaKind::Concat)[0].to_string(), "$.name");
/// ```
pub fn formula_places(value: &Value, kind: FormulaKind) -> Vec<Locator> {
    fn walk(value: &Value, kind: FormulaKind, place: &mut Vec<Step>, out: &mut Vec<Locator>) {
        if place.len() > loose::MAX_DEPTH {
            return;
        }
        if is_lone(value, kind) {
            out.push(Locator::from_steps(place.clone()));
            return;
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    place.push(Step::Index(index));
                    walk(item, kind, place, out);
                    place.pop();
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    place.push(Step::Property(name.clone()));
                    walk(field, kind, place, out);
                    place.pop();
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, kind, &mut Vec::new(), &mut out);
    out
}

fn is_lone(value: &Value, kind: FormulaKind) -> bool {
    value.as_object().is_some_and(|fields| fields.len() == 1)
        && FormulaKind::of(value).is_some_and(|(found, _)| found == kind)
}

/// The work of taking away what stands at a place: what is beside it moves up.
pub(super) fn removal(place: &Locator, value: &Value) -> u64 {
    let Some((last, parents)) = place.steps().split_last() else { return 0 };
    let moved = match (peek_steps(parents, value).as_deref(), last) {
        (Some(Value::Array(items)), Step::Index(index)) => items.len().saturating_sub(*index),
        (Some(Value::Object(fields)), Step::Property(_)) => fields.len(),
        _ => 0,
    };
    (moved / MOVED_UNIT) as u64
}

/// Whether a `$copy` stands anywhere in the value.
pub(super) fn has_copy(value: &Value) -> bool {
    fn search(value: &Value, left: usize) -> bool {
        is_lone(value, FormulaKind::Copy)
            || match value {
                Value::Array(items) => left > 0 && items.iter().any(|item| search(item, left - 1)),
                Value::Object(fields) => left > 0 && fields.values().any(|field| search(field, left - 1)),
                _ => false,
            }
    }
    search(value, loose::MAX_DEPTH)
}
