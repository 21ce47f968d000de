//! The log of runs.

use std::sync::Arc;

use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{Requests, RunKind, RunQuery, RunRow, Scope, Store};

use super::world::{World, refused};

/// Equal to what was appended; a listing leaves the exchanges out.
pub async fn come_back_as_they_were(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let run = RunRow {
        integration: Some("i".into()),
        connection: Some("c".into()),
        actions: [Some("u".into()), None, Some("n".into())],
        is_success: false,
        requests: 7,
        requests_failed: 3,
        record: r#"{"input": "é\n"}"#.to_owned(),
        exchanges: r#"[{"request": "日本語"}]"#.to_owned(),
        ..world.run("1", "ann")
    };
    let bare = RunRow { exchanges: String::new(), ..world.run("2", "ann") };
    world.store.append_runs([run.clone(), bare.clone()].into()).await?;
    world.store.append_runs([].into()).await?;
    assert_eq!(world.store.run(&world.of("ann"), &"1".into()).await?.as_ref(), Some(&run));
    assert_eq!(world.store.run(&world.all(), &"2".into()).await?.as_ref(), Some(&bare));
    assert_eq!(world.store.run(&world.all(), &"3".into()).await?, None);
    let listed = world.store.runs(&world.all(), &RunQuery::default(), &Paging::default()).await?;
    assert_eq!(listed.items, [bare, RunRow { exchanges: String::new(), ..run }]);
    Ok(())
}

/// The first stays; the others of the list are appended.
pub async fn are_left_as_they_are_when_appended_again(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let first = world.run("1", "ann");
    world.store.append_runs([first.clone()].into()).await?;
    let again = RunRow {
        is_success: false,
        actions: [Some("u".into()), None, None],
        record: "again".to_owned(),
        exchanges: "again".to_owned(),
        ..first.clone()
    };
    world.store.append_runs([again, world.run("2", "ann")].into()).await?;
    assert_eq!(world.store.run(&world.all(), &"1".into()).await?, Some(first));
    assert!(world.store.run(&world.all(), &"2".into()).await?.is_some());
    let query = RunQuery { action: Some("u".into()), ..RunQuery::default() };
    assert!(found(&world, &world.all(), &query).await?.is_empty());
    Ok(())
}

/// A customer lists and reads the runs of its own only; the workspace those of all.
pub async fn are_the_customers_own(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.store.append_runs([world.run("1", "ann"), world.run("2", "bob")].into()).await?;
    let any = RunQuery::default();
    assert_eq!(found(&world, &world.of("ann"), &any).await?, ["1"]);
    assert_eq!(found(&world, &world.all(), &any).await?, ["2", "1"]);
    let bobs = RunQuery { customer: Some("bob".into()), ..any };
    assert_eq!(found(&world, &world.all(), &bobs).await?, ["2"]);
    assert!(found(&world, &world.of("ann"), &bobs).await?.is_empty());
    assert_eq!(world.store.run(&world.of("bob"), &"1".into()).await?, None);
    Ok(())
}

