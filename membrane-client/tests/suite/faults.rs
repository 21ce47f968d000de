//! An app that misbehaves gives the right error, and no write is half done or done twice.

use membrane_client::{ErrorKind, Retry};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    reads_what_is_no_json,
    bounds_what_an_app_sends,
    does_not_repeat_a_write_that_may_have_happened,
    waits_when_told_to
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
