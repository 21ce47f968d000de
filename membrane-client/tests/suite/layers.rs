//! Elements at layers: they hang together by id, whatever their keys become.

use membrane_client::ErrorKind;
use membrane_core::Selector;
use membrane_core::element::{Action, ActionSpec};
use membrane_core::op::{Archive, Get, GetActionRun, List, ListQuery, Restore};
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::Stage;

on_both!(
    a_renamed_action_still_inherits,
    a_renamed_copy_follows_its_parent,
    a_copy_with_content_of_its_own_stays,
    a_copy_is_made_once,
    archives_at_each_layer,
    restores_the_one_archived_last,
    places_an_element_below_its_parent,
    lists_no_more_than_was_asked_for,
);

/// What an action that asks nothing of the app but who it is gives back.
fn gives(n: u64) -> Value {
    json!({
        "type": "connector-operation", "config": {"operationKey": "get-me"}, "outputMapping": {"n": n},
    })
}

fn with(mut fields: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    fields
}

/// A selector below the customer's connection to Taskly.
fn on_taskly(key: &str) -> Selector {
    Selector::key(key).connection("taskly")
}

/// A universal action `who` that gives 1.
async fn universal(stage: &Stage) -> Action {
    let request = json!({"request": {"method": "GET", "path": "/v1/me"}});
    let fields = json!({
        "key": "who", "name": "Who", "type": "api-request-to-external-app", "config": request,
        "outputMapping": {"n": 1},
    });
    stage.add::<ActionSpec>(None, fields).await.unwrap()
}

/// Taskly's own action `ping` that gives 1.
async fn ping(stage: &Stage) -> Action {
    let fields = with(gives(1), &json!({"integrationKey": "taskly", "key": "ping", "name": "Ping"}));
    stage.add::<ActionSpec>(None, fields).await.unwrap()
}

async fn copy(stage: &Stage, customer: &str, key: &str) -> Action {
    let mut get = Get::<ActionSpec>::new(on_taskly(key));
    get.auto_create = Some(true);
    stage.call(Some(customer), get).await.unwrap()
}

async fn a_renamed_action_still_inherits(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let universal = universal(&stage).await;
    let child = json!({"integrationKey": "taskly", "parentKey": "who", "name": "Who"});
    let child: Action = stage.add(None, child).await.unwrap();
    assert_eq!(child.place.is_customized, Some(false));
    assert_eq!(child.place.parent_id.as_ref(), Some(&universal.id));
    let renamed: Action = stage.change(None, &child.id, json!({"key": "me", "name": "Me"})).await.unwrap();
    assert_eq!(renamed.place.is_customized, Some(false), "a key is no content");
    assert_eq!(taskly.action("me").run(json!({})).await.unwrap().output, json!({"n": 1}));
    stage.change::<ActionSpec>(None, &universal.id, json!({"outputMapping": {"n": 2}})).await.unwrap();
    assert_eq!(taskly.action("me").run(json!({})).await.unwrap().output, json!({"n": 2}));
    stage.change::<ActionSpec>(None, &universal.id, json!({"key": "whoever"})).await.unwrap();
    for key in ["me", "whoever"] {
        let run = taskly.action(key).run(json!({})).await.unwrap();
        assert_eq!(run.output, json!({"n": 2}), "{key}");
        stage.engine.flush().await;
        let get = GetActionRun::detailed(run.action_run_id.as_str());
        let log = stage.call(Some("acme"), get).await.unwrap();
        assert_eq!(log.universal_action_id.as_deref(), Some(universal.id.as_str()));
        assert_eq!(log.integration_action_id.as_deref(), Some(child.id.as_str()));
    }
    let shown = stage.call(Some("acme"), Get::<ActionSpec>::new(&child.id)).await.unwrap();
    assert_eq!(shown.spec.output_mapping, Some(json!({"n": 2})), "it shows what it follows");
    let gone = taskly.action("who").run(json!({})).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
}

async fn a_renamed_copy_follows_its_parent(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let original = ping(&stage).await;
    let made = copy(&stage, "acme", "ping").await;
    assert_eq!(made.place.is_customized, Some(false));
    let renamed: Action =
        stage.change(Some("acme"), on_taskly("ping"), json!({"key": "mine"})).await.unwrap();
    assert_eq!((renamed.id.as_str(), renamed.place.is_customized), (made.id.as_str(), Some(false)));
    stage.change::<ActionSpec>(None, &original.id, json!({"outputMapping": {"n": 2}})).await.unwrap();
    for key in ["mine", "ping"] {
        let run = taskly.action(key).run(json!({})).await.unwrap();
        assert_eq!(run.output, json!({"n": 2}), "{key}");
        let shown = stage.call(Some("acme"), Get::<ActionSpec>::new(on_taskly(key))).await.unwrap();
        assert_eq!(shown.id, made.id, "the connection's own is meant");
        assert_eq!(shown.spec.output_mapping, Some(json!({"n": 2})));
    }
    stage.change::<ActionSpec>(None, &original.id, json!({"key": "pong"})).await.unwrap();
    assert_eq!(taskly.action("mine").run(json!({})).await.unwrap().output, json!({"n": 2}));
    assert_eq!(copy(&stage, "acme", "pong").await.id, made.id, "there is one already");
    let keys: Vec<String> = taskly
        .actions()
        .await
        .unwrap()
        .into_iter()
        .filter(|action| action.place.parent_id.as_ref() == Some(&original.id) || action.id == original.id)
        .map(|action| action.key.unwrap().to_string())
        .collect();
    assert_eq!(keys, ["mine"], "the copy stands in the place of its original");
}

