//! An app that misbehaves gives the right error, and no write is half done or done twice.

use std::time::{Duration, Instant};

use http::Method;
use membrane_client::{Error, ErrorKind, Retry};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    reads_what_is_no_json,
    bounds_what_an_app_sends,
    does_not_repeat_a_write_that_may_have_happened,
    waits_when_told_to,
    gives_up_a_hung_app_in_the_time_of_a_call,
    does_not_wait_longer_than_a_call_may_take,
    tells_how_often_an_app_was_asked,
);

async fn reads_what_is_no_json(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let error = faulty.operation("read", json!({"path": "html"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::External, "{error}");
    assert!(error.message().contains("text/html"), "{error}");
    assert_eq!(faulty.operation("read", json!({"path": "empty"})).await.unwrap(), json!(null));
    let error = faulty.operation("read", json!({"path": "truncated-json"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::External, "{error}");
}

async fn bounds_what_an_app_sends(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let error = faulty.operation("read", json!({"path": "big", "mb": 40})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::External, "{error}");
    let error = faulty.operation("read", json!({"path": "redirect-loop"})).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::External | ErrorKind::Blocked), "{error}");
}

async fn does_not_repeat_a_write_that_may_have_happened(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let before = stage.faults.requests_to("/reset");
    let error = faulty.operation("write", json!({"path": "reset"})).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Never), "{error}");
    assert_eq!(stage.faults.requests_to("/reset"), before + 1, "sent once");
}

async fn waits_when_told_to(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let outcome = faulty.operation("read", json!({"path": "rate-limited", "times": 1, "key": "k"})).await;
    outcome.unwrap();
    assert_eq!(stage.faults.requests_to("/rate-limited"), 2);
}

/// What a caller can tell errors apart by.
fn told(error: &Error) -> (ErrorKind, Retry, &str) {
    (error.kind(), error.retry(), error.message())
}

async fn gives_up_a_hung_app_in_the_time_of_a_call(stage: Stage) {
    let stage = stage.anew(Some(Duration::from_millis(1200)), "").await;
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let hung = format!("{}/hang", stage.faults.url());
    let since = Instant::now();
    let read = "the app did not answer within 1.2s that a call may take";
    let write = format!("{read}; not sent again, since it may have been done");
    let errors = [
        ("GET", read, faulty.operation("read", json!({"path": "hang"})).await.unwrap_err()),
        ("GET", read, faulty.action("read").run(json!({"path": "hang"})).await.unwrap_err()),
        ("POST", &write, faulty.operation("write", json!({"path": "hang"})).await.unwrap_err()),
        ("PATCH", &write, faulty.proxy(Method::PATCH, "hang", None).await.unwrap_err()),
    ];
    assert!((4_800..12_000).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());
    for (method, message, error) in &errors {
        assert_eq!(told(error), (ErrorKind::Timeout, Retry::Never, *message));
        assert_eq!(error.data(), Some(&json!({"request": {"method": method, "url": hung}})));
    }
    assert_eq!(stage.faults.requests_to("/hang"), 4);
}

async fn does_not_wait_longer_than_a_call_may_take(stage: Stage) {
    let stage = stage.anew(Some(Duration::from_secs(5)), "").await;
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let since = Instant::now();
    let limited = json!({"path": "rate-limited", "times": 9, "after": 30, "key": "k"});
    let error = faulty.operation("read", limited).await.unwrap_err();
    let wait = Retry::After(Duration::from_secs(30));
    let message = "the app takes no more requests for 30 s (429)";
    assert_eq!(told(&error), (ErrorKind::RateLimited, wait, message));
    assert_eq!(error.data().unwrap()["response"]["status"], 429);
    // The limit is known now: nothing is sent.
    let error = faulty.proxy(Method::GET, "ok", None).await.unwrap_err();
    assert!(error.kind() == ErrorKind::RateLimited && matches!(error.retry(), Retry::After(_)), "{error}");
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    assert_eq!(stage.faults.requests(), 1);
}

async fn tells_how_often_an_app_was_asked(stage: Stage) {
    let faulty = stage.connected_to_faults().await.connection("faulty");
    let run = faulty.action("read").run(json!({"path": "fail-first", "times": 2, "key": "k"})).await.unwrap();
    let exchanges = faulty.run(run.action_run_id.as_str()).await.unwrap().external_api_logs.unwrap();
    let statuses: Vec<_> = exchanges.iter().map(|exchange| exchange["response"]["status"].clone()).collect();
    assert_eq!(statuses, [503, 503, 200]);
    // Read once, it may be read again; read in vain five times, it is not to be.
    let whole = json!({"path": "fail-first", "times": 99, "key": "l", "status": 502});
    let error = faulty.action("read").run(whole).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Never), "{error}");
    let record = faulty.run(error.context_value("actionRunId").unwrap()).await.unwrap();
    assert_eq!(record.external_api_logs.unwrap().len(), 5);
    let error = faulty.action("read").run(json!({"path": "truncated-json"})).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::External, Retry::Backoff), "{error}");
}
