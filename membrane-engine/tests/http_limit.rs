//! Limits as the server counts them, and places given back.

#![allow(clippy::unwrap_used)]

mod http_support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;
use membrane_core::connector::{ApiClient, ApiRequest, RateLimit};
use membrane_core::{ErrorKind, Retry};
use membrane_engine::http::{HttpStack, RetryPolicy, Target};

use crate::http_support::{Server, answer, open_stack};

fn target(
    server: &Server,
    key: &str,
    requests: u32,
    per_seconds: f64,
    concurrency: Option<u32>,
) -> Arc<Target> {
    let rate = RateLimit { requests, per_seconds, concurrency };
    Arc::new(Target::builder(server.url("")).limit_key(key).rate(Some(rate)).build().unwrap())
}

async fn burst(stack: &HttpStack, target: &Arc<Target>, number: usize) {
    let sent = join_all((0..number).map(|n| {
        // A client each: what is shared is the stack's.
        let client = stack.client(target.clone(), None);
        async move { client.send(ApiRequest::get(format!("/{n}"))).await }
    }));
    for response in sent.await {
        assert_eq!(response.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_window_of_the_server_holds_more_than_allowed() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let stack = open_stack().build().unwrap();
    let since = Instant::now();
    burst(&stack, &target(&server, "a", 10, 0.5, None), 35).await;
    assert!(since.elapsed() >= Duration::from_millis(1_500), "{:?}", since.elapsed());
    assert!(since.elapsed() < Duration::from_millis(2_500), "{:?}", since.elapsed());
    let at: Vec<_> = server.seen().iter().map(|seen| seen.at).collect();
    for (n, first) in at.iter().enumerate() {
        // A little less than the window, for the server's clock is read when its task gets to run.
        let within = at[n..].iter().filter(|at| **at - *first < Duration::from_millis(400)).count();
        assert!(within <= 10, "{within}");
    }
}

#[tokio::test]
async fn requests_under_way_are_bounded_and_in_order() {
    let server = Server::fixed(answer(200, &[], "")).await.delayed(Duration::from_millis(20));
    let stack = open_stack().build().unwrap();
    burst(&stack, &target(&server, "a", 1_000, 1.0, Some(3)), 20).await;
    assert_eq!(server.most_under_way(), 3);
    burst(&stack, &target(&server, "b", 1_000, 1.0, Some(1)), 5).await;
    let lines: Vec<_> = server.seen()[20..].iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(lines, (0..5).map(|n| format!("GET /{n} HTTP/1.1")).collect::<Vec<_>>());
}

#[tokio::test]
async fn keys_do_not_hold_back_each_other() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let stack = open_stack().build().unwrap();
    let since = Instant::now();
    for key in ["a", "b", "c"] {
        burst(&stack, &target(&server, key, 2, 1.0, None), 2).await;
    }
    assert!(since.elapsed() < Duration::from_millis(500), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_dropped_request_gives_back_its_place_and_its_turn() {
    let server = Server::start(|n, _| if n == 0 { Vec::new() } else { answer(200, &[], "") }).await;
    let stack = open_stack().build().unwrap();
    let target = target(&server, "a", 1_000, 1.0, Some(1));
    let hung = stack.client(target.clone(), None);
    let hung = tokio::spawn(async move { hung.send(ApiRequest::get("/hung")).await });
    while server.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let queued = stack.client(target.clone(), None);
    let queued = tokio::spawn(async move { queued.send(ApiRequest::get("/queued")).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    queued.abort();
    hung.abort();
    let client = stack.client(target, None);
    let response = tokio::time::timeout(Duration::from_secs(2), client.send(ApiRequest::get("/next"))).await;
    assert_eq!(response.unwrap().unwrap().status, 200);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_window_that_opens_too_late_is_an_error_that_says_when() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let policy = RetryPolicy::default().with_max_wait(Duration::from_secs(1));
    let stack = open_stack().retry(policy).build().unwrap();
    let target = target(&server, "a", 2, 3_600.0, None);
    burst(&stack, &target, 2).await;
    let error = stack.client(target, None).send(ApiRequest::get("/")).await.unwrap_err();
    let Retry::After(wait) = error.retry() else { panic!("{error}") };
    assert!(error.kind() == ErrorKind::RateLimited && wait > Duration::from_secs(3_500), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_rate_that_allows_nothing_is_refused() {
    for (requests, per_seconds, concurrency) in
        [(0, 1.0, None), (1, 0.0, None), (1, -1.0, None), (1, f64::NAN, None), (1, 1.0, Some(0))]
    {
        let rate = RateLimit { requests, per_seconds, concurrency };
        let builder = Target::builder("https://a.example.com".parse().unwrap()).rate(Some(rate));
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn a_limit_nobody_stated_is_found_out() {
    let taken = Mutex::new(Vec::<Instant>::new());
    let server = Server::start(move |_, seen| {
        let mut taken = taken.lock().unwrap();
        taken.retain(|at| seen.at.saturating_duration_since(*at) < Duration::from_millis(200));
        if taken.len() >= 10 {
            return answer(429, &[("retry-after", "0.2")], "");
        }
        taken.push(seen.at);
        answer(200, &[], "")
    })
    .await;
    let target = Arc::new(server.target());
    // Let go together after each pause, 100 requests would use up their attempts: half of them failed.
    burst(&open_stack().build().unwrap(), &target, 100).await;
    let sent = server.seen().len();
    assert!(sent < 350, "{sent}");
}
