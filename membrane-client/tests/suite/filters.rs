//! What narrows a list, narrows it; what cannot is refused.

use membrane_client::ErrorKind;
use membrane_core::element::{ActionSpec, ConnectionSpec, CustomerSpec, Element, IntegrationSpec, Spec};
use membrane_core::op::{CollectionTarget, Create, Get, List, ListActionRuns, ListQuery, ListRecords};
use membrane_core::{LayerName, Page, Result, Selector};
use membrane_engine::op::Execute;
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    by_the_universal_layer,
    by_the_universal_parent,
    by_the_customer_of_an_action,
    by_test_and_connector,
    refuses_what_does_not_narrow,
    refuses_a_unified_field_that_it_has_not,
    takes_its_own_cursors_only,
    of_one_integration_only,
);

async fn list<S: Spec>(
    stage: &Stage,
    customer: Option<&str>,
    edit: impl FnOnce(&mut ListQuery),
) -> Result<Vec<Element<S>>>
where
    List<S>: Execute + membrane_core::op::Op<Output = Page<Element<S>>>,
{
    let mut query = ListQuery::default();
    query.paging.limit = Some(1000);
    edit(&mut query);
    stage.call(customer, List::<S>::from(query)).await.map(|page| page.items)
}

async fn own_copy(stage: &Stage, customer: &str) -> Element<ActionSpec> {
    let mut get = Get::<ActionSpec>::new(Selector::key("create-task").connection("taskly"));
    get.auto_create = Some(true);
    stage.call(Some(customer), get).await.unwrap()
}

async fn by_the_universal_layer(stage: Stage) {
    let all = list::<ActionSpec>(&stage, None, |_| {}).await.unwrap().len();
    let universal = list::<ActionSpec>(&stage, None, |query| query.is_universal = Some(true)).await.unwrap();
    assert!(universal.len() >= 2 && universal.iter().all(|e| e.place.layer() == LayerName::Universal));
    let others = list::<ActionSpec>(&stage, None, |query| query.is_universal = Some(false)).await.unwrap();
    assert!(!others.is_empty() && others.iter().all(|e| e.place.layer() != LayerName::Universal));
    assert_eq!(universal.len() + others.len(), all);
    let error = list::<ActionSpec>(&stage, None, |query| {
        query.is_universal = Some(true);
        query.layer = Some(LayerName::Integration);
    });
    let error = error.await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("isUniversal")));
}

async fn by_the_universal_parent(stage: Stage) {
    stage.connected("acme").await;
    let copy = own_copy(&stage, "acme").await;
    let universal = copy.place.universal_parent_id.clone().unwrap();
    let of = |query: &mut ListQuery| query.universal_parent_id = Some(universal.to_string());
    let children = list::<ActionSpec>(&stage, Some("acme"), of).await.unwrap();
    assert!(children.len() >= 2, "the integration's and the copy");
    assert!(children.iter().all(|child| child.place.universal_parent_id.as_ref() == Some(&universal)));
    assert!(children.iter().any(|child| child.id == copy.id));
    let below = list::<ActionSpec>(&stage, Some("acme"), |query| {
        query.connection_id = Some("taskly".to_owned());
        query.universal_parent_id = Some(universal.to_string());
    });
    assert_eq!(below.await.unwrap().iter().map(|e| &e.id).collect::<Vec<_>>(), [&copy.id]);
    let none = |query: &mut ListQuery| query.universal_parent_id = Some("nothing".to_owned());
    assert!(list::<ActionSpec>(&stage, Some("acme"), none).await.unwrap().is_empty());
}

