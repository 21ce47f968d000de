//! What an element was after its changes: listed, compared, brought back.

use membrane_client::{ErrorKind, Selector, WorkspaceFiles};
use membrane_core::element::{ActionSpec, FieldMappingSpec, IntegrationSpec};
use membrane_core::op::{Actor, Archive, DiffCheckpoints, Get, ListCheckpoints, Restore, Revert};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    changes_are_kept_and_brought_back,
    copies_follow_again,
    customers_have_their_own,
    parameters_stay_sealed,
    a_secret_that_changes_leaves_a_trace,
    who_changed_it_is_told,
    a_copy_that_was_put_away_has_a_history,
    what_only_a_file_says_is_told,
);

fn paths(changes: &[membrane_core::element::FieldChange]) -> Vec<&str> {
    changes.iter().map(|change| change.path()).collect()
}

async fn changes_are_kept_and_brought_back(stage: Stage) {
    let fields =
        json!({"key": "people", "name": "People", "config": {"importValue": {"a": {"$var": "$.b"}}}});
    let made = stage.add::<FieldMappingSpec>(None, fields).await.unwrap();
    let change = |fields| stage.change::<FieldMappingSpec>(None, "people", fields);
    change(json!({"importValue": {"a": {"$var": "$.b"}}})).await.unwrap();
    change(json!({"importValue": {"a": {"$var": "$.c"}}, "name": "All people"})).await.unwrap();
    change(json!({})).await.unwrap();
    stage.call(None, Archive::<FieldMappingSpec>::new("people")).await.unwrap();
    stage.call(None, Restore::<FieldMappingSpec>::new(&made.id)).await.unwrap();

    let mut list = ListCheckpoints::<FieldMappingSpec>::new("people");
    let all = stage.call(None, list.clone()).await.unwrap().items;
    let told: Vec<_> = all.iter().map(|one| (one.checkpoint_number, paths(&one.changes))).collect();
    assert_eq!(
        told,
        [
            (5, vec!["/archivedAt"]),
            (4, vec!["/archivedAt"]),
            (3, vec!["/importValue/a/$var", "/name"]),
            (2, vec!["/importValue"]),
            (1, vec![]),
        ]
    );
    assert!(all.iter().all(|one| one.created_by.is_none() && one.element_id == made.id));
    assert_eq!(
        serde_json::to_value(&all[2].changes[1]).unwrap(),
        json!({
            "op": "replace", "path": "/name", "oldValue": "People", "value": "All people",
        })
    );
    list.limit = Some(2);
    let mut pages = Vec::new();
    loop {
        let page = stage.call(None, list.clone()).await.unwrap();
        pages.extend(page.items);
        list.cursor = page.cursor;
        if list.cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, all, "what changed does not depend on the page");

    let diff = DiffCheckpoints::<FieldMappingSpec>::new("people");
    let span = stage.call(None, diff.clone().between(1, 3)).await.unwrap();
    assert_eq!(paths(&span), ["/importValue", "/name"]);
    assert_eq!(paths(&stage.call(None, diff.clone()).await.unwrap()), ["/archivedAt"]);
    let missing = stage.call(None, diff.between(1, 9)).await.unwrap_err();
    assert_eq!((missing.kind(), missing.context_value("checkpointNumber")), (ErrorKind::NotFound, Some("9")));

    let back = stage.call(None, Revert::<FieldMappingSpec>::new("people").to(2)).await.unwrap();
    assert_eq!(back.name, "People");
    assert_eq!(serde_json::to_value(&back.spec).unwrap()["importValue"], json!({"a": {"$var": "$.b"}}));
    let mut newest = ListCheckpoints::<FieldMappingSpec>::new("people");
    newest.limit = Some(1);
    let newest = stage.call(None, newest).await.unwrap().items;
    assert_eq!((newest[0].checkpoint_number, newest[0].id.as_str()), (6, back.revision.as_str()));
    let none = stage.call(None, Revert::<FieldMappingSpec>::new("people")).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
}

