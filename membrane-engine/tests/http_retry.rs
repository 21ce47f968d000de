//! What is sent again, how often, and what is said when it was in vain.

#![allow(clippy::unwrap_used)]

mod http_support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderName, Method};
use membrane_core::connector::{ApiClient, ApiRequest};
use membrane_core::{Error, ErrorKind, Retry};
use membrane_engine::http::{AppClient, RetryBudget, RetryPolicy, Target};
use serde_json::json;

use crate::http_support::{KILL, Server, answer, open_stack};

fn client(server: &Server) -> AppClient {
    open_stack().build().unwrap().client(server.target().into(), None)
}

fn ok() -> Vec<u8> {
    answer(200, &[], "{}")
}

fn refused(headers: &[(&str, &str)]) -> Vec<u8> {
    answer(429, headers, "{\"error\":\"rate_limited\"}")
}

/// An answer whose end is missing: by its length, and by its chunks.
fn cut_answers() -> [Vec<u8>; 2] {
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":<cut>".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"a\":<cut>".to_vec(),
    ]
}

async fn status(client: &AppClient, request: ApiRequest) -> u16 {
    client.send(request).await.unwrap().status.as_u16()
}

async fn failure(client: &AppClient, request: ApiRequest) -> Error {
    client.send(request).await.unwrap_err()
}

#[tokio::test]
async fn a_stated_wait_is_waited_out_even_for_a_write() {
    let server = Server::script(vec![refused(&[("retry-after", "1")]), ok()]).await;
    let since = Instant::now();
    assert_eq!(status(&client(&server), ApiRequest::post("/").json(json!({}))).await, 200);
    assert!((1_000..1_900).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_refusal_pauses_the_whole_key_and_no_other() {
    let server = Server::script(vec![refused(&[("retry-after", "1")]), ok()]).await;
    let stack = open_stack().build().unwrap();
    let target = |key: &str| Arc::new(Target::builder(server.url("")).limit_key(key).build().unwrap());
    let first = stack.client(target("a"), None);
    let under_way = tokio::spawn(async move { first.send(ApiRequest::get("/1")).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let since = Instant::now();
    assert_eq!(status(&stack.client(target("b"), None), ApiRequest::get("/2")).await, 200);
    assert!(since.elapsed() < Duration::from_millis(300));
    assert_eq!(status(&stack.client(target("a"), None), ApiRequest::get("/3")).await, 200);
    assert!(since.elapsed() > Duration::from_millis(500), "{:?}", since.elapsed());
    under_way.await.unwrap().unwrap();
}

#[tokio::test]
async fn too_long_a_wait_is_an_error_that_says_when() {
    for refusal in [
        refused(&[("retry-after", "600")]),
        refused(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "600")]),
        answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "600")], ""),
    ] {
        let server = Server::fixed(refusal).await;
        let client = client(&server);
        let error = failure(&client, ApiRequest::get("/a?q=secret")).await;
        assert_eq!(
            (error.kind(), error.retry()),
            (ErrorKind::RateLimited, Retry::After(Duration::from_secs(600)))
        );
        assert_eq!(
            error.data().unwrap()["request"],
            json!({"method": "GET", "url": server.url("/a").as_str()})
        );
        assert!(error.data().unwrap()["response"]["status"].as_u64().is_some());

        // Nothing is sent before that.
        let error = failure(&client, ApiRequest::get("/b")).await;
        let Retry::After(wait) = error.retry() else { panic!("{error}") };
        assert!(error.kind() == ErrorKind::RateLimited && wait > Duration::from_secs(590));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn refusals_without_end_are_rate_limited() {
    let server = Server::fixed(refused(&[("set-cookie", "session=abc")])).await;
    let error = failure(&client(&server), ApiRequest::post("/")).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::RateLimited, Retry::Never));
    assert_eq!(server.seen().len(), 5);
    let response = &error.data().unwrap()["response"];
    assert_eq!(response["data"], json!({"error": "rate_limited"}));
    assert_eq!((&response["status"], &response["headers"]["set-cookie"]), (&json!(429), &json!("***")));
}

