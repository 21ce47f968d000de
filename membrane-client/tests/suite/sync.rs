//! What an engine brings along when it starts, and when an integration is made or changed.

use membrane_core::element::{Action, ActionSpec, ConnectionSpec, Integration, IntegrationSpec};
use membrane_core::op::{Archive, Create, CreateConnection, List, ListQuery, Restore, Update};
use membrane_core::{ErrorKind, Result};
use membrane_engine::Engine;
use membrane_engine::op::Execute;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_testkit::demo::{Crm, TaskManager};
use serde_json::{Map, Value, json};

async fn engine(store: &SqliteStore, description: &str) -> Engine {
    let mut tasks = TaskManager::connector().unwrap();
    for action in tasks.actions.values_mut() {
        action.description = Some(description.to_owned());
    }
    let engine = Engine::builder().store(store.clone()).vault(KeyProvider::generate().unwrap());
    engine.connector(tasks).connector(Crm::connector().unwrap()).build().await.unwrap()
}

/// Two engines on one store, as two processes are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_engines_connect_a_customer_once() {
    let store = SqliteStore::memory().await.unwrap();
    let tasks = TaskManager::start().await.unwrap();
    let keys = KeyProvider::generate().unwrap();
    let mut engines = Vec::new();
    for _ in 0..2 {
        let engine = Engine::builder().store(store.clone()).vault(keys.clone());
        let engine = engine.connector(TaskManager::connector().unwrap()).dangerous().allow_private_networks();
        engines.push(engine.build().await.unwrap());
    }
    let made = futures::future::join_all((0..20).map(|n| {
        let engine = engines[n % 2].clone();
        let mut connect = CreateConnection::new("taskly", json!({"token": tasks.api_key()}));
        connect.connector_parameters = Some(json!({"apiUri": tasks.url()}));
        async move { engine.call(&engine.customer("acme").await?, connect).await }
    }));
    let ids: Vec<_> = made.await.into_iter().map(|made| made.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let all = call(&engines[0], List::<ConnectionSpec>::from(ListQuery::default())).await.unwrap().items;
    assert_eq!(all.len(), 1);
}

async fn call<T: Execute>(engine: &Engine, op: T) -> Result<T::Output> {
    engine.call(&engine.manager(), op).await
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("fields are an object, not {other}"),
    }
}

async fn actions(engine: &Engine, integration: &str) -> Vec<Action> {
    let mut query = ListQuery::default();
    query.integration_key = Some(integration.to_owned());
    query.paging.limit = Some(1000);
    call(engine, List::<ActionSpec>::from(query)).await.unwrap().items
}

fn keys(actions: &[Action]) -> Vec<&str> {
    let mut keys: Vec<&str> = actions.iter().filter_map(|a| Some(a.key.as_ref()?.as_str())).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_renamed_action_is_not_made_again() {
    let store = SqliteStore::memory().await.unwrap();
    let first = engine(&store, "one").await;
    let before = actions(&first, "taskly").await;
    let ours =
        before.iter().find(|a| a.key.as_ref().is_some_and(|key| key.as_str() == "create-task")).unwrap();
    let universal = ours.place.parent_id.clone().unwrap();
    let rename = |key: &str| fields(json!({ "key": key }));
    call(&first, Update::<ActionSpec>::new(&ours.id).fields(rename("make-task"))).await.unwrap();
    call(&first, Update::<ActionSpec>::new(&universal).fields(rename("any-task"))).await.unwrap();
    let second = engine(&store, "two").await;
    let after = actions(&second, "taskly").await;
    assert_eq!(after.len(), before.len(), "{:?}", keys(&after));
    assert!(keys(&after).contains(&"make-task") && !keys(&after).contains(&"create-task"));
    let renamed = after.iter().find(|action| action.id == ours.id).unwrap();
    assert_eq!(renamed.place.parent_id.as_ref(), Some(&universal));
    assert_eq!(renamed.description.as_deref(), Some("one"), "it is the product's now");
    let mut query = ListQuery::default();
    query.is_universal = Some(true);
    let universals = call(&second, List::<ActionSpec>::from(query)).await.unwrap().items;
    assert!(!keys(&universals).contains(&"create-task"), "{:?}", keys(&universals));
}

#[tokio::test]
async fn an_action_back_from_the_archive_is_renewed() {
    let store = SqliteStore::memory().await.unwrap();
    let first = engine(&store, "one").await;
    let ours = actions(&first, "taskly").await.remove(0);
    call(&first, Archive::<ActionSpec>::new(&ours.id)).await.unwrap();
    call(&first, Restore::<ActionSpec>::new(&ours.id)).await.unwrap();
    let second = engine(&store, "two").await;
    let found = actions(&second, "taskly").await.into_iter().find(|action| action.id == ours.id).unwrap();
    assert_eq!(found.description.as_deref(), Some("two"), "it is the connector's still");
    assert_eq!(found.spec, ours.spec);
}

#[tokio::test]
async fn an_integration_comes_with_its_actions_or_not_at_all() {
    let store = SqliteStore::memory().await.unwrap();
    let engine = engine(&store, "one").await;
    let make = || Create::<IntegrationSpec>::new(fields(json!({"key": "second", "connectorKey": "taskly"})));
    let made: Integration = call(&engine, make()).await.unwrap();
    assert_eq!(keys(&actions(&engine, "second").await), keys(&actions(&engine, "taskly").await));
    assert_eq!(call(&engine, make()).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let mut query = ListQuery::default();
    query.paging.limit = Some(1000);
    let all = call(&engine, List::<ActionSpec>::from(query)).await.unwrap().items;
    let known = ["taskly", "contactly", "second"];
    let mut count = all.iter().filter(|action| action.place.integration_id.is_none()).count();
    for key in known {
        count += actions(&engine, key).await.len();
    }
    assert_eq!(all.len(), count, "what was refused left no actions");
    // Another connector brings its actions; named by id it is the same.
    for (field, connector) in [("connectorKey", "contactly"), ("connectorId", "taskly")] {
        let change = fields(json!({ field: connector }));
        let changed = call(&engine, Update::<IntegrationSpec>::new(&made.id).fields(change)).await.unwrap();
        assert_eq!(changed.spec.connector_key.as_deref(), Some(connector));
        let (ours, theirs) = (actions(&engine, "second").await, actions(&engine, connector).await);
        assert!(keys(&theirs).iter().all(|key| keys(&ours).contains(key)), "{:?}", keys(&ours));
    }
    let archived = call(&engine, Archive::<IntegrationSpec>::new(&made.id)).await.unwrap();
    let restored = call(&engine, Restore::<IntegrationSpec>::new(&made.id)).await.unwrap();
    assert_eq!(restored.spec, archived.spec);
}
