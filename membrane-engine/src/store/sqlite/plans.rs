//! Holds that every listing a caller waits for walks an index.

use membrane_core::{LayerName, Paging};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row as _};

use super::*;
use crate::store::Requests;

async fn plan(store: &SqliteStore, select: &Select) -> String {
    plan_of(store, select.text()).await
}

async fn plan_of(store: &SqliteStore, text: &str) -> String {
    let text = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let rows = sqlx::query(text).fetch_all(&store.inner.reader).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
}

fn scopes() -> [Scope; 2] {
    [Scope::Workspace("w".into()), Scope::Customer("w".into(), "c".into())]
}

#[tokio::test]
async fn element_listings_walk_an_index() {
    let store = SqliteStore::memory().await.unwrap();
    let queries = [
        (Query::default(), ["kind", "customer"]),
        (Query { key: Some("k".into()), ..Query::default() }, ["key"; 2]),
        (Query { key: Some("k".into()), integration: Some("i".into()), ..Query::default() }, ["key"; 2]),
        (Query { customer: Some("c".into()), ..Query::default() }, ["customer"; 2]),
        (
            Query { integration: Some("i".into()), layer: Some(LayerName::Integration), ..Query::default() },
            ["integration", "customer_integration"],
        ),
        (Query { connection: Some("n".into()), parent: Some("p".into()), ..Query::default() }, ["copy"; 2]),
        (Query { connection: Some("n".into()), ..Query::default() }, ["connection"; 2]),
        (Query { parent: Some("p".into()), ..Query::default() }, ["parent"; 2]),
        (Query { fields: vec![("internalId".into(), json!("x"))], ..Query::default() }, ["internal_id"; 2]),
        (Query { fields: vec![("uuid".into(), json!("x"))], ..Query::default() }, ["uuid"; 2]),
    ];
    for (query, indexes) in &queries {
        for (scope, index) in scopes().iter().zip(indexes) {
            let paging = Paging { limit: None, cursor: Some("x".into()) };
            let select = elements::select_page(scope, ElementKind::Action, query, &paging).unwrap();
            let plan = plan(&store, &select).await;
            let used = plan.matches(&format!("USING INDEX membrane_elements_{index} (")).count();
            assert_eq!(used, if scope.customer().is_some() { 2 } else { 1 }, "{query:?}\n{plan}");
        }
    }
}

#[tokio::test]
async fn link_listings_walk_an_index_in_order() {
    let store = SqliteStore::memory().await.unwrap();
    let direction = Some(crate::store::LinkDirection::Import);
    let any = LinkQuery { direction, ..LinkQuery::of("t") };
    let queries = [
        (any.clone(), "table"),
        (LinkQuery { app_record: Some("a".into()), ..any.clone() }, "app"),
        (LinkQuery { external_record: Some("x".into()), ..any.clone() }, "external"),
        (LinkQuery { external_record: Some("x".into()), newest_first: true, ..any }, "external"),
    ];
    for scope in scopes() {
        for (query, index) in &queries {
            let paging = Paging { limit: None, cursor: Some("x".into()) };
            let plan = plan(&store, &links::select_page(&scope, query, &paging).unwrap()).await;
            assert!(plan.contains(&format!("USING INDEX membrane_links_{index} (")), "{query:?}\n{plan}");
            assert!(!plan.contains("FOR ORDER BY"), "{query:?}\n{plan}");
        }
    }
}

#[tokio::test]
async fn run_listings_walk_an_index_in_order() {
    let store = SqliteStore::memory().await.unwrap();
    let since = Some("2026-01-01".to_owned());
    let queries = [
        RunQuery::default(),
        RunQuery { action: Some("a".into()), ..RunQuery::default() },
        RunQuery { integration: Some("i".into()), ..RunQuery::default() },
        RunQuery { connection: Some("n".into()), ..RunQuery::default() },
        RunQuery { is_success: Some(false), ..RunQuery::default() },
        RunQuery { from: since.clone(), to: since, ..RunQuery::default() },
        RunQuery { requests: Some(Requests::Failed), ..RunQuery::default() },
    ];
    for scope in scopes() {
        for query in &queries {
            let select = runs::select_page(&scope, query, &Paging::default()).unwrap();
            let plan = plan(&store, &select).await;
            assert!(!plan.contains("SCAN runs"), "{query:?}\n{plan}");
            assert!(!plan.contains("SCAN membrane_runs"), "{query:?}\n{plan}");
            // Only the page itself is sorted, at the very end.
            assert!(plan.matches("FOR ORDER BY").count() <= 1, "{query:?}\n{plan}");
        }
    }
}

#[tokio::test]
async fn old_runs_are_found_through_an_index() {
    let store = SqliteStore::memory().await.unwrap();
    let plan = plan_of(&store, runs::REMOVE).await;
    assert!(!plan.contains("SCAN runs") && !plan.contains("SCAN membrane_runs"), "{plan}");
    assert!(plan.contains("(workspace=? AND kind=? AND id<?)"), "{plan}");
}
