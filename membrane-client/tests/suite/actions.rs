use membrane_client::{ErrorKind, UniversalAction};
use membrane_core::universal::{CreateTask, CreatedTask, NewTask};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    runs_an_action,
    runs_a_universal_action_with_its_types,
    lists_what_can_be_run,
    refuses_bad_input,
    says_what_is_not_there
);

async fn runs_an_action(stage: Stage) {
    let acme = stage.connected("acme").await;
    let before = stage.tasks.tasks().len();
    let run =
        acme.connection("taskly").action("create-task").run(json!({"title": "Buy milk"})).await.unwrap();
    assert_eq!(stage.tasks.tasks().len(), before + 1);
    let made = stage.tasks.tasks().into_iter().find(|task| task.title == "Buy milk").unwrap();
    assert_eq!(run.output["id"], json!(made.id));
    assert!(!run.action_run_id.as_str().is_empty());
}

async fn runs_a_universal_action_with_its_types(stage: Stage) {
    let acme = stage.connected("acme").await;
    let task = NewTask { title: "Typed".to_owned(), ..NewTask::default() };
    let made: CreatedTask = acme.connection("taskly").run_typed::<CreateTask>(&task).await.unwrap();
    assert!(stage.tasks.tasks().iter().any(|task| task.id == made.id && task.title == "Typed"));
}

async fn lists_what_can_be_run(stage: Stage) {
    let acme = stage.connected("acme").await;
    let actions = acme.connection("taskly").actions().await.unwrap();
    let create =
        actions.iter().find(|a| a.key.as_ref().is_some_and(|key| key.as_str() == CreateTask::KEY)).unwrap();
    assert!(create.place.integration_id.is_some());
    assert!(create.place.universal_parent_id.is_some());
    assert!(create.spec.input_schema.is_some());
    let one = acme.connection("taskly").action(CreateTask::KEY).get().await.unwrap();
    assert_eq!(one.id, create.id);
}

async fn refuses_bad_input(stage: Stage) {
    let acme = stage.connected("acme").await;
    let before = stage.tasks.requests_to("POST /v1/tasks");
    let error = acme.connection("taskly").action("create-task").run(json!({"title": 7})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.message().contains("title"), "{error}");
    assert!(error.context_value("actionRunId").is_some());
    assert_eq!(stage.tasks.requests_to("POST /v1/tasks"), before, "nothing was sent");
}

async fn says_what_is_not_there(stage: Stage) {
    let acme = stage.connected("acme").await;
    let error = acme.connection("taskly").action("fly").run(json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error =
        acme.connection("nothing").action("create-task").run(json!({"title": "x"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    // An app that does not do a use case says so.
    let error =
        acme.connection("taskly").action("send-message").run(json!({"channel": "c", "text": "t"})).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsupported);
}
