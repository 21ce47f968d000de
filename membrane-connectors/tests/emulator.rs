//! The connectors against `emulate`, a program that plays these apps (npm, version 0.12.2).
//!
//! Runs when `EMULATE_URI` says where it listens, as in `http://127.0.0.1`, with the ports it has when started
//! with `--port 4000`; skips otherwise.

#![cfg(feature = "all")]
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use async_trait::async_trait;
use membrane_connectors::{github, linear, slack};
use membrane_core::connector::{ApiBody, ApiClient, ApiRequest, ApiResponse, Connector, Cx, Settings};
use membrane_core::{ErrorKind, Filter, Result};
use serde_json::{Map, Value, json};

/// Base address and headers as the connector says, and nothing more.
struct Http {
    client: reqwest::Client,
    base: String,
    headers: Map<String, Value>,
}

impl Http {
    fn new(connector: &Connector, settings: &Settings) -> Self {
        let base = connector.api.base_uri.build_with(&settings.vars()).unwrap();
        let headers = connector.api.headers.as_ref().unwrap().build_with(&settings.vars()).unwrap();
        Self {
            client: reqwest::Client::new(),
            base: base.as_str().unwrap().to_owned(),
            headers: headers.as_object().unwrap().clone(),
        }
    }
}

#[async_trait]
impl ApiClient for Http {
    async fn send(&self, request: ApiRequest) -> Result<ApiResponse> {
        let address = if request.path.starts_with("http") {
            request.path.clone()
        } else {
            format!("{}{}", self.base, request.path)
        };
        let mut url = url::Url::parse(&address).unwrap();
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut builder = self.client.request(request.method, url.clone());
        for (name, value) in &self.headers {
            builder = builder.header(name, value.as_str().unwrap());
        }
        builder = match request.body {
            ApiBody::Json(body) => builder.header("content-type", "application/json").body(body.to_string()),
            ApiBody::Form(pairs) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                builder.header("content-type", "application/x-www-form-urlencoded").body(form)
            }
            _ => builder,
        };
        let response = builder.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(ApiResponse::new(status, headers, response.bytes().await.unwrap(), url))
    }
}

/// The address of one of the apps; `None` when nobody emulates them here.
fn app(port: u16, path: &str) -> Option<Value> {
    let Ok(host) = std::env::var("EMULATE_URI") else {
        println!("skipped: EMULATE_URI does not say where `emulate` listens");
        return None;
    };
    Some(json!({"apiUri": format!("{host}:{port}{path}")}))
}

async fn all(cx: &Cx<'_>, collection: &str) -> Vec<Value> {
    let list = cx.connector().collections[collection].list.as_ref().unwrap();
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let (rows, next) = list.page(cx, &Filter::default(), cursor.as_deref()).await.unwrap();
        all.extend(rows);
        cursor = next;
        if cursor.is_none() {
            return all;
        }
    }
}

async fn operate(cx: &Cx<'_>, key: &str, input: Value) -> Result<Value> {
    cx.run(&cx.connector().operation(&key.into())?.run, &json!({ "input": input })).await
}

