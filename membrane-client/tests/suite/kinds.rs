//! Every type of action that can be run, made by a manager and run by a customer.

use membrane_client::{ErrorKind, Result};
use membrane_core::element::{Action, ActionSpec};
use membrane_core::op::Create;
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::Stage;

on_both!(
    runs_every_type,
    what_is_mapped_to_nothing_is_nothing,
    takes_data_in_a_path_as_it_is,
    refuses_a_wrong_action,
    follows_the_layers
);

async fn add(stage: &Stage, fields: Value) -> Result<Action> {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    stage.engine.call(&stage.engine.manager(), Create::<ActionSpec>::new(fields)).await
}

fn data(key: &str, kind: &str, config: Value) -> Value {
    let mut config = config;
    config["dataSource"] = json!({"collectionKey": "tasks"});
    json!({"integrationKey": "taskly", "key": key, "name": key, "type": kind, "config": config})
}

async fn runs_every_type(stage: Stage) {
    stage.tasks.seed(200);
    let input = |name: &str| json!({"$var": format!("$.input.{name}")});
    for fields in [
        data(
            "all",
            "list-data-records",
            json!({"cursor": input("cursor"), "filter": {"status": input("status")}}),
        ),
        data("one", "find-data-record-by-id", json!({"id": input("id")})),
        data("same", "match-data-record", json!({"lookup": {"query": {"title": input("title")}}})),
        data("text", "search-data-record", json!({"query": input("query")})),
        data(
            "add",
            "create-data-record",
            json!({"fieldMapping": {"exportValue": {"title": input("subject")}}}),
        ),
        data("change", "update-data-record", json!({})),
        data("remove", "delete-data-record", json!({"id": input("id")})),
        json!({
            "integrationKey": "taskly", "key": "me", "name": "Me", "type": "connector-operation",
            "config": {"operationKey": "get-me"}, "outputMapping": {"who": {"$var": "$.output"}},
        }),
        json!({
            "integrationKey": "taskly", "key": "raw", "name": "Raw", "type": "api-request-to-external-app",
            "config": {"request": {
                "method": "PATCH", "path": "/v1/tasks/{id}", "pathParameters": {"id": input("id")},
                "body": {"title": input("title")},
            }},
        }),
    ] {
        add(&stage, fields).await.unwrap();
    }
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let run = async |key: &str, input: Value| taskly.action(key).run(input).await.unwrap().output;

    let added = run("add", json!({"subject": "Made by an action"})).await;
    let id = added["id"].as_str().unwrap().to_owned();
    assert_eq!(run("one", json!({ "id": id })).await["record"]["fields"]["title"], "Made by an action");
    assert_eq!(run("same", json!({"title": "Made by an action"})).await["record"]["id"], json!(id));
    assert_eq!(run("same", json!({"title": "nothing like it"})).await["record"], json!(null));
    assert_eq!(run("text", json!({"query": "Made by an action"})).await["records"][0]["id"], json!(id));
    assert_eq!(run("change", json!({"id": id, "status": "done"})).await["id"], json!(id));
    assert_eq!(run("raw", json!({"id": id, "title": "Raw"})).await["title"], "Raw");
    let first = run("all", json!({"status": "open"})).await;
    assert!(first["cursor"].is_string());
    let second = run("all", json!({"status": "open", "cursor": first["cursor"]})).await;
    assert_ne!(first["records"][0]["id"], second["records"][0]["id"]);
    assert!(run("me", json!({})).await["who"].is_object());
    run("remove", json!({ "id": id })).await;
    let gone = taskly.action("one").run(json!({ "id": id })).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
    let missing = taskly.action("remove").run(json!({})).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::InvalidInput, "{missing}");
}

async fn takes_data_in_a_path_as_it_is(stage: Stage) {
    let request = json!({
        "path": {"$concat": ["/v1/tasks/", {"$var": "$.input.id"}]}, "pathParameters": {"x": {"$var": "$.input.other"}},
    });
    add(
        &stage,
        json!({
            "integrationKey": "taskly", "key": "built", "name": "Built",
            "type": "api-request-to-external-app", "config": {"request": request},
        }),
    )
    .await
    .unwrap();
    let acme = stage.connected("acme").await;
    let built = acme.connection("taskly").action("built");
    acme.connection("taskly").action("create-task").run(json!({"title": "Another"})).await.unwrap();
    let other = stage.tasks.tasks()[0].id.clone();
    for id in ["{x}", "a{b", "}", "{}"] {
        let error = built.run(json!({"id": id, "other": other})).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{id}: {error}");
    }
    assert_eq!(built.run(json!({ "id": other })).await.unwrap().output["id"], json!(other));
}