/// Newest first by id, in full pages, while new runs arrive.
pub async fn are_paged_newest_first(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let runs = ["3", "1", "5", "2", "4"].map(|id| world.run(id, "ann"));
    world.store.append_runs(runs.into()).await?;
    let mut paging = Paging { limit: Some(2), cursor: None };
    let mut ids = Vec::new();
    loop {
        let page = world.store.runs(&world.all(), &RunQuery::default(), &paging).await?;
        assert!(page.cursor.is_none() || page.items.len() == 2);
        ids.extend(page.items.iter().map(|run| run.id.to_string()));
        world.store.append_runs([world.run(&format!("9{}", ids.len()), "ann")].into()).await?;
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(ids, ["5", "4", "3", "2", "1"]);
    Ok(())
}

/// Each field that is set narrows; an action is found at any layer, and once.
pub async fn are_found_by_every_filter(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let base = world.run("1", "ann");
    let runs = [
        base.clone(),
        RunRow { id: "2".into(), integration: Some("i".into()), requests: 2, ..base.clone() },
        RunRow {
            id: "3".into(),
            connection: Some("c".into()),
            is_success: false,
            requests: 1,
            requests_failed: 1,
            ..base.clone()
        },
        RunRow { id: "4".into(), actions: [Some("a".into()), Some("b".into()), None], ..base.clone() },
        RunRow {
            id: "5".into(),
            actions: [None, Some("a".into()), Some("a".into())],
            requests: 3,
            requests_failed: 2,
            ..base.clone()
        },
        RunRow { id: "6".into(), actions: [None, None, Some("a".into())], is_success: false, ..base },
    ];
    world.store.append_runs(runs.into()).await?;
    let any = RunQuery::default();
    let sent = |requests| RunQuery { requests: Some(requests), ..RunQuery::default() };
    let cases: [(RunQuery, &[&str]); 11] = [
        (sent(Requests::Any), &["5", "3", "2"]),
        (sent(Requests::Failed), &["5", "3"]),
        (sent(Requests::Succeeded), &["5", "2"]),
        (any.clone(), &["6", "5", "4", "3", "2", "1"]),
        (RunQuery { integration: Some("i".into()), ..any.clone() }, &["2"]),
        (RunQuery { connection: Some("c".into()), ..any.clone() }, &["3"]),
        (RunQuery { is_success: Some(false), ..any.clone() }, &["6", "3"]),
        (RunQuery { is_success: Some(true), ..any.clone() }, &["5", "4", "2", "1"]),
        (RunQuery { action: Some("a".into()), ..any.clone() }, &["6", "5", "4"]),
        (RunQuery { action: Some("b".into()), ..any.clone() }, &["4"]),
        (RunQuery { action: Some("a".into()), is_success: Some(false), ..any }, &["6"]),
    ];
    for scope in [world.all(), world.of("ann")] {
        for (query, expected) in &cases {
            assert_eq!(found(&world, &scope, query).await?, *expected, "{query:?}");
        }
    }
    Ok(())
}

/// Of one kind or of all; the oldest or the newest first; with their exchanges where these are asked for.
pub async fn are_listed_by_kind_and_in_both_orders(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let runs: Vec<RunRow> = (1..=9)
        .map(|n| {
            let kind = [RunKind::Action, RunKind::Collection, RunKind::Proxy][n % 3];
            RunRow { kind, connection: Some("c".into()), ..world.run(&n.to_string(), "ann") }
        })
        .collect();
    world.store.append_runs(runs.into()).await?;
    let any = RunQuery { connection: Some("c".into()), ..RunQuery::default() };
    let oldest = RunQuery { oldest_first: true, ..any.clone() };
    let of = |kind| RunQuery { kind: Some(kind), ..any.clone() };
    let cases: [(RunQuery, &[&str]); 4] = [
        (any.clone(), &["9", "8", "7", "6", "5", "4", "3", "2", "1"]),
        (oldest.clone(), &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
        (of(RunKind::Collection), &["7", "4", "1"]),
        (of(RunKind::Operation), &[]),
    ];
    for (query, expected) in &cases {
        for scope in [world.all(), world.of("ann")] {
            assert_eq!(found(&world, &scope, query).await?, *expected, "{query:?}");
        }
    }
    for (query, expected) in [(&any, ["3", "2"]), (&oldest, ["5", "6"])] {
        let paging = Paging { limit: Some(2), cursor: Some("4".to_owned()) };
        let page = world.store.runs(&world.all(), query, &paging).await?;
        assert_eq!(page.items.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(page.cursor.as_deref(), Some(expected[1]));
        assert!(page.items.iter().all(|run| run.exchanges.is_empty()));
    }
    let whole = RunQuery { with_exchanges: true, ..any };
    let page = world.store.runs(&world.all(), &whole, &Paging::default()).await?;
    assert!(page.items.iter().all(|run| run.exchanges == "[]"));
    Ok(())
}

/// From a time on, up to but without another; times are compared as times, however they are written.
pub async fn are_found_by_time(store: Arc<dyn Store>) -> Result<()> {
    // Ids of the first and the second of November, and of a millisecond later.
    const IDS: [&str; 3] = [
        "01a19467-e800-7000-8000-000000000000",
        "01a1998e-4400-7000-8000-000000000000",
        "01a1998e-4401-7000-8000-000000000000",
    ];
    let world = World::new(store);
    let at = |n: usize, time: &str| RunRow {
        created_at: format!("2026-11-{time}Z"),
        actions: [Some("a".into()), None, None],
        ..world.run(IDS[n - 1], "ann")
    };
    let runs = [at(1, "01T00:00:00.000"), at(2, "02T00:00:00.000"), at(3, "02T00:00:00.001")];
    world.store.append_runs(runs.into()).await?;
    let day = |text: &str| Some(format!("2026-11-{text}"));
    let cases: [(Option<String>, Option<String>, &[usize]); 8] = [
        (None, None, &[3, 2, 1]),
        (day("02T00:00:00.000Z"), None, &[3, 2]),
        (day("02T00:00:00Z"), None, &[3, 2]),
        (day("02"), None, &[3, 2]),
        (day("02T02:00:00+02:00"), day("02T00:00:00.001Z"), &[2]),
        (None, day("02"), &[1]),
        (None, day("02T00:00:00.001Z"), &[2, 1]),
        (day("03"), None, &[]),
    ];
    for (from, to, expected) in cases {
        for action in [None, Some("a".into())] {
            let query = RunQuery { from: from.clone(), to: to.clone(), action, ..RunQuery::default() };
            let expected: Vec<&str> = expected.iter().map(|n| IDS[n - 1]).collect();
            assert_eq!(found(&world, &world.all(), &query).await?, expected, "{query:?}");
        }
    }
    let wrong = RunQuery { from: Some("yesterday".to_owned()), ..RunQuery::default() };
    refused(world.store.runs(&world.all(), &wrong, &Paging::default()).await, ErrorKind::InvalidInput);
    Ok(())
}

/// Of every workspace and kind those that began before a time, a limited number at once; no others.
pub async fn are_removed_once_they_are_old(store: Arc<dyn Store>) -> Result<()> {
    // Of the first milliseconds of 1970: no other behaviour has runs that old.
    let id = |ms: usize| format!("00000000-{ms:04x}-7000-8000-000000000000");
    let of = |world: &World, ms: usize, kind| RunRow { kind, ..world.run(&id(ms), "ann") };
    let (one, other) = (World::new(Arc::clone(&store)), World::new(store));
    let runs = [
        of(&one, 1, RunKind::Action),
        of(&one, 2, RunKind::Proxy),
        of(&one, 3, RunKind::Action),
        of(&other, 1, RunKind::Collection),
        of(&other, 2, RunKind::Action),
        of(&other, 4, RunKind::ConnectionTest),
    ];
    one.store.append_runs(runs.into()).await?;
    let before = "1970-01-01T00:00:00.003Z";
    let mut removed = Vec::new();
    for limit in [1, 2, 2, 2] {
        removed.push(one.store.remove_runs(before, limit).await?);
    }
    assert_eq!(removed, [1, 2, 1, 0]);
    let any = RunQuery::default();
    assert_eq!(found(&one, &one.all(), &any).await?, [id(3)]);
    assert_eq!(found(&other, &other.of("ann"), &any).await?, [id(4)]);
    assert_eq!(one.store.run(&one.all(), &id(1).into()).await?, None);
    assert_eq!(one.store.remove_runs("1970-01-01T02:00:00.005+02:00", 9).await?, 2);
    assert!(found(&one, &one.all(), &any).await?.is_empty());
    refused(one.store.remove_runs("long ago", 9).await, ErrorKind::InvalidInput);
    Ok(())
}

async fn found(world: &World, scope: &Scope, query: &RunQuery) -> Result<Vec<String>> {
    let page = world.store.runs(scope, query, &Paging::default()).await?;
    Ok(page.items.iter().map(|run| run.id.to_string()).collect())
}
