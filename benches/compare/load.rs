//! Requests a second through a server, beside a bare forwarder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use membrane_core::Secret;
use membrane_server::AccessToken;
use serde_json::json;

use crate::measure::median;
use crate::{Failure, child, ours};

/// Requests under way at once.
const CONCURRENCY: usize = 16;

pub(crate) async fn rest(rounds: usize, seconds: u64) -> Result<(), Failure> {
    let app = child::start(&["echo"])?;
    let server = child::start(&["membrane", &app.url])?;
    let forwarder = child::start(&["forwarder", &app.url])?;
    let token = AccessToken::customer("acme").sign("default", &Secret::new(ours::SECRET.to_owned()))?;
    let input = json!({"title": "Something is broken", "labels": ["bug", "urgent"], "body": "x".repeat(400)});
    let through_us = Arc::new(Target {
        url: format!("{}/actions/bench.echo/run", server.url),
        token: Some(token),
        body: json!({ "input": input }).to_string(),
    });
    let bare =
        Arc::new(Target { url: format!("{}/run", forwarder.url), token: None, body: input.to_string() });
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let a = load(&through_us, seconds).await?;
        let b = load(&bare, seconds).await?;
        if round > 0 {
            ours.push(a);
            theirs.push(b);
        }
    }
    let ratios = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
    println!(
        "POST /actions/{{id}}/run through the server (bare: axum + reqwest forwarder), {CONCURRENCY} at once"
    );
    println!("  requests a second  ours {:.0}  bare {:.0}", median(ours), median(theirs));
    println!("  ours/bare  {:.2}", median(ratios));
    Ok(())
}

struct Target {
    url: String,
    token: Option<String>,
    body: String,
}

async fn load(target: &Arc<Target>, seconds: u64) -> Result<f64, Failure> {
    let client = reqwest::Client::new();
    let done = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for _ in 0..CONCURRENCY {
        let (client, target, done) = (client.clone(), Arc::clone(target), Arc::clone(&done));
        tasks.push(tokio::spawn(async move {
            while Instant::now() < until {
                let mut request = client
                    .post(&target.url)
                    .header("content-type", "application/json")
                    .body(target.body.clone());
                if let Some(token) = &target.token {
                    request = request.bearer_auth(token);
                }
                let response = request.send().await?.error_for_status()?;
                response.bytes().await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, reqwest::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64())
}
