//! Links between records, in a connection's copy of a data link table.

use std::sync::Arc;

use membrane_core::element::ElementKind::{Action, DataLinkTable};
use membrane_core::{ErrorKind, Paging, Result};
use membrane_engine::store::{LinkDirection, LinkQuery, LinkRow, Scope, Store, Write};

use super::world::{CREATED_AT, World, owned, refused, shared, update};

/// Equal to what was written, the oldest first or the newest.
pub async fn come_back_as_they_were(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&owned(DataLinkTable, "t", "ann")).await?;
    let links = [
        link("1", "t", LinkDirection::Import, ("a", "x")),
        link("2", "t", LinkDirection::Export, ("日本 語", "x'\"%_")),
    ];
    world.store.write(&world.of("ann"), links.clone().map(Write::Link).into()).await?;
    let query = LinkQuery::of("t");
    let page = world.store.links(&world.of("ann"), &query, &Paging::default()).await?;
    assert_eq!((page.items.as_slice(), page.cursor), (&links[..], None));
    let newest = LinkQuery { newest_first: true, ..query };
    assert_eq!(found(&world, &world.all(), &newest).await?, ["2", "1"]);
    Ok(())
}

/// By each side, by direction, and by all of them together.
pub async fn are_found_from_both_sides(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    for table in ["t", "u"] {
        world.insert(&owned(DataLinkTable, table, "ann")).await?;
    }
    let (import, export) = (LinkDirection::Import, LinkDirection::Export);
    let links = [
        link("1", "t", import, ("a", "x")),
        link("2", "t", export, ("a", "x")),
        link("3", "t", import, ("a", "y")),
        link("4", "t", export, ("b", "x")),
        link("5", "u", import, ("a", "x")),
    ];
    world.store.write(&world.all(), links.map(Write::Link).into()).await?;
    let any = LinkQuery::of("t");
    let (a, x) = (Some("a".to_owned()), Some("x".to_owned()));
    let cases: [(LinkQuery, &[&str]); 8] = [
        (any.clone(), &["1", "2", "3", "4"]),
        (LinkQuery { direction: Some(import), ..any.clone() }, &["1", "3"]),
        (LinkQuery { app_record: a.clone(), ..any.clone() }, &["1", "2", "3"]),
        (LinkQuery { external_record: x.clone(), ..any.clone() }, &["1", "2", "4"]),
        (LinkQuery { app_record: a.clone(), external_record: x.clone(), ..any.clone() }, &["1", "2"]),
        (LinkQuery { direction: Some(export), app_record: a, external_record: x, ..any.clone() }, &["2"]),
        (LinkQuery { app_record: Some("x".to_owned()), ..any }, &[]),
        (LinkQuery::of("u"), &["5"]),
    ];
    for scope in [world.all(), world.of("ann")] {
        for (query, expected) in &cases {
            assert_eq!(found(&world, &scope, query).await?, *expected, "{query:?}");
        }
    }
    Ok(())
}

