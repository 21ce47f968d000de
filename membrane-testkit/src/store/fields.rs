//! Listings by a field of the document.

use std::sync::Arc;

use membrane_core::Result;
use membrane_engine::store::{Query, Row, Store};
use serde_json::{Value, json};

use super::world::{World, action, doc};

async fn found(world: &World, name: &str, value: Value) -> Result<Vec<String>> {
    let query = Query { fields: vec![(name.to_owned(), value)], ..Query::default() };
    world.found(&world.all(), &query).await
}

async fn insert(world: &World, id: &str, value: Value) -> Result<()> {
    world.insert(&Row { doc: doc(value), ..action(id) }).await
}

/// A text is not a number, `true` is not 1, and null is not absence.
pub async fn compare_by_type_and_value(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    insert(&world, "1", json!({"f": "1"})).await?;
    insert(&world, "2", json!({"f": 1})).await?;
    insert(&world, "3", json!({"f": true})).await?;
    insert(&world, "4", json!({"f": null})).await?;
    insert(&world, "5", json!({"f": 1.5})).await?;
    insert(&world, "6", json!({"f": false, "deep": {"f": 7}})).await?;
    insert(&world, "7", json!({"f": {"f": 1}})).await?;
    insert(&world, "8", json!({"other": 1})).await?;
    insert(&world, "9", json!({"f": "A"})).await?;
    let cases: [(Value, &[&str]); 10] = [
        (json!("1"), &["1"]),
        (json!(1), &["2"]),
        (json!(true), &["3"]),
        (json!(null), &["4"]),
        (json!(1.5), &["5"]),
        (json!(false), &["6"]),
        (json!(7), &[]),
        (json!("a"), &[]),
        (json!("%"), &[]),
        (json!({"f": 1}), &[]),
    ];
    for (value, expected) in cases {
        assert_eq!(found(&world, "f", value.clone()).await?, expected, "{value}");
    }
    Ok(())
}

/// A name is a name: quotes, dots, dollars and brackets in it mean nothing.
pub async fn have_names_of_any_form(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    let names = ["a.b", "$", "$.a", "a[0]", "it's", "\"quoted\"", "back\\slash", "é", "", "'); --", "%"];
    for (n, name) in names.iter().enumerate() {
        let mut map = serde_json::Map::new();
        map.insert((*name).to_owned(), json!("x"));
        insert(&world, &format!("{n:02}"), Value::Object(map)).await?;
    }
    insert(&world, "99", json!({"a": {"b": "x"}})).await?;
    for (n, name) in names.iter().enumerate() {
        assert_eq!(found(&world, name, json!("x")).await?, [format!("{n:02}")], "{name}");
    }
    assert!(found(&world, "b", json!("x")).await?.is_empty());
    Ok(())
}

/// The fields a store may keep an index for behave as any other.
pub async fn of_known_names_are_no_exception(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    for name in ["internalId", "uuid"] {
        insert(&world, &format!("{name}-1"), json!({name: "7"})).await?;
        insert(&world, &format!("{name}-2"), json!({name: 7})).await?;
        insert(&world, &format!("{name}-3"), json!({name: ["7"]})).await?;
        assert_eq!(found(&world, name, json!("7")).await?, [format!("{name}-1")]);
        assert_eq!(found(&world, name, json!(7)).await?, [format!("{name}-2")]);
    }
    let query = Query { fields: vec![("internalId".to_owned(), json!("7"))], ..Query::default() };
    assert_eq!(world.found(&world.of("ann"), &query).await?, ["internalId-1"]);
    Ok(())
}

/// Of several fields each must fit.
pub async fn narrow_together(store: Arc<dyn Store>) -> Result<()> {
    let world = World::new(store);
    insert(&world, "1", json!({"a": 1, "b": true})).await?;
    insert(&world, "2", json!({"a": 1, "b": false})).await?;
    insert(&world, "3", json!({"a": 2, "b": true})).await?;
    for (fields, expected) in [
        (vec![("a", json!(1)), ("b", json!(true))], &["1"][..]),
        (vec![("a", json!(1))], &["1", "2"]),
        (vec![("a", json!(1)), ("a", json!(2))], &[]),
        (vec![], &["1", "2", "3"]),
    ] {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let query = Query { fields, ..Query::default() };
        assert_eq!(world.found(&world.all(), &query).await?, expected, "{query:?}");
    }
    Ok(())
}
