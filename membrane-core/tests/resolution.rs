//! What counts of layered elements, whatever stands at their layers; and the flows of a real workspace.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::borrow::Cow;
use std::fmt::Debug;
use std::path::Path;

use membrane_core::LayerName;
use membrane_core::element::{
    ActionSpec, At, DataLinkTableSpec, DataSourceSpec, Element, FieldMappingSpec, FlowSpec, Layered,
    NodeKind, PackageSpec, explain, layer, resolve,
};
use membrane_core::mapping::{derived_config, is_completed_by_connector};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A flow with some of four nodes, each with one of three contents; all of them its own, or each as it says.
fn flow() -> impl Strategy<Value = FlowSpec> {
    let node =
        (0..3_u8, any::<Option<bool>>()).prop_map(|(code, own)| json!({"config": code, "isCustomized": own}));
    let nodes = prop::option::of(prop::collection::btree_map("[a-d]", node, 0..4));
    (nodes, prop::option::of(0..2_u8), any::<Option<bool>>()).prop_map(|(nodes, parameters, switch)| {
        serde_json::from_value(json!({
            "nodes": nodes, "parameters": parameters, "enabled": switch, "autoCreateInstances": switch,
        }))
        .unwrap()
    })
}

fn action() -> impl Strategy<Value = ActionSpec> {
    (0..3_u8, prop::option::of(0..3_u8)).prop_map(|(key, output)| {
        let mut spec = ActionSpec::of_operation(key.to_string());
        spec.output_mapping = output.map(Value::from);
        spec
    })
}

fn data_source() -> impl Strategy<Value = DataSourceSpec> {
    let text = || prop::option::of("[a-c]");
    (text(), text())
        .prop_map(|(udm, key)| serde_json::from_value(json!({"udm": udm, "collectionKey": key})).unwrap())
}

fn field_mapping() -> impl Strategy<Value = FieldMappingSpec> {
    let value = || prop::option::of(0..3_u8);
    (value(), value()).prop_map(|(import, export)| {
        serde_json::from_value(json!({"importValue": import, "defaultExportValue": export})).unwrap()
    })
}

fn package() -> impl Strategy<Value = PackageSpec> {
    prop::option::of(prop::collection::vec("[a-c]", 0..3)).prop_map(|ids| {
        let elements =
            ids.map(|ids| ids.iter().map(|id| json!({"type": "flow", "id": id})).collect::<Vec<_>>());
        serde_json::from_value(json!({ "elements": elements })).unwrap()
    })
}

fn element<S>(id: &str, parent: Option<&str>, is_customized: bool, spec: S) -> Element<S> {
    let mut element = Element::new(id, id, spec);
    element.place.parent_id = parent.map(Into::into);
    element.place.is_customized = Some(is_customized);
    element.place.integration_id = (id != "u").then(|| "app".into());
    element.place.connection_id = (id == "c").then(|| "connection".into());
    element
}

/// Some of the fields in which an element follows one by one.
fn own_fields<S: Layered>(chosen: u8) -> Vec<String> {
    let fields = Element::<S>::single_fields().enumerate();
    fields.filter(|(n, _)| chosen >> n & 1 == 1).map(|(_, name)| name.to_owned()).collect()
}

type Counts<S> = (S, String, Option<String>);

fn counts<S: Layered>(u: Option<&Element<S>>, i: Option<&Element<S>>, c: Option<&Element<S>>) -> Counts<S> {
    let (u, i, c) = (
        u.map(|u| At::<layer::Universal, _>::new(u.clone()).unwrap()),
        i.map(|i| At::<layer::Integration, _>::new(i.clone()).unwrap()),
        c.map(|c| At::<layer::Connection, _>::new(c.clone()).unwrap()),
    );
    let found = resolve(u.as_ref(), i.as_ref(), c.as_ref()).unwrap();
    (found.spec.clone().into_owned(), found.name.to_owned(), found.description.map(str::to_owned))
}

/// An element without a parent that has for its own what counts.
fn folded<S: Layered>(id: &str, (spec, name, description): Counts<S>) -> Element<S> {
    let mut folded = element(id, None, true, spec);
    (folded.name, folded.description) = (name, description);
    folded
}

