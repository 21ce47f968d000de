//! An app with a base path and a key in the query: its cursors, pages by their address, what it deletes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Json;
use axum::routing::{delete, get};
use http::StatusCode;
use membrane_client::{ConnectionHandle, CreateConnection, ErrorKind};
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::Stage;

on_both!(
    reads_every_page_whatever_its_cursor,
    hands_out_no_key_in_the_address_of_a_page,
    follows_no_made_up_cursor_above_the_base,
    deletes_once_though_the_answer_is_lost,
    refuses_a_filter_by_what_no_record_has,
);

pub(crate) const FILE: &str = "
key: paged
name: Paged
auth:
  type: client-credentials
  connectorParametersSchema: {type: object, properties: {apiUri: {type: string}}, required: [apiUri]}
  inputSchema: {type: object, properties: {key: {type: string}}, required: [key]}
api:
  baseUri: {$concat: [{$var: $.connectorParameters.apiUri}, /api/v1]}
  query: {api_key: {$var: $.credentials.key}}
collections:
  rows:
    fieldsSchema:
      type: object
      properties:
        state: {type: string}
        by: {type: object, properties: {name: {type: string}}}
        labels: {type: array, items: {type: object, properties: {name: {type: string}}}}
        more: {type: object, additionalProperties: true, properties: {a: {type: string}}}
        any: {type: object}
    list:
      run: GET /rows
      records: $.data
      pagination: {type: cursor, next: $.next, parameter: cursor}
      filter: {state: state}
    match: {fields: []}
    delete: DELETE /rows/{id}
  linked:
    list: {run: GET /linked, records: $.data, pagination: {type: next-url, next: $.next}}
";

const KEY: &str = "s3cr3t-key-of-a-customer";

/// The app: what it deleted already, and how often it was asked to.
#[derive(Clone, Default)]
struct Paged {
    deletions: Arc<Mutex<u32>>,
}

impl Paged {
    async fn connect(&self, stage: &Stage) -> ConnectionHandle {
        let app = Router::new()
            .route("/api/v1/rows", get(rows))
            .route("/api/v1/rows/{id}", delete(remove))
            .route("/api/v1/linked", get(linked))
            .route("/api/v1/more", get(linked))
            .route("/elsewhere", get(linked))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let acme = stage.client.customer("acme");
        let mut connect = CreateConnection::new("paged", json!({"key": KEY}));
        connect.connector_parameters = Some(json!({"apiUri": url}));
        acme.connect_with(connect).await.unwrap();
        acme.connection("paged")
    }
}

type Parameters = Query<HashMap<String, String>>;

/// Four pages, whose cursors read like the beginning of a list, and like what stands for that.
async fn rows(Query(query): Parameters) -> Json<Value> {
    let pages = [None, Some("0"), Some("~0"), Some("~~0")];
    let cursor = query.get("cursor").map(String::as_str);
    let at = pages.iter().position(|page| *page == cursor).unwrap();
    Json(json!({"data": [{"id": at, "state": "open", "by": {"name": "Ann"}}], "next": pages.get(at + 1)}))
}

/// Two pages; the address of the second holds the key.
async fn linked(Query(query): Parameters) -> Result<Json<Value>, StatusCode> {
    if query.get("api_key").map(String::as_str) != Some(KEY) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let is_second = query.contains_key("page");
    let next = (!is_second).then(|| format!("/api/v1/more?page=2&api_key={KEY}"));
    Ok(Json(json!({"data": [{"id": u8::from(is_second)}], "next": next})))
}

/// Deletes, and loses the answer; then there is nothing more to delete.
async fn remove(State(app): State<Paged>, Path(_): Path<String>) -> StatusCode {
    let mut deletions = app.deletions.lock().unwrap();
    *deletions += 1;
    if *deletions == 1 { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::NOT_FOUND }
}

async fn reads_every_page_whatever_its_cursor(stage: Stage) {
    let rows = Paged::default().connect(&stage).await.collection("rows");
    let ids = |records: &[membrane_client::Record]| {
        records.iter().map(|record| record.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&rows.list().all().await.unwrap()), ["0", "1", "2", "3"]);
    let (mut cursor, mut seen) = (Some("0".to_owned()), Vec::new());
    while let Some(from) = cursor {
        let page = rows.list().page(Some(&from)).await.unwrap();
        seen.extend(ids(&page.records));
        cursor = page.cursor;
        assert_ne!(cursor.as_deref(), Some("0"), "that is the beginning");
    }
    assert_eq!(seen, ["0", "1", "2", "3"]);
}

async fn hands_out_no_key_in_the_address_of_a_page(stage: Stage) {
    let paged = Paged::default().connect(&stage).await;
    let linked = paged.collection("linked");
    let first = linked.list().page(None).await.unwrap();
    let cursor = first.cursor.as_deref().unwrap();
    assert!(cursor.ends_with("/api/v1/more?page=2"), "{cursor}");
    let second = linked.list().page(Some(cursor)).await.unwrap();
    assert_eq!((second.records[0].id.as_str(), second.cursor), ("1", None));
    stage.engine.flush().await;
    for log in paged.api_logs(None).await.unwrap().items {
        let log = serde_json::to_string(&paged.api_log(&log.id).await.unwrap()).unwrap();
        assert!(log.contains("api_key=***") && !log.contains(KEY), "{log}");
    }
}

/// A cursor is what a caller says, so it leads no further than anything else a caller says.
async fn follows_no_made_up_cursor_above_the_base(stage: Stage) {
    let linked = Paged::default().connect(&stage).await.collection("linked");
    let cursor = linked.list().page(None).await.unwrap().cursor.unwrap();
    let made_up = cursor.replace("/api/v1/more", "/elsewhere");
    assert_ne!(made_up, cursor);
    assert_eq!(linked.list().page(Some(&made_up)).await.unwrap_err().kind(), ErrorKind::Blocked);
}

async fn deletes_once_though_the_answer_is_lost(stage: Stage) {
    let app = Paged::default();
    let rows = app.connect(&stage).await.collection("rows");
    rows.delete("7").await.unwrap();
    assert_eq!(*app.deletions.lock().unwrap(), 2);
    let error = rows.delete("7").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "it was gone before: {error}");
}

async fn refuses_a_filter_by_what_no_record_has(stage: Stage) {
    let rows = Paged::default().connect(&stage).await.collection("rows");
    let stat = "`rows` has no field `stat` to filter by (`$.stat`); \
                it has `state`, `by`, `labels`, `more`, `any`";
    for (filter, message) in [
        (json!({"stat": "open"}), stat),
        (json!([{"field": "stat", "operator": "is_not", "value": "x"}]), stat),
        (json!({"by": {"nme": "Ann"}}), "`rows` has no field `nme` to filter by (`$.by.nme`); it has `name`"),
    ] {
        let error = rows.list().filter(filter).all().await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, message));
        assert!(error.context_value("field").is_some());
    }
    let error = rows.find(json!({"stat": "open"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    // What a schema leaves open may be there, and `state` is the app's to filter by.
    for (filter, count) in [
        (json!({"labels": {"name": "x"}}), 0),
        (json!({"more": {"b": "x"}}), 0),
        (json!({"any": {"thing": {"else": 1}}}), 0),
        (json!({"state": "closed"}), 4),
    ] {
        assert_eq!(rows.list().filter(filter.clone()).all().await.unwrap().len(), count, "{filter}");
    }
    let by_name = rows.list().filter(json!({"by": {"name": "Ann"}, "id": "2"})).all().await.unwrap();
    assert_eq!(by_name.len(), 1);
}
