//! One case: what to call, and whether it comes to what is expected.

use std::sync::Mutex;

use async_trait::async_trait;
use membrane_core::Error;
use membrane_core::formula::{AnyFilter, Formula, Request, RequestKind, Resolver};
use serde_json::{Map, Value, json};

use super::functions;

/// What a call came to: a value, nothing, or an error.
pub(crate) type Outcome = Result<Option<Value>, Error>;

/// Runs one line; tells how it differs.
pub(crate) fn run(line: &str) -> Result<(), String> {
    let case: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if case.get("formula").is_some() {
        return formula(&case);
    }
    let outcome = match case.get("fn").and_then(Value::as_str) {
        // What is no list of conditions matches everything; in the older form it is a formula.
        None if !case["filter"].is_array() => Ok(Some(json!(true))),
        None | Some("backwardCompatibleFilterMatch") => AnyFilter::parse(&case["filter"])
            .and_then(|filter| filter.result(&functions::vars(&case["data"])).map(Some)),
        Some("getOperatorsBySchema") => functions::call("getOperatorsBySchema", &[case["schema"].clone()])
            .ok_or("not implemented: getOperatorsBySchema")?,
        Some(name) => {
            let args = case["args"].as_array().cloned().unwrap_or_default();
            functions::call(name, &args).ok_or_else(|| format!("not implemented: {name}"))?
        }
    };
    compare(&case, outcome, line)
}

fn formula(case: &Value) -> Result<(), String> {
    let vars = &case["variables"];
    let only_resolves = case.get("mode").is_some();
    if !only_resolves {
        let built =
            Formula::parse(&case["formula"]).and_then(|formula| formula.try_build(&functions::vars(vars)));
        compare(case, built, &case["formula"].to_string())?;
    }
    let stub = Stub::new(case);
    let resolved = Formula::parse(&case["formula"]).and_then(|formula| {
        functions::block_on(formula.resolve(&functions::vars(vars), Some(&stub), case.get("schema")))
    });
    let expected = case.get("async").unwrap_or(case);
    compare(expected, resolved, &format!("resolving {}", case["formula"]))?;
    let calls = Value::Array(stub.calls.into_inner().unwrap_or_default());
    match case.get("resolver_calls") {
        Some(expected) if !same(expected, &calls) => Err(format!("expected calls {expected}, got {calls}")),
        _ => Ok(()),
    }
}

fn compare(expected: &Value, outcome: Outcome, what: &str) -> Result<(), String> {
    let wanted = if let Some(error) = expected.get("error").and_then(Value::as_str) {
        // The recorder could not print a function that JavaScript inherits to every object.
        if error == "\"undefined\" is not valid JSON" { Ok(None) } else { Err(error) }
    } else {
        Ok(expected.get("result"))
    };
    let is_same = match (&wanted, &outcome) {
        (Err(_), Err(_)) | (Ok(None), Ok(None)) => true,
        (Ok(Some(wanted)), Ok(Some(got))) => same(wanted, got),
        _ => false,
    };
    if is_same {
        return Ok(());
    }
    let got = match outcome {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("error {}", error.message()),
    };
    let wanted = match wanted {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("error {error}"),
    };
    Err(format!("expected {wanted}, got {got}, for {what}"))
}

/// Equal data with equal order of keys; `1` is `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && same(a, b))
        }
        (a, b) => a == b,
    }
}

/// Answers from the case, and writes down what it was asked.
struct Stub<'a> {
    answers: &'a Value,
    calls: Mutex<Vec<Value>>,
}

impl<'a> Stub<'a> {
    fn new(case: &'a Value) -> Self {
        Self { answers: case.get("resolvers").unwrap_or(&Value::Null), calls: Mutex::default() }
    }

    fn name(kind: RequestKind) -> &'static str {
        match kind {
            RequestKind::DataCollection => "getDataCollection",
            RequestKind::DataSchema => "getInternalDataSchema",
            RequestKind::FindAppRecordId => "resolveImportDataLink",
            RequestKind::FindExternalRecordId => "resolveExportDataLink",
            _ => "resolveLookup",
        }
    }
}

#[async_trait]
impl Resolver for Stub<'_> {
    fn answers(&self, kind: RequestKind) -> bool {
        self.answers.get(Self::name(kind)).is_some()
    }

    async fn answer(&self, request: &Request) -> membrane_core::Result<Option<Value>> {
        let name = Self::name(request.kind());
        let args = match request {
            Request::DataCollection { key, parameters } => json!([key, parameters]),
            Request::DataSchema { key } => json!([key]),
            Request::FindAppRecordId { table, record_id }
            | Request::FindExternalRecordId { table, record_id } => {
                json!([{"dataLinkTableKey": table, "recordId": record_id}])
            }
            Request::Lookup { lookup, schema, whole } => {
                let mut call = Map::new();
                call.extend(lookup.clone().map(|lookup| ("lookup".to_owned(), lookup)));
                call.extend(schema.clone().map(|schema| ("schema".to_owned(), schema)));
                call.insert("fullValue".to_owned(), whole.source().clone());
                json!([call])
            }
            _ => json!([]),
        };
        if let Ok(mut calls) = self.calls.lock() {
            calls.push(json!({"fn": name, "args": args}));
        }
        Ok(self.answers.get(name).cloned())
    }
}
