//! What a product sets on an integration: sealed, shown to managers only, masked wherever it was used.

use membrane_client::{CustomerHandle, ErrorKind};
use membrane_core::Result;
use membrane_core::element::{Integration, IntegrationSpec, State};
use membrane_core::op::{Archive, Get, List, ListQuery, Replace, Restore};
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::{Stage, object};

on_both!(
    are_the_managers_to_see,
    stay_until_they_are_named,
    outlive_the_archive,
    are_masked_wherever_a_run_puts_them,
    are_used_by_the_next_run,
    are_not_repeated_when_they_are_refused,
    lose_no_change_in_a_race,
);

/// Secret by its name, by its format, by its mark.
const SECRETS: [&str; 3] = ["s3cret-by-name", "s3cret-by-format", "s3cret-by-mark"];

fn parameters(stage: &Stage) -> Value {
    let [client_secret, pin, seal] = SECRETS;
    json!({
        "apiUri": stage.faults.url(), "clientId": "client-of-ours", "clientSecret": client_secret,
        "pin": pin, "seal": seal,
    })
}

async fn patch(stage: &Stage, fields: Value) -> Result<Integration> {
    stage.change::<IntegrationSpec>(None, "keyed", fields).await
}

async fn get(stage: &Stage, customer: Option<&str>) -> Integration {
    stage.call(customer, Get::<IntegrationSpec>::new("keyed")).await.unwrap()
}

async fn list(stage: &Stage, customer: Option<&str>) -> Vec<Integration> {
    stage.call(customer, List::<IntegrationSpec>::from(ListQuery::default())).await.unwrap().items
}

async fn connected(stage: &Stage) -> CustomerHandle {
    patch(stage, json!({"parameters": parameters(stage)})).await.unwrap();
    let acme = stage.client.customer("acme");
    acme.connect("keyed", json!({})).await.unwrap();
    acme
}

async fn are_the_managers_to_see(stage: Stage) {
    assert_eq!(get(&stage, None).await.state, State::ConfigurationError);
    let options = json!({"oauth": {"disabled": true, "parameters": {"clientSecret": SECRETS[0]}}});
    let fields = json!({"parameters": parameters(&stage), "optionsConfig": options});
    let changed = patch(&stage, fields).await.unwrap();
    assert_eq!((changed.state, changed.spec.has_missing_parameters), (State::Ready, Some(false)));
    let listed = list(&stage, None).await.into_iter().find(|found| found.id == changed.id).unwrap();
    for seen in [&changed, &get(&stage, None).await, &listed] {
        assert_eq!(seen.spec.parameters, Some(parameters(&stage)));
        assert_eq!(seen.spec.options_config.as_ref(), options.as_object());
        assert!(!format!("{seen:?}").contains("s3cret"));
    }

    let acme = connected(&stage).await;
    let seen = json!([
        get(&stage, Some("acme")).await,
        list(&stage, Some("acme")).await,
        acme.connection("keyed").get().await.unwrap(),
        acme.connections().await.unwrap(),
        stage
            .call(
                None,
                membrane_core::op::GetConnection::new(
                    acme.connection("keyed").get().await.unwrap().id.as_str()
                )
            )
            .await
            .unwrap(),
    ]);
    assert!(seen[0]["connection"].is_object() && seen[2]["integration"].is_object(), "{seen}");
    for hidden in ["s3cret", "client-of-ours", "optionsConfig", "\"parameters\""] {
        assert!(!seen.to_string().contains(hidden), "{hidden}: {seen}");
    }
}

async fn stay_until_they_are_named(stage: Stage) {
    patch(&stage, json!({"parameters": parameters(&stage), "optionsConfig": {"a": {}}})).await.unwrap();
    let renamed = patch(&stage, json!({"name": "Renamed"})).await.unwrap();
    assert_eq!((renamed.state, &renamed.spec.parameters), (State::Ready, &Some(parameters(&stage))));
    let changed = patch(&stage, json!({"optionsConfig": null})).await.unwrap();
    assert_eq!((changed.spec.parameters, changed.spec.options_config), (Some(parameters(&stage)), None));
    let cleared = patch(&stage, json!({"parameters": null})).await.unwrap();
    assert_eq!((cleared.state, cleared.spec.parameters), (State::ConfigurationError, None));
    assert_eq!(get(&stage, None).await.spec.parameters, None);

    let with = |fields: Value| Replace::<IntegrationSpec>::new("keyed").fields(object(fields));
    let put = stage.call(None, with(json!({"parameters": parameters(&stage)}))).await.unwrap();
    assert_eq!((put.state, put.spec.parameters), (State::Ready, Some(parameters(&stage))));
    let put = stage.call(None, with(json!({"name": "Bare"}))).await.unwrap();
    assert_eq!((put.state, put.spec.parameters), (State::ConfigurationError, None));
    assert_eq!(get(&stage, None).await.spec.parameters, None);
}

