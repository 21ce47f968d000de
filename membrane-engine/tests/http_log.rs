//! What the stack tells a subscriber, and what it does not.

#![allow(clippy::unwrap_used)]

mod http_support;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use membrane_core::connector::{ApiClient, ApiRequest};
use membrane_engine::http::Target;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::http_support::{KILL, Server, answer, open_stack};

/// Writes the events of the stack to a list.
struct Listener(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "membrane::http"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().name().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn one_event_a_request_without_secrets() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let _guard = tracing::subscriber::set_default(Listener(lines.clone()));
    let server = Server::script(vec![KILL.to_vec(), answer(200, &[], ""), KILL.to_vec()]).await;
    let target = Target::builder(server.url("/bot-s3cr3t-path"))
        .secret_header(http::header::AUTHORIZATION, "Bearer s3cr3t-token")
        .unwrap()
        .secret("s3cr3t-path")
        .limit_key("connection-1")
        .build()
        .unwrap();
    let client = open_stack().build().unwrap().client(Arc::new(target), None);
    client.send(ApiRequest::get("/ok").query("token", "s3cr3t-query")).await.unwrap();
    client.send(ApiRequest::post("/no?token=s3cr3t-query")).await.unwrap_err();

    let lines = lines.lock().unwrap();
    let names: Vec<_> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["http.retry", "http.request", "http.request"], "{lines:?}");
    for part in ["key=\"connection-1\"", "status=200", "attempts=2", "/bot-***/ok", "method=\"GET\""] {
        assert!(lines[1].contains(part), "{part}: {}", lines[1]);
    }
    assert!(lines[2].contains("error=\"unavailable\"") && lines[2].contains("attempts=1"), "{}", lines[2]);
    assert!(!lines.concat().contains("s3cr3t"), "{lines:?}");
}