/// In full pages, while others come and go.
pub async fn are_paged(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&owned(DataLinkTable, "t", "ann")).await?;
    let links = (1..=5).map(|n| {
        let (app, external) = (format!("a{n}"), format!("x{n}"));
        Write::Link(link(&n.to_string(), "t", LinkDirection::Import, (&app, &external)))
    });
    world.store.write(&world.all(), links.collect()).await?;
    let query = LinkQuery::of("t");
    let mut paging = Paging { limit: Some(2), cursor: None };
    let mut ids = Vec::new();
    loop {
        let page = world.store.links(&world.of("ann"), &query, &paging).await?;
        assert!(page.cursor.is_none() || page.items.len() == 2);
        ids.extend(page.items.into_iter().map(|link| link.id));
        let seen = LinkQuery { app_record: Some("a1".to_owned()), ..query.clone() };
        world.store.write(&world.all(), vec![Write::Unlink(seen)]).await?;
        match page.cursor {
            Some(cursor) => paging.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    let too_many = Paging { limit: Some(1001), cursor: None };
    refused(world.store.links(&world.all(), &query, &too_many).await, ErrorKind::InvalidInput);
    Ok(())
}

/// The first of a table, a direction and two records stays, with its id; in another table it is another link.
pub async fn are_there_once(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    for table in ["t", "u"] {
        world.insert(&owned(DataLinkTable, table, "ann")).await?;
    }
    let calls = (0..20).map(|n| {
        let link = link(&format!("{n:02}"), "t", LinkDirection::Import, ("a", "x"));
        let (store, scope) = (Arc::clone(&world.store), world.of("ann"));
        tokio::spawn(async move { store.write(&scope, vec![Write::Link(link)]).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.map_err(|error| membrane_core::Error::internal(error.to_string()))??;
    }
    let first = found(&world, &world.all(), &LinkQuery::of("t")).await?;
    assert_eq!(first.len(), 1);
    let again = link("99", "t", LinkDirection::Import, ("a", "x"));
    world.store.write(&world.all(), vec![Write::Link(again)]).await?;
    assert_eq!(found(&world, &world.all(), &LinkQuery::of("t")).await?, first);
    let elsewhere = link("98", "u", LinkDirection::Import, ("a", "x"));
    world.store.write(&world.all(), vec![Write::Link(elsewhere)]).await?;
    assert_eq!(found(&world, &world.all(), &LinkQuery::of("u")).await?, ["98"]);
    Ok(())
}

/// Removes what fits and nothing else; what is not there is no fault.
pub async fn are_removed_by_what_they_hold(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&owned(DataLinkTable, "t", "ann")).await?;
    let (import, export) = (LinkDirection::Import, LinkDirection::Export);
    let links = [
        link("1", "t", import, ("a", "x")),
        link("2", "t", export, ("a", "x")),
        link("3", "t", import, ("a", "y")),
        link("4", "t", export, ("b", "x")),
    ];
    world.store.write(&world.all(), links.map(Write::Link).into()).await?;
    let any = LinkQuery::of("t");
    let of_a = LinkQuery { app_record: Some("a".to_owned()), ..any.clone() };
    let exports = LinkQuery { direction: Some(export), ..of_a.clone() };
    for (query, left) in [
        (LinkQuery { app_record: Some("nobody".to_owned()), ..any.clone() }, &["1", "2", "3", "4"][..]),
        (exports.clone(), &["1", "3", "4"]),
        (exports, &["1", "3", "4"]),
        (of_a, &["4"]),
    ] {
        world.store.write(&world.of("ann"), vec![Write::Unlink(query)]).await?;
        assert_eq!(found(&world, &world.all(), &any).await?, left);
    }
    // Removed links can be made again, in the same list even.
    let again = vec![Write::Unlink(any.clone()), Write::Link(link("5", "t", export, ("b", "x")))];
    world.store.write(&world.all(), again).await?;
    assert_eq!(found(&world, &world.all(), &any).await?, ["5"]);
    Ok(())
}

/// Another customer neither sees nor changes them: its table is not found, and its links are left alone.
pub async fn are_the_customers_own(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let (ann, bob) = (world.of("ann"), world.of("bob"));
    world.insert(&owned(DataLinkTable, "t", "ann")).await?;
    let own = link("1", "t", LinkDirection::Import, ("a", "x"));
    world.store.write(&ann, vec![Write::Link(own.clone())]).await?;
    assert!(found(&world, &bob, &LinkQuery::of("t")).await?.is_empty());
    world.store.write(&bob, vec![Write::Unlink(LinkQuery::of("t"))]).await?;
    assert_eq!(found(&world, &ann, &LinkQuery::of("t")).await?, ["1"]);
    let for_ann = LinkRow { id: "2".to_owned(), external_record: "y".to_owned(), ..own };
    let for_bob = LinkRow { customer: "bob".into(), ..for_ann.clone() };
    for link in [for_ann, for_bob.clone()] {
        refused(world.store.write(&bob, vec![Write::Link(link)]).await, ErrorKind::NotFound);
    }
    refused(world.store.write(&world.all(), vec![Write::Link(for_bob)]).await, ErrorKind::NotFound);
    assert_eq!(found(&world, &world.all(), &LinkQuery::of("t")).await?, ["1"]);
    Ok(())
}

/// `NotFound` for a table that is not there, is archived, is the workspace's own or is none; with the table in the
/// same list both are made, or neither.
pub async fn belong_to_a_table_that_stands(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let make = |table: &str| Write::Link(link("1", table, LinkDirection::Import, ("a", "x")));
    let mut archived = owned(DataLinkTable, "archived", "ann");
    archived.archived_at = Some(CREATED_AT.to_owned());
    for row in [archived, shared(DataLinkTable, "shared"), owned(Action, "action", "ann")] {
        world.insert(&row).await?;
    }
    for table in ["nothing", "archived", "shared", "action"] {
        refused(world.store.write(&world.all(), vec![make(table)]).await, ErrorKind::NotFound);
    }
    let table = owned(DataLinkTable, "t", "ann");
    let stale = update(&table, "r0");
    let outcome =
        world.store.write(&world.of("ann"), vec![Write::Insert(table.clone()), make("t"), stale]).await;
    refused(outcome, ErrorKind::Concurrency);
    assert!(found(&world, &world.all(), &LinkQuery::of("t")).await?.is_empty());
    world.store.write(&world.of("ann"), vec![Write::Insert(table), make("t")]).await?;
    assert_eq!(found(&world, &world.all(), &LinkQuery::of("t")).await?, ["1"]);
    Ok(())
}

fn link(id: &str, table: &str, direction: LinkDirection, (app, external): (&str, &str)) -> LinkRow {
    LinkRow {
        id: id.to_owned(),
        customer: "ann".into(),
        table: table.into(),
        direction,
        app_record: app.to_owned(),
        external_record: external.to_owned(),
        created_at: CREATED_AT.to_owned(),
    }
}

async fn found(world: &World, scope: &Scope, query: &LinkQuery) -> Result<Vec<String>> {
    let page = world.store.links(scope, query, &Paging::default()).await?;
    Ok(page.items.into_iter().map(|link| link.id).collect())
}
