//! What the GitHub connector sends, and what it makes of the answers. No network.

#![allow(clippy::unwrap_used)]

use membrane_connector_github::connector;
use membrane_core::connector::{ApiBody, Collection, Connector, Cx, Settings};
use membrane_core::{ErrorKind, Filter, Retry};
use membrane_testkit::Recorder;
use serde_json::{Value, json};

fn settings() -> Settings {
    Settings::new(json!({"token": "t"}), json!({}))
}

fn issues(connector: &Connector) -> &Collection {
    connector.collection(&"issues".into()).unwrap()
}

async fn refused(status: u16, header: (&str, &str)) -> membrane_core::Error {
    let connector = connector().unwrap();
    let api = Recorder::new().answer_with(status, header, json!({"message": "no"}));
    let settings = settings();
    let run = &connector.operation(&"get-authenticated-user".into()).unwrap().run;
    Cx::new(&connector, &api, &settings).run(run, &json!({})).await.unwrap_err()
}

#[test]
fn the_address_is_githubs_own_unless_a_product_says_otherwise() {
    let api = connector().unwrap().api;
    assert_eq!(api.base_uri.build_with(&settings().vars()), Some(json!("https://api.github.com")));
    let own = Settings::new(json!({"token": "t"}), json!({"apiUri": "https://git.acme.com/api/v3"}));
    assert_eq!(api.base_uri.build_with(&own.vars()), Some(json!("https://git.acme.com/api/v3")));
    let headers = api.headers.unwrap().build_with(&own.vars()).unwrap();
    assert_eq!(headers["authorization"], "Bearer t");
}

#[tokio::test]
async fn issues_are_read_page_by_page_and_filtered_by_github() {
    let connector = connector().unwrap();
    let issue = json!({"number": 7, "title": "A", "labels": [{"name": "bug"}], "assignee": {"login": "ann"}});
    let next = "<https://api.github.com/repositories/1/issues?page=2>; rel=\"next\"";
    let api = Recorder::new().answer_with(200, ("link", next), json!([issue])).answer(200, json!([]));
    let (settings, parameters) = (settings(), json!({"owner": "octo", "repo": "a b"}));
    let cx = Cx::new(&connector, &api, &settings).with_parameters(&parameters);
    let list = issues(&connector).list.as_ref().unwrap();
    let filter = Filter::from_fields(&json!({"state": "open", "labels": "bug", "title": "A"})).unwrap();

    let (rows, cursor) = list.page(&cx, issues(&connector), &filter, None).await.unwrap();
    let (rest, end) = list.page(&cx, issues(&connector), &filter, cursor.as_deref()).await.unwrap();
    assert_eq!((rows.len(), rest.len(), end), (1, 0, None));
    let sent = api.requests();
    assert_eq!(sent[0].path, "/repos/octo/a%20b/issues");
    let query: Vec<_> = sent[0].query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(query, ["state=open", "labels=bug", "per_page=100"]);
    assert_eq!(sent[1].path, "https://api.github.com/repositories/1/issues?page=2");
    assert!(sent[1].query.is_empty());

    assert_eq!(rows[0].id, "7");
    let fields = &rows[0].fields;
    assert_eq!((&fields["labels"], &fields["assignee"]), (&json!(["bug"]), &json!("ann")));
    assert_eq!(fields["isPullRequest"], false);
}

#[tokio::test]
async fn search_stays_within_the_repository() {
    let connector = connector().unwrap();
    let api = Recorder::new().answer(200, json!({"items": [{"number": 1}]}));
    let (settings, parameters) = (settings(), json!({"owner": "octo", "repo": "r"}));
    let cx = Cx::new(&connector, &api, &settings).with_parameters(&parameters);
    let search = issues(&connector).search.as_ref().unwrap();
    let (rows, _) = search.page(&cx, issues(&connector), "crash", None).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(api.requests()[0].query[0], ("q".to_owned(), "repo:octo/r is:issue crash".to_owned()));
}

#[tokio::test]
async fn a_task_is_an_issue_of_the_repository() {
    let connector = connector().unwrap();
    let answer = json!({"id": 99, "number": 12, "html_url": "https://github.com/octo/r/issues/12"});
    let api = Recorder::new().answer(201, answer);
    let settings = settings();
    let cx = Cx::new(&connector, &api, &settings);
    let run = &connector.operation(&"create-task".into()).unwrap().run;
    let input = json!({"title": "T", "project": "octo/r", "assignee": "ann"});
    let created = cx.run(run, &json!({ "input": input })).await.unwrap();
    assert_eq!(created, json!({"id": "12", "name": "#12", "url": "https://github.com/octo/r/issues/12"}));
    let sent = &api.requests()[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/repos/octo/r/issues"));
    assert_eq!(sent.body, ApiBody::Json(json!({"title": "T", "assignees": ["ann"]})));

    for project in [json!(null), json!("octo"), json!("a/b/c")] {
        let input = json!({"input": {"title": "T", "project": project}});
        let error = cx.run(run, &input).await.unwrap_err();
        assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("project")));
    }
    assert_eq!(api.requests().len(), 1);
}

#[tokio::test]
async fn a_repository_is_found_by_its_full_name() {
    let connector = connector().unwrap();
    let api = Recorder::new().answer(200, json!({"full_name": "octo/r"}));
    let settings = settings();
    let find = connector.collections["repositories"].find_by_id.as_ref().unwrap();
    let found = Cx::new(&connector, &api, &settings).run(&find.call, &json!({"id": "octo/r"})).await.unwrap();
    assert_eq!(
        (found["full_name"].as_str(), api.requests()[0].path.as_str()),
        (Some("octo/r"), "/repos/octo/r")
    );
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let limited = refused(403, ("x-ratelimit-remaining", "0")).await;
    assert_eq!((limited.kind(), limited.retry()), (ErrorKind::RateLimited, Retry::Backoff));
    assert_eq!(refused(403, ("retry-after", "60")).await.kind(), ErrorKind::RateLimited);
    assert_eq!(refused(429, ("x", "y")).await.kind(), ErrorKind::RateLimited);
    assert_eq!(refused(403, ("x-ratelimit-remaining", "10")).await.kind(), ErrorKind::Connection);
    assert_eq!(refused(401, ("x", "y")).await.kind(), ErrorKind::AccessTokenExpired);
    assert_eq!(refused(404, ("x", "y")).await.kind(), ErrorKind::NotFound);
    assert_eq!(refused(422, ("x", "y")).await.kind(), ErrorKind::InvalidInput);
    assert_eq!(refused(502, ("x", "y")).await.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn issues_are_written_and_never_deleted() {
    let connector = connector().unwrap();
    let api = Recorder::new();
    let (settings, parameters) = (settings(), json!({"owner": "octo", "repo": "r"}));
    let cx = Cx::new(&connector, &api, &settings).with_parameters(&parameters);
    let update = &issues(&connector).update.as_ref().unwrap().call;
    let fields: Value = json!({"state": "closed", "repo": "another"});
    cx.run(update, &json!({"id": "7", "fields": fields})).await.unwrap();
    let sent = &api.requests()[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("PATCH", "/repos/octo/r/issues/7"));
    assert_eq!(sent.body, ApiBody::Json(fields));
    assert!(issues(&connector).delete.is_none());
    assert!(connector.collections["comments"].delete.is_some());
}
