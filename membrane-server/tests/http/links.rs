//! Links and data sources as Membrane's own client asks for them.

use membrane_core::ErrorKind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Harness, customer, error, manager, ok};

async fn add(harness: &Harness, path: &str, fields: Value) {
    ok(harness.bare(Method::POST, path).bearer_auth(manager()).json(&fields).send().await.unwrap()).await;
}

#[tokio::test]
async fn links_are_made_found_and_removed() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    add(&harness, "/data-link-tables", json!({"key": "tickets", "name": "Tickets"})).await;
    let by_parent = format!("dataLinkTableKey=tickets&connectionId={connection}&autoCreate=true");
    let instance = ok(harness.get(&format!("/data-link-table-instance?{by_parent}")).await).await;
    let id = instance["id"].as_str().unwrap();
    assert_eq!(instance["connectionId"], json!(connection));
    for (selector, app) in [(by_parent.clone(), "a"), (format!("id={id}"), "b")] {
        let path = format!("/data-link-table-instance/links?{selector}");
        let body = json!({"appRecordId": app, "externalRecordId": "x", "direction": "import"});
        let link = ok(harness.post(&path, body).await).await;
        assert_eq!((&link["dataLinkTableInstanceId"], &link["direction"]), (&json!(id), &json!("import")));
    }
    let links = format!("/data-link-table-instance/links?id={id}");
    let found = ok(harness.get(&format!("{links}&externalRecordId=x&limit=1")).await).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let rest = format!("{links}&externalRecordId=x&cursor={}", found["cursor"].as_str().unwrap());
    assert_eq!(ok(harness.get(&rest).await).await["items"][0]["appRecordId"], "b");
    assert_eq!(ok(harness.get(&format!("{links}&direction=export")).await).await["items"], json!([]));
    // Of the other customer, nothing is there.
    let others = harness.bare(Method::GET, &links).bearer_auth(customer("other")).send().await.unwrap();
    let (status, others) = error(others).await;
    assert_eq!((status, others.kind()), (404, ErrorKind::NotFound));
    let delete = harness.request(Method::DELETE, &links).json(&json!({"appRecordId": "a"}));
    assert_eq!(ok(delete.send().await.unwrap()).await, json!({}));
    let left = ok(harness.get(&format!("{links}&limit=1000&cursor=0")).await).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    // Not every client can send a body with it; the table is named by its app as well.
    let by_app = "/data-link-table-instance/links?dataLinkTableKey=tickets&integrationKey=demo";
    assert_eq!(ok(harness.get(by_app).await).await["items"].as_array().unwrap().len(), 1);
    let delete = harness.request(Method::DELETE, &format!("{by_app}&appRecordId=b"));
    assert_eq!(ok(delete.send().await.unwrap()).await, json!({}));
    assert_eq!(ok(harness.get(&links).await).await["items"], json!([]));
    let nothing = harness.request(Method::DELETE, &links).json(&json!({}));
    let (status, nothing) = error(nothing.send().await.unwrap()).await;
    assert_eq!((status, nothing.context_value("field")), (400, Some("appRecordId")));
    let unknown =
        harness.post(&links, json!({"appRecordId": "a", "externalRecordId": "x", "direction": "up"}));
    let (status, _) = error(unknown.await).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_data_source_without_a_collection_says_so() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    add(&harness, "/data-sources", json!({"key": "people", "name": "People", "udm": "contacts"})).await;
    let selector = format!("dataSourceKey=people&connectionId={connection}");
    for (method, verb) in [
        (Method::GET, "collection"),
        (Method::POST, "collection/list"),
        (Method::POST, "collection/search"),
        (Method::POST, "collection/match"),
        (Method::POST, "collection/find-by-id"),
        (Method::POST, "collection/create"),
        (Method::POST, "collection/update"),
        (Method::POST, "collection/delete"),
        (Method::POST, "unified-fields-to-native"),
    ] {
        let path = format!("/data-source-instance/{verb}?{selector}");
        let (status, why) = error(harness.request(method, &path).send().await.unwrap()).await;
        assert_eq!((status, why.kind()), (400, ErrorKind::Dependency), "{verb}: {why}");
        assert!(why.message().contains("Demo keeps no contacts"), "{why}");
        assert_eq!(why.data().unwrap()["workspaceElementReference"]["key"], "people");
    }
}

#[tokio::test]
async fn a_field_mapping_is_run_and_shows_its_schema() {
    let harness = Harness::start().await;
    let connection = harness.connect().await;
    let schema = json!({"type": "object", "properties": {"what": {"type": "string"}}});
    let mapping = json!({
        "key": "ticket", "name": "Ticket", "appSchema": schema, "importValue": {"what": {"$var": "$.title"}},
    });
    add(&harness, "/field-mappings", mapping).await;
    assert_eq!(ok(harness.get("/field-mappings/ticket/app-schema").await).await, schema);
    let body = json!({"direction": "import", "input": {"title": "Bug"}});
    for path in [
        format!("/field-mappings/ticket/run?connectionId={connection}"),
        format!("/field-mapping-instance/run?fieldMappingKey=ticket&connectionId={connection}"),
        format!("/connections/{connection}/field-mappings/ticket/run"),
    ] {
        assert_eq!(
            ok(harness.post(&path, body.clone()).await).await,
            json!({"output": {"what": "Bug"}}),
            "{path}"
        );
    }
}
