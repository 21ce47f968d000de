use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use membrane_core::connector::{ApiRequest, Cx, RestCall};
use membrane_core::element::ActionKind;
use membrane_core::op::{ActionRun, RunAction};
use membrane_core::{Error, Formula, Result, Vars};
use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use super::collection::{Collections, parameters};
use super::links::Links;
use super::log::Subject;
use super::plan::{Plan, plan};
use super::record_map::RecordMap;
use super::template::Template;
use crate::http::{Deadline, Recorder};
use crate::{Caller, Engine};

/// Runs an action and logs the run.
pub(crate) async fn run_action(engine: &Engine, caller: &Caller, op: RunAction) -> Result<ActionRun> {
    let deadline = engine.deadline();
    let plan = plan(engine, caller, &op.selector).await?;
    let input = op.input.unwrap_or_else(|| Value::Object(Map::new()));
    let running =
        engine.parts().log.begin(Subject::Action(Arc::clone(&plan)), &input, op.meta.as_ref()).await?;
    let id = running.id().clone();
    let sent = (running.recorder(), deadline);
    let outcome = run(engine, caller, &plan, input, sent).instrument(running.span()).await;
    let outcome = outcome.map_err(|error| {
        error
            .with_operation("actions.run")
            .with("actionRunId", &id)
            .with("connectionId", &plan.connected.connection.id)
            .masked(|text| plan.connected.target.mask().said(text))
    });
    running.end(outcome.as_ref().map(Some));
    outcome.map(|output| ActionRun { output, action_run_id: id })
}

async fn run(
    engine: &Engine,
    caller: &Caller,
    plan: &Plan,
    input: Value,
    (recorder, deadline): (&Arc<Recorder>, Deadline),
) -> Result<Value> {
    if let Some(schema) = &plan.input {
        schema.validate(&input).map_err(|error| {
            Error::invalid_input(format!("the input of `{}` does not fit: {}", plan.name, error.message()))
        })?;
    }
    let connected = &plan.connected;
    let client = connected.client(engine, Some(Arc::clone(recorder)), deadline);
    let cx = connected.cx(&client);
    let vars = |input| {
        cx.settings().action_vars().with("input", input).with("actionInstance", &plan.action_instance)
    };
    let links = Links { engine, caller, connected };
    let config = match &plan.config {
        Some(config) => config.build(&vars(&input), &links).await?.unwrap_or_default(),
        None => Value::Null,
    };
    let Some(mapping) = &plan.output_mapping else {
        return perform(&cx, &links, plan, config, Cow::Owned(input)).await;
    };
    let output = perform(&cx, &links, plan, config, Cow::Borrowed(&input)).await?;
    Ok(mapping.build(&vars(&input).with("output", &output), &links).await?.unwrap_or_default())
}

async fn perform(
    cx: &Cx<'_>,
    links: &Links<'_>,
    plan: &Plan,
    config: Value,
    input: Cow<'_, Value>,
) -> Result<Value> {
    let written = Written(plan.config.as_ref().map(Template::source));
    if let Some(records) = &plan.records {
        return Box::pin(data(cx, links, (plan.kind, records), (config, written), &input)).await;
    }
    match plan.kind {
        ActionKind::ApiRequestToExternalApp => Box::pin(api_request(cx, written, &config)).await,
        ActionKind::ConnectorOperation => operation(cx, config, written, input).await,
        other => Err(Error::unsupported(format!("actions of type `{}` cannot be run yet", other.as_str()))),
    }
}

/// The config before it was built. What is written there and came to nothing is not what is not written: nothing
/// that the author did not map may stand in for it.
#[derive(Clone, Copy)]
struct Written<'a>(Option<&'a Value>);

impl<'a> Written<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name)
    }

    /// What the config was built to at a name, or else what the input has there.
    fn or_input<'v>(self, config: &'v Value, input: &'v Value, name: &str) -> Option<&'v Value> {
        match config.get(name) {
            None if self.get(name).is_none() => input.get(name),
            built => built,
        }
        .filter(|value| !value.is_null())
    }
}

/// `config: {operationKey, input?}`; without `input` the action's own input goes in.
async fn operation(
    cx: &Cx<'_>,
    mut config: Value,
    written: Written<'_>,
    input: Cow<'_, Value>,
) -> Result<Value> {
    let own = config.get_mut("input").map(Value::take);
    let own = own.or_else(|| written.get("input").map(|_| Value::Object(Map::new())));
    let key = config.get("operationKey").and_then(Value::as_str).ok_or_else(|| needs("operationKey"))?;
    run_operation(cx, key, own.unwrap_or_else(|| input.into_owned())).await
}

/// Runs an operation of the connector on an input that fits its schema.
pub(crate) async fn run_operation(cx: &Cx<'_>, key: &str, input: Value) -> Result<Value> {
    let operation = cx.connector().operation(&key.into())?;
    if let Some(schema) = &operation.input_schema {
        schema.compile()?.validate(&input).map_err(|error| {
            Error::invalid_input(format!("the input of operation `{key}` does not fit: {}", error.message()))
        })?;
    }
    let args = Value::Object([("input".to_owned(), input)].into_iter().collect());
    cx.run(&operation.run, &args).await
}

