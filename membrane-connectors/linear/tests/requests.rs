//! What the Linear connector sends, and what it makes of the answers. No network.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use membrane_connector_linear::connector;
use membrane_core::connector::{ApiBody, ApiRequest, Cx, Function, GraphQlCall, Settings};
use membrane_core::{ErrorKind, Filter};
use membrane_testkit::Recorder;
use serde_json::{Value, json};

const TEAM: &str = "8a23ebe0-6a9a-4b67-8466-5cf7226809c1";

fn settings() -> Settings {
    Settings::new(json!({"apiKey": "lin_api_x"}), json!({}))
}

fn variables(request: &ApiRequest) -> &Value {
    let ApiBody::Json(body) = &request.body else { panic!("{request:?} is no GraphQL request") };
    &body["variables"]
}

#[tokio::test]
async fn issues_are_read_page_by_page_and_filtered_by_linear() {
    let connector = connector().unwrap();
    let page = |more: bool| json!({"data": {"issues": {"nodes": [{"id": "1"}], "pageInfo": {"endCursor": "c1", "hasNextPage": more}}}});
    let api = Recorder::new().answer(200, page(true)).answer(200, page(false));
    let settings = settings();
    let cx = Cx::new(&connector, &api, &settings);
    let list = connector.collections["issues"].list.as_ref().unwrap();
    let (rows, cursor) =
        list.page(&cx, &connector.collections["issues"], &Filter::default(), None).await.unwrap();
    assert_eq!((rows.len(), cursor.as_deref()), (1, Some("c1")));
    let filter = Filter::from_fields(&json!({"team": {"key": "ENG"}})).unwrap();
    let (_, end) =
        list.page(&cx, &connector.collections["issues"], &filter, cursor.as_deref()).await.unwrap();
    assert_eq!(end, None);
    let sent = api.requests();
    assert_eq!((sent[0].path.as_str(), sent[0].idempotent), ("/graphql", true));
    assert_eq!(variables(&sent[0]), &json!({"first": 100}));
    let expected = json!({"filter": {"team": {"key": {"eq": "ENG"}}}, "first": 100, "after": "c1"});
    assert_eq!(variables(&sent[1]), &expected);
}

#[tokio::test]
async fn a_task_is_an_issue_of_a_team_by_id_or_key() {
    let connector = connector().unwrap();
    let created = json!({"data": {"issueCreate": {"success": true, "issue": {"id": "i", "identifier": "ENG-2", "title": "T", "url": "https://linear.app/i"}}}});
    let api = Recorder::new()
        .answer(200, json!({"data": {"teams": {"nodes": [{"id": TEAM}]}}}))
        .answer(200, created.clone())
        .answer(200, created)
        .answer(200, json!({"data": {"teams": {"nodes": []}}}));
    let settings = settings();
    let cx = Cx::new(&connector, &api, &settings);
    let run = &connector.operation(&"create-task".into()).unwrap().run;
    let task = |project: &str| json!({"input": {"title": "T", "project": project, "description": "D"}});

    let output = cx.run(run, &task("eng")).await.unwrap();
    assert_eq!(output, json!({"id": "i", "name": "ENG-2", "url": "https://linear.app/i"}));
    cx.run(run, &task(TEAM)).await.unwrap();
    let sent = api.requests();
    assert_eq!(variables(&sent[0]), &json!({"filter": {"key": {"eq": "ENG"}}}));
    let issue = json!({"input": {"teamId": TEAM, "title": "T", "description": "D"}});
    assert_eq!((variables(&sent[1]), variables(&sent[2])), (&issue, &issue));
    assert!(!sent[1].idempotent, "a mutation is not sent twice");

    for project in ["nope", " "] {
        let error = cx.run(run, &task(project)).await.unwrap_err();
        assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("project")));
    }
}