async fn copies_follow_again(stage: Stage) {
    stage.connected("acme").await;
    let fields = json!({"key": "people", "importValue": {"a": {"$var": "$.b"}}});
    stage.add::<FieldMappingSpec>(None, fields).await.unwrap();
    stage.add::<FieldMappingSpec>(None, json!({"key": "people", "integrationKey": "taskly"})).await.unwrap();
    let mine = || Selector::key("people").connection("taskly");
    let mut own = Get::<FieldMappingSpec>::new(mine());
    own.auto_create = Some(true);
    stage.call(Some("acme"), own).await.unwrap();
    let change = json!({"importValue": {"mine": {"$var": "$.c"}}});
    let changed = stage.change::<FieldMappingSpec>(Some("acme"), mine(), change).await.unwrap();
    assert_eq!(changed.place.is_customized, Some(true));
    let back = stage.call(Some("acme"), Revert::<FieldMappingSpec>::new(mine()).to(1)).await.unwrap();
    assert_eq!(back.place.is_customized, Some(false));
    assert_eq!(serde_json::to_value(&back.spec).unwrap()["importValue"], json!({"a": {"$var": "$.b"}}));
    let again = stage.call(Some("acme"), Revert::<FieldMappingSpec>::new(mine()).to(2)).await.unwrap();
    assert_eq!(again.place.is_customized, Some(true));
}