async fn a_copy_with_content_of_its_own_stays(stage: Stage) {
    let acme = stage.connected("acme").await;
    let mallory = stage.connected("mallory").await;
    let original = ping(&stage).await;
    copy(&stage, "acme", "ping").await;
    stage
        .change::<ActionSpec>(None, &original.id, json!({"customOutputSchema": {"type": "object"}}))
        .await
        .unwrap();
    let own = json!({"outputMapping": {"n": 9}});
    let own: Action = stage.change(Some("acme"), on_taskly("ping"), own).await.unwrap();
    assert_eq!(own.place.is_customized, Some(true));
    assert!(own.spec.custom_output_schema.is_some(), "a change is made to what the parent is now");
    stage.change::<ActionSpec>(None, &original.id, json!({"outputMapping": {"n": 3}})).await.unwrap();
    for (customer, n) in [(&acme, 9), (&mallory, 3)] {
        let run = customer.connection("taskly").action("ping").run(json!({})).await.unwrap();
        assert_eq!(run.output, json!({ "n": n }));
    }
}

async fn a_copy_is_made_once(stage: Stage) {
    stage.connected("acme").await;
    ping(&stage).await;
    let made = futures::future::join_all((0..20).map(|_| copy(&stage, "acme", "ping"))).await;
    assert!(made.iter().all(|copy| copy.id == made[0].id && copy.place.connection_id.is_some()));
    let twice = json!({"connectionId": "taskly", "parentKey": "ping", "key": "another", "name": "Another"});
    let twice = stage.add::<ActionSpec>(Some("acme"), twice).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::AlreadyExists, "{twice}");
    // An instance key tells further copies apart.
    let mut further = Get::<ActionSpec>::new(on_taskly("ping"));
    further.auto_create = Some(true);
    further.selector.instance_key = Some("second".to_owned());
    let further = stage.call(Some("acme"), further).await.unwrap();
    assert_ne!(further.id, made[0].id);
}

async fn archives_at_each_layer(stage: Stage) {
    let acme = stage.connected("acme").await;
    let mallory = stage.connected("mallory").await;
    let run = async |customer: &membrane_client::CustomerHandle, key: &str| {
        customer.connection("taskly").action(key).run(json!({})).await.map(|run| run.output["n"].clone())
    };
    let original = ping(&stage).await;
    let own = json!({"key": "mine", "outputMapping": {"n": 9}});
    stage.change::<ActionSpec>(Some("acme"), on_taskly("ping"), own).await.unwrap();
    copy(&stage, "mallory", "ping").await;
    // The connection's copy.
    stage.call(Some("acme"), Archive::<ActionSpec>::new(on_taskly("ping"))).await.unwrap();
    assert_eq!(run(&acme, "ping").await.unwrap(), json!(1));
    assert_eq!(run(&acme, "mine").await.unwrap_err().kind(), ErrorKind::NotFound);
    stage.call(Some("acme"), Restore::<ActionSpec>::new(on_taskly("ping"))).await.unwrap();
    assert_eq!(run(&acme, "ping").await.unwrap(), json!(9));
    // The integration's action: what follows it goes with it, what is of its own stays.
    stage.call(None, Archive::<ActionSpec>::new(&original.id)).await.unwrap();
    assert_eq!(run(&acme, "mine").await.unwrap(), json!(9));
    assert_eq!(run(&mallory, "ping").await.unwrap_err().kind(), ErrorKind::NotFound);
    for (customer, count) in [(&acme, 1), (&mallory, 0)] {
        let shown = customer.connection("taskly").actions().await.unwrap();
        let ours = shown.iter().filter(|action| action.place.parent_id.as_ref() == Some(&original.id));
        assert_eq!(ours.count(), count);
    }
    stage.call(None, Restore::<ActionSpec>::new(&original.id)).await.unwrap();
    assert_eq!(run(&mallory, "ping").await.unwrap(), json!(1));
    // The universal action.
    let universal = universal(&stage).await;
    let child = json!({"integrationKey": "taskly", "parentId": universal.id, "key": "me"});
    stage.add::<ActionSpec>(None, child).await.unwrap();
    assert_eq!(run(&acme, "me").await.unwrap(), json!(1));
    stage.call(None, Archive::<ActionSpec>::new(&universal.id)).await.unwrap();
    let error = run(&acme, "me").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    stage.call(None, Restore::<ActionSpec>::new(&universal.id)).await.unwrap();
    assert_eq!(run(&acme, "me").await.unwrap(), json!(1));
}

