use std::io::Write;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::{Harness, customer};

/// Everything that was traced.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_is_traced_without_its_secrets() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // The runtime of a test has one thread, so the server's tasks write here too.
    let _guard = tracing::subscriber::set_default(subscriber);
    let token = customer("acme");
    async {
        let harness = Harness::start().await;
        harness.connect().await;
        // A test beside this one may just have noted that nobody listens.
        tracing::callsite::rebuild_interest_cache();
        harness.run("echo", json!({"secret": "in-the-body"})).await;
        harness.run("echo", json!({"fail": "internal"})).await;
        harness
            .post("/connections/demo/actions/echo/run", json!({"input": {"secret": "in-the-input"}}))
            .await;
        let wrong = json!({"integrationKey": "demo", "credentials": {"token": "in-the-credentials"}});
        harness.post("/connections", wrong).await;
        let path = format!("/integrations?search=in-the-query&token={token}");
        harness.bare(Method::GET, &path).send().await.unwrap();
        // Whoever opens the connection to the app keeps it within its span; the second finds it open.
        for _ in 0..2 {
            harness.get("/connections/demo/proxy/v1/tasks?q=in-the-proxy").await;
        }
    }
    .with_current_subscriber()
    .await;
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<&str> = text.lines().filter(|line| line.contains("membrane::server")).collect();
    let ours = ours.join("\n");
    assert!(ours.contains("route=\"/integrations\" status=200"), "{text}");
    assert!(ours.contains("route=\"/connections/{connectionId}/proxy/{*path}\" status=200"), "{ours}");
    for secret in [token.as_str(), "in-the-body", "in-the-query", "in-the-proxy", "taskly_demo_key"] {
        assert!(!ours.contains(secret), "{secret} in {ours}");
    }
    let spans: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("membrane::run: close") || line.contains("membrane::store: close"))
        .collect();
    let has = |parts: &[&str]| spans.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    let of_acme = ["run_id=\"", "customer=\"acme\"", "integration=\"", "connection=\"", "duration_ms="];
    for parts in [
        ["kind=\"action\" name=\"Echo\"", "status=\"success\""],
        ["kind=\"operation\" name=\"echo\"", "status=\"error\" error=\"internal\""],
        ["kind=\"connection-test\" name=\"connections.create\"", "error=\"access_token_expired\""],
    ] {
        assert!(has(&[parts.as_slice(), &of_acme].concat()), "{parts:?}: {spans:#?}");
    }
    assert!(has(&["kind=\"proxy\" run_id="]), "{spans:#?}");
    assert!(has(&["store{operation=\"store.write\"}"]), "{spans:#?}");
    let spans = spans.join("\n");
    for secret in [
        token.as_str(),
        "in-the-body",
        "in-the-input",
        "in-the-credentials",
        "in-the-query",
        "in-the-proxy",
        "taskly_demo_key",
    ] {
        assert!(!spans.contains(secret), "{secret} in {spans}");
    }
    assert!(!text.contains("in-the-credentials") && !text.contains("taskly_demo_key"), "{text}");
}
