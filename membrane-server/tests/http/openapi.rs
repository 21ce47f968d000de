//! The document against the rules of OpenAPI 3.1, and against the catalogue.

use std::collections::{BTreeSet, HashSet};

use membrane_engine::op::catalogue;
use membrane_server::openapi;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Harness, ok};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.collect()
}

fn slots(path: &str) -> BTreeSet<&str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

fn shape(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_document_is_served_without_a_token() {
    let harness = Harness::start().await;
    let served = ok(harness.bare(Method::GET, "/openapi.json").send().await.unwrap()).await;
    assert_eq!(served, openapi());
}

#[test]
fn every_route_of_the_catalogue_is_listed() {
    let document = openapi();
    let listed: HashSet<(String, String)> =
        operations(&document).iter().map(|(path, method, _)| (shape(path), (*method).to_owned())).collect();
    for entry in catalogue() {
        let mut has_own_name = false;
        for route in &entry.info().routes {
            let key = (shape(&route.path), route.method.as_str().to_ascii_lowercase());
            assert!(listed.contains(&key), "{key:?}");
        }
        for (_, _, operation) in operations(&document) {
            has_own_name |= operation["operationId"] == entry.info().name.as_str();
        }
        assert!(has_own_name, "{}", entry.info().name);
    }
}

#[test]
fn paths_and_parameters_follow_the_rules() {
    let document = openapi();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut ids = HashSet::new();
    let mut shapes = HashSet::new();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(path.starts_with('/') && !path.contains('*'), "{path}");
        assert!(shapes.insert(shape(path)), "{path} stands twice");
    }
    for (path, method, operation) in operations(&document) {
        assert!(METHODS.contains(&method), "{method} {path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(!operation["responses"].as_object().unwrap().is_empty());
        let mut seen = HashSet::new();
        let mut in_path = BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            assert!(seen.insert((name, place)), "{id}: {name}");
            assert!(parameter.get("schema").is_some() && ["path", "query"].contains(&place), "{id}: {name}");
            if place == "path" {
                assert_eq!(parameter["required"], true, "{id}: {name}");
                in_path.insert(name);
            }
        }
        assert_eq!(in_path, slots(path), "{id}");
        // Membrane's own client says in a body which links go.
        let may_have_body = id.starts_with("connections.proxy") || id == "data-links.delete";
        if ["get", "delete"].contains(&method) && !may_have_body {
            assert!(operation.get("requestBody").is_none(), "{id}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = openapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        let target = reference.strip_prefix('#').and_then(|path| document.pointer(path));
        assert!(target.is_some_and(|target| !target.is_null()), "{reference}");
    }
    let names = document["components"]["schemas"].as_object().unwrap();
    for name in names.keys() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{name}");
    }
    assert!(!document.to_string().contains("$defs") && !document.to_string().contains("draft"));
}

#[test]
fn errors_and_rights_are_described() {
    let document = openapi();
    assert!(document["components"]["schemas"]["ErrorBody"]["properties"]["type"].is_object());
    for (path, method, operation) in operations(&document) {
        for status in ["4XX", "5XX"] {
            let reference = &operation["responses"][status]["$ref"];
            // What an app answers through the proxy is its own, whatever the status.
            match path.contains("/proxy/") {
                true => assert!(reference.is_null(), "{method} {path}"),
                false => assert_eq!(reference, "#/components/responses/Error", "{method} {path}"),
            }
        }
    }
    assert_eq!(document["paths"]["/health"]["get"]["security"], serde_json::json!([]));
    assert!(document["paths"]["/self"]["get"].get("security").is_none());
    let list = &document["paths"]["/connections/{connectionId}/data/{collectionKey}/list"]["post"];
    let rest = list["parameters"].as_array().unwrap().iter().find(|one| one["name"] == "parameters").unwrap();
    assert_eq!((&rest["style"], &rest["explode"]), (&"form".into(), &true.into()));
}

#[test]
fn lists_show_the_filters_that_their_kind_takes() {
    let document = openapi();
    let shown = |path: &str| {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap().iter();
        parameters.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let screens = ["cursor", "includeArchived", "key", "limit", "search"].map(str::to_owned);
    assert_eq!(shown("/screens"), screens.into());
    assert!(shown("/connections").contains("disconnected") && !shown("/actions").contains("disconnected"));
    let limit = document["paths"]["/actions"]["get"]["parameters"].as_array().unwrap();
    let limit = &limit.iter().find(|one| one["name"] == "limit").unwrap()["schema"];
    assert_eq!((&limit["minimum"], &limit["maximum"]), (&1.into(), &1000.into()));
}

#[test]
fn an_element_is_described_as_its_kind() {
    let document = openapi();
    let component = |reference: &Value| {
        let path = reference["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(path).unwrap()
    };
    for (path, field) in [("/actions/{selector}", "config"), ("/flows/{selector}", "nodes")] {
        let answer =
            &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let element = component(answer);
        assert!(element["properties"][field].is_object(), "{path}");
        let applied = component(&element["properties"]["appliedToIntegrations"]["items"]);
        assert_eq!(applied["properties"]["element"]["$ref"], answer["$ref"], "{path}");
    }
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(path)) = object.get("$ref") {
                found.push(path);
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
