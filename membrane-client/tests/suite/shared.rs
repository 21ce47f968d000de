//! Kinds without layers: the workspace's own, and those that belong to customers.

use membrane_client::ErrorKind;
use membrane_core::Selector;
use membrane_core::element::{
    AppDataSchemaSpec, AppEventSubscriptionSpec, AppEventTypeSpec, AppSpec, Element, ScreenSpec,
};
use membrane_core::op::{Archive, Get, List, ListQuery, Restore};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(the_workspaces_own, a_schema_for_all_and_for_one, a_subscription_is_a_customers);

async fn the_workspaces_own(stage: Stage) {
    let app: Element<AppSpec> =
        stage.add(None, json!({"name": "Git Hub", "appUri": "https://g.example"})).await.unwrap();
    assert_eq!(
        (app.key.as_ref().unwrap().as_str(), app.spec.app_uri.as_deref()),
        ("git-hub", Some("https://g.example"))
    );
    let screen = stage.add::<ScreenSpec>(None, json!({"name": "x"})).await.unwrap_err();
    assert_eq!(screen.message(), "`type` is required: `integration`");
    let wrong = json!({"name": "x", "type": "integration", "blocks": [{"type": "video"}]});
    let wrong = stage.add::<ScreenSpec>(None, wrong).await.unwrap_err();
    assert_eq!(wrong.context_value("field"), Some("blocks[0].type"));
    let screen = json!({"name": "Page", "type": "integration", "blocks": [{"type": "flow", "key": "sync"}]});
    let screen: Element<ScreenSpec> = stage.add(None, screen).await.unwrap();
    let denied =
        stage.change::<ScreenSpec>(Some("acme"), &screen.id, json!({"name": "Mine"})).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::AccessDenied);
    stage.call(None, Archive::<ScreenSpec>::new("page")).await.unwrap();
    assert!(stage.call(None, List::<ScreenSpec>::from(ListQuery::default())).await.unwrap().items.is_empty());
    let back = stage.call(None, Restore::<ScreenSpec>::new("page")).await.unwrap();
    assert_eq!(back.spec.blocks, screen.spec.blocks);
}

async fn a_schema_for_all_and_for_one(stage: Stage) {
    let schema = |title: &str| json!({"schema": {"type": "object", "title": title}});
    let mut fields = schema("1");
    fields["name"] = json!("Contacts");
    let shared: Element<AppDataSchemaSpec> = stage.add(None, fields.clone()).await.unwrap();
    assert_eq!(shared.spec.is_universal, Some(true));
    let denied = stage.add::<AppDataSchemaSpec>(Some("acme"), fields).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::AccessDenied);
    let mut get = Get::<AppDataSchemaSpec>::new({
        let mut selector = Selector::default();
        selector.parent_key = Some("contacts".to_owned());
        selector
    });
    get.auto_create = Some(true);
    let own = stage.call(Some("acme"), get.clone()).await.unwrap();
    assert_eq!(own.spec.app_data_schema_id.as_deref(), Some(shared.id.as_str()));
    assert_eq!(stage.call(Some("acme"), get).await.unwrap().id, own.id, "it is made once");
    let title =
        |own: &Element<AppDataSchemaSpec>| own.spec.schema.as_ref().unwrap().as_value()["title"].clone();
    stage.change::<AppDataSchemaSpec>(None, &shared.id, schema("2")).await.unwrap();
    assert_eq!(title(&stage.call(Some("acme"), Get::<AppDataSchemaSpec>::new(&own.id)).await.unwrap()), "2");
    stage.change::<AppDataSchemaSpec>(Some("acme"), &own.id, schema("mine")).await.unwrap();
    stage.change::<AppDataSchemaSpec>(None, &shared.id, schema("3")).await.unwrap();
    assert_eq!(
        title(&stage.call(Some("acme"), Get::<AppDataSchemaSpec>::new(&own.id)).await.unwrap()),
        "mine"
    );
    let hidden = stage.call(Some("mallory"), Get::<AppDataSchemaSpec>::new(&own.id)).await.unwrap_err();
    assert_eq!(hidden.kind(), ErrorKind::NotFound);
    let mut query = ListQuery::default();
    query.is_universal = Some(false);
    let instances = stage.call(Some("acme"), List::<AppDataSchemaSpec>::from(query)).await.unwrap().items;
    assert_eq!(instances.iter().map(|one| &one.id).collect::<Vec<_>>(), [&own.id]);
}

async fn a_subscription_is_a_customers(stage: Stage) {
    let fields = json!({
        "name": "Contact Event", "schema": {"type": "object"}, "tenantIdFormula": {"$var": "$.customerId"},
        "subscribeRequest": {"method": "POST", "uri": "/subscribe", "body": {"to": "{{webhookUri}}"}},
    });
    let kind: Element<AppEventTypeSpec> = stage.add(None, fields).await.unwrap();
    assert_eq!(kind.spec.global_webhook_uri, format!("/webhooks/app-events/{}", kind.spec.webhook_key));
    let again: Element<AppEventTypeSpec> = stage.change(None, &kind.id, json!({"example": 1})).await.unwrap();
    assert_eq!(again.spec.webhook_key, kind.spec.webhook_key, "the address stays");
    let bad = json!({"name": "x", "tenantIdFormula": {"$tpl": {"template": "", "values": {"(": 1}}}});
    let bad = stage.add::<AppEventTypeSpec>(None, bad).await.unwrap_err();
    assert_eq!(bad.context_value("field"), Some("tenantIdFormula"));
    let own = json!({"appEventTypeKey": "contact-event"});
    let own: Element<AppEventSubscriptionSpec> = stage.add(Some("acme"), own).await.unwrap();
    assert_eq!((own.spec.app_event_type_id.as_str(), own.spec.is_subscribed), (kind.id.as_str(), false));
    assert_eq!(own.spec.subscription_request.body, Some(json!({"to": own.spec.webhook_uri})));
    let nobodys = json!({"appEventTypeKey": "contact-event"});
    let nobodys = stage.add::<AppEventSubscriptionSpec>(None, nobodys).await.unwrap_err();
    assert_eq!(nobodys.message(), "a subscription belongs to a customer: say `userId`");
    let hidden =
        stage.call(Some("mallory"), Archive::<AppEventSubscriptionSpec>::new(&own.id)).await.unwrap_err();
    assert_eq!(hidden.kind(), ErrorKind::NotFound);
}
