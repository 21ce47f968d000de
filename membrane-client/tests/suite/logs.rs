use std::time::Duration;

use membrane_client::{CreateConnection, Error, ErrorKind};
use membrane_core::op::{ApiLogRecord, ListApiLogs, ListConnectionAttempts, RunAction, RunStatus, SortOrder};
use serde_json::{Value, json};

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
    masks_what_a_collection_reads,
    logs_every_attempt_to_connect,
    keeps_attempts_apart,
    says_how_to_run_it_again
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
            ("connection-test", "GET", Some(200), true),
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

async fn logs_every_attempt_to_connect(stage: Stage) {
    const TYPED: &str = "t0ps3cret-that-was-typed";
    let acme = stage.client.customer("acme");
    let to = |token: &str, uri: &str| {
        let mut connect = CreateConnection::new("taskly", json!({ "token": token }));
        connect.connector_parameters = Some(json!({ "apiUri": uri }));
        connect
    };
    let refused = acme.connect_with(to(TYPED, stage.tasks.url())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AccessTokenExpired, "{refused}");
    acme.connect("taskly", json!({ "tokn": TYPED })).await.unwrap_err();
    // Nobody listens there: the connection is made, and may come right.
    acme.connect_with(to(TYPED, "http://127.0.0.1:9")).await.unwrap();
    acme.connect_with(stage.to_tasks()).await.unwrap();
    let taskly = acme.connection("taskly");
    assert!(taskly.test().await.unwrap());
    let key = stage.tasks.api_key();
    stage.tasks.rotate_api_key();
    assert!(!taskly.test().await.unwrap());
    stage.engine.flush().await;

    let connection = taskly.get().await.unwrap();
    let attempts = acme.attempts(None).await.unwrap().items;
    let (create, test) = ("connections.create", "connections.test");
    let seen: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            let error = attempt.error.clone().map(|error| Error::from(error).kind());
            (attempt.operation.as_str(), error, attempt.connection_id.as_deref())
        })
        .collect();
    let id = Some(connection.id.as_str());
    assert_eq!(
        seen,
        [
            (test, Some(ErrorKind::AccessTokenExpired), id),
            (test, None, id),
            (create, None, id),
            (create, Some(ErrorKind::Unavailable), id),
            (create, Some(ErrorKind::InvalidInput), None),
            (create, Some(ErrorKind::AccessTokenExpired), None),
        ]
    );
    for (attempt, exchanges) in attempts.iter().zip([1, 1, 1, 1, 0, 1]) {
        assert_eq!(attempt.status == RunStatus::Error, attempt.error.is_some());
        assert_eq!(attempt.user_id.as_deref(), Some("acme"));
        assert_eq!(attempt.tenant_id, connection.place.tenant_id.as_ref().map(ToString::to_string));
        assert_eq!(attempt.integration_id, connection.place.integration_id.as_ref().map(ToString::to_string));
        assert_eq!(attempt.connector_id, connection.spec.connector_id);
        assert_eq!(attempt.connector_version, connection.spec.connector_version);
        assert!(attempt.external_api_logs.is_none(), "only one that is read has its exchanges");
        let whole = acme.attempt(attempt.id.as_str()).await.unwrap();
        let exchanged = whole.external_api_logs.as_ref().unwrap();
        assert_eq!(exchanged.is_empty(), exchanges == 0, "{exchanged:?}");
        for secret in [TYPED, &key] {
            assert!(!serde_json::to_string(&whole).unwrap().contains(secret), "{whole:?}");
        }
    }
    let mut query = ListConnectionAttempts::default();
    query.status = Some(RunStatus::Error);
    assert_eq!(stage.call(Some("acme"), query.clone()).await.unwrap().items.len(), 4);
    query.of.connection_id = Some("taskly".to_owned());
    assert_eq!(stage.call(Some("acme"), query.clone()).await.unwrap().items.len(), 2);
    query.of.from = Some("2999-01-01".to_owned());
    assert!(stage.call(Some("acme"), query).await.unwrap().items.is_empty());
    assert_eq!(taskly.attempts(None).await.unwrap().items.len(), 4);
    let sent = taskly.api_logs(None).await.unwrap().items;
    assert!(!sent.is_empty() && sent.iter().all(|request| request.source == "connection-test"), "{sent:?}");
}

async fn keeps_attempts_apart(stage: Stage) {
    let acme = stage.connected("acme").await;
    stage.engine.flush().await;
    let theirs = acme.attempts(None).await.unwrap().items;
    assert_eq!(theirs.len(), 2, "both apps of the stage");
    let mallory = stage.client.customer("mallory");
    assert!(mallory.attempts(None).await.unwrap().items.is_empty());
    assert_eq!(mallory.attempt(theirs[0].id.as_str()).await.unwrap_err().kind(), ErrorKind::NotFound);
    let run = acme.connection("taskly").action("create-task").run(json!({"title": "x"})).await.unwrap();
    let error = acme.attempt(run.action_run_id.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "a run of an action is none");
    let mut query = ListConnectionAttempts::default();
    query.of.user_id = Some("acme".to_owned());
    query.of.integration_id = Some("taskly".to_owned());
    let of_one = stage.call(None, query).await.unwrap().items;
    assert_eq!(of_one.len(), 1, "as the workspace sees it");
    let mut query = ListConnectionAttempts::default();
    query.paging.limit = Some(1);
    query.paging.cursor = stage.call(None, query.clone()).await.unwrap().cursor;
    assert_eq!(stage.call(None, query).await.unwrap().items, theirs[1..]);
}

async fn says_how_to_run_it_again(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let task = taskly.action("create-task").run(json!({"title": "read twice"})).await.unwrap();
    let input = json!({"id": task.output["id"]});
    let selector = membrane_client::Selector::key("get-task").connection("taskly");
    let mut first = RunAction::new(selector, input.clone());
    first.meta = json!({"ticket": 7}).as_object().cloned();
    let first = stage.call(Some("acme"), first).await.unwrap();
    let record = taskly.run(first.action_run_id.as_str()).await.unwrap();
    let body = record.action.unwrap();
    assert_eq!(
        Value::Object(body.clone()),
        json!({
            "id": record.action_id,
            "connectionId": record.connection_id,
            "input": input,
            "meta": {"ticket": 7},
        })
    );
    let again: RunAction = serde_json::from_value(Value::Object(body)).unwrap();
    let again = stage.call(Some("acme"), again).await.unwrap();
    assert_eq!(again.output, first.output);
    assert_ne!(again.action_run_id, first.action_run_id);
    let long = taskly.action("create-task").run(json!({"title": "x".repeat(70_000)})).await;
    let id = match &long {
        Ok(run) => run.action_run_id.as_str(),
        Err(error) => error.context_value("actionRunId").unwrap(),
    };
    assert_eq!(taskly.run(id).await.unwrap().action, None, "what was cut cannot be run");
}
