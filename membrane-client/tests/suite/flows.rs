//! Flows below a parent: node by node.

use membrane_client::ErrorKind;
use membrane_core::LayerName;
use membrane_core::Selector;
use membrane_core::element::{Flow, FlowSpec, NodeState, State};
use membrane_core::op::{Explain, Get, Reset};
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::{Stage, object};

on_both!(nodes_follow_one_by_one, nodes_say_what_is_wrong);

fn node(code: &str) -> Value {
    json!({"type": "run-javascript", "config": {"code": code}})
}

fn codes(flow: &Flow) -> Vec<(String, String)> {
    let nodes = flow.spec.nodes.iter().flatten();
    nodes
        .map(|(key, node)| (key.clone(), node.config.as_ref().unwrap()["code"].as_str().unwrap().to_owned()))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, code)| ((*key).to_owned(), (*code).to_owned())).collect()
}

async fn nodes_follow_one_by_one(stage: Stage) {
    stage.connected("acme").await;
    let fields =
        json!({"name": "Sync", "integrationKey": "taskly", "nodes": {"a": node("1"), "b": node("2")}});
    let parent: Flow = stage.add(None, fields).await.unwrap();
    let on_taskly = || Selector::key("sync").connection("taskly");
    let own = json!({"nodes": {"a": node("1"), "b": node("mine")}});
    let own: Flow = stage.change(Some("acme"), on_taskly(), own).await.unwrap();
    assert_eq!(own.place.is_customized, Some(true));
    assert!(own.spec.customized.unwrap().nodes);
    let flags: Vec<_> = own.spec.nodes.as_ref().unwrap().values().map(|node| node.is_customized).collect();
    assert_eq!(flags, [Some(false), Some(true)]);
    let changed = json!({"nodes": {"a": node("one"), "b": node("two"), "c": node("three")}});
    stage.change::<FlowSpec>(None, &parent.id, changed).await.unwrap();
    let shown = stage.call(Some("acme"), Get::<FlowSpec>::new(on_taskly())).await.unwrap();
    assert_eq!(codes(&shown), pairs(&[("a", "one"), ("b", "mine"), ("c", "three")]));
    let explained = stage.call(Some("acme"), Explain::<FlowSpec>::new(on_taskly())).await.unwrap();
    let nodes = &explained.fields["nodes"].parts;
    assert_eq!((nodes["a"].layer, nodes["b"].layer), (LayerName::Integration, LayerName::Connection));
    for nothing in [
        json!({"name": false}),
        json!({"allNodes": false}),
        json!({"nodes": null}),
        json!({"nodes": {"b": false}}),
    ] {
        let part = Reset::<FlowSpec>::new(on_taskly()).parts(object(nothing));
        let kept = stage.call(Some("acme"), part).await.unwrap();
        assert_eq!((codes(&kept), kept.place.is_customized), (codes(&shown), Some(true)));
    }
    let unknown = Reset::<FlowSpec>::new(on_taskly()).parts(object(json!({"nods": {"b": true}})));
    let error = stage.call(Some("acme"), unknown).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("nods")));
    let part = Reset::<FlowSpec>::new(on_taskly()).parts(object(json!({"nodes": {"b": true}})));
    let back = stage.call(Some("acme"), part).await.unwrap();
    assert_eq!(codes(&back), pairs(&[("a", "one"), ("b", "two"), ("c", "three")]));
    assert_eq!(back.place.is_customized, Some(false));
}

async fn nodes_say_what_is_wrong(stage: Stage) {
    let fields = json!({"name": "Sync", "nodes": {
        "fine": {"type": "api-trigger", "links": [{"key": "gone"}]},
        "lost": {"type": "teleport", "state": "READY"},
        "list": {"type": "list-data-records", "config": {"dataSource": {"key": "nothing"}}},
    }});
    let flow: Flow = stage.add(None, fields).await.unwrap();
    assert_eq!(flow.state, State::ConfigurationError);
    let messages: Vec<&str> = flow.errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(
        messages,
        ["there is no Data Source `nothing`", "the node `lost`: there is no type of node `teleport`"]
    );
    let nodes = flow.spec.nodes.as_ref().unwrap();
    assert_eq!(
        (nodes["fine"].state, nodes["lost"].state),
        (Some(NodeState::Ready), Some(NodeState::SetupFailed))
    );
    assert_eq!(nodes["list"].dependencies[0].key.as_deref(), Some("nothing"));
}