/// Holds for content of any kind at the three layers, whatever of it is each layer's own.
fn resolves<S: Layered + Debug>(specs: [S; 3], own: [bool; 2], chosen: [u8; 2]) -> Result<(), TestCaseError> {
    let [u, i, c] = specs;
    let (mut i, mut c) = (element("i", Some("u"), own[0], i), element("c", Some("i"), own[1], c));
    let u = element("u", None, false, u);
    i.place.customized_fields = own_fields::<S>(chosen[0]);
    c.place.customized_fields = own_fields::<S>(chosen[1]);
    c.description = Some("of the connection".to_owned());
    let same = |a: &Counts<S>, b: &Counts<S>| {
        a.0.is_same_content(&b.0)
            && S::SWITCHES.iter().all(|name| a.0.switch(name) == b.0.switch(name))
            && (&a.1, &a.2) == (&b.1, &b.2)
    };
    // Layer after layer from above is the same as all at once.
    let at_once = counts(Some(&u), Some(&i), Some(&c));
    let first = folded("i", counts(Some(&u), Some(&i), None));
    let in_steps = counts(None, Some(&first), Some(&c));
    prop_assert!(same(&at_once, &in_steps), "{:?} is not {:?}", at_once, in_steps);
    // What counts is what counts when it is stored as that and looked at again.
    let mut again = c.clone();
    (again.spec, again.name, again.description) = at_once.clone();
    let twice = counts(Some(&u), Some(&i), Some(&again));
    prop_assert!(same(&at_once, &twice), "{:?} is not {:?}", at_once, twice);
    // A change is kept, and a reset takes it back.
    let follows =
        element("i", Some("u"), false, S::inherit(&i.spec, Cow::Borrowed(&u.spec), false).into_owned());
    let mut changed = follows.clone();
    changed.spec = c.spec.clone();
    if !changed.spec.is_same_content(&follows.spec) {
        changed.spec.customize(&follows.spec, false);
        changed.place.is_customized = Some(true);
        let shown = counts(Some(&u), Some(&changed), None).0;
        prop_assert!(changed.spec.is_same_content(&shown) || shown.is_same_content(&c.spec), "{:?}", shown);
    }
    let mut back = changed.clone();
    prop_assert!(!back.spec.reset(&u.spec, &Map::new()).unwrap());
    back.place.is_customized = Some(false);
    prop_assert!(back.spec.is_same_content(&follows.spec));
    let was = counts(Some(&u), Some(&follows), None);
    prop_assert!(same(&counts(Some(&u), Some(&back), None), &was));
    // Who follows takes over a changed parent.
    let other = element("u", None, false, c.spec.clone());
    let followed = counts(Some(&other), Some(&back), None);
    prop_assert!(followed.0.is_same_content(&other.spec) && followed.1 == other.name);
    Ok(())
}

proptest! {
    #[test]
    fn actions_resolve(specs in [action(), action(), action()], own in any::<[bool; 2]>(), chosen in any::<[u8; 2]>()) {
        resolves(specs, own, chosen)?;
    }

    #[test]
    fn flows_resolve(specs in [flow(), flow(), flow()], own in any::<[bool; 2]>(), chosen in any::<[u8; 2]>()) {
        resolves(specs, own, chosen)?;
    }

    #[test]
    fn data_sources_resolve(
        specs in [data_source(), data_source(), data_source()], own in any::<[bool; 2]>(), chosen in any::<[u8; 2]>(),
    ) {
        resolves(specs, own, chosen)?;
    }

    #[test]
    fn field_mappings_resolve(
        specs in [field_mapping(), field_mapping(), field_mapping()], own in any::<[bool; 2]>(), chosen in any::<[u8; 2]>(),
    ) {
        resolves(specs, own, chosen)?;
    }

    #[test]
    fn packages_resolve(
        specs in [package(), package(), package()], own in any::<[bool; 2]>(), chosen in any::<[u8; 2]>(),
    ) {
        resolves(specs, own, chosen)?;
    }

    #[test]
    fn data_link_tables_resolve(own in any::<[bool; 2]>(), chosen in any::<[u8; 2]>()) {
        resolves([(); 3].map(|()| DataLinkTableSpec::default()), own, chosen)?;
    }

    #[test]
    fn nodes_that_are_not_customized_follow_whatever_else_is(
        before in flow(), parent in flow(), chosen in any::<Option<bool>>(),
    ) {
        let follows = FlowSpec::default().inherit(Cow::Borrowed(&before), false).into_owned();
        let mut child = follows.clone();
        child.auto_create_instances = chosen;
        child.customize(&follows, false);
        let shown = child.inherit(Cow::Borrowed(&parent), true).into_owned();
        let mut wanted = FlowSpec::default().inherit(Cow::Borrowed(&parent), false).into_owned();
        wanted.auto_create_instances = chosen;
        if follows.nodes.as_ref().is_none_or(|nodes| !nodes.is_empty()) || parent.nodes.is_none() {
            prop_assert!(shown.is_same_content(&wanted), "{:?} is not {:?}", shown, wanted);
        }
    }
}

