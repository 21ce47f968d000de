//! This library beside the bare code a product would write instead; see README.md.
#![allow(clippy::print_stdout, reason = "a report is what this program is for")]
#![allow(clippy::large_futures, reason = "measured code runs on the main task")]

mod bare;
mod child;
mod load;
mod measure;
mod ours;

use std::io::BufWriter;

use membrane_client::Client;
use serde_json::json;

use crate::measure::{cost, report};

/// What the `membrane` command uses, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Sizes {
    records: usize,
    runs: usize,
    rounds: usize,
    seconds: u64,
    /// Requests under way at once.
    at_once: usize,
    /// A page server of people that runs already, instead of our own of orders.
    pages: Option<String>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let after =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1)).cloned();
    let number =
        |name: &str, default: usize| after(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Some(role) = after("--role") {
        let at = arguments.iter().position(|a| *a == role).unwrap_or_default();
        return runtime.block_on(child::play(&role, arguments.get(at + 1).cloned()));
    }
    let sizes = Sizes {
        records: number("--records", 100_000),
        runs: number("--runs", 5_000),
        rounds: number("--rounds", 5),
        seconds: number("--seconds", 5) as u64,
        at_once: number("--at-once", 64),
        pages: after("--pages"),
    };
    let only = after("--only");
    let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
    // `cargo test` builds and starts benches too; they measure only when asked to.
    if !arguments.iter().any(|a| a == "--bench") {
        return Ok(());
    }
    if wants("action") {
        runtime.block_on(actions(&sizes))?;
    }
    if wants("collection") {
        runtime.block_on(collections(&sizes))?;
    }
    if wants("rest") {
        runtime.block_on(load::rest(sizes.rounds, sizes.seconds, sizes.at_once))?;
    }
    Ok(())
}

async fn actions(sizes: &Sizes) -> Result<(), Failure> {
    let app = child::start(&["echo"])?;
    let folder = tempfile::tempdir()?;
    let engine = ours::engine(&app.url, folder.path()).await?;
    let client = Client::in_process(engine.clone());
    let http = reqwest::Client::new();
    let input = json!({"title": "Something is broken", "labels": ["bug", "urgent"], "body": "x".repeat(400)});
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=sizes.rounds {
        let a = cost(async {
            ours::action(&client, sizes.runs, &input).await?;
            engine.flush().await;
            Ok::<_, Failure>(())
        })
        .await;
        let b = cost(bare::action(&http, &app.url, sizes.runs, &input)).await;
        a.1?;
        b.1?;
        // The first round warms both sides up.
        if round > 0 {
            ours.push(a.0);
            bare.push(b.0);
        }
    }
    report(
        "action run in process, log written (bare: reqwest + serde_json)",
        "run",
        sizes.runs,
        &ours,
        &bare,
    );
    engine.shutdown().await;
    Ok(())
}

async fn collections(sizes: &Sizes) -> Result<(), Failure> {
    let own = match &sizes.pages {
        Some(_) => None,
        None => Some(child::start(&["pages", &sizes.records.to_string()])?),
    };
    let app = own.as_ref().map(|own| own.url.clone()).or(sizes.pages.clone()).unwrap_or_default();
    let kind = if own.is_some() { "orders" } else { "people" };
    let folder = tempfile::tempdir()?;
    let engine = ours::engine(&app, folder.path()).await?;
    let client = Client::in_process(engine.clone());
    let http = reqwest::Client::new();
    let out = || std::fs::OpenOptions::new().write(true).open("/dev/null").map(BufWriter::new);
    let (mut ours, mut values, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=sizes.rounds {
        let a = cost(ours::records(&client, kind, &mut out()?)).await;
        let b = cost(bare::values(&http, &app, &mut out()?)).await;
        let c = cost(bare::raw_values(&http, &app, &mut out()?)).await;
        assert_eq!((a.1?, b.1?, c.1?), (sizes.records, sizes.records, sizes.records));
        if round > 0 {
            ours.push(a.0);
            values.push(b.0);
            raw.push(c.0);
        }
    }
    let what = format!("collection of {kind} read, mapped, validated, as JSON lines");
    report(&format!("{what} (bare: reqwest + serde_json Value)"), "record", sizes.records, &ours, &values);
    report(
        &format!("{what} (bare: reqwest + serde_json RawValue, unmapped)"),
        "record",
        sizes.records,
        &ours,
        &raw,
    );
    engine.shutdown().await;
    Ok(())
}
