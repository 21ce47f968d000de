//! What rows were after their changes.

use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, Flow};
use membrane_core::op::Actor;
use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{CHECKPOINTS_KEPT, CheckpointRow, Row, Scope, Store, Write};
use serde_json::json;

use super::world::{World, action, doc, owned, refused, update};

impl World {
    /// The checkpoints of an action, over all pages of two.
    async fn checkpoints(&self, scope: &Scope, id: &str) -> Result<Vec<CheckpointRow>> {
        let mut found = Vec::new();
        let mut paging = Paging { limit: Some(2), cursor: None };
        loop {
            let page = self.store.checkpoints(scope, Action, &id.into(), &paging).await?;
            found.extend(page.items);
            match page.cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => return Ok(found),
            }
        }
    }
}

/// The row with its name, as the change after `expected` makes it.
fn named(row: &Row, name: &str, revision: &str) -> Row {
    let at = format!("2026-11-02T00:00:00.{:0>3}Z", revision.trim_start_matches('r'));
    Row { name: name.to_owned(), revision: revision.to_owned(), updated_at: at, ..row.clone() }
}

/// The newest first, each as the change left the row, with who made it; those of a refused write are not there.
pub async fn tell_every_change(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let mut first = owned(Action, "1", "ann");
    first.doc = doc(json!({"config": {"b": [1, null], "a": "é"}}));
    first.key = Some("close".to_owned());
    let second = named(&first, "second", "r2");
    let third =
        Row { archived_at: Some("2026-11-03T00:00:00.000Z".to_owned()), ..named(&first, "third", "r3") };
    world.insert(&first).await?;
    world.store.write(&world.of("ann"), vec![update(&second, "r1"), update(&third, "r2")]).await?;
    let lost = vec![update(&named(&first, "lost", "r4"), "r3"), Write::Insert(action("1"))];
    refused(world.store.write(&world.all(), lost).await, ErrorKind::AlreadyExists);

    let found = world.checkpoints(&world.all(), "1").await?;
    let made = |number, made_by: Option<&str>, row: &Row| CheckpointRow {
        number,
        made_by: made_by.map(Into::into),
        actor: if made_by.is_some() { Actor::Customer } else { Actor::Manager },
        row: row.clone(),
    };
    let expected = [made(3, Some("ann"), &third), made(2, Some("ann"), &second), made(1, None, &first)];
    assert_eq!(found, expected);
    let (all, id) = (world.all(), "1".into());
    let one = |number| world.store.checkpoint(&all, Action, &id, number);
    assert_eq!(one(2).await?, Some(made(2, Some("ann"), &second)));
    assert_eq!((one(0).await?, one(4).await?, one(u64::MAX).await?), (None, None, None));
    Ok(())
}

/// Whom the list names, for what follows in it; without one the caller.
pub async fn say_who_made_them(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let first = owned(Action, "1", "ann");
    let by = |actor| Write::By(actor);
    world.store.write(&world.all(), vec![by(Actor::Engine), Write::Insert(first.clone())]).await?;
    let (second, third) = (named(&first, "second", "r2"), named(&first, "third", "r3"));
    let writes = vec![update(&second, "r1"), by(Actor::Import), update(&third, "r2")];
    world.store.write(&world.all(), writes).await?;
    world.store.write(&world.of("ann"), vec![update(&named(&first, "fourth", "r4"), "r3")]).await?;
    let found = world.checkpoints(&world.all(), "1").await?;
    let actors: Vec<Actor> = found.iter().map(|found| found.actor).collect();
    assert_eq!(actors, [Actor::Customer, Actor::Import, Actor::Manager, Actor::Engine]);
    Ok(())
}

/// A change of nothing but the revision is none.
pub async fn leave_out_what_changed_nothing(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let row = action("1");
    world.insert(&row).await?;
    let same = named(&row, &row.name, "r2");
    world.store.write(&world.all(), vec![update(&same, "r1")]).await?;
    let other = named(&row, "other", "r3");
    world.store.write(&world.all(), vec![update(&other, "r2")]).await?;
    let found = world.checkpoints(&world.all(), "1").await?;
    let numbers: Vec<_> = found.iter().map(|found| (found.number, found.row.revision.as_str())).collect();
    assert_eq!(numbers, [(2, "r3"), (1, "r1")]);
    Ok(())
}

/// A customer sees those of its own rows only; another kind has none.
pub async fn are_the_owners_own(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&action("1")).await?;
    world.insert(&owned(Action, "2", "ann")).await?;
    for (customer, seen) in [("ann", [0, 1]), ("bob", [0, 0])] {
        for (id, seen) in ["1", "2"].into_iter().zip(seen) {
            assert_eq!(world.checkpoints(&world.of(customer), id).await?.len(), seen, "{customer} {id}");
        }
    }
    assert_eq!(world.store.checkpoint(&world.of("bob"), Action, &"2".into(), 1).await?, None);
    let other = World::new(world.store.clone());
    assert_eq!(other.checkpoints(&other.all(), "1").await?, []);
    assert_eq!(world.store.checkpoint(&world.all(), Flow, &"1".into(), 1).await?, None);
    Ok(())
}

/// The oldest go, and the numbers go on.
pub async fn are_bounded(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let row = action("1");
    world.insert(&row).await?;
    let last = CHECKPOINTS_KEPT + 20;
    let writes =
        (2..=last).map(|n| update(&named(&row, &format!("n{n}"), &format!("r{n}")), &format!("r{}", n - 1)));
    world.store.write(&world.all(), writes.collect()).await?;
    let found = world.checkpoints(&world.all(), "1").await?;
    assert_eq!(found.len() as u64, CHECKPOINTS_KEPT);
    assert_eq!((found[0].number, found[found.len() - 1].number), (last, 21));
    let bad = Paging { limit: None, cursor: Some("r7".to_owned()) };
    refused(world.store.checkpoints(&world.all(), Action, &"1".into(), &bad).await, ErrorKind::InvalidInput);
    Ok(())
}
