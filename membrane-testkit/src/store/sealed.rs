//! What is sealed of an element: versions, owners, rotation.

use std::collections::BTreeSet;
use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, Connection, Integration};
use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{SealedRow, Store, Write};

use super::world::{World, owned, refused, seal, sealed, shared, unique, unseal, update};

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

/// An element of the workspace's own has a record too: sealed, read, re-wrapped and removed in the same way.
pub async fn are_the_workspaces_own_too(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let all = world.all();
    world.store.write(&all, vec![Write::Insert(shared(Integration, "1")), seal("1", None, 1)]).await?;
    refused(world.seal(&all, "1", None, 1).await, ErrorKind::Concurrency);
    world.seal(&all, "1", None, 2).await?;
    assert_eq!(world.store.sealed(&all, &"1".into()).await?, Some(sealed(2)));
    let row = read_of(&world, "1", None).await?;
    let other = SealedRow { customer: Some("ann".into()), ..row.clone() };
    refused(world.store.rewrap(&other, "key-2", &[9]).await, ErrorKind::Concurrency);
    world.store.rewrap(&row, "key-2", &[9]).await?;
    assert_eq!(read_of(&world, "1", None).await?.sealed.key_id, "key-2");
    world.store.write(&all, vec![unseal("1", None)]).await?;
    assert_eq!(world.store.sealed(&all, &"1".into()).await?, None);
    Ok(())
}

/// Whoever read an older row loses with its list, although the version it seals is the next one.
pub async fn lose_to_a_revision_in_the_same_list(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let all = world.all();
    let row = shared(Integration, "1");
    world.store.write(&all, vec![Write::Insert(row.clone()), seal("1", None, 1)]).await?;
    let mut changed = row.clone();
    changed.revision = "r2".to_owned();
    world.store.write(&all, vec![update(&changed, "r1"), unseal("1", None)]).await?;
    changed.revision = "r3".to_owned();
    for late in [seal("1", None, 1), unseal("1", None)] {
        let writes = vec![update(&changed, "r1"), late];
        refused(world.store.write(&all, writes).await, ErrorKind::Concurrency);
    }
    assert_eq!(world.store.sealed(&all, &"1".into()).await?, None);
    Ok(())
}

/// Without such an element of this customer, or of the workspace's own, both seal and unseal are `NotFound`.
pub async fn belong_to_an_element_of_the_customer(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.connection("1", "ann").await?;
    world.insert(&owned(Action, "2", "ann")).await?;
    world.insert(&shared(Connection, "3")).await?;
    for scope in [world.all(), world.of("ann")] {
        for (element, customer) in [
            ("1", Some("bob")),
            ("1", None),
            ("2", Some("bob")),
            ("3", Some("ann")),
            ("4", Some("ann")),
            ("4", None),
        ] {
            refused(world.seal(&scope, element, customer, 1).await, ErrorKind::NotFound);
            let unseal = vec![unseal(element, customer)];
            refused(world.store.write(&scope, unseal).await, ErrorKind::NotFound);
        }
        world.store.write(&scope, vec![seal("2", "ann", 1), unseal("2", "ann")]).await?;
    }
    Ok(())
}

/// Unsealing removes the record, is no fault when there is none, and the count begins anew.
pub async fn come_and_go(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let ann = world.of("ann");
    world.connection("1", "ann").await?;
    world.store.write(&ann, vec![unseal("1", "ann")]).await?;
    world.seal(&ann, "1", "ann", 1).await?;
    world.seal(&ann, "1", "ann", 2).await?;
    world.store.write(&ann, vec![unseal("1", "ann")]).await?;
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
    let other = SealedRow { customer: Some("bob".into()), ..row.clone() };
    refused(world.store.rewrap(&other, "key-3", &[8]).await, ErrorKind::Concurrency);
    world.store.write(&world.all(), vec![unseal("1", "ann")]).await?;
    refused(world.store.rewrap(&row, "key-3", &[8]).await, ErrorKind::Concurrency);
    Ok(())
}

/// Every record under another key is met once, of all workspaces, while those already met are re-wrapped.
pub async fn listing_for_rotation_pages_over_other_keys(store: Arc<dyn Store>) -> Result<()> {
    let worlds = [World::new(store.clone()), World::new(store.clone())];
    let key = unique("key");
    let mut expected = BTreeSet::new();
    for world in &worlds {
        for (id, customer) in [("1", Some("ann")), ("2", Some("bob")), ("3", None)] {
            match customer {
                Some(customer) => world.connection(id, customer).await?,
                None => world.insert(&shared(Integration, id)).await?,
            }
            world.seal(&world.all(), id, customer, 1).await?;
            expected.insert((world.workspace.to_string(), id.to_owned(), customer.map(str::to_owned)));
        }
    }
    let mut met = BTreeSet::new();
    let mut paging = Paging { limit: Some(2), cursor: None };
    loop {
        let page = store.sealed_not_under(&key, &paging).await?;
        assert!(page.cursor.is_none() || page.items.len() == 2, "a page with a cursor is full");
        // A shared database may hold the records of others.
        for row in page.items.iter().filter(|row| worlds.iter().any(|w| w.workspace == row.workspace)) {
            assert_eq!(row.sealed, sealed(1));
            let customer = row.customer.as_ref().map(ToString::to_string);
            assert!(met.insert((row.workspace.to_string(), row.element.to_string(), customer)), "met twice");
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

async fn read(world: &World, element: &str) -> Result<SealedRow> {
    read_of(world, element, Some("ann")).await
}

async fn read_of(world: &World, element: &str, customer: Option<&str>) -> Result<SealedRow> {
    let sealed = world.store.sealed(&world.all(), &element.into()).await?;
    Ok(SealedRow {
        workspace: world.workspace.clone(),
        customer: customer.map(Into::into),
        element: element.into(),
        sealed: sealed.ok_or_else(|| membrane_core::Error::not_found("no sealed record"))?,
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