async fn by_the_customer_of_an_action(stage: Stage) {
    stage.connected("acme").await;
    stage.connected("mallory").await;
    let acme = own_copy(&stage, "acme").await;
    let mallory = own_copy(&stage, "mallory").await;
    let tenant = acme.place.tenant_id.clone().unwrap().to_string();
    for (user, copy) in [("acme", &acme), ("mallory", &mallory)] {
        let of = |query: &mut ListQuery| query.user_id = Some(user.to_owned());
        let found = list::<ActionSpec>(&stage, None, of).await.unwrap();
        assert_eq!(found.iter().map(|e| &e.id).collect::<Vec<_>>(), [&copy.id]);
    }
    let of = |query: &mut ListQuery| query.tenant_id = Some(tenant.clone());
    assert_eq!(list::<ActionSpec>(&stage, None, of).await.unwrap()[0].id, acme.id);
    assert_eq!(list::<ActionSpec>(&stage, Some("acme"), of).await.unwrap()[0].id, acme.id);
    assert!(list::<ActionSpec>(&stage, Some("mallory"), of).await.unwrap().is_empty());
    let both = |query: &mut ListQuery| {
        query.tenant_id = Some(tenant.clone());
        query.user_id = Some("mallory".to_owned());
    };
    assert!(list::<ActionSpec>(&stage, None, both).await.unwrap().is_empty());
    let nobody = |query: &mut ListQuery| query.user_id = Some("nobody".to_owned());
    assert!(list::<ActionSpec>(&stage, None, nobody).await.unwrap().is_empty());
    assert!(list::<ConnectionSpec>(&stage, None, nobody).await.unwrap().is_empty());
}

async fn by_test_and_connector(stage: Stage) {
    let tester = json!({"name": "Tester", "internalId": "tester", "isTest": true});
    stage.call(None, Create::<CustomerSpec>::new(tester.as_object().cloned().unwrap())).await.unwrap();
    stage.connected("acme").await;
    stage.connected("tester").await;
    for (is_test, user) in [(true, "tester"), (false, "acme")] {
        let is = |query: &mut ListQuery| query.is_test = Some(is_test);
        let customers = list::<CustomerSpec>(&stage, None, is).await.unwrap();
        assert_eq!(customers.iter().map(|e| e.spec.internal_id.as_deref()).collect::<Vec<_>>(), [Some(user)]);
        let connections = list::<ConnectionSpec>(&stage, None, is).await.unwrap();
        assert_eq!(connections.len(), 2);
        assert!(connections.iter().all(|e| e.place.user_id.as_deref() == Some(user)));
    }
    let active = |is_active| move |query: &mut ListQuery| query.is_active = Some(is_active);
    assert_eq!(list::<CustomerSpec>(&stage, None, active(true)).await.unwrap().len(), 2);
    assert!(list::<CustomerSpec>(&stage, None, active(false)).await.unwrap().is_empty());
    let of = |query: &mut ListQuery| query.connector_id = Some("taskly".to_owned());
    let found = list::<ConnectionSpec>(&stage, Some("acme"), of).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spec.connector_id.as_deref(), Some("taskly"));
    assert_eq!(list::<IntegrationSpec>(&stage, Some("acme"), of).await.unwrap().len(), 1);
    for (version, count) in [(found[0].spec.connector_version.clone(), 1), (Some("0.0.0-none".to_owned()), 0)]
    {
        let of = |query: &mut ListQuery| {
            query.connector_id = Some("taskly".to_owned());
            query.connector_version = version;
            query.disconnected = Some(false);
        };
        assert_eq!(list::<ConnectionSpec>(&stage, Some("acme"), of).await.unwrap().len(), count);
    }
}

async fn refuses_what_does_not_narrow(stage: Stage) {
    let refused = |error: membrane_client::Error, field: &str| {
        assert_eq!(
            (error.kind(), error.context_value("field")),
            (ErrorKind::InvalidInput, Some(field)),
            "{error}"
        );
    };
    let actions = list::<ActionSpec>(&stage, None, |query| query.connected = Some(true)).await;
    refused(actions.unwrap_err(), "connected");
    let all = list::<ActionSpec>(&stage, None, |_| {}).await.unwrap();
    let hinted = list::<ActionSpec>(&stage, None, |query| query.intent = Some("make tasks".to_owned())).await;
    assert_eq!(hinted.unwrap().len(), all.len());
    stage.connected("acme").await;
    let app = |query: &mut ListQuery| query.external_app_id = Some("x".to_owned());
    assert!(list::<ActionSpec>(&stage, None, app).await.unwrap().is_empty());
    assert!(list::<ConnectionSpec>(&stage, None, app).await.unwrap().is_empty());
    refused(list::<CustomerSpec>(&stage, None, app).await.unwrap_err(), "externalAppId");
    let mut runs = ListActionRuns::default();
    runs.of.external_app_id = Some("x".to_owned());
    assert!(stage.call(None, runs).await.unwrap().items.is_empty());
    let layer = |query: &mut ListQuery| query.layer = Some(LayerName::Universal);
    refused(list::<ConnectionSpec>(&stage, None, layer).await.unwrap_err(), "layer");
    refused(list::<IntegrationSpec>(&stage, None, layer).await.unwrap_err(), "layer");
    refused(list::<CustomerSpec>(&stage, None, layer).await.unwrap_err(), "layer");
}

