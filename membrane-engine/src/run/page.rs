//! From what an app answers to a record.

use membrane_core::connector::{Collection, Cx, Record, RecordMapping};
use membrane_core::{Error, ErrorKind, Formula, Result, Vars};
use serde_json::Value;

/// Turns an answer into a record.
pub(super) fn record(collection: &Collection, cx: &Cx<'_>, raw: Value) -> Result<Record> {
    let RecordMapping { id, name, uri, created_time, updated_time, fields, .. } = &collection.record;
    let text = |formula: &Option<Formula>, field: &str| match formula {
        Some(formula) => formula.build_with(&Vars::from(&raw)).as_ref().and_then(as_text),
        None if field.is_empty() => None,
        None => raw.get(field).and_then(as_text),
    };
    let Some(id) = text(id, "id") else {
        return Err(Error::new(
            ErrorKind::External,
            format!("{} answered a record of `{}` without id", cx.connector().name, collection.key),
        ));
    };
    let mut record = Record::default();
    record.id = id;
    record.name = text(name, "name");
    record.uri = text(uri, "");
    record.created_time = text(created_time, "");
    record.updated_time = text(updated_time, "");
    record.fields = match fields {
        Some(fields) => fields.build_from(raw).unwrap_or_default(),
        None => raw,
    };
    Ok(record)
}

pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
