//! The demo apps, over real HTTP.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use membrane_testkit::demo::{Crm, Pages, TaskManager, TaskStatus};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

async fn taskly(seed: usize) -> (TaskManager, Caller) {
    let app = TaskManager::start().await.unwrap();
    app.seed(seed);
    let caller = Caller::new(app.url(), "authorization", format!("Bearer {}", app.api_key()));
    (app, caller)
}

async fn contactly(seed: usize) -> (Crm, Caller) {
    let app = Crm::start().await.unwrap();
    app.seed(seed);
    let caller = Caller::new(app.url(), "x-api-key", app.api_key());
    (app, caller)
}

#[derive(Clone)]
struct Caller {
    http: Client,
    url: String,
    header: &'static str,
    key: String,
}

impl Caller {
    fn new(url: &str, header: &'static str, key: String) -> Self {
        Self { http: Client::new(), url: url.to_owned(), header, key }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).header(self.header, &self.key)
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path).header("content-type", "application/json");
        answer(request.body(body.to_string()).send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, body).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::DELETE, path).send().await.unwrap()).await
    }
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    (status, body)
}

fn ids(rows: &Value) -> Vec<String> {
    let id = |row: &Value| row["id"].as_str().map_or_else(|| row["id"].to_string(), str::to_owned);
    rows.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn taskly_lets_only_the_token_in() {
    let (app, mut caller) = taskly(1).await;
    assert_eq!(caller.get("/v1/me").await.1["name"], "Ada Moreau");

    app.rotate_api_key();
    let (status, body) = caller.get("/v1/tasks").await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("invalid_token")));
    assert!(body["error"]["message"].is_string());

    caller.key = format!("Bearer {}", app.api_key());
    assert_eq!(caller.get("/v1/tasks").await.0, 200);
    caller.key = app.api_key();
    assert_eq!(caller.get("/v1/tasks").await.0, 401, "without `Bearer`");
    assert_eq!(app.requests_to("GET /v1/tasks"), 3);
    assert_eq!(app.requests(), 4);
}

