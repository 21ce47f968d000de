//! Sealed credentials: versions, owners, rotation.

use std::collections::BTreeSet;
use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, Connection};
use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{SealedRow, Store, Write};

use super::world::{World, owned, refused, sealed, shared, unique};

fn unseal(connection: &str, customer: &str) -> Vec<Write> {
    vec![Write::Unseal { connection: connection.into(), customer: customer.into() }]
}

/// The first version is 1, each next one more; any other is `Concurrency`.
pub async fn are_written_one_version_at_a_time(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let ann = world.of("ann");
    world.connection("1", "ann").await?;
    assert_eq!(world.store.sealed(&ann, &"1".into()).await?, None);
    for version in [0, 2, u64::MAX] {
        refused(world.seal(&ann, "1", "ann", version).await, ErrorKind::Concurrency);
    }
    for version in 1..=3 {
        world.seal(&ann, "1", "ann", version).await?;
        assert_eq!(world.store.sealed(&ann, &"1".into()).await?, Some(sealed(version)));
        for other in [version, version + 2, version - 1] {
            refused(world.seal(&ann, "1", "ann", other).await, ErrorKind::Concurrency);
        }
    }
    assert_eq!(world.store.sealed(&world.all(), &"1".into()).await?, Some(sealed(3)));
    Ok(())
}

/// Without such a connection of this customer, both seal and unseal are `NotFound`.
pub async fn belong_to_a_connection_of_the_customer(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.connection("1", "ann").await?;
    world.insert(&owned(Action, "2", "ann")).await?;
    world.insert(&shared(Connection, "3")).await?;
    for scope in [world.all(), world.of("ann")] {
        for (connection, customer) in [("1", "bob"), ("2", "ann"), ("3", "ann"), ("4", "ann")] {
            refused(world.seal(&scope, connection, customer, 1).await, ErrorKind::NotFound);
            refused(world.store.write(&scope, unseal(connection, customer)).await, ErrorKind::NotFound);
        }
    }
    Ok(())
}

/// Unsealing removes the record, is no fault when there is none, and the count begins anew.
pub async fn come_and_go(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let ann = world.of("ann");
    world.connection("1", "ann").await?;
    world.store.write(&ann, unseal("1", "ann")).await?;
    world.seal(&ann, "1", "ann", 1).await?;
    world.seal(&ann, "1", "ann", 2).await?;
    world.store.write(&ann, unseal("1", "ann")).await?;
    assert_eq!(world.store.sealed(&ann, &"1".into()).await?, None);
    refused(world.seal(&ann, "1", "ann", 3).await, ErrorKind::Concurrency);
    world.seal(&ann, "1", "ann", 1).await
}

/// The wrapped key and its key's id change; version and ciphertext stay.
pub async fn rewrap_changes_the_wrapped_key_only(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.connection("1", "ann").await?;
    world.seal(&world.all(), "1", "ann", 1).await?;
    let row = read(&world, "1").await?;
    world.store.rewrap(&row, "key-2", &[9, 9]).await?;
    let mut expected = sealed(1);
    expected.key_id = "key-2".to_owned();
    expected.wrapped_key = vec![9, 9];
    assert_eq!(world.store.sealed(&world.of("ann"), &"1".into()).await?, Some(expected));
    // The next version is counted from the one that stayed.
    world.seal(&world.all(), "1", "ann", 2).await
}

/// What was re-wrapped, sealed again or removed meanwhile is `Concurrency`, and stays.
pub async fn rewrap_loses_to_any_other_write(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.connection("1", "ann").await?;
    world.seal(&world.all(), "1", "ann", 1).await?;
    let row = read(&world, "1").await?;
    world.store.rewrap(&row, "key-2", &[9]).await?;
    refused(world.store.rewrap(&row, "key-3", &[8]).await, ErrorKind::Concurrency);

    let row = read(&world, "1").await?;
    assert_eq!(row.sealed.key_id, "key-2");
    world.seal(&world.all(), "1", "ann", 2).await?;
    refused(world.store.rewrap(&row, "key-3", &[8]).await, ErrorKind::Concurrency);
    assert_eq!(read(&world, "1").await?.sealed, sealed(2));

    let row = read(&world, "1").await?;
    let other = SealedRow { customer: "bob".into(), ..row.clone() };
    refused(world.store.rewrap(&other, "key-3", &[8]).await, ErrorKind::Concurrency);
    world.store.write(&world.all(), unseal("1", "ann")).await?;
    refused(world.store.rewrap(&row, "key-3", &[8]).await, ErrorKind::Concurrency);
    Ok(())
}

/// Every record under another key is met once, of all workspaces, while those already met are re-wrapped.
pub async fn listing_for_rotation_pages_over_other_keys(store: Arc<dyn Store>) -> Result<()> {
    let worlds = [World::new(store.clone()), World::new(store.clone())];
    let key = unique("key");
    let mut expected = BTreeSet::new();
    for world in &worlds {
        for id in ["1", "2", "3"] {
            world.connection(id, "ann").await?;
            world.seal(&world.all(), id, "ann", 1).await?;
            expected.insert((world.workspace.to_string(), id.to_owned()));
        }
    }
    let mut met = BTreeSet::new();
    let mut paging = Paging { limit: Some(2), cursor: None };
    loop {
        let page = store.sealed_not_under(&key, &paging).await?;
        assert!(page.cursor.is_none() || page.items.len() == 2, "a page with a cursor is full");
        // A shared database may hold the records of others.
        for row in page.items.iter().filter(|row| worlds.iter().any(|w| w.workspace == row.workspace)) {
            assert_eq!((&row.sealed, row.customer.as_str()), (&sealed(1), "ann"));
            assert!(met.insert((row.workspace.to_string(), row.connection.to_string())), "met twice");
            store.rewrap(row, &key, &[1]).await?;
        }
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(met, expected);
    for world in &worlds {
        assert_eq!(read_all(world, &key).await?.len(), 0);
    }
    Ok(())
}

async fn read(world: &World, connection: &str) -> Result<SealedRow> {
    let sealed = world.store.sealed(&world.all(), &connection.into()).await?;
    Ok(SealedRow {
        workspace: world.workspace.clone(),
        customer: "ann".into(),
        connection: connection.into(),
        sealed: sealed.ok_or_else(|| membrane_core::Error::not_found("no credentials"))?,
    })
}

async fn read_all(world: &World, key_id: &str) -> Result<Vec<SealedRow>> {
    let mut rows = Vec::new();
    let mut paging = Paging::default();
    loop {
        let page = world.store.sealed_not_under(key_id, &paging).await?;
        rows.extend(page.items.into_iter().filter(|row| row.workspace == world.workspace));
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => return Ok(rows),
        }
    }
}