async fn refuses_a_wrong_action(stage: Stage) {
    let bad = [
        (json!({"type": "connector-operation", "config": {"operationKey": "fly"}}), "config"),
        (
            json!({"type": "list-data-records", "config": {"dataSource": {"collectionKey": "rockets"}}}),
            "config",
        ),
    ];
    for (mut fields, field) in bad {
        fields["integrationKey"] = json!("taskly");
        fields["name"] = json!("Wrong");
        let error = add(&stage, fields.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{fields}: {error}");
        assert_eq!(error.context_value("field"), Some(field), "{error}");
    }
    let unknown = json!({"integrationKey": "taskly", "name": "x", "type": "teleport"});
    let error = add(&stage, unknown).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let twice = json!({"integrationKey": "taskly", "key": "create-task", "name": "x"});
    assert_eq!(add(&stage, twice).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

async fn follows_the_layers(stage: Stage) {
    let acme = stage.connected("acme").await;
    let mallory = stage.connected("mallory").await;
    let connection = acme.connection("taskly").get().await.unwrap();
    // Acme's own way to create a task: every title in capitals of their choosing.
    let own = json!({
        "connectionId": connection.id, "key": "create-task", "name": "Create a task", "parentKey": "create-task",
        "type": "connector-operation",
        "config": {"operationKey": "create-task", "input": {"title": {"$concat": ["ACME: ", {"$var": "$.input.title"}]}}},
        "outputMapping": {"id": {"$var": "$.output.id"}},
    });
    let own = add(&stage, own).await.unwrap();
    assert_eq!(own.place.connection_id.as_ref().map(|id| id.as_str()), Some(connection.id.as_str()));
    for customer in [&acme, &mallory] {
        customer.connection("taskly").action("create-task").run(json!({"title": "same call"})).await.unwrap();
    }
    let titles: Vec<String> = stage.tasks.tasks().into_iter().map(|task| task.title).collect();
    assert!(
        titles.contains(&"ACME: same call".to_owned()) && titles.contains(&"same call".to_owned()),
        "{titles:?}"
    );
}

async fn what_is_mapped_to_nothing_is_nothing(stage: Stage) {
    let nothing = |name: &str| json!({"$var": format!("$.input.unset.{name}")});
    for fields in [
        data("change", "update-data-record", json!({"fields": {"title": nothing("title")}})),
        data("remove", "delete-data-record", json!({"id": nothing("id")})),
        data("same", "match-data-record", json!({"lookup": {"query": {"title": nothing("title")}}})),
        data("text", "search-data-record", json!({"query": nothing("query")})),
        data("all", "list-data-records", json!({})),
        json!({
            "integrationKey": "taskly", "key": "make", "name": "Make", "type": "connector-operation",
            "config": {"operationKey": "create-task", "input": {"title": nothing("title")}},
        }),
        json!({
            "integrationKey": "taskly", "key": "tunnel", "name": "T", "type": "api-request-to-external-app",
            "config": {"request": {"method": "CONNECT", "path": "/v1/me"}},
        }),
    ] {
        add(&stage, fields).await.unwrap();
    }
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let made =
        taskly.action("create-task").run(json!({"title": "Keep me"})).await.unwrap().output["id"].clone();
    let before = stage.tasks.tasks();
    let input = json!({
        "id": made, "title": "Taken over", "status": "done", "query": "Keep", "projectId": "p",
        "fields": {"title": "Taken over"},
    });
    for key in ["change", "remove", "same", "text", "make"] {
        let error = taskly.action(key).run(input.clone()).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Configuration),
            "{key}: {:?} {error}",
            error.kind()
        );
    }
    assert_eq!(stage.tasks.tasks(), before, "nothing was written");
    let error = taskly.action("tunnel").run(json!({})).await.unwrap_err();
    assert_eq!(error.message(), "`CONNECT` is no HTTP method of an API");
    let error = taskly.action("all").run(json!({"cursor": {"page": 2}})).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("cursor")));
}