async fn customers_have_their_own(stage: Stage) {
    stage.connected("acme").await;
    let mut own = Get::<ActionSpec>::new(Selector::key("create-task").connection("taskly"));
    own.auto_create = Some(true);
    let copy = stage.call(Some("acme"), own).await.unwrap();
    let list = ListCheckpoints::<ActionSpec>::new(&copy.id);
    let seen = stage.call(Some("acme"), list.clone()).await.unwrap().items;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].created_by, copy.place.tenant_id);
    for error in [
        stage.call(Some("mallory"), list).await.unwrap_err(),
        stage.call(Some("mallory"), DiffCheckpoints::<ActionSpec>::new(&copy.id)).await.unwrap_err(),
        stage.call(Some("mallory"), Revert::<ActionSpec>::new(&copy.id).to(1)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    for error in [
        stage.call(Some("acme"), ListCheckpoints::<ActionSpec>::new("create-task")).await.unwrap_err(),
        stage.call(Some("acme"), Revert::<ActionSpec>::new("create-task").to(1)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
    }
}

async fn parameters_stay_sealed(stage: Stage) {
    stage.connected("acme").await;
    let change = |fields| stage.change::<IntegrationSpec>(None, "taskly", fields);
    change(json!({"name": "Tasks", "parameters": {"clientSecret": "s3cr3t-one"}})).await.unwrap();
    change(json!({"name": "More tasks", "parameters": {"clientSecret": "s3cr3t-two"}})).await.unwrap();
    let all = stage.call(None, ListCheckpoints::<IntegrationSpec>::new("taskly")).await.unwrap().items;
    assert!(!serde_json::to_string(&all).unwrap().contains("s3cr3t"), "{all:?}");
    let named = all.iter().find(|one| one.snapshot["name"] == "Tasks").unwrap().checkpoint_number;
    stage.call(None, Revert::<IntegrationSpec>::new("taskly").to(named)).await.unwrap();
    let back = stage.call(None, Get::<IntegrationSpec>::new("taskly")).await.unwrap();
    let shown = serde_json::to_value(&back).unwrap();
    assert_eq!(
        (&shown["name"], &shown["parameters"]["clientSecret"]),
        (&json!("Tasks"), &json!("s3cr3t-two"))
    );
}

async fn a_secret_that_changes_leaves_a_trace(stage: Stage) {
    let change = |fields| stage.change::<IntegrationSpec>(None, "taskly", fields);
    let checkpoints =
        async || stage.call(None, ListCheckpoints::<IntegrationSpec>::new("taskly")).await.unwrap().items;
    change(json!({"parameters": {"clientSecret": "s3cr3t-one"}})).await.unwrap();
    let before = checkpoints().await.len();
    change(json!({"parameters": {"clientSecret": "s3cr3t-two"}})).await.unwrap();
    let all = checkpoints().await;
    assert_eq!(all.len(), before + 1);
    let told = serde_json::to_value(&all[0].changes).unwrap();
    assert_eq!(told, json!([{"op": "replace", "path": "/parameters", "oldValue": "***", "value": "***"}]));
    // The same again is no change; an import is one as well.
    change(json!({"parameters": {"clientSecret": "s3cr3t-two"}})).await.unwrap();
    assert_eq!(checkpoints().await.len(), before + 1);
    let mut files = WorkspaceFiles::new();
    let text = "key: taskly\nname: Taskly\nconnectorKey: taskly\nparameters:\n  clientSecret: s3cr3t-three\n";
    files.insert("membrane/integrations/taskly/spec.yaml", text).unwrap();
    stage.client.workspace().import(files).await.unwrap();
    let all = checkpoints().await;
    assert!(paths(&all[0].changes).contains(&"/parameters"), "{:?}", all[0].changes);
    assert!(!serde_json::to_string(&all).unwrap().contains("s3cr3t"), "{all:?}");
    let diff = DiffCheckpoints::<IntegrationSpec>::new("taskly");
    assert!(paths(&stage.call(None, diff).await.unwrap()).contains(&"/parameters"));
}

async fn who_changed_it_is_told(stage: Stage) {
    let actors = async |who: Option<&str>, selector: Selector| -> Vec<Actor> {
        let all = stage.call(who, ListCheckpoints::<ActionSpec>::new(selector)).await.unwrap().items;
        all.iter().map(|one| one.actor).collect()
    };
    assert_eq!(actors(None, Selector::key("create-task")).await, [Actor::Engine]);
    let mut files = WorkspaceFiles::new();
    files.insert("membrane/actions/close/spec.yaml", "key: close\nname: Close\n").unwrap();
    stage.client.workspace().import(files).await.unwrap();
    stage.change::<ActionSpec>(None, "close", json!({"name": "Close it"})).await.unwrap();
    assert_eq!(actors(None, Selector::key("close")).await, [Actor::Manager, Actor::Import]);
    stage.connected("acme").await;
    let own = Selector::key("create-task").connection("taskly");
    stage.change::<ActionSpec>(Some("acme"), own.clone(), json!({"name": "Mine"})).await.unwrap();
    assert_eq!(actors(Some("acme"), own).await, [Actor::Customer, Actor::Customer]);
}

async fn a_copy_that_was_put_away_has_a_history(stage: Stage) {
    stage.connected("acme").await;
    let own = || Selector::key("create-task").connection("taskly");
    let changed = stage.change::<ActionSpec>(Some("acme"), own(), json!({"name": "Mine"})).await.unwrap();
    stage.call(Some("acme"), Archive::<ActionSpec>::new(&changed.id)).await.unwrap();
    let all = stage.call(Some("acme"), ListCheckpoints::<ActionSpec>::new(own())).await.unwrap().items;
    assert_eq!((all.len(), &all[0].element_id), (3, &changed.id));
    let diff = stage.call(Some("acme"), DiffCheckpoints::<ActionSpec>::new(own())).await.unwrap();
    assert_eq!(paths(&diff), ["/archivedAt"]);
}

async fn what_only_a_file_says_is_told(stage: Stage) {
    for colour in ["red", "blue"] {
        let mut files = WorkspaceFiles::new();
        let text = format!("key: close\nname: Close\ncolour: {colour}\n");
        files.insert("membrane/actions/close/spec.yaml", text).unwrap();
        stage.client.workspace().import(files).await.unwrap();
    }
    let all = stage.call(None, ListCheckpoints::<ActionSpec>::new("close")).await.unwrap().items;
    assert_eq!(
        serde_json::to_value(&all[0].changes).unwrap(),
        json!([{"op": "replace", "path": "/colour", "oldValue": "red", "value": "blue"}])
    );
}
