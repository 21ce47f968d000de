//! What is recorded, and what is not to be found in it.

#![allow(clippy::unwrap_used)]

mod http_support;

use std::sync::Arc;
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::header::AUTHORIZATION;
use membrane_core::connector::{ApiBody, ApiClient, ApiRequest};
use membrane_engine::http::{Recorder, Target, TargetBuilder};
use serde_json::{Value, json};

use crate::http_support::{KILL, Server, answer, open_stack};

const TOKEN: &str = "tok/en+with \"quotes\"&é";
const PASSWORD: &str = "pa55:word!x";

fn with_secrets(builder: TargetBuilder) -> Target {
    builder
        .secret_header(
            AUTHORIZATION,
            &format!("Basic {}", BASE64.encode(format!("user:{PASSWORD}").as_bytes())),
        )
        .unwrap()
        .secret_query("app", TOKEN)
        .secret("abc")
        .build()
        .unwrap()
}

async fn recorded(target: Target, requests: Vec<ApiRequest>) -> Vec<Value> {
    let recorder = Arc::new(Recorder::new());
    let client = open_stack().build().unwrap().client(Arc::new(target), Some(recorder.clone()));
    for request in requests {
        let _ = client.send(request).await;
    }
    drop(client);
    recorder.take().exchanges().map(|exchange| serde_json::to_value(exchange).unwrap()).collect()
}

#[tokio::test]
async fn every_attempt_is_recorded() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<cut>".to_vec();
    let replies = vec![KILL.to_vec(), cut, answer(200, &[("content-type", "application/json")], "{\"a\":1}")];
    let server = Server::script(replies).await;
    let mut request = ApiRequest::post("/x?q=1").json(json!({"b": 2}));
    request.idempotent = true;
    let exchanges = recorded(server.target(), vec![request]).await;
    assert_eq!(exchanges.len(), 3);
    for failed in &exchanges[..2] {
        assert!(failed["error"].is_string() && failed.get("response").is_none());
    }
    let last = &exchanges[2];
    assert_eq!(last["request"]["method"], "POST");
    assert_eq!(last["request"]["url"], server.url("/x?q=1").as_str());
    assert_eq!(last["request"]["body"], "{\"b\":2}");
    assert_eq!(last["request"]["headers"]["accept"], "application/json");
    assert_eq!(last["response"]["status"], 200);
    assert_eq!(last["response"]["body"], "{\"a\":1}");
    assert!(last["durationMs"].is_u64());
    last["startedAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
}

#[tokio::test]
async fn secrets_are_masked_in_every_form_and_place() {
    let basic = BASE64.encode(format!("user:{PASSWORD}").as_bytes());
    let forms = [
        TOKEN.to_owned(),
        PASSWORD.to_owned(),
        basic.clone(),
        "tok%2Fen%2Bwith%20%22quotes%22%26%C3%A9".to_owned(),
        "tok%2fen%2bwith+%22quotes%22%26%c3%a9".to_owned(),
        "tok/en+with \\\"quotes\\\"&\\u00e9".to_owned(),
        "tok\\/en+with \\\"quotes\\\"&é".to_owned(),
        "pa55%3Aword%21x".to_owned(),
        BASE64.encode(TOKEN.as_bytes()),
        BASE64URL_NOPAD.encode(format!("{{\"t\":\"{TOKEN}\"}}").as_bytes()),
    ];
    let body = forms.join("\n");
    let headers = [
        ("x-echo", "pa55:word!x and tok%2Fen%2Bwith%20%22quotes%22%26%C3%A9"),
        ("set-cookie", "sid=visible-cookie"),
        ("x-api-key", "visible-key"),
        ("x-plain", "kept abc"),
        ("location", "https://x.example.com/?app=pa55%3Aword%21x"),
    ];
    let server = Server::fixed(answer(200, &headers, &body)).await;
    let target = with_secrets(Target::builder(server.url("/bot-pa55:word!x")));
    let mut form = ApiRequest::post(format!("/send/{}", "pa55%3Aword%21x"));
    form.body =
        ApiBody::Form(vec![("t".into(), TOKEN.into()), ("client_secret".into(), "visible-secret".into())]);
    let json = ApiRequest::post("/json")
        .json(json!({"t": TOKEN, "p": PASSWORD, "refresh_token": "visible-refresh"}));
    let json =
        json.header("cookie", "visible-cookie").unwrap().header("x-auth-token", "visible-key").unwrap();
    let exchanges = recorded(target, vec![form, json]).await;
    assert_eq!(exchanges.len(), 2);
    let text = serde_json::to_string(&exchanges).unwrap();
    for form in forms.iter().map(String::as_str).chain(["pa55", "quotes", "visible-", "cGE1NTp3b3Jk"]) {
        assert!(!text.contains(form), "{form} in {text}");
    }
    assert_eq!(exchanges[0]["request"]["headers"]["authorization"], "***");
    assert_eq!(exchanges[0]["response"]["headers"]["x-echo"], "*** and ***");
    assert_eq!(exchanges[0]["response"]["headers"]["x-plain"], "kept abc");
    assert!(
        exchanges[0]["request"]["url"].as_str().unwrap().ends_with("/bot-***/send/***?app=***"),
        "{text}"
    );
    assert_eq!(exchanges[0]["request"]["body"], "t=***&client_secret=***");
    assert_eq!(exchanges[1]["request"]["body"], "{\"t\":\"***\",\"p\":\"***\",\"refresh_token\":\"***\"}");
}

