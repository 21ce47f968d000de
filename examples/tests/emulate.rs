//! The connectors against an emulator of the vendors' APIs. Started by `interop/run`, which sets
//! `MEMBRANE_EMULATE` to the emulator's first port; skipped without it.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;

use membrane_client::universal::{CreateTask, NewMessage, NewTask, SendMessage};
use membrane_client::{Client, CreateConnection, CustomerHandle};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use serde_json::json;

/// The port of one vendor, counted from the emulator's first.
fn address(offset: u16) -> Option<String> {
    let Ok(first) = std::env::var("MEMBRANE_EMULATE") else {
        println!("skipped: MEMBRANE_EMULATE is not set");
        return None;
    };
    let first: u16 = first.parse().expect("MEMBRANE_EMULATE is a port");
    Some(format!("http://localhost:{}", first + offset))
}

async fn customer() -> CustomerHandle {
    let engine = Engine::builder()
        .store(SqliteStore::memory().await.unwrap())
        .vault(KeyProvider::generate().unwrap())
        .connectors(membrane_connectors::all().unwrap())
        .dangerous()
        .allow_private_networks()
        .build()
        .await
        .unwrap();
    Client::in_process(engine).customer("acme")
}

async fn connect(customer: &CustomerHandle, app: &str, input: serde_json::Value, api: &str) {
    let mut connect = CreateConnection::new(app, input);
    connect.connector_parameters = Some(json!({ "apiUri": api }));
    customer.connect_with(connect).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_lists_every_issue_it_created_once() {
    let Some(api) = address(1) else { return };
    let acme = customer().await;
    connect(&acme, "github", json!({"token": "any"}), &api).await;
    let github = acme.connection("github");
    let me = github.proxy(http::Method::GET, "/user", None).await.unwrap().json().unwrap();
    let (owner, repo) =
        (me["login"].as_str().unwrap().to_owned(), format!("membrane-{}", std::process::id()));
    let made = github.proxy(http::Method::POST, "/user/repos", Some(&json!({ "name": repo }))).await.unwrap();
    assert_eq!(made.status, 201);
    let issues = github.collection("issues").parameters(json!({"owner": owner, "repo": repo}));
    // With those of the action more than one page holds.
    let http = reqwest::Client::new();
    for n in 0..75 {
        let post = http.post(format!("{api}/repos/{owner}/{repo}/issues")).bearer_auth("any");
        let body = json!({"title": format!("before {n}")}).to_string();
        post.header("content-type", "application/json").body(body).send().await.unwrap();
    }
    let before: BTreeSet<String> =
        issues.list().all().await.unwrap().into_iter().map(|record| record.id).collect();
    let mut created = BTreeSet::new();
    for n in 0..35 {
        let task = NewTask {
            title: format!("Issue {n}"),
            project: Some(format!("{owner}/{repo}")),
            ..NewTask::default()
        };
        created.insert(github.run_typed::<CreateTask>(&task).await.unwrap().id);
    }
    assert_eq!(created.len(), 35);
    let mut listed = Vec::new();
    let (mut cursor, mut pages) = (None, 0);
    loop {
        let page = issues.list().filter(json!({"state": "open"})).page(cursor.as_deref()).await.unwrap();
        pages += 1;
        listed.extend(page.records.into_iter().map(|record| record.id));
        match page.cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert!(pages > 1, "one page held it all");
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "none twice");
    let new: BTreeSet<String> = once.difference(&before).cloned().collect();
    assert_eq!(new.len(), 35, "none missing");
    println!("35 issues created, {} listed over {pages} page(s), none missing, none twice", listed.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slack_reads_back_what_it_posted_over_pages() {
    let Some(api) = address(3) else { return };
    let acme = customer().await;
    connect(&acme, "slack", json!({"token": "xoxb-any"}), &format!("{api}/api")).await;
    let slack = acme.connection("slack");
    let channels = slack.collection("channels").list().all().await.unwrap();
    let channel = channels.first().expect("a channel").id.clone();
    let mut sent = BTreeSet::new();
    // More than one page holds, written past our own rate limit.
    let http = reqwest::Client::new();
    for n in 0..210 {
        let body = json!({"channel": channel, "text": format!("before {n}")}).to_string();
        let post = http.post(format!("{api}/api/chat.postMessage")).bearer_auth("xoxb-any");
        post.header("content-type", "application/json").body(body).send().await.unwrap();
    }
    for n in 0..5 {
        let message = NewMessage { channel: channel.clone(), text: format!("hello {n}"), thread: None };
        sent.insert(slack.run_typed::<SendMessage>(&message).await.unwrap().id);
    }
    let messages = slack.collection("messages").parameters(json!({"channel": channel}));
    let first = messages.list().page(None).await.unwrap();
    assert!(first.cursor.is_some(), "one page held it all");
    let found: Vec<String> =
        messages.list().all().await.unwrap().into_iter().map(|record| record.id).collect();
    let once: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(once.len(), found.len(), "none twice");
    assert!(sent.is_subset(&once), "sent {sent:?}, read {once:?}");
    println!("{} messages posted, all among {} read back over pages", sent.len(), found.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linear_creates_an_issue_through_the_action_github_has_too() {
    let Some(api) = address(12) else { return };
    let acme = customer().await;
    connect(&acme, "linear", json!({"apiKey": "lin_api_any"}), &api).await;
    let linear = acme.connection("linear");
    let task =
        NewTask { title: "Through one action".into(), project: Some("ENG".into()), ..NewTask::default() };
    let made = linear.run_typed::<CreateTask>(&task).await.unwrap();
    let issues = linear.collection("issues").list().all().await.unwrap();
    let found = issues.iter().find(|issue| issue.id == made.id).expect("the issue is listed");
    assert_eq!(found.fields["title"], json!("Through one action"));
    println!("Linear issue {} created and listed", made.name.unwrap_or(made.id));
}
