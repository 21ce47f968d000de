//! Ids, keys and slots that are taken.

use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, Integration};
use membrane_core::{ErrorKind, Result};
use membrane_engine::store::{Query, Row, Store, Write};

use super::world::{World, action, owned, refused, shared, update};

fn keyed(id: &str) -> Row {
    Row { key: Some("k".to_owned()), ..action(id) }
}

/// An id is taken for every kind and customer of the workspace, also when its row is archived.
pub async fn ids_are_unique_in_the_workspace(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let archived = Row { archived_at: Some("2026-11-02T00:00:00.000Z".to_owned()), ..action("1") };
    world.insert(&archived).await?;
    for row in [action("1"), shared(Integration, "1"), owned(Action, "1", "ann")] {
        refused(world.insert(&row).await, ErrorKind::AlreadyExists);
    }
    assert_eq!(world.row(Action, "1").await?, Some(archived));
    Ok(())
}

/// A key is taken once per kind, customer, integration, connection and instance key; absent parts are
/// equal to one another.
pub async fn are_unique_in_their_place(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let places = [
        keyed("1"),
        Row { key: Some("K".to_owned()), ..action("2") },
        Row { kind: Integration, ..keyed("3") },
        Row { customer: Some("ann".into()), ..keyed("4") },
        Row { customer: Some("bob".into()), ..keyed("5") },
        Row { integration: Some("i".into()), ..keyed("6") },
        Row { connection: Some("c".into()), ..keyed("7") },
        Row { integration: Some("i".into()), connection: Some("c".into()), ..keyed("8") },
        Row { instance_key: Some("second".to_owned()), ..keyed("9") },
    ];
    for row in &places {
        world.insert(row).await?;
    }
    for row in &places {
        let twin = Row { id: format!("{}-twin", row.id).into(), parent: Some("other".into()), ..row.clone() };
        refused(world.insert(&twin).await, ErrorKind::AlreadyExists);
    }
    Ok(())
}

/// Rows without a key never stand in each other's way.
pub async fn may_be_absent(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&action("1")).await?;
    world.insert(&action("2")).await?;
    assert_eq!(world.found(&world.all(), &Query::default()).await?, ["1", "2"]);
    Ok(())
}

/// An archived row leaves its key to others, and cannot come back while one has it.
pub async fn are_free_once_archived(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&keyed("1")).await?;
    let archived_at = Some("2026-11-02T00:00:00.000Z".to_owned());
    let archived = Row { archived_at, revision: "r2".to_owned(), ..keyed("1") };
    // In one list: the key is free for the second change already.
    let swap = vec![update(&archived, "r1"), Write::Insert(keyed("2"))];
    world.store.write(&world.all(), swap).await?;
    let back = Row { revision: "r3".to_owned(), ..keyed("1") };
    refused(world.store.write(&world.all(), vec![update(&back, "r2")]).await, ErrorKind::AlreadyExists);
    world.insert(&Row { archived_at: archived.archived_at.clone(), ..keyed("3") }).await?;
    let query = Query { key: Some("k".to_owned()), ..Query::default() };
    assert_eq!(world.found(&world.all(), &query).await?, ["2"]);
    let query = Query { include_archived: true, ..query };
    assert_eq!(world.found(&world.all(), &query).await?, ["1", "2", "3"]);
    Ok(())
}

/// A rename to a key that is taken is `AlreadyExists`; a row may keep its own.
pub async fn may_not_be_taken_by_an_update(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&keyed("1")).await?;
    world.insert(&action("2")).await?;
    let renamed = Row { revision: "r2".to_owned(), ..keyed("2") };
    refused(world.store.write(&world.all(), vec![update(&renamed, "r1")]).await, ErrorKind::AlreadyExists);
    // The revision is looked at first: who lost a race reads again before anything else.
    refused(world.store.write(&world.all(), vec![update(&renamed, "r0")]).await, ErrorKind::Concurrency);
    let same = Row { revision: "r2".to_owned(), ..keyed("1") };
    world.store.write(&world.all(), vec![update(&same, "r1")]).await
}

/// A slot is had by one row of a kind and customer, wherever else it is; an archived one leaves it.
pub async fn a_slot_has_one_row(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let seated = |id: &str| Row { slot: Some("s".to_owned()), ..action(id) };
    for row in [
        seated("1"),
        Row { slot: Some("S".to_owned()), ..action("2") },
        Row { kind: Integration, ..seated("3") },
        Row { customer: Some("ann".into()), ..seated("4") },
        Row { customer: Some("bob".into()), ..seated("5") },
        action("6"),
        action("7"),
    ] {
        world.insert(&row).await?;
    }
    let elsewhere = Row { key: Some("k".to_owned()), integration: Some("i".into()), ..seated("8") };
    refused(world.insert(&elsewhere).await, ErrorKind::AlreadyExists);
    let taken = Row { revision: "r2".to_owned(), ..seated("6") };
    refused(world.store.write(&world.all(), vec![update(&taken, "r1")]).await, ErrorKind::AlreadyExists);
    let archived_at = Some("2026-11-02T00:00:00.000Z".to_owned());
    let archived = Row { archived_at, revision: "r2".to_owned(), ..seated("1") };
    let swap = vec![update(&archived, "r1"), update(&taken, "r1")];
    world.store.write(&world.all(), swap).await?;
    let back = Row { revision: "r3".to_owned(), ..seated("1") };
    refused(world.store.write(&world.all(), vec![update(&back, "r2")]).await, ErrorKind::AlreadyExists);
    let elsewhere = Row { slot: None, ..back };
    world.store.write(&world.all(), vec![update(&elsewhere, "r2")]).await
}
