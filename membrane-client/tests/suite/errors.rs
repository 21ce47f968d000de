//! The same error in process and remote: every kind a caller can provoke, side by side.

use membrane_client::{Error, ErrorKind};
use serde_json::json;

use crate::stage::Stage;

async fn provoke(stage: &Stage) -> Vec<Error> {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let tasks = taskly.collection("tasks");
    let mut errors = vec![
        taskly.action("none").run(json!({})).await.unwrap_err(),
        taskly.action("create-task").run(json!({"title": []})).await.unwrap_err(),
        taskly.action("send-message").run(json!({})).await.unwrap_err(),
        taskly.operation("none", json!({})).await.unwrap_err(),
        tasks.get("none").await.unwrap_err(),
        tasks.create(json!({"title": ""})).await.unwrap_err(),
        tasks.list().page(Some("not a cursor")).await.unwrap_err(),
        tasks.list().filter(json!("x")).page(None).await.unwrap_err(),
        taskly.collection("users").delete("u1").await.unwrap_err(),
        acme.connection("none").get().await.unwrap_err(),
        acme.connect("taskly", json!({})).await.unwrap_err(),
        acme.connection("contactly")
            .collection("contacts")
            .create(json!({"email": "no address"}))
            .await
            .unwrap_err(),
    ];
    stage.tasks.rotate_api_key();
    errors.push(tasks.list().page(None).await.unwrap_err());
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_equal_on_both_transports() {
    let (here, there) = (Stage::in_process().await, Stage::remote().await);
    let (here, there) = (provoke(&here).await, provoke(&there).await);
    let kinds: std::collections::HashSet<ErrorKind> = here.iter().map(Error::kind).collect();
    assert!(kinds.len() >= 4, "{kinds:?}");
    for (a, b) in here.iter().zip(&there) {
        assert_eq!(a.kind(), b.kind(), "{a}\n{b}");
        assert_eq!(a.retry(), b.retry(), "{a}\n{b}");
        assert_eq!(a.operation(), b.operation(), "{a}\n{b}");
        // Ids and ports differ from stage to stage; what is said about them does not.
        let names = |error: &Error| error.context().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(a), names(b), "{a}\n{b}");
        let plain = |error: &Error| error.message().replace(|c: char| c.is_ascii_digit(), "#");
        assert_eq!(plain(a), plain(b));
        assert_eq!(a.data().is_some(), b.data().is_some(), "{a}\n{b}");
    }
}
