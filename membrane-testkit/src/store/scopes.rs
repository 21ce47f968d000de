//! Whose rows a call sees and changes.

use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, Connection, Integration};
use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{Query, RunQuery, Store, Write};

use super::world::{World, action, owned, refused, seal, sealed, shared, unseal, update};

/// Sees the workspace's own rows and its own, by id and in listings; nothing of another customer.
pub async fn a_customer_sees_own_rows_and_the_workspaces(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let (ann, bob) = (world.of("ann"), world.of("bob"));
    for row in [action("1"), owned(Action, "2", "ann"), owned(Action, "3", "bob")] {
        world.insert(&row).await?;
    }
    world.connection("4", "ann").await?;
    world.seal(&ann, "4", "ann", 1).await?;
    world.store.append_runs([world.run("5", "ann")].into()).await?;

    assert_eq!(world.found(&ann, &Query::default()).await?, ["1", "2"]);
    assert_eq!(world.found(&bob, &Query::default()).await?, ["1", "3"]);
    assert_eq!(world.found(&world.of("new"), &Query::default()).await?, ["1"]);
    let anns = Query { customer: Some("ann".into()), ..Query::default() };
    assert_eq!(world.found(&ann, &anns).await?, ["2"]);
    assert!(world.found(&bob, &anns).await?.is_empty());

    assert!(world.store.row(&ann, Action, &"1".into()).await?.is_some());
    assert!(world.store.row(&ann, Action, &"2".into()).await?.is_some());
    assert_eq!(world.store.row(&bob, Action, &"2".into()).await?, None);
    assert_eq!(world.store.row(&ann, Connection, &"2".into()).await?, None, "the kind is another");

    assert_eq!(world.store.sealed(&ann, &"4".into()).await?, Some(sealed(1)));
    assert_eq!(world.store.sealed(&bob, &"4".into()).await?, None);
    assert!(world.store.run(&ann, &"5".into()).await?.is_some());
    assert_eq!(world.store.run(&bob, &"5".into()).await?, None);
    let runs = world.store.runs(&bob, &RunQuery::default(), &Paging::default()).await?;
    assert!(runs.items.is_empty());
    Ok(())
}

/// Gets `AccessDenied` for a row of the workspace's own, which stays as it was.
pub async fn a_customer_cannot_write_the_workspaces_rows(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let ann = world.of("ann");
    let row = action("1");
    refused(world.store.write(&ann, vec![Write::Insert(row.clone())]).await, ErrorKind::AccessDenied);
    world.insert(&row).await?;
    let mut changed = row.clone();
    changed.revision = "r2".to_owned();
    refused(world.store.write(&ann, vec![update(&changed, "r1")]).await, ErrorKind::AccessDenied);
    changed.customer = Some("ann".into());
    refused(world.store.write(&ann, vec![update(&changed, "r1")]).await, ErrorKind::AccessDenied);
    assert_eq!(world.row(Action, "1").await?, Some(row));
    Ok(())
}

/// Reads no record of the workspace's own, although it sees the row, and changes none: `AccessDenied`.
pub async fn a_customer_cannot_reach_what_is_sealed_of_the_workspace(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let ann = world.of("ann");
    world.insert(&shared(Integration, "1")).await?;
    world.insert(&shared(Integration, "2")).await?;
    world.seal(&world.all(), "1", None, 1).await?;
    assert!(world.store.row(&ann, Integration, &"1".into()).await?.is_some());
    assert_eq!(world.store.sealed(&ann, &"1".into()).await?, None);
    for write in [seal("1", None, 2), unseal("1", None), seal("2", None, 1), unseal("2", None)] {
        refused(world.store.write(&ann, vec![write]).await, ErrorKind::AccessDenied);
    }
    for write in [seal("1", "ann", 2), unseal("1", "ann"), seal("3", None, 1), unseal("3", None)] {
        refused(world.store.write(&ann, vec![write]).await, ErrorKind::NotFound);
    }
    assert_eq!(world.store.sealed(&world.all(), &"1".into()).await?, Some(sealed(1)));
    assert_eq!(world.store.sealed(&world.all(), &"2".into()).await?, None);
    Ok(())
}

/// Gets `NotFound` for a row of another customer, never `AccessDenied`, which would say that it is there.
pub async fn a_customer_cannot_write_another_customers_rows(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let bob = world.of("bob");
    let row = owned(Connection, "1", "ann");
    refused(world.store.write(&bob, vec![Write::Insert(row.clone())]).await, ErrorKind::NotFound);
    world.insert(&row).await?;
    world.seal(&world.of("ann"), "1", "ann", 1).await?;

    let mut changed = row.clone();
    changed.revision = "r2".to_owned();
    refused(world.store.write(&bob, vec![update(&changed, "r1")]).await, ErrorKind::NotFound);
    refused(world.store.write(&bob, vec![update(&changed, "r0")]).await, ErrorKind::NotFound);
    changed.customer = Some("bob".into());
    refused(world.store.write(&bob, vec![update(&changed, "r1")]).await, ErrorKind::NotFound);
    for customer in ["ann", "bob"] {
        refused(world.seal(&bob, "1", customer, 2).await, ErrorKind::NotFound);
        refused(world.store.write(&bob, vec![unseal("1", customer)]).await, ErrorKind::NotFound);
    }
    assert_eq!(world.row(Connection, "1").await?, Some(row));
    assert_eq!(world.store.sealed(&world.all(), &"1".into()).await?, Some(sealed(1)));
    Ok(())
}

/// Sees the rows of all its customers; another workspace may hold the same ids and keys unseen.
pub async fn a_workspace_sees_all_of_its_rows_and_no_others(store: Arc<dyn Store>) -> Result<()> {
    let (here, there) = (World::new(store.clone()), World::new(store));
    let mut row = owned(Action, "1", "ann");
    row.key = Some("k".to_owned());
    here.insert(&row).await?;
    here.insert(&owned(Action, "2", "bob")).await?;
    there.insert(&row).await?;
    here.connection("3", "ann").await?;
    there.connection("3", "ann").await?;
    here.seal(&here.all(), "3", "ann", 1).await?;
    here.store.append_runs([here.run("4", "ann")].into()).await?;

    assert_eq!(here.found(&here.all(), &Query::default()).await?, ["1", "2"]);
    assert_eq!(there.found(&there.all(), &Query::default()).await?, ["1"]);
    assert_eq!(there.store.sealed(&there.all(), &"3".into()).await?, None);
    assert_eq!(there.store.run(&there.all(), &"4".into()).await?, None);
    assert!(here.store.run(&here.all(), &"4".into()).await?.is_some());
    let mut changed = row.clone();
    changed.revision = "r2".to_owned();
    there.store.write(&there.all(), vec![update(&changed, "r1")]).await?;
    assert_eq!(here.row(Action, "1").await?, Some(row));
    Ok(())
}
