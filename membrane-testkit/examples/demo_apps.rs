//! Serves the two demo apps in a process of their own, for an engine or a server in another one.
//!
//! ```text
//! cargo run --example demo_apps
//! ```
//!
//! Prints one line of JSON with addresses and keys, and serves until Ctrl-C, or until its standard input closes
//! so that nothing outlives a script that started it.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use membrane_testkit::demo::{Crm, TaskManager};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (tasks, crm) = (TaskManager::start().await?, Crm::start().await?);
    tasks.seed(120);
    crm.seed(250);
    let app = |url: &str, key: String| json!({"url": url, "apiKey": key});
    println!(
        "{}",
        json!({"taskly": app(tasks.url(), tasks.api_key()), "contactly": app(crm.url(), crm.api_key())})
    );
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
    tasks.shutdown().await;
    crm.shutdown().await;
    Ok(())
}
