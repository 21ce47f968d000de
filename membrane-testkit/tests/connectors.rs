//! The connectors of the demo apps, against the apps over real HTTP.

#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use membrane_core::connector::{
    ApiBody, ApiClient, ApiRequest, ApiResponse, Collection, Connector, Cx, Settings,
};
use membrane_core::{ErrorKind, Filter, Result};
use membrane_testkit::demo::{Crm, TaskManager};
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
        let mut url = url::Url::parse(&format!("{}{}", self.base, request.path)).unwrap();
        for (name, value) in &request.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut builder = self.client.request(request.method, url.clone());
        for (name, value) in &self.headers {
            builder = builder.header(name, value.as_str().unwrap());
        }
        if let ApiBody::Json(body) = request.body {
            builder = builder.header("content-type", "application/json").body(body.to_string());
        }
        let response = builder.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(ApiResponse::new(status, headers, response.bytes().await.unwrap(), url))
    }
}

/// Walks a collection; answers the ids and how many pages there were.
async fn walk(cx: &Cx<'_>, collection: &Collection, filter: Value) -> (Vec<String>, usize) {
    let list = collection.list.as_ref().unwrap();
    let filter = Filter::parse(&filter).unwrap();
    let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let (rows, next) = list.page(cx, collection, &filter, cursor.as_deref()).await.unwrap();
        ids.extend(rows.into_iter().map(|row| row.id));
        pages += 1;
        cursor = next;
        if cursor.is_none() {
            return (ids, pages);
        }
    }
}

fn settings(app: &str, credentials: Value) -> Settings {
    Settings::new(credentials, json!({"apiUri": app}))
}

#[tokio::test]
async fn taskly_reads_writes_and_implements_create_task() {
    let app = TaskManager::start().await.unwrap();
    app.seed(120);
    let connector = TaskManager::connector().unwrap();
    let settings = settings(app.url(), json!({"token": app.api_key()}));
    let http = Http::new(&connector, &settings);
    let cx = Cx::new(&connector, &http, &settings);
    cx.run(connector.auth[0].test.as_ref().unwrap(), &json!({})).await.unwrap();

    let tasks = &connector.collections["tasks"];
    let (ids, pages) = walk(&cx, tasks, json!([])).await;
    assert_eq!((ids.len(), pages), (120, 3));
    let before = app.requests();
    let open = json!([{"field": "status", "operator": "is", "value": "open"}]);
    let (ids, _) = walk(&cx, tasks, open).await;
    assert!(ids.len() < 120 && app.requests() - before <= 3, "the app filters, not we");
    assert_eq!(walk(&cx, &connector.collections["users"], json!([])).await.0.len(), 3);

    let created =
        cx.run(&tasks.create.as_ref().unwrap().call, &json!({"fields": {"title": "Buy milk"}})).await;
    let id = created.unwrap()["id"].as_str().unwrap().to_owned();
    let update = &tasks.update.as_ref().unwrap().call;
    cx.run(update, &json!({"id": id, "fields": {"status": "done"}})).await.unwrap();
    let found = cx.run(&tasks.find_by_id.as_ref().unwrap().call, &json!({"id": id})).await.unwrap();
    assert_eq!((&found["title"], &found["status"]), (&json!("Buy milk"), &json!("done")));
    cx.run(tasks.delete.as_ref().unwrap(), &json!({"id": id})).await.unwrap();
    let gone = cx.run(&tasks.find_by_id.as_ref().unwrap().call, &json!({"id": id})).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    let wrong = cx.run(&tasks.create.as_ref().unwrap().call, &json!({"fields": {}})).await;
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidInput);
    app.rotate_api_key();
    let refused = cx.run(&connector.operations["get-me"].run, &json!({"input": {}})).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AccessTokenExpired);
}

#[tokio::test]
async fn contactly_reads_and_writes() {
    let app = Crm::start().await.unwrap();
    app.seed(230);
    let connector = Crm::connector().unwrap();
    let settings = settings(app.url(), json!({"apiKey": app.api_key()}));
    let http = Http::new(&connector, &settings);
    let cx = Cx::new(&connector, &http, &settings);
    cx.run(connector.auth[0].test.as_ref().unwrap(), &json!({})).await.unwrap();

    let contacts = &connector.collections["contacts"];
    let (ids, pages) = walk(&cx, contacts, json!([])).await;
    assert_eq!((ids.len(), pages), (230, 3));

    let create = &connector.operations["create-contact"].run;
    let input =
        json!({"input": {"email": "mary@example.com", "first_name": "Mary Ann", "last_name": "Evans"}});
    let id = cx.run(create, &input).await.unwrap()["id"].to_string();
    let update = &contacts.update.as_ref().unwrap().call;
    cx.run(update, &json!({"id": id, "fields": {"phone": "123"}})).await.unwrap();
    let contact = app.contacts().pop().unwrap();
    assert_eq!((contact.first_name.as_str(), contact.last_name.as_str()), ("Mary Ann", "Evans"));
    assert_eq!((contact.email.as_str(), contact.phone.as_deref()), ("mary@example.com", Some("123")));
    assert_eq!(cx.run(create, &input).await.unwrap_err().kind(), ErrorKind::External);

    let parameters = json!({"contactId": id});
    let of_contact = cx.with_parameters(&parameters);
    let notes = &connector.collections["notes"];
    of_contact.run(&notes.create.as_ref().unwrap().call, &json!({"fields": {"text": "Hi"}})).await.unwrap();
    assert_eq!(walk(&of_contact, notes, json!([])).await.0.len(), 1);
    cx.run(contacts.delete.as_ref().unwrap(), &json!({"id": id})).await.unwrap();
    assert_eq!((app.contacts().len(), app.notes().len()), (230, 0));
}
