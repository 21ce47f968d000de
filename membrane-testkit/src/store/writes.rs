//! What is written, and that it is written whole.

use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, Connection, Customer};
use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{Query, Row, RunQuery, Store, Write};
use serde_json::json;

use super::world::{World, action, doc, owned, refused, seal, sealed, unseal, update};

fn full() -> Row {
    Row {
        customer: Some("ann".into()),
        key: Some("clé d'été".to_owned()),
        slot: Some("seat/1".to_owned()),
        integration: Some("i".into()),
        connection: Some("c".into()),
        instance_key: Some("second".to_owned()),
        parent: Some("p".into()),
        name: "It's \"quoted\" \\ and 日本語; -- DROP TABLE".to_owned(),
        revision: "r1".to_owned(),
        archived_at: Some("2026-11-02T00:00:00.000Z".to_owned()),
        doc: doc(json!({
            "zebra": 1, "apple": [true, null, 1.5, -9_007_199_254_740_993_i64], "text": "é\n\u{0}\"",
            "nested": {"b": {}, "a": []}, "": "empty name"
        })),
        ..action("1")
    }
}

/// Every field comes back equal, the document with its keys in their order.
pub async fn a_row_comes_back_as_it_was(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let plain = action("2");
    world.insert(&full()).await?;
    world.insert(&plain).await?;
    let found = world.row(Action, "1").await?;
    let names = found.iter().flat_map(|row| row.doc.keys()).cloned().collect::<Vec<_>>();
    assert_eq!(found, Some(full()));
    assert_eq!(names, ["zebra", "apple", "text", "nested", ""]);
    let query = Query { include_archived: true, ..Query::default() };
    let listed = world.store.rows(&world.all(), Action, &query, &Paging::default()).await?;
    assert_eq!(listed.items, [full(), plain]);
    Ok(())
}

/// Every field but id, kind and customer can change, to another value and to none.
pub async fn an_update_replaces_everything(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let before = owned(Action, "1", "ann");
    world.insert(&before).await?;
    let mut after = full();
    after.revision = "r2".to_owned();
    after.updated_at = "2026-11-03T00:00:00.000Z".to_owned();
    world.store.write(&world.of("ann"), vec![update(&after, "r1")]).await?;
    assert_eq!(world.row(Action, "1").await?, Some(after));
    let mut back = before;
    back.revision = "r3".to_owned();
    world.store.write(&world.all(), vec![update(&back, "r2")]).await?;
    assert_eq!(world.row(Action, "1").await?, Some(back));
    Ok(())
}

/// Another revision is `Concurrency`, and nothing changes.
pub async fn an_update_of_what_has_changed_is_refused(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let row = action("1");
    world.insert(&row).await?;
    let mut changed = row.clone();
    changed.name = "changed".to_owned();
    refused(world.store.write(&world.all(), vec![update(&changed, "r0")]).await, ErrorKind::Concurrency);
    assert_eq!(world.row(Action, "1").await?, Some(row));
    Ok(())
}

/// An unknown id, another kind and another customer are `NotFound`.
pub async fn an_update_of_what_is_not_there_is_not_found(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let row = owned(Action, "1", "ann");
    world.insert(&row).await?;
    let others =
        [owned(Action, "2", "ann"), owned(Customer, "1", "ann"), owned(Action, "1", "bob"), action("1")];
    for other in others {
        refused(world.store.write(&world.all(), vec![update(&other, "r1")]).await, ErrorKind::NotFound);
    }
    assert_eq!(world.row(Action, "1").await?, Some(row));
    Ok(())
}

/// 100 levels can be read back; deeper ones are `InvalidInput`, since no reader would take them.
pub async fn of_deep_documents_can_be_read_back(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let nested = |levels: usize| {
        let inner = (2..levels).fold(json!([]), |inner, _| json!([inner]));
        Row { doc: doc(json!({"deep": inner})), ..action("1") }
    };
    refused(world.insert(&nested(101)).await, ErrorKind::InvalidInput);
    world.insert(&nested(100)).await?;
    assert_eq!(world.row(Action, "1").await?, Some(nested(100)));
    Ok(())
}

/// When one change of a list is refused, none is made, wherever it stands in the list.
pub async fn are_made_all_or_none(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&action("0")).await?;
    world.connection("9", "ann").await?;
    world.seal(&world.all(), "9", "ann", 1).await?;
    let seal = |version| seal("9", "ann", version);
    let mut changed = action("0");
    changed.revision = "r2".to_owned();
    let good = [update(&changed, "r1"), Write::Insert(action("1")), unseal("9", "ann"), seal(1)];
    let bad = [
        (update(&action("0"), "r0"), ErrorKind::Concurrency),
        (update(&action("8"), "r1"), ErrorKind::NotFound),
        (Write::Insert(action("9")), ErrorKind::AlreadyExists),
        (seal(7), ErrorKind::Concurrency),
    ];
    for (bad, kind) in bad {
        for place in 0..=good.len() {
            let mut writes = good.to_vec();
            writes.insert(place, bad.clone());
            refused(world.store.write(&world.all(), writes).await, kind);
            assert_eq!(world.row(Action, "0").await?, Some(action("0")));
            assert_eq!(world.row(Action, "1").await?, None);
            assert_eq!(world.store.sealed(&world.all(), &"9".into()).await?, Some(sealed(1)));
        }
    }
    world.store.write(&world.all(), good.to_vec()).await?;
    assert_eq!(world.row(Action, "0").await?, Some(changed));
    world.store.write(&world.all(), Vec::new()).await
}

/// A change finds what the changes before it in the list made.
pub async fn see_the_ones_before_them(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let row = owned(Connection, "1", "ann");
    let mut second = row.clone();
    second.revision = "r2".to_owned();
    let seal = |version| seal("1", "ann", version);
    let writes = vec![Write::Insert(row), seal(1), update(&second, "r1"), seal(2)];
    world.store.write(&world.of("ann"), writes).await?;
    assert_eq!(world.row(Connection, "1").await?, Some(second));
    assert_eq!(world.store.sealed(&world.of("ann"), &"1".into()).await?, Some(sealed(2)));
    Ok(())
}

/// Every call after `close` fails with `Internal`; closing again is no fault.
pub async fn a_closed_store_says_so(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let all = world.all();
    world.insert(&action("1")).await?;
    world.store.close().await;
    world.store.close().await;
    let internal = ErrorKind::Internal;
    let paging = Paging::default();
    refused(world.insert(&action("2")).await, internal);
    refused(world.row(Action, "1").await, internal);
    refused(world.store.rows(&all, Action, &Query::default(), &paging).await, internal);
    refused(world.store.sealed(&all, &"1".into()).await, internal);
    refused(world.store.sealed_not_under("k", &paging).await, internal);
    refused(world.store.append_runs([world.run("1", "ann")].into()).await, internal);
    refused(world.store.runs(&all, &RunQuery::default(), &paging).await, internal);
    refused(world.store.run(&all, &"1".into()).await, internal);
    refused(world.store.workspace("k", &world.workspace).await, internal);
    Ok(())
}
