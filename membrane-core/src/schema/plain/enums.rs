//! Fixed values.

use std::collections::HashSet;

use serde_json::Value;

use super::kind::Kind;
use super::text;
use super::view::View;
use crate::locator::loose;

/// Values of one `enum`.
const MAX_VALUES: usize = 250;

/// Characters of the values of one `enum`.
const MAX_LENGTH: usize = 15_000;

/// The texts a text must be one of; nothing when vendors would not take them as `enum`.
pub(super) fn texts(view: &View<'_>, kinds: &[Kind]) -> Option<Value> {
    let mut seen = HashSet::new();
    let mut length = 0;
    let mut out = Vec::new();
    for value in view.fixed()? {
        let text = match value {
            Value::String(text) => text.clone(),
            // A text is wanted, so a text is what was meant.
            Value::Bool(_) | Value::Number(_) if kinds == [Kind::String] => {
                loose::text(Some(value)).into_owned()
            }
            _ => continue,
        };
        if text.is_empty() {
            return None;
        }
        if seen.insert(text.clone()) {
            length += text.chars().count();
            out.push(Value::String(text));
        }
    }
    let fits = (1..=MAX_VALUES).contains(&out.len()) && length <= MAX_LENGTH;
    fits.then_some(Value::Array(out))
}

/// The values in words, where they cannot be told otherwise.
pub(super) fn note(view: &View<'_>, kinds: &[Kind]) -> Option<String> {
    let values = view.find_told("enum", |value| value.as_array().map(Vec::as_slice));
    let values = values.or_else(|| view.find_told("const", |value| Some(std::slice::from_ref(value))))?;
    let is_told = |kind: &Kind| match kind {
        Kind::Null => true,
        Kind::String => texts(view, kinds).is_some(),
        _ => false,
    };
    if view.fixed().is_some() && !kinds.is_empty() && kinds.iter().all(is_told) {
        return None;
    }
    let mut seen = HashSet::new();
    let values: Vec<&Value> = values.iter().filter(|value| seen.insert(value.to_string())).collect();
    let word = if view.fixed().is_some() { "One of" } else { "For example" };
    Some(format!("{word} {}.", text::listed(values.iter().copied(), values.len())?))
}
