//! Pages, order, filters and search.

use std::sync::Arc;

use membrane_core::element::ElementKind::Action;
use membrane_core::{ErrorKind, LayerName, Paging, Result};
use membrane_engine::store::{Query, Row, Store};

use super::world::{World, action, owned, refused, update};

/// Oldest first by id; a page with a cursor is full, the last has none and may be full too.
pub async fn is_ordered_and_cut_into_full_pages(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    for n in [5, 3, 1, 6, 2, 4] {
        world.insert(&action(&format!("{n:02}"))).await?;
    }
    for (limit, sizes) in [(1, vec![1; 6]), (2, vec![2, 2, 2]), (4, vec![4, 2]), (6, vec![6]), (7, vec![6])] {
        let mut paging = Paging { limit: Some(limit), cursor: None };
        let (mut ids, mut found) = (Vec::new(), Vec::new());
        loop {
            let page = world.store.rows(&world.all(), Action, &Query::default(), &paging).await?;
            found.push(page.items.len());
            ids.extend(page.items.iter().map(|row| row.id.to_string()));
            if page.cursor.is_none() {
                break;
            }
            paging.cursor = page.cursor;
        }
        assert_eq!(ids, ["01", "02", "03", "04", "05", "06"]);
        assert_eq!(found, sizes, "pages of {limit}");
    }
    let empty = Query { key: Some("none".to_owned()), ..Query::default() };
    let page = world.store.rows(&world.all(), Action, &empty, &Paging::default()).await?;
    assert!(page.items.is_empty() && page.cursor.is_none());
    Ok(())
}

/// Other limits are `InvalidInput`; without one a page holds 25.
pub async fn limits_lie_within_1_and_1000(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    for n in 0..26 {
        world.insert(&action(&format!("{n:02}"))).await?;
    }
    let (all, query) = (world.all(), Query::default());
    for limit in [0, 1001] {
        let paging = Paging { limit: Some(limit), cursor: None };
        refused(world.store.rows(&all, Action, &query, &paging).await, ErrorKind::InvalidInput);
        refused(world.store.runs(&all, &Default::default(), &paging).await, ErrorKind::InvalidInput);
        refused(world.store.sealed_not_under("k", &paging).await, ErrorKind::InvalidInput);
    }
    for (limit, cursor, count) in [(None, None, 25), (Some(1000), Some("0".to_owned()), 26)] {
        let paging = Paging { limit, cursor };
        assert_eq!(world.store.rows(&all, Action, &query, &paging).await?.items.len(), count);
    }
    Ok(())
}

/// A cursor goes on after its id though that row is gone, neither doubling nor missing a row that stays.
pub async fn stays_in_step_while_rows_come_and_go(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    for n in 1..=6 {
        world.insert(&action(&format!("{n}0"))).await?;
    }
    let mut paging = Paging { limit: Some(3), cursor: None };
    let page = world.store.rows(&world.all(), Action, &Query::default(), &paging).await?;
    assert_eq!(page.items.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["10", "20", "30"]);
    for id in ["30", "40"] {
        let gone = Row { archived_at: Some("2026-11-02T00:00:00.000Z".to_owned()), ..action(id) };
        world.store.write(&world.all(), vec![update(&gone, "r1")]).await?;
    }
    for id in ["15", "45", "70"] {
        world.insert(&action(id)).await?;
    }
    paging.cursor = page.cursor;
    let page = world.store.rows(&world.all(), Action, &Query::default(), &paging).await?;
    assert_eq!(page.items.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["45", "50", "60"]);
    paging.cursor = page.cursor;
    let page = world.store.rows(&world.all(), Action, &Query::default(), &paging).await?;
    assert_eq!(page.items.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["70"]);
    assert_eq!(page.cursor, None);
    Ok(())
}

/// A customer's listing is in one order, whoever a row belongs to.
pub async fn merges_own_rows_and_the_workspaces(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let rows = [action("1"), owned(Action, "2", "ann"), owned(Action, "3", "bob"), action("4"), action("5")];
    for row in rows.iter().chain([owned(Action, "6", "ann"), owned(Action, "7", "ann")].iter()) {
        world.insert(row).await?;
    }
    assert_eq!(world.found(&world.of("ann"), &Query::default()).await?, ["1", "2", "4", "5", "6", "7"]);
    assert_eq!(world.found(&world.of("bob"), &Query::default()).await?, ["1", "3", "4", "5"]);
    Ok(())
}