#[tokio::test]
async fn errors_hold_no_secret() {
    for reply in
        [KILL.to_vec(), answer(429, &[("x-echo", PASSWORD)], &format!("{{\"echo\":\"{PASSWORD}\"}}"))]
    {
        let server = Server::fixed(reply).await;
        let target = Arc::new(with_secrets(Target::builder(server.url("/bot-pa55:word!x"))));
        let client = open_stack().build().unwrap().client(target.clone(), None);
        let error = client.send(ApiRequest::get("/a?token=query-secret")).await.unwrap_err();
        let text = format!("{error:?} {error} {:?} {target:?}", error.data());
        for secret in ["pa55", "query-secret", "quotes", "token="] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("/bot-***/a"), "{text}");
    }
}

#[tokio::test]
async fn long_and_binary_bodies_are_cut() {
    let secret = "the-secret-at-the-edge";
    let long = |shown: usize| format!("{}{secret}{}", "x".repeat(shown - 5), "y".repeat(100_000));
    let (page, fault) = (long(4 * 1024), long(16 * 1024));
    let server =
        Server::script(vec![answer(200, &[], &page), answer(200, &[], "\u{1}"), answer(400, &[], &fault)])
            .await;
    let target = Target::builder(server.url("")).secret(secret).build().unwrap();
    let mut binary = ApiRequest::post("/");
    binary.body = ApiBody::Raw("image/png".into(), vec![0x89, b'P', 0xff, 0xfe].into());
    let exchanges = recorded(target, vec![ApiRequest::get("/"), binary, ApiRequest::get("/")]).await;
    for (exchange, whole, most) in [(&exchanges[0], page, 5_000), (&exchanges[2], fault, 17_000)] {
        let body = exchange["response"]["body"].as_str().unwrap();
        assert!(
            body.len() < most && body.contains(&format!("x***… (cut, {} bytes in all", whole.len())),
            "{body}"
        );
    }
    assert_eq!(exchanges[1]["request"]["body"], "(4 bytes that are no text)");
}

#[tokio::test]
async fn blocked_and_dropped_requests_are_recorded() {
    let server = Server::start(|_, _| Vec::new()).await;
    let recorder = Arc::new(Recorder::new());
    let stack = open_stack().build().unwrap();
    let client = stack.client(server.target().into(), Some(recorder.clone()));
    let sent = tokio::time::timeout(Duration::from_millis(50), client.send(ApiRequest::get("/")));
    assert!(sent.await.is_err());
    let recording = recorder.take();
    let exchanges: Vec<_> = recording.exchanges().collect();
    assert_eq!(exchanges[0].error.as_deref(), Some("the caller stopped waiting"));

    let stack = membrane_engine::http::HttpStack::builder().build().unwrap();
    let client = stack.client(server.target().into(), Some(recorder.clone()));
    assert!(client.send(ApiRequest::get("/")).await.is_err());
    let recording = recorder.take();
    let exchanges: Vec<_> = recording.exchanges().collect();
    assert!(exchanges[0].error.as_deref().unwrap().contains("loopback"), "{exchanges:?}");
}

#[tokio::test]
async fn a_long_run_keeps_the_last_exchanges() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let requests = (0..230).map(|n| ApiRequest::get(format!("/{n}"))).collect();
    let exchanges = recorded(server.target(), requests).await;
    assert_eq!(exchanges.len(), 200);
    assert!(exchanges[199]["request"]["url"].as_str().unwrap().ends_with("/229"));
}

#[tokio::test]
async fn long_headers_and_addresses_count_as_bodies_do() {
    let long = "x".repeat(8 * 1024);
    let headers: Vec<(String, &str)> = (0..4).map(|n| (format!("x-long-{n}"), long.as_str())).collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let server = Server::fixed(answer(200, &headers, "")).await;
    let requests = (0..100).map(|n| ApiRequest::get(format!("/{}/{n}", "p".repeat(20_000)))).collect();
    let exchanges = recorded(server.target(), requests).await;
    assert!(exchanges.len() > 10, "{}", exchanges.len());
    let shown = serde_json::to_string(&exchanges).unwrap().len();
    assert!(shown < 1_100_000, "{shown} bytes of {} exchanges", exchanges.len());
    let url = exchanges[0]["request"]["url"].as_str().unwrap();
    assert!(url.len() < 17_000 && url.contains("bytes in all"), "{}", url.len());
}

#[tokio::test]
async fn a_secret_in_the_name_of_a_header_is_masked() {
    let secret = "S3cr3t-in-a-Name";
    let echo = format!("x-seen-{secret}");
    let server = Server::fixed(answer(429, &[(&echo, "1"), ("x-plain", "2")], "")).await;
    let target = Target::builder(server.url("")).secret(secret).build().unwrap();
    let exchanges = recorded(target, vec![ApiRequest::get("/")]).await;
    let text = serde_json::to_string(&exchanges).unwrap();
    assert!(!text.to_ascii_lowercase().contains("s3cr3t"), "{text}");
    assert_eq!(exchanges[0]["response"]["headers"]["***"], "1");
    assert_eq!(exchanges[0]["response"]["headers"]["x-plain"], "2");
}
