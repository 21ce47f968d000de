//! What the Slack connector sends, and what it makes of the answers. No network.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;

use membrane_connector_slack::connector;
use membrane_core::connector::{ApiBody, Connector, Cx, Function, Settings};
use membrane_core::formula::Vars;
use membrane_core::{ErrorKind, Filter};
use membrane_testkit::Recorder;
use serde_json::{Value, json};

fn settings() -> Settings {
    Settings::new(json!({"token": "xoxb"}), json!({}))
}

fn form(body: &ApiBody) -> Vec<String> {
    let ApiBody::Form(pairs) = body else { panic!("{body:?} is no form") };
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[tokio::test]
async fn a_channel_is_read_in_forms_with_a_cursor() {
    let connector = connector().unwrap();
    let page = |next: &str| json!({"ok": true, "messages": [{"ts": "1.2", "text": "hi"}], "response_metadata": {"next_cursor": next}});
    let api = Recorder::new().answer(200, page("abc")).answer(200, page(""));
    let (settings, parameters) = (settings(), json!({"channel": "C1"}));
    let cx = Cx::new(&connector, &api, &settings).with_parameters(&parameters);
    let list = connector.collections["messages"].list.as_ref().unwrap();
    let (rows, cursor) =
        list.page(&cx, &connector.collections["messages"], &Filter::default(), None).await.unwrap();
    assert_eq!((rows.len(), cursor.as_deref()), (1, Some("abc")));
    let (_, end) = list
        .page(&cx, &connector.collections["messages"], &Filter::default(), cursor.as_deref())
        .await
        .unwrap();
    assert_eq!(end, None);
    let sent = api.requests();
    assert_eq!(form(&sent[0].body), ["channel=C1", "limit=200"]);
    assert_eq!(form(&sent[1].body), ["channel=C1", "limit=200", "cursor=abc"]);
    assert!(sent[0].idempotent, "reading may be repeated, though it is a POST");
    assert_eq!(rows[0].id, "1.2");
}

#[tokio::test]
async fn a_message_is_sent_as_json_and_not_twice() {
    let connector = connector().unwrap();
    let api = Recorder::new().answer(200, json!({"ok": true, "channel": "C1", "ts": "1.2"}));
    let settings = settings();
    let cx = Cx::new(&connector, &api, &settings);
    let action = &connector.actions["send-message"].spec;
    let config = action.config.clone().unwrap();
    let given = json!({"input": {"channel": "general", "text": "hi", "thread": "1.1"}});
    let input = membrane_core::Formula::parse(&config["input"]).unwrap().build(&given);
    let run = &connector.operation(&config["operationKey"].as_str().unwrap().into()).unwrap().run;
    let output = cx.run(run, &json!({ "input": input })).await.unwrap();
    let sent = &api.requests()[0];
    assert_eq!(sent.body, ApiBody::Json(json!({"channel": "general", "text": "hi", "thread_ts": "1.1"})));
    assert!(!sent.idempotent);
    let mapping = membrane_core::Formula::parse(action.output_mapping.as_ref().unwrap()).unwrap();
    assert_eq!(mapping.build(&json!({ "output": output })), Some(json!({"id": "1.2", "channel": "C1"})));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (error, kind) in [
        ("invalid_auth", ErrorKind::AccessTokenExpired),
        ("not_authed", ErrorKind::AccessTokenExpired),
        ("token_revoked", ErrorKind::ConnectionDefunct),
        ("account_inactive", ErrorKind::ConnectionDefunct),
        ("ratelimited", ErrorKind::RateLimited),
        ("missing_scope", ErrorKind::AccessDenied),
        ("channel_not_found", ErrorKind::NotFound),
        ("already_reacted", ErrorKind::AlreadyExists),
        ("no_text", ErrorKind::InvalidInput),
        ("internal_error", ErrorKind::Unavailable),
        ("anything_else", ErrorKind::External),
    ] {
        let connector = connector().unwrap();
        let api = Recorder::new().answer(200, json!({"ok": false, "error": error}));
        let settings = settings();
        let run = &connector.operation(&"auth-test".into()).unwrap().run;
        let refused = Cx::new(&connector, &api, &settings).run(run, &json!({"input": {}})).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{error}");
        assert!(refused.message().contains(error), "{refused}");
    }
}

/// Each method Slack describes, with the parameters it takes.
fn described() -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let places = ["../shared/specs/slack.json", "shared/specs/slack.json"];
    let text = places.iter().find_map(|place| std::fs::read_to_string(root.join(place)).ok())?;
    Some(serde_json::from_str(&text).unwrap())
}

fn functions(connector: &Connector) -> Vec<(&str, &Function, Option<&Value>)> {
    let operations = connector.operations.values().map(|operation| {
        let schema = operation.input_schema.as_ref().map(|schema| schema.as_value());
        (operation.key.as_str(), &operation.run, schema)
    });
    operations.collect()
}

#[test]
fn slack_knows_every_method_and_parameter() {
    let Some(described) = described() else {
        println!("skipped: there is no description of Slack here");
        return;
    };
    let connector = connector().unwrap();
    let mut checked = 0;
    let check = |owner: &str, function: &Function, names: Vec<String>| {
        let Function::Rest(call) = function else { return 0 };
        let path = call.path.fill(|_| None).unwrap();
        let method = described["paths"][&path].as_object().unwrap_or_else(|| panic!("{owner}: no {path}"));
        let known: Vec<&str> = method
            .values()
            .flat_map(|method| method["parameters"].as_array().unwrap())
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        for name in names {
            assert!(known.contains(&name.as_str()), "{owner}: {path} takes no `{name}`, only {known:?}");
        }
        1
    };
    let keys = |value: &Value| {
        value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    for (key, function, schema) in functions(&connector) {
        checked += check(key, function, schema.map(|schema| keys(&schema["properties"])).unwrap_or_default());
    }
    let args = json!({"id": "x", "fields": {"text": "t", "thread_ts": "1"}, "query": {"profile": {"email": "e"}}, "parameters": {"channel": "C"}});
    for (key, collection) in &connector.collections {
        let calls = [
            collection.list.as_ref().map(|list| &list.call),
            collection.find_by_id.as_ref().map(|find| &find.call),
            collection.r#match.as_ref().and_then(|find| find.call.as_ref()),
            collection.create.as_ref().map(|write| &write.call),
            collection.update.as_ref().map(|write| &write.call),
            collection.delete.as_ref(),
        ];
        for function in calls.into_iter().flatten() {
            let Function::Rest(call) = function else { continue };
            let data = call.data.as_ref().and_then(|data| data.build_with(&Vars::from(&args)));
            checked += check(key.as_str(), function, data.as_ref().map(keys).unwrap_or_default());
        }
    }
    assert_eq!(checked, 24);
}