#[tokio::test]
async fn github_creates_lists_updates_and_searches() {
    let Some(parameters) = app(4001, "") else { return };
    let (connector, settings) =
        (github::connector().unwrap(), Settings::new(json!({"token": "x"}), parameters));
    let http = Http::new(&connector, &settings);
    let cx = Cx::new(&connector, &http, &settings);
    let me = cx.run(connector.auth[0].test.as_ref().unwrap(), &json!({})).await.unwrap();
    let owner = me["login"].as_str().unwrap();
    let name = format!("r{}", std::process::id());
    cx.call(ApiRequest::post("/user/repos").json(json!({ "name": name }))).await.unwrap();
    let project = format!("{owner}/{name}");

    let mut created = Value::Null;
    for n in 1..=120 {
        let task = json!({"title": format!("Task {n}"), "project": project});
        created = operate(&cx, "create-task", task).await.unwrap();
    }
    assert_eq!(created["name"], "#120");
    let place = json!({"owner": owner, "repo": name});
    let of_repository = cx.with_parameters(&place);
    assert_eq!(all(&of_repository, "issues").await.len(), 120);

    let issues = &connector.collections["issues"];
    let close = json!({"id": "120", "fields": {"state": "closed"}});
    of_repository.run(&issues.update.as_ref().unwrap().call, &close).await.unwrap();
    let list = issues.list.as_ref().unwrap();
    let open = Filter::from_fields(&json!({"state": "open"})).unwrap();
    let (rows, cursor) = list.page(&of_repository, &open, None).await.unwrap();
    let (rest, _) = list.page(&of_repository, &open, cursor.as_deref()).await.unwrap();
    assert_eq!(rows.len() + rest.len(), 119);

    let comment = json!({"owner": owner, "repo": name, "issueNumber": "1"});
    let of_issue = cx.with_parameters(&comment);
    let comments = &connector.collections["comments"];
    let made =
        of_issue.run(&comments.create.as_ref().unwrap().call, &json!({"fields": {"body": "Hi"}})).await;
    let id = made.unwrap()["id"].clone();
    assert_eq!(all(&of_issue, "comments").await.len(), 1);
    of_issue.run(comments.delete.as_ref().unwrap(), &json!({ "id": id })).await.unwrap();
    assert_eq!(all(&of_issue, "comments").await.len(), 0);

    let repository = connector.collections["repositories"].find_by_id.as_ref().unwrap();
    let found = cx.run(&repository.call, &json!({ "id": project })).await.unwrap();
    assert_eq!(found["full_name"], project.as_str());
    let missing = operate(&cx, "get-repository", json!({"owner": owner, "repo": "no"})).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let blank = json!({"owner": owner, "repo": name, "title": ""});
    let wrong = operate(&cx, "create-issue", blank).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn slack_sends_reads_changes_and_deletes() {
    let Some(parameters) = app(4003, "/api") else { return };
    let (connector, settings) =
        (slack::connector().unwrap(), Settings::new(json!({"token": "x"}), parameters));
    let http = Http::new(&connector, &settings);
    let cx = Cx::new(&connector, &http, &settings);
    cx.run(connector.auth[0].test.as_ref().unwrap(), &json!({})).await.unwrap();
    assert!(all(&cx, "channels").await.len() >= 2);
    assert!(!all(&cx, "users").await.is_empty());

    let name = json!({"name": format!("c{}", std::process::id())});
    let channel = operate(&cx, "create-channel", name).await.unwrap()["channel"]["id"].clone();
    for n in 0..250 {
        let message = json!({"channel": channel, "text": format!("message {n}")});
        operate(&cx, "post-message", message).await.unwrap();
    }
    let parameters = json!({ "channel": channel });
    let of_channel = cx.with_parameters(&parameters);
    assert_eq!(all(&of_channel, "messages").await.len(), 250);

    let messages = &connector.collections["messages"];
    let made =
        of_channel.run(&messages.create.as_ref().unwrap().call, &json!({"fields": {"text": "a"}})).await;
    let id = made.unwrap()["ts"].clone();
    let change = json!({"id": id, "fields": {"text": "b"}});
    of_channel.run(&messages.update.as_ref().unwrap().call, &change).await.unwrap();
    let find = messages.find_by_id.as_ref().unwrap();
    let found = of_channel.run(&find.call, &json!({ "id": id })).await.unwrap();
    assert_eq!(find.record.at(&found).unwrap()["text"], "b");
    of_channel.run(messages.delete.as_ref().unwrap(), &json!({ "id": id })).await.unwrap();
    assert_eq!(all(&of_channel, "messages").await.len(), 250);
    let missing = operate(&cx, "get-channel", json!({"channel": "C0"})).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn linear_creates_lists_updates_and_deletes() {
    let Some(parameters) = app(4012, "") else { return };
    let (connector, settings) =
        (linear::connector().unwrap(), Settings::new(json!({"apiKey": "x"}), parameters));
    let http = Http::new(&connector, &settings);
    let cx = Cx::new(&connector, &http, &settings);
    cx.run(connector.auth[0].test.as_ref().unwrap(), &json!({})).await.unwrap();
    let before = all(&cx, "issues").await.len();
    let mut created = Value::Null;
    for n in 0..120 {
        let task = json!({"title": format!("Task {n}"), "project": "eng"});
        created = operate(&cx, "create-task", task).await.unwrap();
    }
    assert_eq!(all(&cx, "issues").await.len(), before + 120);
    let issues = &connector.collections["issues"];
    let change = json!({"id": created["id"], "fields": {"title": "New"}});
    cx.run(&issues.update.as_ref().unwrap().call, &change).await.unwrap();
    let id = json!({"id": created["id"]});
    let found = cx.run(&issues.find_by_id.as_ref().unwrap().call, &id).await.unwrap();
    assert_eq!((&found["title"], &found["identifier"]), (&json!("New"), &created["name"]));
    cx.run(issues.delete.as_ref().unwrap(), &id).await.unwrap();
    assert!(all(&cx, "teams").await.iter().any(|team| team["key"] == "ENG"));
    assert!(!all(&cx, "users").await.is_empty());
    let wrong = operate(&cx, "create-task", json!({"title": "T", "project": "nope"})).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
}
