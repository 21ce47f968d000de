//! What is one customer's, tried by another on every route of every operation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

#[path = "http/support.rs"]
#[allow(dead_code, reason = "shared with the other tests over HTTP")]
mod support;

use std::time::Duration;

use membrane_engine::op::catalogue;
use membrane_server::ServerConfig;
use reqwest::Method;
use serde_json::{Value, json};

use self::support::{Harness, SECRET, customer, manager, ok};

/// Stands in everything that is acme's, and in nothing that anybody else sends.
const MARK: &str = "only for acme to see";

const LAYERED: [&str; 5] = ["actions", "data-link-tables", "data-sources", "field-mappings", "flows"];

/// What acme has: where it is read, and its id.
struct Owned {
    things: Vec<(String, String)>,
    connection: String,
}

impl Owned {
    async fn make(harness: &Harness) -> Self {
        let connection = harness.connect().await;
        let mut things = vec![("/connections".to_owned(), connection.clone())];
        for plural in LAYERED {
            let thing = json!({
                "key": "thing", "name": "Thing", "type": "run-javascript", "config": {"code": "1"},
            });
            ok(as_manager(harness, &format!("/{plural}"), thing).await).await;
            let own = format!("/connections/demo/{plural}/thing?autoCreate=true");
            let own = ok(harness.get(&own).await).await;
            things.push((format!("/{plural}"), own["id"].as_str().unwrap().to_owned()));
        }
        for (shared, instances, parent) in [
            ("/app-data-schemas", "/app-data-schema-instance", "appDataSchemaKey"),
            ("/app-event-types", "/app-event-subscription", "appEventTypeKey"),
        ] {
            ok(as_manager(harness, shared, json!({"key": "thing", "name": "Thing"})).await).await;
            let own = ok(harness.get(&format!("{instances}?{parent}=thing&autoCreate=true")).await).await;
            let plural = if instances.ends_with("instance") { shared } else { "/app-event-subscriptions" };
            things.push((plural.to_owned(), own["id"].as_str().unwrap().to_owned()));
        }
        for (plural, id) in &things {
            let named =
                harness.request(Method::PATCH, &format!("{plural}/{id}")).json(&json!({"name": MARK}));
            assert_eq!(ok(named.send().await.unwrap()).await["name"], MARK, "{plural}");
        }
        let run = ok(harness.post("/connections/demo/actions/echo/run", json!({"note": MARK})).await).await;
        things.push(("/action-run-logs".to_owned(), run["actionRunId"].as_str().unwrap().to_owned()));
        things.push(("/connection-attempt-logs".to_owned(), attempt(harness).await));
        Self { things, connection }
    }

    /// Everything as acme sees it.
    async fn seen(&self, harness: &Harness) -> Vec<Value> {
        let mut seen = Vec::new();
        for (plural, id) in &self.things {
            seen.push(ok(harness.get(&format!("{plural}/{id}")).await).await);
        }
        seen
    }
}

/// The attempt that connected acme, once the log has it.
async fn attempt(harness: &Harness) -> String {
    loop {
        let logged = ok(harness.get("/connection-attempt-logs").await).await;
        if let Some(id) = logged["items"][0]["id"].as_str() {
            return id.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn as_manager(harness: &Harness, path: &str, body: Value) -> reqwest::Response {
    harness.bare(Method::POST, path).bearer_auth(manager()).json(&body).send().await.unwrap()
}

/// The path with these ids in its slots, and what names them in a query where it has none.
fn targets(path: &str, connection: &str, id: &str) -> Vec<String> {
    let filled = |of: &dyn Fn(&str) -> String| {
        path.split('/')
            .map(|part| match part.strip_prefix('{') {
                Some(slot) => of(slot.trim_end_matches('}')),
                None => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("/")
    };
    let same = filled(&|_| id.to_owned());
    let below = filled(&|slot| if slot == "connectionId" { connection.to_owned() } else { id.to_owned() });
    let by_key =
        filled(&|slot| if slot == "connectionId" { connection.to_owned() } else { "thing".to_owned() });
    vec![
        format!("{same}?connectionId={connection}"),
        format!("{below}?id={id}&autoCreate=true&details=true&includeArchived=true"),
        format!("{below}?parentId={id}&connectionId={connection}"),
        format!("{by_key}?key=thing&connectionId={connection}"),
        format!("{by_key}?parentKey=thing&userId=acme&integrationKey=demo"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_reaches_what_is_another_customers() {
    let config = ServerConfig::new(SECRET.to_owned()).unwrap();
    let harness = Harness::with(config.with_request_timeout(Duration::from_secs(20))).await;
    let owned = Owned::make(&harness).await;
    let before = owned.seen(&harness).await;
    let mallory = customer("mallory");
    let body = json!({"integrationKey": "demo", "credentials": {"token": harness.app.api_key()}});
    let connected = harness.bare(Method::POST, "/connections").bearer_auth(&mallory).json(&body);
    ok(connected.send().await.unwrap()).await;

    let mut tried = 0;
    for route in catalogue().iter().flat_map(|entry| &entry.info().routes) {
        // The own customer is nobody else's to name.
        if route.path == "/self" {
            continue;
        }
        let ids: Vec<&str> = owned.things.iter().map(|(_, id)| id.as_str()).collect();
        for id in ids {
            for target in targets(&route.path, &owned.connection, id) {
                let body = json!({
                    "name": "taken over", "description": "taken over", "id": id, "parentId": id,
                    "connectionId": owned.connection, "userId": "acme", "input": {}, "fields": {"title": "taken over"},
                    "elements": [{"type": "action", "id": id}], "checkpointNumber": 1, "query": {"a": 1},
                    "config": {"dataSource": {"id": id}, "fieldMapping": {"id": id}},
                });
                let request = harness.bare(route.method.clone(), &target).bearer_auth(&mallory);
                let request = if route.method == Method::GET { request } else { request.json(&body) };
                let response = request.send().await.unwrap();
                let status = response.status();
                let text = response.text().await.unwrap();
                assert!(!text.contains(MARK), "{} {target}: {status} {text}", route.method);
                assert!(!status.is_server_error(), "{} {target}: {status} {text}", route.method);
                tried += 1;
            }
        }
    }
    assert!(tried > 10_000, "{tried} calls");
    assert_eq!(owned.seen(&harness).await, before, "nothing of acme's has changed");
}