async fn takes_its_own_cursors_only(stage: Stage) {
    stage.connected("acme").await;
    let wrong = |error: membrane_client::Error| {
        assert_eq!(
            (error.kind(), error.context_value("field"), error.message()),
            (ErrorKind::InvalidInput, Some("cursor"), "`zzz` is not a cursor of this list")
        );
    };
    let at = |cursor: &str| {
        let cursor = Some(cursor.to_owned());
        move |query: &mut ListQuery| query.paging.cursor = cursor
    };
    wrong(list::<ConnectionSpec>(&stage, None, at("zzz")).await.unwrap_err());
    wrong(list::<ActionSpec>(&stage, Some("acme"), at("zzz")).await.unwrap_err());
    let mut runs = ListActionRuns::default();
    runs.paging.cursor = Some("zzz".to_owned());
    wrong(stage.call(None, runs.clone()).await.unwrap_err());
    runs.paging.cursor = Some("0".to_owned());
    stage.call(None, runs).await.unwrap();
    let first = list::<ConnectionSpec>(&stage, None, at("0")).await.unwrap();
    assert_eq!(first.len(), 2);
    let second = list::<ConnectionSpec>(&stage, None, at(first[0].id.as_str())).await.unwrap();
    assert_eq!(second.iter().map(|e| &e.id).collect::<Vec<_>>(), [&first[1].id]);
}

async fn of_one_integration_only(stage: Stage) {
    stage.connected("acme").await;
    let of = |id: &str, key: &str| {
        let (id, key) = (Some(id.to_owned()), Some(key.to_owned()));
        move |query: &mut ListQuery| (query.integration_id, query.integration_key) = (id, key)
    };
    let taskly = stage.client.customer("acme").connection("taskly").get().await.unwrap();
    let id = taskly.place.integration_id.unwrap().to_string();
    for id in [id.as_str(), "taskly"] {
        assert_eq!(list::<ConnectionSpec>(&stage, None, of(id, "taskly")).await.unwrap().len(), 1);
        for error in [
            list::<ConnectionSpec>(&stage, None, of(id, "contactly")).await.unwrap_err(),
            list::<ActionSpec>(&stage, None, of(id, "contactly")).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains(id) && error.message().contains("`contactly`"), "{error}");
        }
    }
}

async fn refuses_a_unified_field_that_it_has_not(stage: Stage) {
    stage.connected("acme").await;
    let read = |unified| {
        let target = CollectionTarget::new("taskly", "tasks");
        stage.call(Some("acme"), ListRecords::new(target, None, unified, None, None))
    };
    let error = read(Some(json!({"name": "x"}))).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::Unsupported, Some("$.name")));
    read(Some(json!({}))).await.unwrap();
    read(None).await.unwrap();
    let listing = json!({
        "integrationKey": "taskly", "key": "all", "name": "All", "type": "list-data-records",
        "config": {"dataSource": {"collectionKey": "tasks"}, "unifiedFilter": {"name": "x"}},
    });
    stage.add::<ActionSpec>(None, listing).await.unwrap();
    let run = stage.client.customer("acme").connection("taskly").action("all").run(json!({})).await;
    assert_eq!(run.unwrap_err().kind(), ErrorKind::Configuration);
}
