use std::time::Duration;

use membrane_core::ErrorKind;
use membrane_server::ServerConfig;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use serde_json::{Value, json};

use crate::support::{Harness, SECRET, customer, error, manager, ok};

#[tokio::test]
async fn every_kind_of_error_has_its_status_and_comes_back_as_it_was() {
    let harness = Harness::start().await;
    harness.connect().await;
    for kind in ErrorKind::all() {
        let (status, error) = error(harness.run("echo", json!({"fail": kind.as_str()})).await).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(status, kind.status());
        assert_eq!(error.operation(), Some("operations.run"));
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_in_our_own_form() {
    let harness = Harness::start().await;
    for path in ["/nothing", "/actions/a/b/c/d", "/health/"] {
        let (status, error) = error(harness.get(path).await).await;
        assert_eq!((status, error.kind()), (404, ErrorKind::NotFound), "{path}");
    }
    let response = harness.request(Method::DELETE, "/integrations").send().await.unwrap();
    let allow = response.headers()["allow"].to_str().unwrap().to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    let (status, error) = error(response).await;
    assert_eq!((status, error.kind()), (405, ErrorKind::InvalidInput));
}

#[tokio::test]
async fn bodies_are_read_leniently_and_refused_with_a_place() {
    let harness = Harness::start().await;
    harness.connect().await;
    let run = "/actions/demo.echo/run";
    for body in ["", "  \n"] {
        let response = harness.request(Method::POST, run).body(body).send().await.unwrap();
        assert_eq!(ok(response).await["output"], json!({}));
    }
    // No content type at all, and a wrong one.
    for kind in [None, Some("text/plain")] {
        let mut request = harness.request(Method::POST, run).body(r#"{"input": {"a": 1}}"#);
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        assert_eq!(ok(request.send().await.unwrap()).await["output"], json!({"a": 1}));
    }
    let response = harness.request(Method::POST, run).body("{\n  \"input\": oops}").send().await.unwrap();
    let (status, broken) = error(response).await;
    assert_eq!(
        (status, broken.context_value("line"), broken.context_value("column")),
        (400, Some("2"), Some("12"))
    );
    let (status, list) = error(harness.post(run, json!([1])).await).await;
    assert_eq!((status, list.context_value("field")), (400, Some("body")));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let harness = Harness::start().await;
    harness.connect().await;
    for (length, expected) in [(3000, 200), (5000, 413), (100_000, 413)] {
        let response =
            harness.post("/actions/demo.echo/run", json!({"input": {"a": "x".repeat(length)}})).await;
        assert_eq!(response.status().as_u16(), expected);
        if expected == 413 {
            assert_eq!(error(response).await.1.context_value("field"), Some("body"));
        }
    }
    // Somebody without a token cannot make us read at all.
    let response =
        harness.bare(Method::POST, "/actions/demo.echo/run").body("x".repeat(5000)).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 401);
}

/// A workspace is larger than a call; only a manager's is read.
#[tokio::test]
async fn an_import_takes_more_than_other_calls() {
    let harness = Harness::start().await;
    let text = format!("key: large\nname: Large\ndescription: {}\n", "x".repeat(100_000));
    let body = json!({"files": {"membrane/actions/large/spec.yaml": text}});
    let import = |token| harness.bare(Method::POST, "/import").bearer_auth(token).json(&body).send();
    let outcome = ok(import(manager()).await.unwrap()).await;
    assert_eq!(outcome["created"].as_array().unwrap().len(), 1, "{outcome}");
    let (status, denied) = error(import(customer("acme")).await.unwrap()).await;
    assert_eq!((status, denied.kind()), (403, ErrorKind::AccessDenied));
}

#[tokio::test]
async fn a_panic_is_500_and_tells_nothing() {
    let harness = Harness::start().await;
    harness.connect().await;
    let response = harness.run("echo", json!({"panic": true})).await;
    let (status, error) = error(response).await;
    assert_eq!((status, error.kind()), (500, ErrorKind::Internal));
    assert!(!format!("{error:?}").contains("hunter2"));
    ok(harness.get("/self").await).await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let config = ServerConfig::new(SECRET.to_owned()).unwrap();
    let harness = Harness::with(config.with_request_timeout(Duration::from_millis(1500))).await;
    harness.connect().await;
    let (status, error) = error(harness.run("echo", json!({"sleep": 60_000})).await).await;
    assert_eq!((status, error.kind()), (400, ErrorKind::Timeout));
}

#[tokio::test]
async fn queries_are_read_in_every_spelling_of_the_client() {
    let harness = Harness::start().await;
    harness.connect().await;
    for path in [
        "/integrations?",
        "/integrations?limit=5&cursor=0&hash=123",
        "/integrations?search=&limit=5&x=&b=false",
        "/integrations?search=de&includeArchived=TRUE",
        "/integration?key=demo",
        "/connections?integrationKey=demo&disconnected=false&connected=1",
        "/connections/demo/actions/echo?",
        "/connections/demo/actions?limit=25&hash=-1&nested%5Ba%5D%5B0%5D=x",
    ] {
        ok(harness.get(path).await).await;
    }
    for (path, field) in [
        ("/integrations?limit=many", "limit"),
        ("/integrations?limit=-1", "limit"),
        ("/integrations?limit=1001", "limit"),
        ("/integrations?limit=1&limit=2", "limit"),
    ] {
        let (status, error) = error(harness.get(path).await).await;
        assert_eq!((status, error.context_value("field")), (400, Some(field)), "{path}");
    }
    // The path wins over the query, and a key with a slash travels encoded.
    let (status, error) = error(harness.get("/integrations/no%2Fsuch?selector=demo").await).await;
    assert_eq!((status, error.context_value("selector")), (404, Some("no/such")));
    let (status, _) = crate::support::error(harness.get("/integrations/%FF").await).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn an_action_runs_in_every_spelling() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    let input = json!({"a": [1, "ü", null]});
    let action = ok(harness.get("/connections/demo/actions/echo").await).await;
    let id = action["id"].as_str().unwrap();
    let wrapped = json!({"input": input});
    for (path, body) in [
        (format!("/actions/{id}/run"), &wrapped),
        ("/actions/demo.echo/run".to_owned(), &wrapped),
        (format!("/actions/echo/run?connectionId={connection}"), &wrapped),
        ("/action/run?key=echo&connectionId=demo".to_owned(), &wrapped),
        ("/action/run?key=echo&integrationKey=demo".to_owned(), &wrapped),
        ("/connections/demo/actions/echo/run".to_owned(), &input),
        (format!("/connections/{connection}/actions/echo/run?"), &input),
        ("/action-instance/run?parentKey=echo&connectionId=demo&autoCreate=true".to_owned(), &input),
    ] {
        let run = ok(harness.post(&path, body.clone()).await).await;
        assert_eq!(run["output"], input, "{path}");
        assert!(run["actionRunId"].is_string());
    }
}

#[tokio::test]
async fn browsers_of_any_origin_may_ask() {
    let harness = Harness::start().await;
    let preflight = harness
        .bare(Method::OPTIONS, "/actions/a/run")
        .header(ORIGIN, "https://product.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,membrane-api-version")
        .send()
        .await
        .unwrap();
    assert!(preflight.status().is_success());
    let header = |name: &str| preflight.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(header("access-control-allow-headers").contains("authorization"));
    assert!(header("access-control-allow-methods").contains("POST"));
    assert!(!preflight.headers().contains_key("access-control-allow-credentials"));
    // A page must be able to read what went wrong.
    let response =
        harness.bare(Method::GET, "/nothing").header(ORIGIN, "https://p.example").send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");

    let config = ServerConfig::new(SECRET.to_owned()).unwrap().without_cors();
    let harness = Harness::with(config).await;
    let response =
        harness.bare(Method::GET, "/health").header(ORIGIN, "https://p.example").send().await.unwrap();
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn head_is_get_without_body() {
    let harness = Harness::start().await;
    let response = harness.bare(Method::HEAD, "/health").send().await.unwrap();
    assert!(response.status().is_success());
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn answers_are_not_kept_by_caches() {
    let harness = Harness::start().await;
    let response = harness.bare(Method::GET, "/self").bearer_auth(customer("acme")).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let _: Value = response.json().await.unwrap();
    let _ = manager();
}
