//! Several processes on one database file, and processes that die while they write.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod store_support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use membrane_core::element::ElementKind::{Action, Connection};
use membrane_core::{ErrorKind, Paging};
use membrane_engine::store::{Query, Row, RunKind, RunQuery, RunRow, Sealed, SqliteStore, Store, Write};
use serde_json::{Map, json};

use crate::store_support::{CREATED_AT, row, scope};

const FILE: &str = "MEMBRANE_TEST_FILE";
const NAME: &str = "MEMBRANE_TEST_NAME";

/// Writes of one process; four kinds in turn.
const WRITES: u64 = 10_000;
const CALLERS: u64 = 64;
/// Additions to the row both processes fight for, among the writes.
const ADDITIONS: u64 = 250;

fn action(id: String) -> Row {
    let doc = Map::from_iter([("text".to_owned(), json!("x".repeat(200)))]);
    Row { doc, ..row(Action, id) }
}

fn run(id: String) -> RunRow {
    RunRow {
        id: id.into(),
        workspace: "w".into(),
        customer: "ann".into(),
        integration: None,
        connection: None,
        kind: RunKind::Action,
        actions: [Some("a".into()), None, None],
        is_success: true,
        created_at: CREATED_AT.to_owned(),
        requests: 0,
        requests_failed: 0,
        record: "{}".to_owned(),
        exchanges: "[]".to_owned(),
    }
}

fn sealed(version: u64) -> Sealed {
    Sealed { key_id: "k".to_owned(), wrapped_key: vec![1; 60], ciphertext: vec![2; 100], version }
}

fn child(test: &str, file: &Path, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--quiet"])
        .env(FILE, file)
        .env(NAME, name)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the parent told this process; `None` when somebody runs the ignored tests by hand.
fn told() -> Option<(PathBuf, String)> {
    Some((std::env::var_os(FILE)?.into(), std::env::var(NAME).ok()?))
}

async fn count(store: &SqliteStore, kind: membrane_core::element::ElementKind) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut paging = Paging { limit: Some(1000), cursor: None };
    loop {
        let page = store.rows(&scope(), kind, &Query::default(), &paging).await.unwrap();
        for row in page.items {
            assert!(ids.insert(row.id.to_string()));
        }
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => return ids,
        }
    }
}

// ===== two processes =====

