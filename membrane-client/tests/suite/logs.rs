use std::time::Duration;

use membrane_client::ErrorKind;
use membrane_core::op::RunStatus;
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    logs_every_run_with_its_exchanges,
    shows_no_secret,
    survives_a_deep_input,
    logs_a_run_nobody_waited_for,
    ends_what_is_under_way_before_it_shuts_down
);

async fn logs_every_run_with_its_exchanges(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let run = taskly.action("create-task").run(json!({"title": "logged"})).await.unwrap();
    let error = taskly.action("create-task").run(json!({"title": 1})).await.unwrap_err();
    let record = taskly.run(run.action_run_id.as_str()).await.unwrap();
    assert_eq!(record.status, RunStatus::Success);
    assert_eq!(record.input, Some(json!({"title": "logged"})));
    assert_eq!(record.output, Some(run.output));
    let exchanges = record.external_api_logs.unwrap();
    assert_eq!(exchanges.len(), 1, "{exchanges:?}");
    let failed = taskly.run(error.context_value("actionRunId").unwrap()).await.unwrap();
    assert_eq!(failed.status, RunStatus::Error);
    assert!(failed.error.is_some());
    stage.engine.flush().await;
    let runs = taskly.runs().await.unwrap().items;
    let ids: Vec<_> = runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, [failed.id.as_str(), record.id.as_str()], "newest first");
    let other = stage.client.customer("mallory").connection("taskly").run(record.id.as_str()).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::NotFound);
}

async fn shows_no_secret(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let secret = stage.tasks.api_key();
    // A caller may even put the secret into an input.
    let run = taskly.action("create-task").run(json!({"title": format!("key {secret}")})).await.unwrap();
    let record = taskly.run(run.action_run_id.as_str()).await.unwrap();
    assert!(!serde_json::to_string(&record).unwrap().contains(&secret));
    let connection = taskly.get().await.unwrap();
    assert!(!serde_json::to_string(&connection).unwrap().contains(&secret));
}

async fn survives_a_deep_input(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let deep = (0..110).fold(json!(1), |inner, _| json!([inner]));
    let error = taskly.action("create-task").run(json!({"title": "x", "deep": deep})).await;
    let id = match error {
        Ok(run) => run.action_run_id.to_string(),
        Err(error) => error.context_value("actionRunId").unwrap().to_owned(),
    };
    assert!(taskly.run(id).await.unwrap().input.is_some());
    assert_eq!(taskly.runs().await.unwrap().items.len(), 1);
}

async fn logs_a_run_nobody_waited_for(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let hung = faulty.action("read");
    let hung = hung.run(json!({"path": "hang"}));
    assert!(tokio::time::timeout(Duration::from_millis(500), hung).await.is_err(), "it hangs");
    // Over REST the server learns a little later that the caller is gone.
    let record = loop {
        stage.engine.flush().await;
        if let Some(record) = faulty.runs().await.unwrap().items.pop() {
            break record;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let record = faulty.run(record.id.as_str()).await.unwrap();
    assert_eq!(record.status, RunStatus::Error);
    let error = record.error.unwrap();
    assert!(error.message.contains("is not known"), "{error:?}");
    let exchanges = record.external_api_logs.unwrap();
    assert_eq!(exchanges.len(), 1, "what was sent is told: {exchanges:?}");
}

async fn ends_what_is_under_way_before_it_shuts_down(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let slow = faulty.action("read");
    let slow = tokio::spawn(async move { slow.run(json!({"path": "slow", "ms": 700})).await });
    while stage.faults.requests_to("/slow") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.engine.shutdown().await;
    slow.await.unwrap().expect("the run ended as ever");
    let error = faulty.action("read").run(json!({"path": "empty"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}
