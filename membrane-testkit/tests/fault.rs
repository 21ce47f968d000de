//! Each fault, as an HTTP client meets it.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use membrane_testkit::fault::FaultServer;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;

async fn get(server: &FaultServer, path: &str) -> reqwest::Result<Response> {
    let client = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(10)).build()?;
    client.get(format!("{}{path}", server.url())).send().await
}

async fn status_and_text(server: &FaultServer, path: &str) -> (u16, String) {
    let response = get(server, path).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn answers_that_are_not_json() {
    let server = FaultServer::start().await.unwrap();
    let html = get(&server, "/html").await.unwrap();
    assert_eq!(html.headers()["content-type"], "text/html; charset=utf-8");
    assert!(html.text().await.unwrap().contains("Sign in"));
    assert_eq!(status_and_text(&server, "/empty").await, (204, String::new()));
    assert_eq!(status_and_text(&server, "/ok").await, (200, r#"{"ok":true}"#.to_owned()));
    let (status, text) = status_and_text(&server, "/truncated-json").await;
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&text).unwrap_err().is_eof());
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn a_truncated_body_is_an_error_of_the_connection() {
    let server = FaultServer::start().await.unwrap();
    let response = get(&server, "/truncated").await.unwrap();
    assert_eq!(response.content_length(), Some(1000));
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn big_bodies_are_json_of_exactly_that_size() {
    let server = FaultServer::start().await.unwrap();
    for (path, announced) in [("/big", None), ("/big?mb=10&announce=true", Some(10 << 20))] {
        let response = get(&server, path).await.unwrap();
        assert_eq!(response.content_length(), announced);
        let body = response.bytes().await.unwrap();
        assert_eq!(body.len(), 10 << 20);
        assert!(serde_json::from_slice::<Value>(&body).unwrap()["data"].is_string());
    }
    // A caller that has had enough does not stop the server.
    let mut response = get(&server, "/big?mb=1000").await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    drop(response);
    assert_eq!(status_and_text(&server, "/ok").await.0, 200);
}

#[tokio::test]
async fn redirects_go_where_they_are_told() {
    let server = FaultServer::start().await.unwrap();
    let private = "http%3A%2F%2F169.254.169.254%2Flatest%2F%3Fa%3D1";
    let response = get(&server, &format!("/redirect?to={private}&status=307")).await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["location"], "http://169.254.169.254/latest/?a=1");
    assert_eq!(status_and_text(&server, "/redirect").await.0, 400);
    assert_eq!(status_and_text(&server, "/redirect?to=/ok%0D%0Ax:y").await.0, 400);

    // The other origin sees what the client let through.
    let other = FaultServer::start().await.unwrap();
    let to = format!("{}/redirect?to={}/ok", server.url(), other.url());
    Client::new().get(to).bearer_auth("secret").send().await.unwrap();
    assert!(server.seen().last().unwrap().headers.contains_key("authorization"));
    assert!(!other.seen()[0].headers.contains_key("authorization"));

    let looped = Client::new().get(format!("{}/redirect-loop", server.url())).send().await;
    assert!(looped.unwrap_err().is_redirect());
    assert_eq!(server.requests_to("/redirect-loop"), 11);
}

#[tokio::test]
async fn sockets_hang_trickle_and_dawdle() {
    let server = FaultServer::start().await.unwrap();
    let patient = |millis| Client::builder().timeout(Duration::from_millis(millis)).build().unwrap();
    let url = |path| format!("{}{path}", server.url());

    assert!(patient(150).get(url("/hang")).send().await.unwrap_err().is_timeout());
    assert!(patient(50).get(url("/slow?ms=5000")).send().await.unwrap_err().is_timeout());
    assert!(patient(5000).get(url("/slow?ms=20")).send().await.is_ok());

    let begun = Instant::now();
    let mut response = patient(1000).get(url("/trickle?ms=20")).send().await.unwrap();
    let mut bytes = 0;
    let error = loop {
        match response.chunk().await {
            Ok(chunk) => bytes += chunk.unwrap().len(),
            Err(error) => break error,
        }
    };
    assert!(error.is_timeout() && bytes > 1, "{bytes} bytes");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(server.requests_to("/hang"), 1);
}

#[tokio::test]
async fn a_reset_is_no_answer() {
    let server = FaultServer::start().await.unwrap();
    let error = get(&server, "/reset").await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout());
    assert_eq!(server.requests_to("/reset"), 1);
}

#[tokio::test]
async fn statuses_come_with_a_vendor_s_body() {
    let server = FaultServer::start().await.unwrap();
    for (code, name) in [
        (400, "bad_request"),
        (401, "invalid_token"),
        (403, "insufficient_scope"),
        (404, "not_found"),
        (409, "conflict"),
        (418, "error"),
        (422, "validation_failed"),
        (429, "rate_limited"),
        (500, "internal"),
        (503, "unavailable"),
        (504, "internal"),
    ] {
        let response = get(&server, &format!("/status/{code}")).await.unwrap();
        assert_eq!(response.status(), code);
        assert_eq!(response.headers().contains_key("retry-after"), matches!(code, 429 | 503));
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["error"]["code"], name);
    }
    let (status, text) = status_and_text(&server, "/status/502").await;
    assert!(status == 502 && text.starts_with("<html>"));
    assert_eq!(status_and_text(&server, "/status/204").await, (204, String::new()));
    for path in ["/status/100", "/status/600", "/status/x", "/nothing"] {
        assert_eq!(status_and_text(&server, path).await.0, 404, "{path}");
    }
    assert_eq!(status_and_text(&server, "/big?mb=many").await.0, 400);
}