/// Each field that is set narrows, alone and with others, for every scope.
pub async fn every_filter_narrows(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let base = action("1");
    let rows = [
        base.clone(),
        Row { id: "2".into(), key: Some("k".to_owned()), ..base.clone() },
        Row { id: "3".into(), integration: Some("i".into()), key: Some("k".to_owned()), ..base.clone() },
        Row { id: "4".into(), connection: Some("c".into()), integration: Some("i".into()), ..base.clone() },
        Row { id: "5".into(), instance_key: Some("n".to_owned()), ..base.clone() },
        Row { id: "6".into(), parent: Some("1".into()), ..base.clone() },
        Row { id: "7".into(), customer: Some("ann".into()), key: Some("k".to_owned()), ..base },
    ];
    for row in &rows {
        world.insert(row).await?;
    }
    let any = Query::default();
    let cases: [(Query, &[&str]); 10] = [
        (Query { key: Some("k".to_owned()), ..any.clone() }, &["2", "3", "7"]),
        (Query { key: Some("K".to_owned()), ..any.clone() }, &[]),
        (Query { integration: Some("i".into()), ..any.clone() }, &["3", "4"]),
        (Query { connection: Some("c".into()), ..any.clone() }, &["4"]),
        (Query { instance_key: Some("n".to_owned()), ..any.clone() }, &["5"]),
        (Query { parent: Some("1".into()), ..any.clone() }, &["6"]),
        (Query { customer: Some("ann".into()), ..any.clone() }, &["7"]),
        (Query { key: Some("k".to_owned()), customer: Some("ann".into()), ..any.clone() }, &["7"]),
        (Query { key: Some("k".to_owned()), integration: Some("i".into()), ..any.clone() }, &["3"]),
        (Query { key: Some("k".to_owned()), connection: Some("c".into()), ..any }, &[]),
    ];
    for scope in [world.all(), world.of("ann")] {
        for (query, expected) in &cases {
            assert_eq!(world.found(&scope, query).await?, *expected, "{query:?}");
        }
    }
    Ok(())
}

/// Universal has neither integration nor connection, integration no connection.
pub async fn layers_are_told_apart(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    world.insert(&action("1")).await?;
    world.insert(&Row { integration: Some("i".into()), ..action("2") }).await?;
    world.insert(&Row { integration: Some("i".into()), connection: Some("c".into()), ..action("3") }).await?;
    world.insert(&Row { connection: Some("c".into()), ..action("4") }).await?;
    for (is_universal, expected) in [(true, &["1"][..]), (false, &["2", "3", "4"])] {
        let query = Query { is_universal: Some(is_universal), ..Query::default() };
        assert_eq!(world.found(&world.all(), &query).await?, expected);
    }
    let cases: [(LayerName, &[&str]); 3] = [
        (LayerName::Connection, &["3", "4"]),
        (LayerName::Integration, &["2"]),
        (LayerName::Universal, &["1"]),
    ];
    for (layer, expected) in cases {
        let query = Query { layer: Some(layer), ..Query::default() };
        assert_eq!(world.found(&world.all(), &query).await?, expected, "{layer:?}");
    }
    Ok(())
}

/// Archived rows are listed when they are asked for, and are read by id at any time.
pub async fn hides_the_archived(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let archived = Row { archived_at: Some("2026-11-02T00:00:00.000Z".to_owned()), ..action("1") };
    world.insert(&archived).await?;
    world.insert(&action("2")).await?;
    for scope in [world.all(), world.of("ann")] {
        assert_eq!(world.found(&scope, &Query::default()).await?, ["2"]);
        let query = Query { include_archived: true, ..Query::default() };
        assert_eq!(world.found(&scope, &query).await?, ["1", "2"]);
    }
    assert_eq!(world.row(Action, "1").await?, Some(archived));
    Ok(())
}

/// Finds a part of name or key in any case of letters, of any script; `%`, `_` and `\` are themselves.
pub async fn search_takes_wildcards_literally(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let named = |id, name: &str, key: Option<&str>| Row {
        name: name.to_owned(),
        key: key.map(str::to_owned),
        ..action(id)
    };
    let rows = [
        named("1", "Create Task", Some("create-task")),
        named("2", "100% done", Some("snake_case")),
        named("3", "Änderung ПРИВЕТ", None),
        named("4", r"back\slash", Some("KEY.only")),
        named("5", "Create", Some("task")),
    ];
    for row in &rows {
        world.insert(row).await?;
    }
    let cases: [(&str, &[&str]); 14] = [
        ("create", &["1", "5"]),
        ("EATE TA", &["1"]),
        ("-TASK", &["1"]),
        ("createtask", &[]),
        ("%", &["2"]),
        ("100% D", &["2"]),
        ("_", &["2"]),
        ("snake_", &["2"]),
        ("snakexcase", &[]),
        ("änd", &["3"]),
        ("привет", &["3"]),
        ("\\", &["4"]),
        ("key.", &["4"]),
        ("'; --", &[]),
    ];
    for (text, expected) in cases {
        let query = Query { search: Some(text.to_owned()), ..Query::default() };
        assert_eq!(world.found(&world.all(), &query).await?, expected, "{text}");
    }
    // An update is found by its new name only.
    let renamed = Row { revision: "r2".to_owned(), ..named("1", "Delete", None) };
    world.store.write(&world.all(), vec![update(&renamed, "r1")]).await?;
    let query = Query { search: Some("create".to_owned()), ..Query::default() };
    assert_eq!(world.found(&world.all(), &query).await?, ["5"]);
    Ok(())
}
