//! Requests a second through a server, and its CPU a request, beside a bare forwarder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use membrane_core::Secret;
use membrane_server::AccessToken;
use serde_json::json;

use crate::measure::median;
use crate::{Failure, child, ours};

/// What one round of load came to.
struct Load {
    /// Requests a second.
    rate: f64,
    /// Microseconds of the server's CPU a request.
    cpu: f64,
}

/// One figure of a load.
type Part = fn(&Load) -> f64;

pub(crate) async fn rest(rounds: usize, seconds: u64, at_once: usize) -> Result<(), Failure> {
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
        let a = load(&server.url, &through_us, seconds, at_once).await?;
        let b = load(&forwarder.url, &bare, seconds, at_once).await?;
        if round > 0 {
            ours.push(a);
            theirs.push(b);
        }
    }
    let of = |loads: &[Load], part: Part| median(loads.iter().map(part).collect());
    let ratio = |part: Part| median(ours.iter().zip(&theirs).map(|(a, b)| part(a) / part(b)).collect());
    let (rate, cpu): (Part, Part) = (|load| load.rate, |load| load.cpu);
    println!(
        "POST /actions/{{id}}/run through the server (bare: axum + reqwest forwarder), {at_once} at once"
    );
    for (who, loads) in [("ours", &ours), ("bare", &theirs)] {
        println!(
            "  {who}  {:9.0} requests a second  {:9.2} µs CPU of the server a request",
            of(loads, rate),
            of(loads, cpu)
        );
    }
    println!("  ours/bare  requests a second {:.2}  CPU of the server {:.2}", ratio(rate), ratio(cpu));
    Ok(())
}

struct Target {
    url: String,
    token: Option<String>,
    body: String,
}

async fn load(server: &str, target: &Arc<Target>, seconds: u64, at_once: usize) -> Result<Load, Failure> {
    let client = reqwest::Client::new();
    let done = Arc::new(AtomicU64::new(0));
    let before = cpu_of(&client, server).await?;
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for _ in 0..at_once {
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
    let requests = done.load(Ordering::Relaxed) as f64;
    let rate = requests / started.elapsed().as_secs_f64();
    Ok(Load { rate, cpu: (cpu_of(&client, server).await? - before) / requests })
}

/// Microseconds of CPU that a server took so far.
async fn cpu_of(client: &reqwest::Client, server: &str) -> Result<f64, Failure> {
    Ok(client
        .get(format!("{server}{}", child::CPU))
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?
        .parse()?)
}
