//! One page of a list, from the request to the records.

use membrane_core::connector::{
    ApiRequest, ApiResponse, Collection, Cx, Function, ListMethod, Pagination, Record, RecordMapping,
    classify,
};
use membrane_core::{Error, ErrorKind, Formula, Locator, Result, Vars};
use serde_json::Value;

/// The records of one answer as the app gave them, and where the next page is.
pub(super) struct RawPage {
    pub(super) records: Vec<Value>,
    pub(super) cursor: Option<String>,
}

/// Reads one page. `pushed` are query parameters for the app's own filter.
pub(super) async fn read(
    cx: &Cx<'_>,
    list: &ListMethod,
    args: &Value,
    cursor: Option<&str>,
    pushed: Vec<(String, String)>,
) -> Result<RawPage> {
    let size = list.page_size.as_ref();
    let (mut body, response) = match &list.call {
        Function::Rest(call) => {
            let mut request: ApiRequest = call.request(&cx.vars(args), args, cx.parameters())?;
            request.query.extend(pushed);
            list.pagination.apply(&mut request, cursor, size)?;
            let method = request.method.clone();
            let response = cx.send(request).await?;
            let body = classify(cx.connector(), &method, &response)?;
            (call.answer(body, &response, cx.vars(args)), response)
        }
        other => {
            let body = cx.run(other, args).await?;
            if matches!(other, Function::Native(_)) && matches!(list.pagination, Pagination::None) {
                return native(body);
            }
            (body, ApiResponse::new(http::StatusCode::OK, http::HeaderMap::new(), "", ""))
        }
    };
    // The cursor is read first: taking the records out may take the place it stands at along.
    let count = list.records.at(&body).and_then(Value::as_array).map_or(0, Vec::len);
    let cursor = list.pagination.next(&response, &body, count, cursor, size)?;
    let records = take_list(&mut body, &list.records)?;
    Ok(RawPage { records, cursor })
}

/// A native list hands out `{records, cursor}`.
fn native(mut body: Value) -> Result<RawPage> {
    let cursor =
        body.get("cursor").and_then(Value::as_str).filter(|cursor| !cursor.is_empty()).map(str::to_owned);
    let records = body.get_mut("records").map(Value::take).unwrap_or_default();
    match records {
        Value::Array(records) => Ok(RawPage { records, cursor }),
        _ => Err(Error::configuration("a list written in Rust gives `{records: […], cursor?}`")),
    }
}

fn take_list(body: &mut Value, place: &Locator) -> Result<Vec<Value>> {
    match place.take(body) {
        Some(Value::Array(records)) => Ok(records),
        // Many APIs leave an empty list out.
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(_) => Err(Error::new(
            ErrorKind::External,
            format!("the app answered something else than a list of records at `{place}`"),
        )),
    }
}

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
        Some(fields) => fields.build_with(&Vars::from(&raw)).unwrap_or_default(),
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
