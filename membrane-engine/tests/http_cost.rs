//! What the stack costs over a bare reqwest call.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod http_support;

use std::sync::Arc;
use std::time::Duration;

use membrane_core::connector::{ApiClient, ApiRequest};
use membrane_engine::http::{Recorder, Target};

use crate::http_support::{Server, answer, open_stack};

const CALLS: u32 = 200;
const ROUNDS: usize = 60;

/// The processor time of this thread, as Linux counts it.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Measured by hand, optimised: `cargo test -p membrane-engine --test http_cost -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a check"]
fn processor_time_of_a_call() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    // The server runs in a thread of its own, so that only the client's side is measured.
    std::thread::spawn(move || {
        runtime().block_on(async {
            let headers = [("content-type", "application/json")];
            sender.send(Server::fixed(answer(200, &headers, "{\"ok\":true}")).await).unwrap();
            std::future::pending::<()>().await;
        });
    });
    let server = receiver.recv().unwrap();
    runtime().block_on(measure(&server));
}

async fn measure(server: &Server) {
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = server.url("/api/v2/issues?q=1");
    let target = Target::builder(server.url("/api/v2"));
    let target = target.secret_header(http::header::AUTHORIZATION, "Bearer secret-token-1").unwrap();
    let target = Arc::new(target.build().unwrap());
    let stack = open_stack().build().unwrap();
    let recorder = Arc::new(Recorder::new());
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    // Small batches in turn, so that what else the machine does meets all three alike.
    for _ in 0..ROUNDS {
        let since = spent();
        for _ in 0..CALLS {
            let request = bare.get(url.clone()).header("authorization", "Bearer secret-token-1");
            request.send().await.unwrap().bytes().await.unwrap();
        }
        times[0].push(spent() - since);
        for (n, recorder) in [(1, None), (2, Some(recorder.clone()))] {
            let since = spent();
            for _ in 0..CALLS {
                let client = stack.client(target.clone(), recorder.clone());
                client.send(ApiRequest::get("/issues").query("q", "1")).await.unwrap();
            }
            times[n].push(spent() - since);
        }
    }
    let mut medians = Vec::new();
    for (name, mut times) in ["bare", "plain", "recorded"].into_iter().zip(times) {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 10] / CALLS;
        medians.push(at(5).as_secs_f64());
        let ratio = medians[medians.len() - 1] / medians[0];
        eprintln!("{name}: p10 {:?}, median {:?}, p90 {:?}; {ratio:.2}x of bare", at(1), at(5), at(9));
    }
}
