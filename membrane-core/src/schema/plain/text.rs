//! What keywords mean, in words.

use serde_json::Value;

use super::view::View;
use crate::locator::loose;
use crate::schema::reference;

/// The longest title or description.
pub(super) const MAX_TEXT: usize = 1_024;

/// Values that are named in a sentence.
const SHOWN: usize = 20;

/// The text, not longer than all vendors take.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT - 1) {
        Some((end, last)) if end + last.len_utf8() < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

/// Sentences behind a description.
pub(super) fn with_notes(description: &str, notes: &[String]) -> String {
    if notes.is_empty() {
        return cut(description);
    }
    let mut out = description.trim_end().to_owned();
    if !out.is_empty() && !out.ends_with(['.', '!', '?', ':', ';', '…']) {
        out.push('.');
    }
    for note in notes {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(note);
    }
    cut(&out)
}

/// What the keywords say that a plain schema cannot hold.
pub(super) fn notes(view: &View<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for part in view.told() {
        for (keyword, value) in part.keywords {
            out.extend(note(keyword, value));
        }
        if let Some(place) = reference::collection(part.keywords) {
            out.push(format!("The id of a record of the data collection `{}`.", shown(&place.key)));
        }
    }
    out
}

fn note(keyword: &str, value: &Value) -> Option<String> {
    Some(match (keyword, value) {
        ("additionalProperties", Value::Bool(false)) => "Has no other properties.".to_owned(),
        ("additionalProperties", Value::Object(inner)) => {
            format!("Other properties are of type {}.", shown(inner.get("type")?.as_str()?))
        }
        ("deprecated", Value::Bool(true)) => "Deprecated.".to_owned(),
        ("examples", Value::Array(examples)) => format!("For example {}.", listed(examples.iter(), 3)?),
        ("exclusiveMaximum", Value::Number(limit)) => format!("Less than {limit}."),
        ("exclusiveMinimum", Value::Number(limit)) => format!("More than {limit}."),
        ("format", Value::String(name)) if !is_date_time(name) && !name.is_empty() => {
            format!("Format: {}.", shown(name))
        }
        ("multipleOf", Value::Number(step)) => format!("A multiple of {step}."),
        ("readOnly", Value::Bool(true)) => "Read only.".to_owned(),
        ("referenceRecords", Value::Array(records)) => {
            let record = |record: &Value| {
                let id = scalar(record.get("id")?)?;
                Some(match record.get("name").and_then(Value::as_str) {
                    Some(name) => format!("{id} ({})", shown(name)),
                    None => id,
                })
            };
            format!("One of {}.", joined(records.iter().filter_map(record), records.len())?)
        }
        ("referenceUdm", Value::String(model)) => {
            format!("The id of a record of the unified model `{}`.", shown(model))
        }
        ("uniqueItems", Value::Bool(true)) => "Without duplicates.".to_owned(),
        _ => return None,
    })
}

/// Whether all vendors know the format.
pub(super) fn is_date_time(format: &str) -> bool {
    matches!(format, "date-time" | "datetime")
}

/// The scalars among the values, as a list in words.
pub(super) fn listed<'v>(values: impl ExactSizeIterator<Item = &'v Value>, most: usize) -> Option<String> {
    let count = values.len().min(most.max(1));
    joined(values.take(count).filter_map(scalar), count)
}

/// As many as are shown, and how many there are besides.
fn joined(texts: impl Iterator<Item = String>, count: usize) -> Option<String> {
    let texts: Vec<String> = texts.take(SHOWN).collect();
    if texts.is_empty() {
        return None;
    }
    let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
    Some(format!("{}{more}", texts.join(", ")))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) | Value::Null => None,
        Value::String(text) if text.is_empty() => Some("\"\"".to_owned()),
        value => Some(shown(&loose::text(Some(value)))),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}