async fn outlive_the_archive(stage: Stage) {
    patch(&stage, json!({"parameters": parameters(&stage)})).await.unwrap();
    let archived = stage.call(None, Archive::<IntegrationSpec>::new("keyed")).await.unwrap();
    assert_eq!(archived.spec.parameters, Some(parameters(&stage)));
    let restored = stage.call(None, Restore::<IntegrationSpec>::new("keyed")).await.unwrap();
    assert_eq!(restored.spec.parameters, Some(parameters(&stage)));
    assert_eq!(get(&stage, None).await.spec.parameters, Some(parameters(&stage)));
}

async fn are_masked_wherever_a_run_puts_them(stage: Stage) {
    let keyed = connected(&stage).await.connection("keyed");
    let run = keyed.action("send").run(json!({"text": format!("psst {}", SECRETS[1])})).await.unwrap();
    let seen = stage.faults.seen().pop().unwrap();
    assert_eq!(seen.headers["x-client"], SECRETS[0]);
    assert_eq!(seen.query, [("pin".to_owned(), SECRETS[1].to_owned())]);
    assert!(String::from_utf8_lossy(&seen.body).contains(SECRETS[2]));
    let failed = keyed.action("lose").run(json!({})).await.unwrap_err();
    assert_eq!(stage.faults.seen().pop().unwrap().path, format!("/lost/{}", SECRETS[1]));
    assert!(!format!("{failed:?}").contains("s3cret"), "{failed:?}");
    for id in [run.action_run_id.as_str(), failed.context_value("actionRunId").unwrap()] {
        let record = serde_json::to_string(&keyed.run(id).await.unwrap()).unwrap();
        assert!(record.contains("externalApiLogs") && record.contains("***"), "{record}");
        assert!(!record.contains("s3cret"), "{record}");
    }
    let record = serde_json::to_string(&keyed.run(run.action_run_id.as_str()).await.unwrap()).unwrap();
    assert!(record.contains("client-of-ours"), "what is no secret is told: {record}");
}

async fn are_used_by_the_next_run(stage: Stage) {
    let keyed = connected(&stage).await.connection("keyed");
    for secret in ["another-secret", "and-one-more"] {
        keyed.action("send").run(json!({})).await.unwrap();
        let mut changed = parameters(&stage);
        changed["clientSecret"] = secret.into();
        patch(&stage, json!({"parameters": changed})).await.unwrap();
        let run = keyed.action("send").run(json!({"text": secret})).await.unwrap();
        assert_eq!(stage.faults.seen().pop().unwrap().headers["x-client"], secret);
        let record = keyed.run(run.action_run_id.as_str()).await.unwrap();
        assert!(!serde_json::to_string(&record).unwrap().contains(secret), "{record:?}");
    }
}

async fn are_not_repeated_when_they_are_refused(stage: Stage) {
    let before = patch(&stage, json!({"parameters": parameters(&stage)})).await.unwrap();
    for fields in [
        json!({"optionsConfig": SECRETS[0]}),
        json!({"parameters": {"clientSecret": SECRETS[0].repeat(10_000)}}),
    ] {
        let error = patch(&stage, fields).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.context_value("field").unwrap().contains("optionsConfig"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    // What does not fit the connector is stored, as ever, and said without its value.
    let wrong = patch(&stage, json!({"parameters": {"clientSecret": {"is": SECRETS[0]}}})).await.unwrap();
    assert_eq!(wrong.state, State::ConfigurationError);
    assert!(!format!("{:?}", wrong.errors).contains("s3cret"), "{:?}", wrong.errors);
    let error = stage.change::<IntegrationSpec>(Some("acme"), "keyed", json!({"parameters": {}})).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AccessDenied);
    assert_ne!(get(&stage, None).await.revision, before.revision);
}

async fn lose_no_change_in_a_race(stage: Stage) {
    patch(&stage, json!({"parameters": parameters(&stage)})).await.unwrap();
    for round in 0..10 {
        let meta = json!({"meta": {"round": round}});
        let mut mine = parameters(&stage);
        mine["clientSecret"] = format!("s3cret-{round}").into();
        let named = json!({"parameters": mine});
        let (set, other) = tokio::join!(patch(&stage, named), patch(&stage, meta));
        for outcome in [&set, &other] {
            let lost = outcome.as_ref().err();
            assert!(lost.is_none_or(|error| error.kind() == ErrorKind::Concurrency), "{lost:?}");
        }
        assert!(set.is_ok() || other.is_ok());
        let now = get(&stage, None).await;
        let is_set = now.spec.parameters == Some(mine);
        assert_eq!(is_set, set.is_ok(), "what was acknowledged is there, and nothing else");
        let is_noted = now.meta.is_some_and(|meta| meta["round"] == round);
        assert_eq!(is_noted, other.is_ok());
    }
}