#[tokio::test]
async fn a_killed_connection_is_tried_again_for_reads_and_replacements() {
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD] {
        let server = Server::script(vec![KILL.to_vec(), KILL.to_vec(), answer(204, &[], "")]).await;
        assert_eq!(status(&client(&server), ApiRequest::new(method.clone(), "/")).await, 204, "{method}");
        assert_eq!(server.seen().len(), 3);
    }
    let server = Server::fixed(KILL.to_vec()).await;
    let error = failure(&client(&server), ApiRequest::get("/")).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Never));
    assert!(error.message().contains("5 attempts"), "{error}");
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_write_is_not_repeated_after_a_cut_answer() {
    for reply in cut_answers().into_iter().chain([KILL.to_vec()]) {
        let server = Server::script(vec![reply, ok()]).await;
        let error = failure(&client(&server), ApiRequest::post("/").json(json!({}))).await;
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Never));
        assert!(error.message().contains("may have been done"), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_read_is_repeated_after_a_cut_answer() {
    for reply in cut_answers() {
        let server = Server::script(vec![reply, ok()]).await;
        assert_eq!(status(&client(&server), ApiRequest::get("/")).await, 200);
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn an_idempotency_key_is_the_same_on_every_attempt_of_one_request() {
    let name = HeaderName::from_static("idempotency-key");
    let replies = vec![KILL.to_vec(), cut_answers()[0].clone(), answer(503, &[], ""), ok()];
    let server = Server::script(replies).await;
    let target = Target::builder(server.url("")).idempotency_header(Some(name)).build().unwrap();
    let client = open_stack().build().unwrap().client(target.into(), None);
    assert_eq!(status(&client, ApiRequest::post("/").json(json!({"n": 1}))).await, 200);
    assert_eq!(status(&client, ApiRequest::post("/")).await, 200);
    assert_eq!(status(&client, ApiRequest::get("/")).await, 200);
    let own = ApiRequest::post("/").header("idempotency-key", "own").unwrap();
    assert_eq!(status(&client, own).await, 200);

    let keys: Vec<_> = server.seen().iter().map(|seen| seen.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys.len(), 4 + 3);
    assert!(keys[0].len() == 36 && keys[..4].iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_ne!(keys[4], keys[0]);
    assert_eq!(&keys[5..], ["", "own"]);
}

#[tokio::test]
async fn passing_statuses_are_repeated_for_reads_and_handed_out_in_the_end() {
    for code in [502, 503, 504] {
        let server = Server::script(vec![answer(code, &[], ""), ok()]).await;
        assert_eq!(status(&client(&server), ApiRequest::get("/")).await, 200);
        let server = Server::fixed(answer(code, &[], "")).await;
        assert_eq!(status(&client(&server), ApiRequest::get("/")).await, code);
        assert_eq!(server.seen().len(), 5);
        let server = Server::script(vec![answer(code, &[], ""), ok()]).await;
        assert_eq!(status(&client(&server), ApiRequest::post("/")).await, code);
        let mut request = ApiRequest::post("/");
        request.idempotent = true;
        let server = Server::script(vec![answer(code, &[], ""), ok()]).await;
        assert_eq!(status(&client(&server), request).await, 200);
    }
    for code in [400, 401, 403, 404, 409, 422, 500] {
        let server = Server::fixed(answer(code, &[], "")).await;
        assert_eq!(status(&client(&server), ApiRequest::get("/")).await, code);
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::script(vec![answer(503, &[("retry-after", "0")], ""), ok()]).await;
    assert_eq!(status(&client(&server), ApiRequest::post("/")).await, 200);
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_even_for_a_write() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let target = Target::builder(format!("http://{address}").parse().unwrap()).build().unwrap();
    let client = open_stack().build().unwrap().client(target.into(), None);
    let error = failure(&client, ApiRequest::post("/")).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Never));
    assert!(error.message().contains("5 attempts"), "{error}");
}

#[tokio::test]
async fn the_budget_bounds_retries() {
    let server = Server::fixed(KILL.to_vec()).await;
    let policy = RetryPolicy::default().with_base(Duration::from_millis(1));
    let policy = policy.with_budget(RetryBudget::new(0.1, 0.0, 3.0));
    let client = open_stack().retry(policy).build().unwrap().client(server.target().into(), None);
    for _ in 0..40 {
        failure(&client, ApiRequest::get("/")).await;
    }
    let sent = server.seen().len();
    assert!((43..=48).contains(&sent), "{sent}");
}

#[tokio::test]
async fn an_app_that_fails_often_is_still_served() {
    let server = Server::start(|n, _| match n + 1 {
        n if n % 7 == 0 => KILL.to_vec(),
        n if n % 3 == 0 => refused(&[("retry-after", "0")]),
        _ => ok(),
    })
    .await;
    let client = client(&server);
    for _ in 0..200 {
        assert_eq!(status(&client, ApiRequest::get("/")).await, 200);
    }
}

#[tokio::test]
async fn an_answer_says_how_often_it_was_asked_for() {
    let server = Server::script(vec![KILL.to_vec(), answer(503, &[], ""), ok(), ok()]).await;
    let client = client(&server);
    let answered = client.send(ApiRequest::get("/")).await.unwrap();
    assert_eq!((answered.attempts, answered.repeatable), (3, true));
    let answered = client.send(ApiRequest::post("/")).await.unwrap();
    assert_eq!((answered.attempts, answered.repeatable), (1, false));
}

#[tokio::test]
async fn what_a_lost_attempt_deleted_is_deleted() {
    let gone = |status| answer(status, &[("content-type", "text/plain")], "no such thing");
    let lost = [KILL.to_vec(), answer(502, &[], ""), cut_answers()[0].clone()];
    for lost in lost {
        for status in [404, 410] {
            let server = Server::script(vec![lost.clone(), gone(status)]).await;
            let answered = client(&server).send(ApiRequest::new(Method::DELETE, "/1")).await.unwrap();
            assert_eq!((answered.status.as_u16(), answered.attempts), (204, 2));
            assert!(answered.body.is_empty() && answered.headers.is_empty());
        }
    }
    // Nothing was deleted by us: not at once, not by what was refused, and not by what only reads.
    let server = Server::fixed(gone(404)).await;
    assert_eq!(status(&client(&server), ApiRequest::new(Method::DELETE, "/1")).await, 404);
    let server = Server::script(vec![refused(&[("retry-after", "0")]), gone(404)]).await;
    assert_eq!(status(&client(&server), ApiRequest::new(Method::DELETE, "/1")).await, 404);
    for method in [Method::GET, Method::PUT] {
        let server = Server::script(vec![KILL.to_vec(), gone(404)]).await;
        assert_eq!(status(&client(&server), ApiRequest::new(method, "/1")).await, 404);
    }
    let server = Server::script(vec![KILL.to_vec(), answer(409, &[], "")]).await;
    assert_eq!(status(&client(&server), ApiRequest::new(Method::DELETE, "/1")).await, 409);
}