/// `config: {request: {method, path|uri, query?, headers?, body?, pathParameters?}}`.
async fn api_request(cx: &Cx<'_>, written: Written<'_>, config: &Value) -> Result<Value> {
    let request = config.get("request").ok_or_else(|| needs("request"))?;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let of = |name: &'static str| text(name).map(|path| (name, path));
    let (name, path) = of("path").or_else(|| of("uri")).ok_or_else(|| needs("request.path"))?;
    // What a formula put into a path is data: `{x}` in it is no slot.
    let is_template = written.get("request").and_then(|request| request.get(name)?.as_str()) == Some(path);
    let method = text("method").unwrap_or("GET").to_ascii_uppercase();
    // The others are for proxies, and what carries them out may log an address as it stands.
    let known = Method::from_bytes(method.as_bytes()).ok();
    let is_for_apps = |method: &Method| !matches!(*method, Method::CONNECT | Method::TRACE);
    let method = known.filter(is_for_apps).ok_or_else(|| {
        Error::configuration(format!("`{method}` is no HTTP method of an API"))
            .with("field", "request.method")
    })?;
    // The config is built already: what is left in it is data, whatever it looks like.
    let plain = |name: &str| match request.get(name) {
        None => Ok(None),
        Some(value) => Formula::parse(&json!({ "$plain": value })).map(Some),
    };
    let mut call = RestCall::new(method, if is_template { path } else { "/" })?;
    call.path_parameters = plain("pathParameters")?;
    call.query = plain("query")?;
    call.headers = plain("headers")?;
    call.data = plain("body")?;
    let mut api_request: ApiRequest = call.request(&Vars::new(), &Value::Null, &Value::Null)?;
    if !is_template {
        path.clone_into(&mut api_request.path);
    }
    cx.call(api_request).await
}

/// `config: {dataSource: {collectionKey, collectionParameters?}, …}` and what the type needs. A data source that is
/// named by key is in there as the collection it leads to.
async fn data(
    cx: &Cx<'_>,
    links: &Links<'_>,
    (kind, records): (ActionKind, &RecordMap),
    (config, written): (Value, Written<'_>),
    input: &Value,
) -> Result<Value> {
    let source = config.get("dataSource").unwrap_or(&Value::Null);
    let key = source
        .get("collectionKey")
        .and_then(Value::as_str)
        .ok_or_else(|| needs("dataSource.collectionKey"))?;
    let given = source.get("collectionParameters").cloned().unwrap_or_default();
    let parameters = parameters(cx.connector(), key, given)?;
    let collection = Collections::open(cx, key, &parameters)?;
    let cursor = match written.or_input(&config, input, "cursor") {
        None => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(value) => Some(as_id(value).ok_or_else(|| {
            Error::invalid_input("a `cursor` is a text of the page before").with("field", "cursor")
        })?),
    };
    let cursor = cursor.as_deref();
    let id = || {
        let value = written.or_input(&config, input, "id");
        value.and_then(as_id).ok_or_else(|| Error::invalid_input("`id` is required").with("field", "id"))
    };
    let output = match kind {
        ActionKind::ListDataRecords => {
            let filter = records.filter(&config)?;
            let page = collection.list(filter.as_ref(), cursor, false).await?;
            serde_json::to_value(records.import_page(links, page).await?)
        }
        ActionKind::SearchDataRecord => {
            let query = written.or_input(&config, input, "query").and_then(Value::as_str);
            let page = collection.search(query.unwrap_or_default(), cursor).await?;
            serde_json::to_value(records.import_page(links, page).await?)
        }
        ActionKind::MatchDataRecord => {
            let query = records.query(&config)?;
            let of_input = || input.get("query").filter(|_| written.get("lookup").is_none());
            let query = query.as_ref().or_else(of_input);
            let query = query.and_then(Value::as_object).ok_or_else(|| needs("lookup.query"))?;
            let record = match collection.find_match(query).await? {
                Some(record) => Some(records.import(links, record).await?),
                None => None,
            };
            Ok(json!({ "record": record }))
        }
        ActionKind::FindDataRecordById => {
            let record = collection.find_by_id(&id()?).await?;
            Ok(json!({"record": records.import(links, record).await?}))
        }
        ActionKind::CreateDataRecord => {
            let fields = fields(records, links, (config, written), input, false).await?;
            Ok(json!({"id": collection.create(&fields).await?}))
        }
        ActionKind::UpdateDataRecord => {
            let id = id()?;
            let fields = fields(records, links, (config, written), input, true).await?;
            Ok(json!({"id": collection.update(&id, &fields).await?}))
        }
        _ => {
            collection.delete(&id()?).await?;
            Ok(json!({}))
        }
    };
    output.map_err(|error| Error::internal("a record cannot be written as JSON").with_source(error))
}

/// The fields to write: those the config maps, else `input.fields`, else the input itself.
async fn fields(
    records: &RecordMap,
    links: &Links<'_>,
    (mut config, written): (Value, Written<'_>),
    input: &Value,
    is_change: bool,
) -> Result<Map<String, Value>> {
    let wrong = || Error::invalid_input("the fields of a record are an object").with("field", "fields");
    if let Some(fields) = config.get_mut("fields").map(Value::take).filter(|fields| !fields.is_null()) {
        return match fields {
            Value::Object(fields) => Ok(fields),
            _ => Err(wrong()),
        };
    }
    if written.get("fields").is_some_and(|fields| !fields.is_null()) {
        return Ok(Map::new());
    }
    let given = || {
        let chosen = input.get("fields").filter(|fields| fields.is_object()).unwrap_or(input);
        let mut fields = chosen.as_object().cloned().ok_or_else(wrong)?;
        if is_change {
            fields.shift_remove("id");
        }
        Ok(fields)
    };
    match records.export(links, (config, is_change), given).await? {
        Some(fields) => Ok(fields),
        None => given(),
    }
}

fn as_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn needs(field: &'static str) -> Error {
    Error::configuration(format!("the action's config needs `{field}`")).with("field", field)
}