#[test]
fn a_connections_own_content_counts_most() {
    let of = |key: &str| ActionSpec::of_operation(key);
    let universal = At::<layer::Universal, _>::new(element("u", None, false, of("u"))).unwrap();
    let connection = At::<layer::Connection, _>::new(element("c", Some("u"), true, of("c"))).unwrap();
    let found = resolve(Some(&universal), None, Some(&connection)).unwrap();
    assert_eq!((found.layer, found.spec.into_owned()), (LayerName::Connection, of("c")));
}

#[test]
fn nodes_are_explained_one_by_one() {
    let of = |nodes: Value| serde_json::from_value::<FlowSpec>(json!({ "nodes": nodes })).unwrap();
    let parent = of(json!({"a": {"config": 1}, "b": {"config": 2}}));
    let own =
        of(json!({"a": {"config": 1, "isCustomized": false}, "b": {"config": 3, "isCustomized": true}}));
    let universal = At::<layer::Universal, _>::new(element("u", None, false, parent)).unwrap();
    let integration = At::<layer::Integration, _>::new(element("i", Some("u"), true, own)).unwrap();
    let mut explained = explain(Some(&universal), Some(&integration), None).unwrap();
    let nodes = explained.fields["nodes"].parts.clone();
    assert_eq!((nodes["a"].layer, nodes["b"].layer), (LayerName::Universal, LayerName::Integration));
    // What the connector adds to one of them is noted of that one.
    let plain = resolve(Some(&universal), Some(&integration), None).unwrap().spec.into_owned();
    let mut shown = element("i", Some("u"), true, plain.clone());
    shown.spec.nodes.as_mut().unwrap()["a"].config = Some(json!({"fieldMapping": {}}));
    explained.note_derived(&plain, &shown).unwrap();
    let nodes = &explained.fields["nodes"].parts;
    assert_eq!((nodes["a"].is_derived, nodes["b"].is_derived), (true, false));
}

/// The files of a real workspace: the path below it, without `spec.yaml`, and the element.
fn real() -> Vec<(Vec<String>, Value)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../../shared", "../../../shared"]
        .map(|place| here.join(place).join("workspaces/bidirectional-sync/membrane"));
    let Some(root) = places.into_iter().find(|place| place.exists()) else {
        println!("skipped: no workspace beside the checkout");
        return Vec::new();
    };
    let (mut found, mut open) = (Vec::new(), vec![root.clone()]);
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let folder = path.strip_prefix(&root).unwrap().parent().unwrap();
            let parts = folder.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            found.push((parts, serde_saphyr::from_str(&text).unwrap()));
        }
    }
    found
}

#[test]
fn the_flows_of_a_real_workspace_are_valid() {
    let (workspace, mut flows) = (real(), 0);
    for (path, flow) in workspace.iter().filter(|(path, _)| path.iter().any(|part| part == "flows")) {
        let flow: FlowSpec = serde_json::from_value(flow.clone()).unwrap();
        flow.check().unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert!(flow.problems().is_empty() && !flow.roots().is_empty(), "{path:?}");
        flows += 1;
    }
    assert!(flows > 0 || workspace.is_empty());
    println!("{flows} flows");
}

/// What the real engine derived for its uncustomized children, wherever no connector had a say in it.
#[test]
fn the_children_of_a_real_workspace_are_derived_as_they_are() {
    let workspace = real();
    let universal = |kind: &str, key: &str| {
        let found = workspace.iter().find(|(path, _)| path.len() == 2 && path[0] == kind && path[1] == key);
        found.map(|(_, element)| element)
    };
    let (mut same, mut completed) = (0, 0);
    for (path, child) in workspace.iter().filter(|(path, _)| path.len() == 4) {
        let (kind, key) = (path[2].as_str(), path[3].as_str());
        let Some(parent) = universal(kind, key).filter(|_| child["isCustomized"] == false) else { continue };
        assert_eq!(
            (&child["name"], &child["inputSchema"]),
            (&parent["name"], &parent["inputSchema"]),
            "{path:?}"
        );
        let mut pairs = Vec::new();
        match kind {
            "actions" => pairs.push((parent.get("config"), child.get("config"))),
            "flows" => {
                for (node, of) in parent["nodes"].as_object().unwrap() {
                    let kind = NodeKind::from_name(of["type"].as_str().unwrap()).unwrap();
                    let own = &child["nodes"][node];
                    match kind.is_over_records() {
                        true => pairs.push((of.get("config"), own.get("config"))),
                        false => assert_eq!(of, own, "{path:?}"),
                    }
                }
            }
            _ => {}
        }
        for (parent, child) in pairs {
            if parent.is_some_and(is_completed_by_connector) {
                completed += 1;
                continue;
            }
            assert_eq!(Some(&derived_config(parent, None, None).unwrap()), child, "{path:?}");
            same += 1;
        }
    }
    println!("{same} configs are as they were derived, {completed} take a connector");
    assert!(same > 0 || workspace.is_empty());
}