#[tokio::test]
async fn counted_faults_end() {
    let server = FaultServer::start().await.unwrap();
    for status in [429, 429, 200, 200] {
        let response = get(&server, "/rate-limited?times=2&key=a&after=7").await.unwrap();
        assert_eq!(response.status(), status);
        let wait = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(wait, (status == 429).then_some("7"));
    }
    assert_eq!(status_and_text(&server, "/rate-limited?times=1&key=b").await.0, 429, "keys are apart");
    for status in [401, 200] {
        assert_eq!(status_and_text(&server, "/fail-first?status=401&key=c").await.0, status);
    }
    assert_eq!(server.requests_to("/rate-limited"), 5);
}

#[tokio::test]
async fn a_cut_connection_may_have_written() {
    let server = FaultServer::start().await.unwrap();
    let post = |key: &str, idempotency_key: Option<&str>| {
        let request = Client::new().post(format!("{}/cut-once?key={key}", server.url())).body("{}");
        let headers = idempotency_key.map(|value| ("idempotency-key", value));
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    assert!(post("plain", None).await.is_err());
    assert_eq!(server.writes("plain"), 1);
    assert_eq!(post("plain", None).await.unwrap().text().await.unwrap(), r#"{"id":"plain-2"}"#);
    assert_eq!(server.writes("plain"), 2, "repeated without a key, it is written twice");

    assert!(post("safe", Some("k")).await.is_err());
    assert_eq!(post("safe", Some("k")).await.unwrap().text().await.unwrap(), r#"{"id":"safe-1"}"#);
    assert_eq!(server.writes("safe"), 1);
    assert_eq!(server.requests_to("/cut-once"), 4);
    assert_eq!(server.seen()[0].body, "{}");
    assert_eq!(server.writes("other"), 0);
}

#[tokio::test]
async fn a_stopped_server_cuts_what_hangs() {
    let server = FaultServer::start().await.unwrap();
    let url = format!("{}/hang", server.url());
    let hanging = tokio::spawn(Client::new().get(url.clone()).send());
    while server.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.shutdown().await;
    assert!(hanging.await.unwrap().is_err());
    assert!(Client::new().get(url).send().await.unwrap_err().is_connect());
}