#[tokio::test]
async fn taskly_pages_are_complete() {
    let (app, caller) = taskly(101).await;
    for (limit, pages) in [(1, 101), (25, 5), (50, 3)] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for page in 1..=pages {
            let (_, body) = caller.get(&format!("/v1/tasks?limit={limit}&cursor={cursor}")).await;
            seen.extend(ids(&body["data"]));
            assert_eq!(body["next_cursor"].is_null(), page == pages);
            cursor = body["next_cursor"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!(seen, app.tasks().iter().map(|task| task.id.clone()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn taskly_pages_stay_right_while_tasks_come_and_go() {
    let (app, caller) = taskly(60).await;
    let mut seen = Vec::new();
    let mut deleted = BTreeSet::new();
    let mut path = "/v1/tasks?limit=7".to_owned();
    for turn in 0.. {
        let (_, body) = caller.get(&path).await;
        let page = ids(&body["data"]);
        seen.extend(page.iter().cloned());
        // Among those behind the walk the one its cursor names, and one that lies ahead.
        let ahead = app.tasks().last().map(|task| task.id.clone());
        for id in [page.last().cloned(), ahead].into_iter().flatten().take(if turn < 5 { 2 } else { 0 }) {
            assert_eq!(caller.delete(&format!("/v1/tasks/{id}")).await.0, 204);
            deleted.insert(id);
        }
        if turn < 4 {
            caller.post("/v1/tasks", json!({"title": format!("late {turn}")})).await;
        }
        match body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/tasks?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    let unique: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "nothing came twice");
    let left: BTreeSet<_> = app.tasks().into_iter().map(|task| task.id).collect();
    assert!(left.is_subset(&unique), "nothing that stayed was missed");
    assert!(unique.difference(&left).all(|id| deleted.contains(id)));
    assert_eq!(deleted.len(), 10);
}

#[tokio::test]
async fn taskly_filters() {
    let (app, caller) = taskly(50).await;
    let tasks = app.tasks();
    let count = async |query: &str| {
        let (_, body) = caller.get(&format!("/v1/tasks?limit=50&{query}")).await;
        body["data"].as_array().unwrap().len()
    };
    assert_eq!(count("status=done").await, tasks.iter().filter(|t| t.status == TaskStatus::Done).count());
    let billing = |project: &Option<String>| project.as_deref() == Some("prj_3");
    assert_eq!(count("project_id=prj_3").await, tasks.iter().filter(|t| billing(&t.project_id)).count());
    assert_eq!(
        count("q=INVOICE&status=open").await,
        tasks.iter().filter(|t| t.title.contains("invoice") && t.status == TaskStatus::Open).count(),
    );
    assert_eq!(count("q=no+such+words").await, 0);

    let (_, body) = caller.get("/v1/tasks?limit=3&status=done").await;
    let cursor = body["next_cursor"].as_str().unwrap();
    let (_, next) = caller.get(&format!("/v1/tasks?limit=50&status=done&cursor={cursor}")).await;
    assert_eq!(3 + next["data"].as_array().unwrap().len(), count("status=done").await);
}

#[tokio::test]
async fn taskly_refuses_wrong_parameters() {
    let (_app, caller) = taskly(1).await;
    for query in ["limit=0", "limit=51", "limit=ten", "cursor=%25%25", "cursor=YWZ0ZXI", "status=late"] {
        let (status, body) = caller.get(&format!("/v1/tasks?{query}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_parameter")), "{query}");
    }
    for (path, status) in [("/v1/tasks/tsk_000009", 404), ("/v1/tasks/1", 404), ("/v1/nothing", 404)] {
        let (got, body) = caller.get(path).await;
        assert_eq!((got, &body["error"]["code"]), (status, &json!("not_found")), "{path}");
    }
    assert_eq!(caller.delete("/v1/tasks").await.0, 405);
}

#[tokio::test]
async fn taskly_tasks_live_and_die() {
    let (app, caller) = taskly(0).await;
    let wish = json!({"title": "Write it", "assignee": "usr_2", "project_id": "prj_1",
        "due_at": "2026-12-24T18:00:00Z", "description": "All of it."});
    let (status, task) = caller.post("/v1/tasks", wish.clone()).await;
    assert_eq!(status, 201);
    for (field, value) in wish.as_object().unwrap() {
        assert_eq!(&task[field], value, "{field}");
    }
    assert_eq!((&task["id"], &task["status"]), (&json!("tsk_000001"), &json!("open")));
    assert_eq!(caller.get("/v1/tasks/tsk_000001").await, (200, task.clone()));

    let change = json!({"status": "done", "assignee": null});
    let (status, changed) = caller.call(Method::PATCH, "/v1/tasks/tsk_000001", change).await;
    assert_eq!((status, &changed["status"], &changed["assignee"]), (200, &json!("done"), &Value::Null));
    assert_eq!((&changed["title"], &changed["created_at"]), (&task["title"], &task["created_at"]));
    assert_eq!(serde_json::to_value(&app.tasks()[0]).unwrap(), changed);

    assert_eq!(caller.delete("/v1/tasks/tsk_000001").await, (204, Value::Null));
    assert_eq!(caller.delete("/v1/tasks/tsk_000001").await.0, 404);
    assert_eq!(caller.call(Method::PATCH, "/v1/tasks/tsk_000001", json!({})).await.0, 404);
    assert!(app.tasks().is_empty());
    assert_eq!(app.requests_to("PATCH /v1/tasks/{id}"), 2);

    assert_eq!(ids(&caller.get("/v1/projects").await.1["data"]), ["prj_1", "prj_2", "prj_3"]);
    assert_eq!(ids(&caller.get("/v1/users").await.1["data"]), ["usr_1", "usr_2", "usr_3"]);
}

#[tokio::test]
async fn taskly_names_wrong_fields() {
    let (app, caller) = taskly(1).await;
    let (status, body) = caller.post("/v1/tasks", json!({"status": "later", "due_at": "soon"})).await;
    assert_eq!((status, &body["error"]["code"]), (422, &json!("validation_failed")));
    assert_eq!(body["error"]["fields"][0], json!({"field": "title", "message": "is required"}));
    assert_eq!(body["error"]["fields"].as_array().unwrap().len(), 3);
    let (status, _) = caller.call(Method::PATCH, "/v1/tasks/tsk_000001", json!({"title": " "})).await;
    assert_eq!(status, 422);

    let post = || caller.request(Method::POST, "/v1/tasks");
    let cut = post().header("content-type", "application/json").body(r#"{"title": "#);
    let (status, body) = answer(cut.send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_json")));
    let (status, body) = answer(post().body("title=x").send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (415, &json!("unsupported_media_type")));
    assert_eq!(app.tasks().len(), 1);
}

#[tokio::test]
async fn taskly_answers_a_key_once_however_many_ask() {
    let (app, caller) = taskly(0).await;
    let post = |title: &str, key: &str| {
        let request = caller.request(Method::POST, "/v1/tasks").header("idempotency-key", key);
        let body = json!({"title": title}).to_string();
        request.header("content-type", "application/json").body(body).send()
    };
    let mut racing = JoinSet::new();
    for _ in 0..20 {
        racing.spawn(post("one", "k1"));
    }
    let mut answers = Vec::new();
    while let Some(response) = racing.join_next().await {
        answers.push(answer(response.unwrap().unwrap()).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 201));
    assert_eq!((app.tasks().len(), app.requests_to("POST /v1/tasks")), (1, 20));

    // The first result, even after the task was changed.
    caller.call(Method::PATCH, "/v1/tasks/tsk_000001", json!({"title": "renamed"})).await;
    let replayed = post("one", "k1").await.unwrap();
    assert_eq!(replayed.headers()["idempotent-replayed"], "true");
    assert_eq!(answer(replayed).await, answers[0]);

    let (status, body) = answer(post("two", "k1").await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("idempotency_key_reused")));
    assert_eq!(answer(post("two", "k2").await.unwrap()).await.0, 201);
    assert_eq!(app.tasks().len(), 2);
}

#[tokio::test]
async fn taskly_holds_callers_to_its_rate_limit() {
    let (app, caller) = taskly(1).await;
    let app = app.with_rate_limit(2, Duration::from_secs(2));
    let ask = || caller.request(Method::GET, "/v1/me").send();
    assert_eq!(ask().await.unwrap().headers()["x-ratelimit-remaining"], "1");
    assert_eq!(ask().await.unwrap().headers()["x-ratelimit-remaining"], "0");
    let refused = ask().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let (status, body) = answer(refused).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("rate_limited")));

    let stranger = Caller { key: "Bearer x".to_owned(), ..caller.clone() };
    assert_eq!(stranger.get("/v1/me").await.0, 401, "strangers are not counted");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(ask().await.unwrap().status(), 200);
    assert_eq!(app.requests(), 5);
}

#[tokio::test]
async fn contactly_lets_only_the_key_in() {
    let (app, caller) = contactly(1).await;
    assert_eq!(caller.get("/api/account").await.1["plan"], "trial");
    let bearer = Caller { header: "authorization", ..caller.clone() };
    let (status, body) = bearer.get("/api/contacts").await;
    assert_eq!((status, body), (401, json!({"message": "API key missing or invalid"})));
    app.rotate_api_key();
    assert_eq!(caller.get("/api/contacts").await.0, 401);
    let renewed = Caller { key: app.api_key(), ..caller };
    assert_eq!(renewed.get("/api/contacts").await.0, 200);
    assert_eq!(app.requests_to("GET /api/contacts"), 3);
}

#[tokio::test]
async fn contactly_pages_are_complete() {
    let (app, caller) = contactly(101).await;
    let mut seen = Vec::new();
    loop {
        let (_, body) = caller.get(&format!("/api/contacts?limit=30&offset={}", seen.len())).await;
        assert_eq!((&body["total"], &body["limit"]), (&json!(101), &json!(30)));
        assert_eq!(body["offset"], seen.len());
        seen.extend(ids(&body["results"]));
        if seen.len() == 101 {
            break;
        }
    }
    assert_eq!(seen, app.contacts().iter().map(|contact| contact.id.to_string()).collect::<Vec<_>>());
    let (status, body) = caller.get("/api/contacts?offset=500").await;
    assert_eq!((status, &body["results"], &body["total"]), (200, &json!([]), &json!(101)));
    for query in ["limit=0", "limit=101", "offset=-1", "offset=x"] {
        assert_eq!(caller.get(&format!("/api/contacts?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn contactly_searches() {
    let (app, caller) = contactly(70).await;
    let (_, body) = caller.get("/api/contacts/search?q=ada+moreau&limit=100").await;
    let full = |first: &str, last: &str| first == "Ada" && last == "Moreau";
    let expected = app.contacts().iter().filter(|c| full(&c.first_name, &c.last_name)).count();
    assert!(expected > 0);
    assert_eq!(body["total"], expected);
    let email = &app.contacts()[6].email;
    assert_eq!(ids(&caller.get(&format!("/api/contacts/search?q={email}")).await.1["results"]), ["7"]);
    assert_eq!(caller.get("/api/contacts/search").await, (400, json!({"message": "q is missing"})));
}

#[tokio::test]
async fn contactly_contacts_live_and_die() {
    let (app, caller) = contactly(0).await;
    assert_eq!(caller.post("/api/companies", json!({"name": "Acme"})).await, (201, json!({"id": 1})));
    let ada = json!({"email": "ada@example.com", "first_name": "Ada", "phone": "1", "company_id": 1});
    assert_eq!(caller.post("/api/contacts", ada).await, (201, json!({"id": 1})));

    let (_, contact) = caller.get("/api/contacts/1").await;
    assert_eq!(contact, serde_json::to_value(&app.contacts()[0]).unwrap());
    assert_eq!((&contact["last_name"], &contact["company_id"]), (&json!(""), &json!(1)));
    assert!(contact["created"].as_i64().unwrap() > 1_767_000_000);

    let whole = json!({"email": "ada@example.com", "last_name": "M"});
    let (status, contact) = caller.call(Method::PUT, "/api/contacts/1", whole).await;
    assert_eq!((status, &contact["first_name"], &contact["phone"]), (200, &json!(""), &Value::Null));

    assert_eq!(
        caller.post("/api/contacts/1/notes", json!({"text": "called"})).await,
        (201, json!({"id": 1}))
    );
    let (_, notes) = caller.get("/api/contacts/1/notes").await;
    assert_eq!((&notes["total"], &notes["results"][0]["text"]), (&json!(1), &json!("called")));
    assert_eq!(caller.post("/api/contacts/2/notes", json!({"text": "x"})).await.0, 404);

    assert_eq!(caller.delete("/api/contacts/1").await, (200, json!({"id": 1, "deleted": true})));
    assert_eq!(caller.delete("/api/contacts/1").await, (404, json!({"message": "Contact not found"})));
    assert!(app.contacts().is_empty() && app.notes().is_empty());
}

#[tokio::test]
async fn contactly_companies_live_and_die() {
    let (app, caller) = contactly(12).await;
    assert_eq!(caller.get("/api/companies").await.1["total"], 2);
    let (status, company) = caller.call(Method::PUT, "/api/companies/2", json!({"name": "New"})).await;
    assert_eq!((status, &company["name"], &company["domain"]), (200, &json!("New"), &Value::Null));
    assert_eq!(caller.get("/api/companies/2").await.1, company);
    assert_eq!(caller.delete("/api/companies/1").await.0, 200);
    assert_eq!(caller.get("/api/companies/1").await, (404, json!({"message": "Company not found"})));
    assert_eq!(app.companies().len(), 1);
    assert!(app.contacts().iter().all(|contact| contact.company_id != Some(1)));
}

#[tokio::test]
async fn contactly_refuses_wrong_fields_and_taken_emails() {
    let (app, caller) = contactly(2).await;
    let (status, body) = caller.post("/api/contacts", json!({"email": "x", "company_id": 99})).await;
    assert_eq!((status, &body["message"]), (400, &json!("Validation failed")));
    assert_eq!(body["errors"][0], json!({"field": "email", "reason": "is not an email address"}));
    assert_eq!(body["errors"][1]["field"], "company_id");

    let taken = app.contacts()[0].email.to_uppercase();
    let (status, body) = caller.post("/api/contacts", json!({"email": taken})).await;
    assert_eq!((status, &body["errors"][0]["field"]), (409, &json!("email")));
    assert_eq!(caller.call(Method::PUT, "/api/contacts/2", json!({"email": taken})).await.0, 409);
    assert_eq!(caller.call(Method::PUT, "/api/contacts/1", json!({"email": taken})).await.0, 200);
    assert_eq!(caller.call(Method::PATCH, "/api/contacts/1", json!({})).await.0, 405);
    assert_eq!(caller.post("/api/contacts", json!([1])).await.0, 400);
    assert_eq!(app.contacts().len(), 2);
}

#[tokio::test]
async fn contactly_holds_callers_to_its_rate_limit() {
    let (app, caller) = contactly(0).await;
    let _app = app.with_rate_limit(1, Duration::from_secs(60));
    assert_eq!(caller.get("/api/account").await.0, 200);
    let refused = caller.request(Method::GET, "/api/account").send().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    assert_eq!(answer(refused).await, (429, json!({"message": "Rate limit exceeded"})));
}

#[tokio::test]
async fn pages_hand_out_every_order_once() {
    let pages = Pages::start(1_050, 100).await.unwrap();
    let mut next = Some(format!("{}/items", pages.url()));
    let (mut seen, mut bytes) = (Vec::new(), 0);
    while let Some(url) = next {
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        bytes += text.len();
        let page: Value = serde_json::from_str(&text).unwrap();
        seen.extend(ids(&page["data"]));
        assert_eq!(page["has_more"], page["next"].is_string());
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, (1..=1_050).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(bytes, pages.bytes());
    assert!((850..950).contains(&(bytes / 1_050)), "{} bytes an order", bytes / 1_050);

    let beyond = reqwest::get(format!("{}/items?page=12", pages.url())).await.unwrap();
    assert_eq!(answer(beyond).await.1["data"], json!([]));
    let wrong = reqwest::get(format!("{}/items?page=0", pages.url())).await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(Pages::start(1, 0).await.is_err());
}

#[tokio::test]
async fn a_stopped_app_frees_its_port() {
    let (app, caller) = taskly(0).await;
    assert_eq!(caller.get("/v1/me").await.0, 200);
    let port = app.url().rsplit(':').next().unwrap().parse().unwrap();
    let taken = TaskManager::start_on(port).await.unwrap_err();
    assert_eq!(taken.kind(), membrane_core::ErrorKind::Configuration);

    app.shutdown().await;
    assert!(caller.request(Method::GET, "/v1/me").send().await.is_err());
    let again = TaskManager::start_on(port).await.unwrap();
    assert_eq!(caller.get("/v1/me").await.0, 200);

    drop(again);
    let mut tries = 0;
    while caller.request(Method::GET, "/v1/me").send().await.is_ok() {
        tries += 1;
        assert!(tries < 100, "a dropped app goes on answering");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
