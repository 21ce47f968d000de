//! All that one call sends shares its time: attempts, and the waits between and before them.

#![allow(clippy::unwrap_used)]

mod http_support;

use std::time::{Duration, Instant};

use membrane_core::connector::{ApiClient, ApiRequest, RateLimit};
use membrane_core::{Error, ErrorKind, Retry};
use membrane_engine::http::{HttpStackBuilder, RetryPolicy, Target};
use serde_json::json;

use crate::http_support::{Server, answer, open_stack};

const HUNG: Vec<u8> = Vec::new();

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The error of a request that is given this time, and how long that took.
async fn failure(
    stack: HttpStackBuilder,
    server: &Server,
    time: Duration,
    request: ApiRequest,
) -> (Error, Duration) {
    let client = stack.build().unwrap().client(server.target().into(), None).within(time);
    let since = Instant::now();
    let error = client.send(request).await.unwrap_err();
    (error, since.elapsed())
}

#[tokio::test]
async fn attempts_share_it() {
    let server = Server::fixed(HUNG).await;
    let stack = || open_stack().timeout(millis(250));
    let (error, took) = failure(stack(), &server, millis(600), ApiRequest::get("/a?q=1")).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Timeout, Retry::Never));
    // The last attempt ended with its own time or with that of the call, whichever was over first.
    let end = format!("; given up after {} attempts", server.seen().len());
    let message = error.message().strip_suffix(&end);
    let within = message.and_then(|message| message.strip_prefix("the app did not answer within "));
    assert!(matches!(within, Some("250ms" | "600ms that a call may take")), "{error}");
    assert!((2..=3).contains(&server.seen().len()), "{:?}", server.seen());
    assert!((580..1_500).contains(&took.as_millis()), "{took:?}");
    let url = server.url("/a");
    assert_eq!(error.data(), Some(&json!({"request": {"method": "GET", "url": url.as_str()}})));

    let (error, took) = failure(stack(), &server, millis(100), ApiRequest::post("/")).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Timeout, Retry::Never));
    let message = "the app did not answer within 100ms that a call may take; \
                   not sent again, since it may have been done";
    assert_eq!(error.message(), message);
    assert!(took < millis(1_000), "{took:?}");
}

#[tokio::test]
async fn a_shorter_time_of_one_attempt_stays() {
    let server = Server::fixed(HUNG).await;
    let mut request = ApiRequest::post("/");
    request.timeout = Some(millis(100));
    let (error, took) = failure(open_stack(), &server, millis(5_000), request).await;
    assert!(error.message().starts_with("the app did not answer within 100ms; not sent again"), "{error}");
    assert!(took < millis(2_000), "{took:?}");
}

#[tokio::test]
async fn requests_of_one_call_share_it() {
    let server = Server::start(|n, _| if n == 0 { answer(200, &[], "{}") } else { HUNG }).await;
    let server = server.delayed(millis(300));
    let stack = open_stack().build().unwrap();
    let client = stack.client(server.target().into(), None).within(millis(700));
    let since = Instant::now();
    assert_eq!(client.send(ApiRequest::post("/1")).await.unwrap().status, 200);
    assert_eq!(client.send(ApiRequest::post("/2")).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!((680..1_500).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());
    let error = client.send(ApiRequest::post("/3")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let message = "the 700ms that a call may take were over before this request was sent";
    assert_eq!(error.message(), message);
    assert_eq!(server.seen().len(), 2, "the third was not sent");
    let another = stack.client(server.target().into(), None).within(millis(50));
    assert_eq!(another.send(ApiRequest::get("/4")).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(server.seen().len(), 3, "another call has its own time");
}

#[tokio::test]
async fn a_wait_that_is_longer_is_not_begun() {
    let server = Server::fixed(answer(429, &[("retry-after", "30")], "")).await;
    let (error, took) = failure(open_stack(), &server, millis(2_000), ApiRequest::get("/")).await;
    assert_eq!(
        (error.kind(), error.retry()),
        (ErrorKind::RateLimited, Retry::After(Duration::from_secs(30)))
    );
    assert_eq!(error.message(), "the app takes no more requests for 30 s (429)");
    assert_eq!(error.data().unwrap()["response"]["status"], 429);
    assert!(took < millis(1_500), "{took:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn without_time_for_another_attempt_the_last_failure_is_told() {
    let slow = || open_stack().retry(RetryPolicy::default().with_base(Duration::from_secs(20)));
    for (reply, kind) in [
        (answer(429, &[], ""), ErrorKind::RateLimited),
        (http_support::KILL.to_vec(), ErrorKind::Unavailable),
    ] {
        let server = Server::fixed(reply).await;
        let (error, took) = failure(slow(), &server, millis(500), ApiRequest::get("/")).await;
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Never), "{error}");
        assert!(took < millis(1_500), "{took:?}");
    }
    let server = Server::fixed(answer(503, &[], "")).await;
    let client = slow().build().unwrap().client(server.target().into(), None).within(millis(500));
    assert_eq!(client.send(ApiRequest::get("/")).await.unwrap().status, 503, "an answer is handed out");
}

#[tokio::test]
async fn waiting_for_a_place_counts() {
    let server = Server::fixed(HUNG).await;
    let rate = RateLimit { requests: 100, per_seconds: 1.0, concurrency: Some(1) };
    let target = std::sync::Arc::new(Target::builder(server.url("")).rate(Some(rate)).build().unwrap());
    let stack = open_stack().build().unwrap();
    let hung = stack.client(target.clone(), None);
    let hung = tokio::spawn(async move { hung.send(ApiRequest::get("/hung")).await });
    while server.seen().is_empty() {
        tokio::time::sleep(millis(5)).await;
    }
    // The first waits for the place, the second for its turn.
    let waiting = || {
        let client = stack.client(target.clone(), None).within(millis(300));
        async move {
            let since = Instant::now();
            let error = client.send(ApiRequest::get("/")).await.unwrap_err();
            (error, since.elapsed())
        }
    };
    let (first, second) = tokio::join!(waiting(), waiting());
    for (error, took) in [first, second] {
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
        assert!(matches!(error.retry(), Retry::After(_)), "{error}");
        assert!((280..1_500).contains(&took.as_millis()), "{took:?}");
    }
    assert_eq!(server.seen().len(), 1);
    hung.abort();
}