async fn restores_the_one_archived_last(stage: Stage) {
    stage.connected("acme").await;
    ping(&stage).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(copy(&stage, "acme", "ping").await.id);
        stage.call(Some("acme"), Archive::<ActionSpec>::new(on_taskly("ping"))).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let restored = stage.call(Some("acme"), Restore::<ActionSpec>::new(on_taskly("ping"))).await.unwrap();
    assert_eq!((&restored.id, restored.archived_at), (&ids[1], None));
    let again = stage.call(Some("acme"), Restore::<ActionSpec>::new(on_taskly("ping"))).await.unwrap();
    assert_eq!(again.id, ids[1], "twice is the same as once");
    let other = stage.call(Some("acme"), Restore::<ActionSpec>::new(&ids[0])).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::AlreadyExists, "{other}");
}

async fn places_an_element_below_its_parent(stage: Stage) {
    let acme = stage.connected("acme").await;
    let connection = acme.connection("taskly").get().await.unwrap();
    stage
        .change::<membrane_core::element::ConnectionSpec>(
            Some("acme"),
            &connection.id,
            json!({"key": "main"}),
        )
        .await
        .unwrap();
    let original = ping(&stage).await;
    let fields = with(gives(5), &json!({"connectionKey": "main", "key": "ping", "name": "Ping"}));
    let own: Action = stage.add(Some("acme"), fields).await.unwrap();
    assert_eq!(own.place.connection_id.as_ref().map(|id| id.as_str()), Some(connection.id.as_str()));
    assert_eq!(own.place.parent_id.as_ref(), Some(&original.id), "the same key is the same action");
    assert_eq!(acme.connection("main").action("ping").run(json!({})).await.unwrap().output, json!({"n": 5}));
    let unknown = json!({"connectionKey": "nothing", "name": "x"});
    let unknown = stage.add::<ActionSpec>(Some("acme"), unknown).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound, "{unknown}");
    let wrong = json!({"integrationKey": "contactly", "parentId": original.id, "name": "x"});
    let wrong = stage.add::<ActionSpec>(None, wrong).await.unwrap_err();
    assert_eq!((wrong.kind(), wrong.context_value("field")), (ErrorKind::InvalidInput, Some("parentId")));
    let mut other_app = Get::<ActionSpec>::new(Selector::from(&original.id).connection("contactly"));
    other_app.auto_create = Some(true);
    let other_app = stage.call(Some("acme"), other_app).await.unwrap_err();
    assert_eq!(other_app.kind(), ErrorKind::InvalidInput, "{other_app}");
    let elsewhere = Selector::from(&original.id).integration("contactly");
    let elsewhere = stage.call(None, Archive::<ActionSpec>::new(elsewhere)).await.unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::InvalidInput, "{elsewhere}");
    let run = acme.connection("contactly").action(original.id.as_str()).run(json!({})).await.unwrap_err();
    assert_eq!(run.kind(), ErrorKind::InvalidInput, "{run}");
    let mut query = ListQuery::default();
    query.parent_id = Some(original.id.to_string());
    let children = stage.call(Some("acme"), List::<ActionSpec>::from(query)).await.unwrap().items;
    assert_eq!(children.iter().map(|child| &child.id).collect::<Vec<_>>(), [&own.id]);
}

async fn lists_no_more_than_was_asked_for(stage: Stage) {
    let acme = stage.connected("acme").await;
    let connection = acme.connection("taskly").get().await.unwrap().id;
    for n in 0..5 {
        let key = format!("own-{n}");
        let fields = with(gives(n), &json!({"connectionId": connection, "key": key, "name": key}));
        stage.add::<ActionSpec>(Some("acme"), fields).await.unwrap();
    }
    let everything: Vec<String> =
        acme.connection("taskly").actions().await.unwrap().into_iter().map(|a| a.id.to_string()).collect();
    assert!(everything.len() > 5);
    for limit in [1, 2, 3, 100] {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let mut query = ListQuery::default();
            query.connection_id = Some("taskly".to_owned());
            query.paging.limit = Some(limit);
            query.paging.cursor = cursor;
            let page = stage.call(Some("acme"), List::<ActionSpec>::from(query)).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            assert!(page.items.len() == limit as usize || page.cursor.is_none());
            ids.extend(page.items.into_iter().map(|action| action.id.to_string()));
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(ids, everything, "{limit} a page");
    }
}