#[tokio::test]
async fn records_are_written_with_mutations() {
    let connector = connector().unwrap();
    let api = Recorder::new()
        .answer(200, json!({"data": {"issueUpdate": {"issue": {"id": "i"}}}}))
        .answer(200, json!({"data": {"issueDelete": {"success": true}}}));
    let settings = settings();
    let cx = Cx::new(&connector, &api, &settings);
    let issues = &connector.collections["issues"];
    let args = json!({"id": "i", "fields": {"title": "N"}});
    assert_eq!(cx.run(&issues.update.as_ref().unwrap().call, &args).await.unwrap(), json!({"id": "i"}));
    cx.run(issues.delete.as_ref().unwrap(), &json!({"id": "i"})).await.unwrap();
    let sent = api.requests();
    assert_eq!(variables(&sent[0]), &json!({"id": "i", "input": {"title": "N"}}));
    assert_eq!(variables(&sent[1]), &json!({"id": "i"}));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for (status, code, message, kind) in [
        (400, "AUTHENTICATION_ERROR", "no", ErrorKind::AccessTokenExpired),
        (400, "RATELIMITED", "no", ErrorKind::RateLimited),
        (200, "FORBIDDEN", "no", ErrorKind::AccessDenied),
        (200, "INVALID_INPUT", "Entity not found: Issue", ErrorKind::NotFound),
        (400, "INVALID_INPUT", "no", ErrorKind::InvalidInput),
        (200, "", "no", ErrorKind::External),
    ] {
        let connector = connector().unwrap();
        let api = Recorder::new()
            .answer(status, json!({"errors": [{"message": message, "extensions": {"code": code}}]}));
        let settings = settings();
        let test = connector.auth[0].test.as_ref().unwrap();
        let error = Cx::new(&connector, &api, &settings).run(test, &json!({})).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
    }
}

/// Linear's own schema: type to the names of its fields.
fn described() -> Option<BTreeMap<String, BTreeSet<String>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let places = ["../shared/specs/linear.graphql", "shared/specs/linear.graphql"];
    let text = places.iter().find_map(|place| std::fs::read_to_string(root.join(place)).ok())?;
    let (mut types, mut current) = (BTreeMap::<String, BTreeSet<String>>::new(), None);
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["type" | "input", name, ..] = words.as_slice() {
            current = Some((*name).to_owned());
        } else if line == "}" {
            current = None;
        } else if let (Some(name), Some(field)) = (&current, line.strip_prefix("  ")) {
            // Deeper lines are arguments, others prose.
            let end = field.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(field.len());
            if end > 0 && field[end..].starts_with([':', '(']) {
                types.entry(name.clone()).or_default().insert(field[..end].to_owned());
            }
        }
    }
    Some(types)
}

/// The names a document asks for, without variables and arguments.
fn words(document: &str) -> BTreeSet<String> {
    let (mut found, mut depth, mut word) = (BTreeSet::new(), 0usize, String::new());
    for c in document.chars().chain([' ']) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 && (c.is_alphanumeric() || c == '_') => {
                word.push(c);
                continue;
            }
            _ => {}
        }
        if !word.is_empty() {
            found.insert(std::mem::take(&mut word));
        }
    }
    found.remove("query");
    found.remove("mutation");
    found
}

#[test]
fn linear_knows_every_field() {
    let Some(types) = described() else {
        println!("skipped: there is no description of Linear here");
        return;
    };
    let connector = connector().unwrap();
    let mut calls: Vec<&GraphQlCall> = Vec::new();
    for operation in connector.operations.values() {
        if let Function::GraphQl(call) = &operation.run {
            calls.push(call);
        }
    }
    for collection in connector.collections.values() {
        let functions = [
            collection.list.as_ref().map(|list| &list.call),
            collection.search.as_ref().map(|search| &search.list.call),
            collection.find_by_id.as_ref().map(|find| &find.call),
            collection.create.as_ref().map(|write| &write.call),
            collection.update.as_ref().map(|write| &write.call),
            collection.delete.as_ref(),
        ];
        for function in functions.into_iter().flatten() {
            if let Function::GraphQl(call) = function {
                calls.push(call);
            }
        }
    }
    assert!(calls.len() >= 20, "{}", calls.len());
    let known: BTreeSet<&str> = types.values().flatten().map(String::as_str).collect();
    for call in calls {
        for word in words(&call.document) {
            assert!(known.contains(word.as_str()), "Linear has no `{word}`: {}", call.document);
        }
    }
    let inputs = |key: &str, input: &str, schema: &Value| {
        for name in schema.as_object().unwrap().keys() {
            assert!(types[input].contains(name), "{key}: {input} has no `{name}`");
        }
    };
    let schema = |key: &str| connector.operations[key].input_schema.clone().unwrap().into_value();
    inputs("create-issue", "IssueCreateInput", &schema("create-issue")["properties"]);
    inputs(
        "update-issue",
        "IssueUpdateInput",
        &schema("update-issue")["properties"]["changes"]["properties"],
    );
    inputs("create-comment", "CommentCreateInput", &schema("create-comment")["properties"]);
    for name in ["team", "state", "assignee", "searchableContent"] {
        assert!(types["IssueFilter"].contains(name));
    }
}
