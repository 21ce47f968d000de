//! Many callers at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use membrane_core::element::ElementKind::Action;
use membrane_core::{Error, ErrorKind, Result, WorkspaceId};
use membrane_engine::store::{Query, Row, Store, Write};
use serde_json::json;
use tokio::task::JoinSet;

use super::world::{World, action, doc, refused, unique, update};

/// 200 callers add one to a row, each until it wins: every revision is won once, and none is lost.
pub async fn each_revision_is_won_once(store: Arc<dyn Store>) -> Result<()> {
    const CALLERS: u64 = 200;
    let world = Arc::new(World::new(store));
    world.insert(&Row { revision: "0".to_owned(), doc: doc(json!({"count": 0})), ..action("1") }).await?;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let world = world.clone();
        callers.spawn(async move { add_one(&world).await });
    }
    let mut won = BTreeSet::new();
    while let Some(revision) = callers.join_next().await {
        assert!(won.insert(joined(revision)?), "a revision was won twice");
    }
    assert_eq!(won, (1..=CALLERS).collect());
    let row = world.row(Action, "1").await?;
    assert_eq!(row.and_then(|row| row.doc["count"].as_u64()), Some(CALLERS));
    Ok(())
}

async fn add_one(world: &World) -> Result<u64> {
    loop {
        let row = world.row(Action, "1").await?.ok_or_else(|| Error::not_found("the row"))?;
        let count = row.doc["count"].as_u64().unwrap_or_default() + 1;
        let next = Row { revision: count.to_string(), doc: doc(json!({"count": count})), ..row.clone() };
        match world.store.write(&world.all(), vec![update(&next, &row.revision)]).await {
            Ok(()) => return Ok(count),
            Err(error) if error.kind() == ErrorKind::Concurrency => {}
            Err(error) => return Err(error),
        }
    }
}

/// Of many callers that write the same version, one wins and the others are told `Concurrency`.
pub async fn each_sealed_version_is_won_once(store: Arc<dyn Store>) -> Result<()> {
    let world = Arc::new(World::new(store));
    world.connection("1", "ann").await?;
    for version in 1..=5 {
        let mut callers = JoinSet::new();
        for _ in 0..20 {
            let world = world.clone();
            callers.spawn(async move { world.seal(&world.of("ann"), "1", "ann", version).await });
        }
        let mut won = 0;
        while let Some(outcome) = callers.join_next().await {
            match joined(outcome) {
                Ok(()) => won += 1,
                lost => refused(lost, ErrorKind::Concurrency),
            }
        }
        assert_eq!(won, 1);
    }
    Ok(())
}

/// Of many callers that insert the same key, one wins and the others are told `AlreadyExists`.
pub async fn a_key_is_taken_once(store: Arc<dyn Store>) -> Result<()> {
    let world = Arc::new(World::new(store));
    let mut callers = JoinSet::new();
    for n in 0..50 {
        let world = world.clone();
        let row = Row { key: Some("k".to_owned()), ..action(&format!("{n:02}")) };
        callers.spawn(async move { world.insert(&row).await });
    }
    let mut won = 0;
    while let Some(outcome) = callers.join_next().await {
        match joined(outcome) {
            Ok(()) => won += 1,
            lost => refused(lost, ErrorKind::AlreadyExists),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(world.found(&world.all(), &Query::default()).await?.len(), 1);
    Ok(())
}

/// Of many callers that want the same slot, one wins and the others are told `AlreadyExists`.
pub async fn a_slot_is_taken_once(store: Arc<dyn Store>) -> Result<()> {
    let world = Arc::new(World::new(store));
    let mut callers = JoinSet::new();
    for n in 0..50 {
        let world = world.clone();
        let row = Row { slot: Some("s".to_owned()), ..action(&format!("{n:02}")) };
        callers.spawn(async move { world.insert(&row).await });
    }
    let mut won = 0;
    while let Some(outcome) = callers.join_next().await {
        match joined(outcome) {
            Ok(()) => won += 1,
            lost => refused(lost, ErrorKind::AlreadyExists),
        }
    }
    assert_eq!(won, 1);
    Ok(())
}

/// Of many callers that make the same workspace, all get the same id.
pub async fn a_workspace_is_made_once(store: Arc<dyn Store>) -> Result<()> {
    let key = unique("key");
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let (store, key) = (store.clone(), key.clone());
        callers.spawn(async move { store.workspace(&key, &WorkspaceId::from(unique("id"))).await });
    }
    let mut ids = BTreeSet::new();
    while let Some(id) = callers.join_next().await {
        ids.insert(joined(id)?);
    }
    assert_eq!(ids.len(), 1);
    Ok(())
}

/// Half of many writes at once are refused: the other half is made in full.
pub async fn a_refused_write_does_not_touch_its_neighbours(store: Arc<dyn Store>) -> Result<()> {
    let world = Arc::new(World::new(store));
    world.insert(&action("taken")).await?;
    let mut callers = JoinSet::new();
    for n in 0..100 {
        let world = world.clone();
        callers.spawn(async move {
            let mut writes = vec![
                Write::Insert(action(&format!("{n:03}-a"))),
                Write::Insert(action(&format!("{n:03}-b"))),
            ];
            if n % 2 == 1 {
                writes.push(Write::Insert(action("taken")));
            }
            (n, world.store.write(&world.all(), writes).await)
        });
    }
    while let Some(outcome) = callers.join_next().await {
        let (n, outcome) = joined(outcome.map(Ok))?;
        match n % 2 {
            0 => outcome?,
            _ => refused(outcome, ErrorKind::AlreadyExists),
        }
    }
    let mut expected: Vec<_> =
        (0..100).step_by(2).flat_map(|n| [format!("{n:03}-a"), format!("{n:03}-b")]).collect();
    expected.push("taken".to_owned());
    assert_eq!(world.found(&world.all(), &Query::default()).await?, expected);
    Ok(())
}

/// A caller may stop waiting at any moment: its two rows are both there or both not.
pub async fn writes_of_callers_that_went_away_are_whole(store: Arc<dyn Store>) -> Result<()> {
    let world = Arc::new(World::new(store));
    let mut callers = JoinSet::new();
    for n in 0..200_u32 {
        let world = world.clone();
        callers.spawn(async move {
            let writes = vec![
                Write::Insert(action(&format!("{n:03}-a"))),
                Write::Insert(action(&format!("{n:03}-b"))),
            ];
            let patience = Duration::from_micros(u64::from(n) * 37);
            let outcome = tokio::time::timeout(patience, world.store.write(&world.all(), writes)).await;
            (n, matches!(outcome, Ok(Ok(()))))
        });
    }
    let mut acknowledged = BTreeSet::new();
    while let Some(outcome) = callers.join_next().await {
        let (n, done) = joined(outcome.map(Ok))?;
        if done {
            acknowledged.insert(n);
        }
    }
    // Whatever is still queued is written before this.
    world.insert(&action("last")).await?;
    let found: BTreeSet<_> = world.found(&world.all(), &Query::default()).await?.into_iter().collect();
    for n in 0..200 {
        let halves = [found.contains(&format!("{n:03}-a")), found.contains(&format!("{n:03}-b"))];
        assert_eq!(halves[0], halves[1], "half of {n} was written");
        assert!(halves[0] || !acknowledged.contains(&n), "{n} was acknowledged and is lost");
    }
    Ok(())
}

fn joined<T>(outcome: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    outcome.unwrap_or_else(|error| Err(Error::internal("a task of the suite panicked").with_source(error)))
}
