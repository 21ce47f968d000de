//! Who may see and write what, as a customer meets it over HTTP.

use membrane_core::ErrorKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Harness, customer, error, manager, ok};

#[tokio::test]
async fn another_customers_connection_is_not_there() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    let other = customer("other");
    for (method, path, body) in [
        (Method::GET, "", Value::Null),
        (Method::PATCH, "", json!({"name": "mine"})),
        (Method::PUT, "", json!({"name": "mine"})),
        (Method::DELETE, "", Value::Null),
        (Method::POST, "/test", Value::Null),
        (Method::GET, "/actions/echo", Value::Null),
        (Method::POST, "/actions/echo/run", json!({})),
        (Method::POST, "/operations/get-me/run", json!({})),
        (Method::GET, "/proxy/v1/me", Value::Null),
        (Method::POST, "/data/tasks/list", json!({})),
    ] {
        let path = format!("/connections/{connection}{path}");
        let request = harness.bare(method.clone(), &path).bearer_auth(&other).json(&body);
        let (status, error) = error(request.send().await.unwrap()).await;
        assert_eq!((status, error.kind()), (404, ErrorKind::NotFound), "{method} {path}");
    }
    let listed = harness.bare(Method::GET, "/connections").bearer_auth(&other).send().await.unwrap();
    assert_eq!(ok(listed).await["items"], json!([]));
    assert_eq!(ok(harness.get(&format!("/connections/{connection}")).await).await["id"], json!(connection));
}

#[tokio::test]
async fn a_customer_writes_nothing_of_the_workspace() {
    let harness = Harness::start().await;
    let body = json!({"name": "x", "key": "x", "connectorKey": "demo"});
    for (method, path) in [
        (Method::POST, "/integrations"),
        (Method::PATCH, "/integrations/demo"),
        (Method::PUT, "/integrations/demo"),
        (Method::DELETE, "/integrations/demo"),
        (Method::POST, "/customers"),
        (Method::GET, "/customers"),
        (Method::POST, "/actions"),
        (Method::PATCH, "/actions/create-task?layer=universal"),
        (Method::PATCH, "/actions/demo.echo"),
        (Method::DELETE, "/integrations/demo/actions/echo"),
    ] {
        let (status, error) =
            error(harness.request(method.clone(), path).json(&body).send().await.unwrap()).await;
        assert_eq!((status, error.kind()), (403, ErrorKind::AccessDenied), "{method} {path} {error}");
    }
    let request =
        harness.bare(Method::PATCH, "/integrations/demo").bearer_auth(manager()).json(&json!({"name": "D2"}));
    assert_eq!(ok(request.send().await.unwrap()).await["name"], "D2");
}

#[tokio::test]
async fn credentials_are_shown_to_managers_who_ask_only() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    let path = format!("/connections/{connection}");
    for query in ["", "?includeSecrets=false", "?includeSecrets=0"] {
        let shown = ok(harness.get(&format!("{path}{query}")).await).await;
        assert!(!shown.to_string().contains(&harness.app.api_key()));
    }
    let (status, _) = error(harness.get(&format!("{path}?includeSecrets=true")).await).await;
    assert_eq!(status, 403);
    let request = harness.bare(Method::GET, &format!("{path}?includeSecrets=1")).bearer_auth(manager());
    assert_eq!(ok(request.send().await.unwrap()).await["credentials"]["token"], json!(harness.app.api_key()));
}

#[tokio::test]
async fn put_takes_a_whole_answer_back() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    let path = format!("/connections/{connection}");
    let mut whole = ok(harness.get(&path).await).await;
    whole["name"] = json!("Renamed");
    whole["state"] = json!("DRAFT");
    let put = ok(harness.request(Method::PUT, &path).json(&whole).send().await.unwrap()).await;
    assert_eq!(
        (&put["name"], &put["id"], &put["state"]),
        (&json!("Renamed"), &json!(connection), &json!("READY"))
    );
}

#[tokio::test]
async fn lists_are_paged_from_cursor_zero() {
    let harness = Harness::start().await;
    for n in 0..7 {
        let body = json!({"name": format!("c{n}"), "internalId": format!("c{n}")});
        let request = harness.bare(Method::POST, "/customers").bearer_auth(manager()).json(&body);
        ok(request.send().await.unwrap()).await;
    }
    let mut cursor = "0".to_owned();
    let mut names = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let path = format!("/customers?limit=3&cursor={cursor}");
        let page = ok(harness.bare(Method::GET, &path).bearer_auth(manager()).send().await.unwrap()).await;
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    names.sort();
    names.dedup();
    assert_eq!((names.len(), sizes), (7, vec![3, 3, 1]));
}
