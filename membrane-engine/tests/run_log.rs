//! The log of runs: what its lists show of many runs, and where their cursors lead.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use membrane_core::WorkspaceId;
use membrane_core::op::{ListActionRuns, ListApiLogs, SortOrder};
use membrane_engine::Engine;
use membrane_engine::store::{RunKind, RunRow, SqliteStore, Store};
use membrane_engine::vault::KeyProvider;
use serde_json::json;

async fn engine(store: impl Store) -> Engine {
    let builder = Engine::builder().store(store).vault(KeyProvider::generate().unwrap());
    // The runs of these tests are of some time ago.
    builder.keep_runs_for(None).build().await.unwrap()
}

/// A run of the second `n` of a day, with one exchange of each of these statuses.
fn run(workspace: &WorkspaceId, n: usize, statuses: &[u16]) -> RunRow {
    let created_at = format!("2026-11-01T{:02}:{:02}:{:02}.000Z", n / 3600, n / 60 % 60, n % 60);
    let exchanges = statuses.iter().map(|status| {
        json!({
            "request": {"method": "GET", "url": "https://api.example.com", "headers": {}},
            "response": {"status": status, "headers": {}},
            "startedAt": created_at,
            "durationMs": 1,
        })
    });
    RunRow {
        id: format!("019a0000-0000-7000-8000-{n:012x}").as_str().into(),
        kind: RunKind::ALL[n % RunKind::ALL.len()],
        workspace: workspace.clone(),
        customer: "c".into(),
        integration: None,
        connection: None,
        actions: [None, None, None],
        is_success: true,
        requests: u32::try_from(statuses.len()).unwrap(),
        requests_failed: u32::try_from(statuses.iter().filter(|status| **status >= 300).count()).unwrap(),
        record: r#"{"name": "x", "duration": 1}"#.to_owned(),
        exchanges: serde_json::Value::from_iter(exchanges).to_string(),
        created_at,
    }
}

#[tokio::test]
async fn pages_of_requests_are_full_however_rare_the_requests_are() {
    let store = SqliteStore::memory().await.unwrap();
    let workspace = store.workspace("default", &"w".into()).await.unwrap();
    let runs = (0..2500).map(|n| match n {
        3 => run(&workspace, n, &[500, 200, 500]),
        1200 | 2400 => run(&workspace, n, &[404]),
        n if n % 2 == 0 => run(&workspace, n, &[200]),
        n => run(&workspace, n, &[]),
    });
    store.append_runs(runs.collect::<Vec<_>>().into()).await.unwrap();
    let engine = engine(store).await;
    for (is_success, count) in [(Some(false), 4), (Some(true), 1249), (None, 1253)] {
        for (limit, order) in [(3, SortOrder::Asc), (3, SortOrder::Desc), (100, SortOrder::Asc)] {
            let mut query = ListApiLogs::default();
            (query.is_success, query.paging.limit, query.sort_order) = (is_success, Some(limit), Some(order));
            let mut seen = Vec::new();
            loop {
                let page = engine.call(&engine.manager(), query.clone()).await.unwrap();
                assert!(page.cursor.is_none() || page.items.len() == limit as usize, "a short page");
                assert!(
                    page.items.iter().all(|item| is_success.is_none_or(|wanted| item.is_success == wanted))
                );
                seen.extend(page.items.into_iter().map(|item| item.id));
                match page.cursor {
                    Some(cursor) => query.paging.cursor = Some(cursor),
                    None => break,
                }
            }
            assert_eq!(seen.len(), count, "{is_success:?} {limit} {order:?}");
            let mut unique = seen.clone();
            unique.sort();
            unique.dedup();
            assert_eq!(unique.len(), count, "none twice");
        }
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_cursor_of_one_list_is_no_cursor_of_another() {
    let store = SqliteStore::memory().await.unwrap();
    let workspace = store.workspace("default", &"w".into()).await.unwrap();
    let runs: Vec<RunRow> = (0..40).map(|n| run(&workspace, n, &[200])).collect();
    store.append_runs(runs.into()).await.unwrap();
    let engine = engine(store).await;
    let manager = engine.manager();
    let mut requests = ListApiLogs::default();
    requests.paging.limit = Some(2);
    let of_requests = engine.call(&manager, requests.clone()).await.unwrap().cursor.unwrap();
    let mut actions = ListActionRuns::default();
    actions.paging.limit = Some(2);
    let of_actions = engine.call(&manager, actions.clone()).await.unwrap().cursor.unwrap();
    let strange =
        ["x.1", "..", ".", "019a0000-0000-7000-8000-000000000001.-1", "0.0", ".1", " .1", "\u{0}", "é.1"];
    for cursor in strange.iter().copied().chain([of_actions.as_str()]) {
        requests.paging.cursor = Some(cursor.to_owned());
        let error = engine.call(&manager, requests.clone()).await.unwrap_err();
        assert_eq!(error.context_value("field"), Some("cursor"), "{cursor}: {error}");
    }
    for cursor in strange.iter().copied().chain([of_requests.as_str()]) {
        actions.paging.cursor = Some(cursor.to_owned());
        let error = engine.call(&manager, actions.clone()).await.unwrap_err();
        assert_eq!(error.context_value("field"), Some("cursor"), "{cursor}: {error}");
    }
    // A run that is gone, or never was, is a place all the same.
    requests.paging.cursor = Some("019a0000-0000-7000-8000-00000000ffff.7".to_owned());
    assert_eq!(engine.call(&manager, requests).await.unwrap().items.len(), 2);
    engine.shutdown().await;
}

/// Runs that began this many days ago.
fn aged(workspace: &WorkspaceId, days: u64, count: usize) -> impl Iterator<Item = RunRow> {
    let began = SystemTime::now() - Duration::from_secs(days * 86_400);
    let ms = format!("{:012x}", began.duration_since(UNIX_EPOCH).unwrap().as_millis());
    let (high, low) = ms.split_at(8);
    let prefix = format!("{high}-{low}-7000-8000");
    (0..count).map(move |n| RunRow {
        id: format!("{prefix}-{n:012x}").as_str().into(),
        kind: RunKind::Action,
        ..run(workspace, n, &[])
    })
}

#[tokio::test]
async fn runs_go_once_they_are_older_than_they_are_kept() {
    let store = SqliteStore::memory().await.unwrap();
    let workspace = store.workspace("default", &"w".into()).await.unwrap();
    let (old, young) = (aged(&workspace, 8, 1300), aged(&workspace, 6, 3));
    store.append_runs(old.chain(young).collect::<Vec<_>>().into()).await.unwrap();
    let mut query = ListActionRuns::default();
    query.paging.limit = Some(1000);

    let keeping = engine(store.clone()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let kept = keeping.call(&keeping.manager(), query.clone()).await.unwrap();
    assert!(kept.cursor.is_some(), "for ever is for ever");

    let week = Duration::from_secs(7 * 86_400);
    let builder = Engine::builder().store(store).vault(KeyProvider::generate().unwrap());
    let engine = builder.keep_runs_for(week).build().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let left = loop {
        let left = engine.call(&engine.manager(), query.clone()).await.unwrap().items.len();
        if left == 3 || Instant::now() > deadline {
            break left;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(left, 3);
    engine.shutdown().await;
}