#[tokio::test]
async fn two_processes_write_20_000_times_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("membrane.db");
    let started = Instant::now();
    // Neither finds a database: they race to make it.
    let children = ["a", "b"].map(|name| child("writes_10_000_times", &file, name));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let took = started.elapsed();

    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(count(&store, Connection).await.len() as u64, 2 * WRITES / 4);
    // Inserted by two kinds of write, and the row they fought for.
    assert_eq!(count(&store, Action).await.len() as u64, 2 * WRITES / 4 + 1);
    let fought_for = store.row(&scope(), Action, &"shared".into()).await.unwrap().unwrap();
    assert_eq!(fought_for.revision, (2 * ADDITIONS).to_string());
    let mut sealed = 0;
    let mut paging = Paging { limit: Some(1000), cursor: None };
    loop {
        let page = store.sealed_not_under("", &paging).await.unwrap();
        sealed += page.items.len() as u64;
        let Some(cursor) = page.cursor else { break };
        paging.cursor = Some(cursor);
    }
    assert_eq!(sealed, 2 * WRITES / 4);
    let mut runs = 0;
    let mut paging = Paging { limit: Some(1000), cursor: None };
    loop {
        let page = store.runs(&scope(), &RunQuery::default(), &paging).await.unwrap();
        runs += page.items.len() as u64;
        let Some(cursor) = page.cursor else { break };
        paging.cursor = Some(cursor);
    }
    assert_eq!(runs, 2 * WRITES / 4);
    println!("20,000 writes and {} contested ones by two processes: {took:?}", 2 * ADDITIONS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the test above"]
async fn writes_10_000_times() {
    let Some((file, name)) = told() else { return };
    let store = Arc::new(SqliteStore::open(file).await.unwrap());
    let shared = Row { revision: "0".to_owned(), ..action("shared".to_owned()) };
    match store.write(&scope(), vec![Write::Insert(shared)]).await {
        Ok(()) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}"),
    }
    let callers = (0..CALLERS).map(|caller| {
        let (store, name) = (store.clone(), name.clone());
        tokio::spawn(async move {
            for n in (caller..WRITES).step_by(usize::try_from(CALLERS).unwrap()) {
                write(&store, &name, n).await;
                if n % (WRITES / ADDITIONS) == 0 {
                    add_one(&store).await;
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    store.close().await;
}

/// One of: a connection, its credentials, an action with a change of it, a run.
async fn write(store: &SqliteStore, name: &str, n: u64) {
    let id = format!("{name}-{n:06}");
    let connection = row(Connection, format!("{name}-c-{:06}", n / 4));
    match n % 4 {
        // The seal that belongs to it may be written by another caller first, so both bring the row.
        0 | 1 => {
            let insert = store.write(&scope(), vec![Write::Insert(connection.clone())]).await;
            assert!(
                insert.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::AlreadyExists),
                "{insert:?}"
            );
            if n % 4 == 1 {
                let seal =
                    Write::Seal { element: connection.id, customer: Some("ann".into()), sealed: sealed(1) };
                store.write(&scope(), vec![seal]).await.unwrap();
            }
        }
        2 => {
            let changed = Row { revision: "2".to_owned(), ..action(id.clone()) };
            let update = Write::Update { row: changed, expected: "1".to_owned() };
            store.write(&scope(), vec![Write::Insert(action(id.clone())), update]).await.unwrap();
            let read = store.row(&scope(), Action, &id.into()).await.unwrap().unwrap();
            assert_eq!(read.revision, "2", "a write is not seen by the read after it");
        }
        _ => store.append_runs([run(id)].into()).await.unwrap(),
    }
}

async fn add_one(store: &SqliteStore) {
    loop {
        let row = store.row(&scope(), Action, &"shared".into()).await.unwrap().unwrap();
        let next = row.revision.parse::<u64>().unwrap() + 1;
        let update =
            Write::Update { row: Row { revision: next.to_string(), ..row.clone() }, expected: row.revision };
        match store.write(&scope(), vec![update]).await {
            Ok(()) => return,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Concurrency, "{error:?}"),
        }
    }
}

// ===== a process that dies =====

#[tokio::test]
async fn a_killed_process_loses_nothing_it_acknowledged() {
    const ROUNDS: u32 = 6;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("membrane.db");
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = child("writes_until_it_is_killed", &file, &round.to_string());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 60 + usize::try_from(round).unwrap() * 83;
        let mut seen = 0;
        for line in lines {
            // The last line may be cut off: it was not acknowledged to anybody.
            let Ok(line) = line else { break };
            let Some(id) = line.strip_prefix("written ").and_then(|id| id.strip_suffix('.')) else {
                continue;
            };
            assert!(acknowledged.insert(id.to_owned()));
            seen += 1;
            if seen == wanted {
                // SIGKILL; the lines that are in the pipe still count.
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success(), "it was killed");
        assert!(seen >= wanted);
    }

    let store = SqliteStore::open(&file).await.unwrap();
    let found = count(&store, Action).await;
    for id in &acknowledged {
        assert!(found.contains(&format!("{id}-a")), "{id} was acknowledged and is lost");
    }
    let mut whole = 0;
    for id in &found {
        let half = id.strip_suffix("-a").or_else(|| id.strip_suffix("-b")).unwrap();
        assert!(
            found.contains(&format!("{half}-a")) && found.contains(&format!("{half}-b")),
            "half of {half}"
        );
        let run = store.run(&scope(), &half.into()).await.unwrap();
        // The run is a call of its own, made before the acknowledgement.
        assert!(run.is_some() || !acknowledged.contains(half));
        whole += 1;
    }
    println!("{ROUNDS} kills: {} acknowledged, {} pairs found whole", acknowledged.len(), whole / 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the test above"]
async fn writes_until_it_is_killed() {
    let Some((file, name)) = told() else { return };
    let store = Arc::new(SqliteStore::open(file).await.unwrap());
    let callers = (0..16).map(|caller| {
        let (store, name) = (store.clone(), name.clone());
        tokio::spawn(async move {
            let end = Instant::now() + Duration::from_secs(60);
            for n in 0.. {
                let id = format!("{name}-{caller}-{n}");
                let pair = ["a", "b"].map(|half| Write::Insert(action(format!("{id}-{half}"))));
                store.write(&scope(), pair.to_vec()).await.unwrap();
                store.append_runs([run(id.clone())].into()).await.unwrap();
                writeln!(std::io::stdout(), "written {id}.").unwrap();
                assert!(Instant::now() < end, "nobody killed this process");
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
