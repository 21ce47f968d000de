use std::collections::BTreeSet;

use futures::TryStreamExt;
use membrane_client::{ErrorKind, Record};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    streams_every_record_once,
    pages_by_offset,
    filters_without_dropping_a_condition,
    searches_and_matches,
    writes_and_reads_back,
    checks_fields_before_sending,
);

async fn streams_every_record_once(stage: Stage) {
    stage.tasks.seed(230);
    let acme = stage.connected("acme").await;
    let tasks = acme.connection("taskly").collection("tasks");
    let records: Vec<Record> = tasks.list().validate().stream().try_collect().await.unwrap();
    let ids: BTreeSet<_> = records.iter().map(|record| record.id.clone()).collect();
    assert_eq!(records.len(), stage.tasks.tasks().len());
    assert_eq!(ids.len(), records.len(), "none twice");
    let first = tasks.list().page(None).await.unwrap();
    assert!(first.cursor.is_some() && first.records.len() < records.len());
    assert_eq!(tasks.list().page(Some("0")).await.unwrap(), first, "`0` is the beginning");
}

async fn pages_by_offset(stage: Stage) {
    stage.crm.seed(130);
    let acme = stage.connected("acme").await;
    let contacts = acme.connection("contactly").collection("contacts").list().all().await.unwrap();
    let ids: BTreeSet<_> = contacts.iter().map(|record| record.id.clone()).collect();
    assert_eq!((contacts.len(), ids.len()), (stage.crm.contacts().len(), stage.crm.contacts().len()));
}

async fn filters_without_dropping_a_condition(stage: Stage) {
    stage.tasks.seed(60);
    let acme = stage.connected("acme").await;
    let tasks = acme.connection("taskly").collection("tasks");
    let made = tasks.create(json!({"title": "Only one like this", "status": "open"})).await.unwrap();
    // `status` is the app's to filter, `title` ours.
    let filter = json!({"status": "open", "title": "Only one like this"});
    let found = tasks.list().filter(filter).all().await.unwrap();
    assert_eq!(found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), [made.as_str()]);
    let conditions = json!([{"field": "title", "operator": "contains", "value": "Only one"}]);
    assert_eq!(tasks.list().filter(conditions).all().await.unwrap().len(), 1);
    let unknown = json!([{"field": "title", "operator": "sounds_like", "value": "x"}]);
    let error = tasks.list().filter(unknown).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}

async fn searches_and_matches(stage: Stage) {
    stage.tasks.seed(60);
    let acme = stage.connected("acme").await;
    let tasks = acme.connection("taskly").collection("tasks");
    let id = tasks.create(json!({"title": "A rather peculiar needle"})).await.unwrap();
    let found = tasks.search("peculiar needle").all().await.unwrap();
    assert_eq!(found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    let matched = tasks.find(json!({"title": "A rather peculiar needle"})).await.unwrap().unwrap();
    assert_eq!(matched.id, id);
    assert_eq!(tasks.find(json!({"title": "No such task"})).await.unwrap(), None);
}

async fn writes_and_reads_back(stage: Stage) {
    let acme = stage.connected("acme").await;
    let tasks = acme.connection("taskly").collection("tasks");
    let id = tasks.create(json!({"title": "Draft", "id": "mine", "unknown": 1})).await.unwrap();
    assert_eq!(tasks.update(&id, json!({"title": "Final"})).await.unwrap(), id);
    let record = tasks.get(&id).await.unwrap();
    assert_eq!((record.name.as_deref(), &record.fields["title"]), (Some("Final"), &json!("Final")));
    assert!(record.created_time.is_some());
    tasks.delete(&id).await.unwrap();
    assert_eq!(tasks.get(&id).await.unwrap_err().kind(), ErrorKind::NotFound);
}

async fn checks_fields_before_sending(stage: Stage) {
    let acme = stage.connected("acme").await;
    let tasks = acme.connection("taskly").collection("tasks");
    let before = stage.tasks.requests_to("POST /v1/tasks");
    for bad in [json!({}), json!({"title": 1}), json!({"title": "x", "status": "half"})] {
        let error = tasks.create(bad.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{bad}: {error}");
    }
    assert_eq!(stage.tasks.requests_to("POST /v1/tasks"), before);
    let error = acme.connection("taskly").collection("rockets").list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = acme.connection("taskly").collection("users").delete("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
