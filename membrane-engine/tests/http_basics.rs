//! Requests and answers over real sockets.

mod http_support;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use membrane_core::connector::{ApiBody, ApiClient, ApiRequest};
use membrane_core::{ErrorKind, Retry};
use membrane_engine::http::Target;
use serde_json::{Value, json};

use crate::http_support::{Server, answer, open_stack};

#[tokio::test]
async fn a_request_carries_base_path_headers_query_and_body() {
    let server = Server::fixed(answer(200, &[("content-type", "application/json")], "{\"ok\":true}")).await;
    let target = Target::builder(server.url("/api/v2"))
        .secret_header(http::header::AUTHORIZATION, "Bearer top-secret-1")
        .unwrap()
        .query("key", "k&1")
        .build()
        .unwrap();
    let client = open_stack().build().unwrap().client(target.into(), None);
    let request = ApiRequest::post("/issues?a=1").query("b", "x y").json(json!({"title": "é"}));
    let response = client.send(request.header("x-own", "1").unwrap()).await.unwrap();
    assert_eq!(response.json().unwrap(), json!({"ok": true}));
    assert_eq!(response.url, server.url("/api/v2/issues").as_str());

    let seen = server.only();
    assert_eq!(seen.line, "POST /api/v2/issues?a=1&b=x%20y&key=k%261 HTTP/1.1");
    assert_eq!(seen.header("authorization"), "Bearer top-secret-1");
    assert_eq!(seen.header("accept"), "application/json");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("user-agent"), concat!("membrane-rust/", env!("CARGO_PKG_VERSION")));
    assert_eq!(seen.header("x-own"), "1");
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), json!({"title": "é"}));
}

#[tokio::test]
async fn forms_raw_bodies_and_own_content_types() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let client = open_stack().build().unwrap().client(server.target().into(), None);
    let mut request = ApiRequest::post("/f");
    request.body = ApiBody::Form(vec![("a b".into(), "c&d".into())]);
    client.send(request).await.unwrap();
    let mut request = ApiRequest::new(Method::PUT, "/r");
    request.body = ApiBody::Raw("text/csv".into(), Bytes::from_static(b"a;b"));
    client.send(request).await.unwrap();
    let request =
        ApiRequest::post("/j").json(json!(1)).header("content-type", "application/vnd.x+json").unwrap();
    client.send(request.header("host", "evil.test").unwrap()).await.unwrap();

    let seen = server.seen();
    assert_eq!(
        (&seen[0].body[..], seen[0].header("content-type")),
        (&b"a+b=c%26d"[..], "application/x-www-form-urlencoded")
    );
    assert_eq!((&seen[1].body[..], seen[1].header("content-type")), (&b"a;b"[..], "text/csv"));
    assert_eq!(seen[2].header("content-type"), "application/vnd.x+json");
    assert!(seen[2].header("host").starts_with("127.0.0.1"));
}

#[tokio::test]
async fn html_nothing_and_cut_json_are_answers() {
    for (reply, status) in [
        (answer(502, &[("content-type", "text/html")], "<h1>Bad gateway</h1>"), 502),
        (answer(404, &[("content-type", "text/html")], "<h1>No</h1>"), 404),
        (answer(204, &[], ""), 204),
        (answer(200, &[("content-type", "application/json")], "{\"a\": [1, 2"), 200),
    ] {
        let server = Server::fixed(reply).await;
        let client = open_stack().build().unwrap().client(server.target().into(), None);
        let response = client.send(ApiRequest::get("/")).await.unwrap();
        assert_eq!(response.status.as_u16(), status);
        match status {
            204 => assert_eq!(response.json().unwrap(), Value::Null),
            200 => assert_eq!(response.json().unwrap_err().retry(), Retry::Backoff),
            _ => assert!(response.json().unwrap_err().message().contains("text/html")),
        }
    }
}

#[tokio::test]
async fn a_long_answer_is_refused_and_says_the_limit() {
    let body = "x".repeat(10_000_000);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for reply in [answer(200, &[], &body), chunked.into_bytes()] {
        let server = Server::fixed(reply).await;
        let stack = open_stack().max_response_bytes(1_000_000).build().unwrap();
        let error = stack.client(server.target().into(), None).send(ApiRequest::get("/")).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::External, Retry::Never));
        assert!(error.message().contains("1000000"), "{error}");
        assert_eq!(server.seen().len(), 1);

        let stack = open_stack().max_response_bytes(10_000_000).build().unwrap();
        let response = stack.client(server.target().into(), None).send(ApiRequest::get("/")).await.unwrap();
        assert_eq!(response.body.len(), 10_000_000);
    }
}

#[tokio::test]
async fn a_hung_socket_is_a_timeout() {
    let server = Server::start(|_, _| Vec::new()).await;
    let stack = open_stack().timeout(Duration::from_millis(80)).build().unwrap();
    let client = stack.client(server.target().into(), None);
    let error = client.send(ApiRequest::post("/").json(json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Timeout, Retry::Never));
    assert_eq!(server.seen().len(), 1);
    let error = client.send(ApiRequest::get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(server.seen().len(), 1 + 5);
    let mut request = ApiRequest::post("/");
    request.timeout = Some(Duration::from_millis(10));
    assert!(client.send(request).await.unwrap_err().message().contains("10ms"));
}

#[tokio::test]
async fn another_origin_is_refused_before_anything_is_sent() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let other = Server::fixed(answer(200, &[], "")).await;
    let client = open_stack().build().unwrap().client(server.target().into(), None);
    for path in [other.url("/").to_string(), "https://api.example.com/".to_owned(), "//evil.test/".to_owned()]
    {
        assert_eq!(client.send(ApiRequest::get(path)).await.unwrap_err().kind(), ErrorKind::Blocked);
    }
    assert!(server.seen().is_empty() && other.seen().is_empty());
    client.send(ApiRequest::get(server.url("/next?page=2"))).await.unwrap();
    assert_eq!(server.only().line, "GET /next?page=2 HTTP/1.1");
}

#[tokio::test]
async fn compressed_answers_are_decoded() {
    let gzip = data_encoding::BASE64.decode(b"H4sIAAAAAAACA6tWys9WsiopKk2tBQCQX9SnCwAAAA==").unwrap();
    let mut reply =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", gzip.len())
            .into_bytes();
    reply.extend_from_slice(&gzip);
    let server = Server::fixed(reply).await;
    let client = open_stack().build().unwrap().client(server.target().into(), None);
    let response = client.send(ApiRequest::get("/")).await.unwrap();
    assert_eq!(response.json().unwrap(), json!({"ok": true}));
    assert!(server.only().header("accept-encoding").contains("br"));
}
