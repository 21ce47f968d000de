//! What the stack costs over a bare reqwest call.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod http_support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use membrane_core::connector::{ApiClient, ApiRequest};
use membrane_engine::http::{Recorder, Target};

use crate::http_support::{Server, answer, open_stack};

const CALLS: u32 = 2_000;

/// Measured by hand: `cargo test --release -p membrane-engine --test http_cost -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement, not a check"]
async fn a_call_costs_less_than_twice_a_bare_one() {
    let server = Server::fixed(answer(200, &[("content-type", "application/json")], "{\"ok\":true}")).await;
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = server.url("/api/v2/issues?q=1");
    let target = Target::builder(server.url("/api/v2"));
    let target = target.secret_header(http::header::AUTHORIZATION, "Bearer secret-token-1").unwrap();
    let target = Arc::new(target.build().unwrap());
    let stack = open_stack().build().unwrap();
    for _ in 0..3 {
        let since = Instant::now();
        for _ in 0..CALLS {
            let request = bare.get(url.clone()).header("authorization", "Bearer secret-token-1");
            request.send().await.unwrap().bytes().await.unwrap();
        }
        let bare = since.elapsed();
        for (name, recorder) in [("plain", None), ("recorded", Some(Arc::new(Recorder::new())))] {
            let since = Instant::now();
            for _ in 0..CALLS {
                let client = stack.client(target.clone(), recorder.clone());
                client.send(ApiRequest::get("/issues").query("q", "1")).await.unwrap();
            }
            let ours = since.elapsed();
            let each = |time: Duration| time / CALLS;
            eprintln!(
                "bare {:?}, {name} {:?}: {:.2}x",
                each(bare),
                each(ours),
                ours.as_secs_f64() / bare.as_secs_f64()
            );
        }
    }
}
