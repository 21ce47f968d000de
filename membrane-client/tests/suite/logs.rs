use std::time::Duration;

use membrane_client::ErrorKind;
use membrane_core::op::{ApiLogRecord, ListApiLogs, RunStatus, SortOrder};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    logs_every_run_with_its_exchanges,
    shows_no_secret,
    survives_a_deep_input,
    logs_a_run_nobody_waited_for,
    logs_a_proxy_request_nobody_waited_for,
    ends_what_is_under_way_before_it_shuts_down,
    shuts_down_in_the_time_it_has,
    logs_what_is_no_action_too,
    pages_through_requests_both_ways,
    masks_what_a_collection_reads
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

async fn logs_a_proxy_request_nobody_waited_for(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let hung = faulty.proxy(http::Method::GET, "/hang?token=t0ps3cret-of-a-caller", None);
    assert!(tokio::time::timeout(Duration::from_millis(500), hung).await.is_err(), "it hangs");
    let record = loop {
        stage.engine.flush().await;
        if let Some(record) = faulty.api_logs(None).await.unwrap().items.pop() {
            break record;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((record.source.as_str(), record.status_code, record.is_success), ("proxy", None, false));
    let exchange = faulty.api_log(&record.id).await.unwrap().exchange.unwrap();
    assert_eq!(exchange["error"], "the caller stopped waiting");
    assert!(record.request_url.ends_with("/hang?token=***"), "{}", record.request_url);
    assert!(!exchange.to_string().contains("t0ps3cret"), "{exchange}");
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

async fn shuts_down_in_the_time_it_has(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let hung = faulty.action("read");
    let hung = tokio::spawn(async move { hung.run(json!({"path": "hang"})).await });
    while stage.faults.requests_to("/hang") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = std::time::Instant::now();
    stage.engine.shutdown_within(Duration::from_millis(900)).await;
    assert!((700..2_500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    hung.abort();
}

async fn logs_what_is_no_action_too(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let tasks = taskly.collection("tasks");
    tasks.create(json!({"title": "logged"})).await.unwrap();
    tasks.list().page(None).await.unwrap();
    assert!(tasks.get("no-such-task").await.is_err());
    taskly.test().await.unwrap();
    let answer = taskly.proxy(http::Method::GET, "/v1/me", None).await.unwrap();
    stage.engine.flush().await;
    let logged = taskly.api_logs(None).await.unwrap().items;
    let seen: Vec<_> = logged
        .iter()
        .map(|record| {
            (record.source.as_str(), record.request_method.as_str(), record.status_code, record.is_success)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("proxy", "GET", Some(answer.status), true),
            ("connection-test", "GET", Some(200), true),
            ("data-collection", "GET", Some(404), false),
            ("data-collection", "GET", Some(200), true),
            ("data-collection", "POST", Some(201), true),
        ]
    );
    let created = taskly.api_log(&logged[4].id).await.unwrap();
    let exchange = created.exchange.unwrap();
    assert!(exchange["request"]["body"].as_str().unwrap().contains("logged"), "{exchange}");
    assert!(taskly.runs().await.unwrap().items.is_empty(), "no action ran");
    let others = stage.client.customer("mallory").connection("taskly");
    for id in [logged[0].id.as_str(), "nonsense", "0.0", &format!("{}.9", logged[0].run_id)] {
        assert_eq!(others.api_log(id).await.unwrap_err().kind(), ErrorKind::NotFound, "{id}");
    }
    assert_eq!(others.api_logs(None).await.unwrap_err().kind(), ErrorKind::NotFound);
    for empty in [others.api_log("").await.unwrap_err(), others.run("").await.unwrap_err()] {
        assert_eq!((empty.kind(), empty.context_value("field")), (ErrorKind::InvalidInput, Some("id")));
    }
}

async fn pages_through_requests_both_ways(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    for n in 0..7 {
        taskly.collection("tasks").create(json!({"title": format!("{n}")})).await.unwrap();
        // A match reads page after page: several requests of one run.
        taskly.collection("tasks").find(json!({"title": format!("{n}")})).await.unwrap();
    }
    stage.engine.flush().await;
    let read = async |order: Option<SortOrder>, limit: u32, is_success: Option<bool>| {
        let mut query = ListApiLogs::default();
        query.of.connection_id = Some("taskly".to_owned());
        query.sort_order = order;
        query.is_success = is_success;
        query.paging.limit = Some(limit);
        let mut records: Vec<ApiLogRecord> = Vec::new();
        loop {
            let page = stage.call(Some("acme"), query.clone()).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            records.extend(page.items);
            match page.cursor {
                Some(cursor) => query.paging.cursor = Some(cursor),
                None => break records.into_iter().map(|record| record.id).collect::<Vec<_>>(),
            }
        }
    };
    let all = read(None, 1000, None).await;
    assert!(all.len() >= 14, "{}", all.len());
    for limit in [1, 2, 3, 5] {
        assert_eq!(read(Some(SortOrder::Desc), limit, None).await, all);
        let mut oldest = read(Some(SortOrder::Asc), limit, None).await;
        oldest.reverse();
        assert_eq!(oldest, all);
        assert_eq!(read(None, limit, Some(true)).await, all);
    }
    assert!(read(None, 3, Some(false)).await.is_empty());
    let mut query = ListApiLogs::default();
    query.paging.cursor = Some("nonsense".to_owned());
    assert_eq!(stage.call(Some("acme"), query).await.unwrap_err().kind(), ErrorKind::InvalidInput);
}

async fn masks_what_a_collection_reads(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let secret = stage.tasks.api_key();
    taskly.collection("tasks").create(json!({"title": format!("key {secret}")})).await.unwrap();
    let _ = taskly.proxy(http::Method::GET, format!("/{secret}"), None).await;
    stage.engine.flush().await;
    for record in taskly.api_logs(None).await.unwrap().items {
        let whole = taskly.api_log(&record.id).await.unwrap();
        assert!(!serde_json::to_string(&whole).unwrap().contains(&secret), "{whole:?}");
    }
}
