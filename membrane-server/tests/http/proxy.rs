use membrane_core::ErrorKind;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Value, json};

use crate::support::{Harness, customer, error, ok};

#[tokio::test]
async fn requests_reach_the_app_and_its_answers_come_back_as_they_are() {
    let harness = Harness::start().await;
    harness.app.seed(5);
    harness.connect().await;
    let response = harness.get("/connections/demo/proxy/v1/tasks?limit=2&q=").await;
    assert_eq!(response.headers()["membrane-origin"], "app");
    assert_eq!(response.headers()["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(ok(response).await["data"].as_array().unwrap().len(), 2);

    let created = harness.post("/connections/demo/proxy/v1/tasks", json!({"title": "Proxied"})).await;
    assert_eq!(created.status().as_u16(), 201);
    let created: Value = created.json().await.unwrap();
    let path = format!("/connections/demo/proxy/v1/tasks/{}", created["id"].as_str().unwrap());
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let response =
            harness.request(method.clone(), &path).json(&json!({"title": "New"})).send().await.unwrap();
        let expected = if method == Method::PUT {
            405
        } else if method == Method::DELETE {
            204
        } else {
            200
        };
        assert_eq!(response.status().as_u16(), expected, "{method}");
        assert_eq!(response.headers()["membrane-origin"], "app");
    }
    // What the app says stays what it says, in its own form.
    let response = harness.get(&path).await;
    assert_eq!(response.status().as_u16(), 404);
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], "not_found");
    let request = harness.request(Method::POST, "/connections/demo/proxy/v1/tasks").body("<x/>");
    let response = request.header(CONTENT_TYPE, "application/xml").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 415);
}

#[tokio::test]
async fn our_own_token_and_cookies_stay_here() {
    let harness = Harness::start().await;
    harness.connect().await;
    // The app answers 401 to any token but its own, so an answer says that ours was not sent.
    let path = format!("/connections/demo/proxy/v1/me?x=1&token={}", customer("acme"));
    let response = harness.bare(Method::GET, &path).header(COOKIE, "session=host").send().await.unwrap();
    ok(response).await;
    ok(harness
        .request(Method::GET, "/connections/demo/proxy/v1/me")
        .header(COOKIE, "a=b")
        .send()
        .await
        .unwrap())
    .await;
}

#[tokio::test]
async fn a_refusal_of_ours_is_our_error() {
    let harness = Harness::start().await;
    let response = harness.get("/connections/demo/proxy/v1/me").await;
    assert!(!response.headers().contains_key("membrane-origin"));
    let (status, missing) = error(response).await;
    assert_eq!((status, missing.kind()), (404, ErrorKind::NotFound));
    assert_eq!(missing.operation(), Some("connections.proxy"));
    harness.connect().await;
    let large = harness.request(Method::POST, "/connections/demo/proxy/v1/tasks").body("x".repeat(5000));
    assert_eq!(error(large.send().await.unwrap()).await.0, 413);
    let nobody = harness.bare(Method::GET, "/connections/demo/proxy/v1/me").send().await.unwrap();
    assert_eq!(error(nobody).await.0, 401);
}

#[tokio::test]
async fn no_path_leads_to_another_host() {
    let harness = Harness::start().await;
    harness.connect().await;
    // A client would tidy these up, so they are written by hand.
    for path in [
        "//evil.example/x",
        "/https://evil.example/x",
        "/../../x",
        "/%2e%2e/%2e%2e/x",
        "/%2F%2Fevil.example",
        "/@evil.example",
        "/\\\\evil.example",
    ] {
        let answer = raw(&harness, &format!("/api/connections/demo/proxy{path}")).await;
        let is_the_apps = answer.starts_with("HTTP/1.1 404") && answer.contains("membrane-origin: app");
        let is_refused = answer.starts_with("HTTP/1.1 400") && answer.contains("\"kind\":\"blocked\"");
        assert!(is_the_apps || is_refused, "{path}: {answer}");
    }
}

async fn raw(harness: &Harness, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let host = harness.url.trim_start_matches("http://").trim_end_matches("/api");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let token = customer("acme");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
