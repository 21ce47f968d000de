//! What counts of layered elements, whatever stands at their layers; and the flows of a real workspace.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::borrow::Cow;
use std::path::Path;

use membrane_core::LayerName;
use membrane_core::element::{ActionSpec, At, Element, FlowSpec, Layered, layer, resolve};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A flow with some of four nodes, each with one of three contents, its own or not.
fn flow() -> impl Strategy<Value = FlowSpec> {
    let node = (0..3_u8, any::<bool>()).prop_map(|(code, own)| json!({"config": code, "isCustomized": own}));
    prop::collection::btree_map("[a-d]", node, 0..4)
        .prop_map(|nodes| serde_json::from_value(json!({ "nodes": nodes })).unwrap())
}

fn element<S>(id: &str, parent: Option<&str>, is_customized: bool, spec: S) -> Element<S> {
    let mut element = Element::new(id, id, spec);
    element.place.parent_id = parent.map(Into::into);
    element.place.is_customized = Some(is_customized);
    element.place.integration_id = (id != "u").then(|| "app".into());
    element.place.connection_id = (id == "c").then(|| "connection".into());
    element
}

/// What counts at a connection, and what would if the integration had for its own what counts there.
fn both_ways<S: Layered>([u, i, c]: [S; 3], [i_own, c_own]: [bool; 2]) -> (S, S) {
    let universal = At::<layer::Universal, _>::new(element("u", None, false, u)).unwrap();
    let of_app = |own, spec| At::<layer::Integration, _>::new(element("i", Some("u"), own, spec)).unwrap();
    let integration = of_app(i_own, i);
    let connection = At::<layer::Connection, _>::new(element("c", Some("i"), c_own, c)).unwrap();
    let at_once = resolve(Some(&universal), Some(&integration), Some(&connection)).unwrap().spec.into_owned();
    let first = resolve(Some(&universal), Some(&integration), None).unwrap().spec.into_owned();
    let folded = At::<layer::Integration, _>::new(element("i", None, true, first)).unwrap();
    let in_steps = resolve(None, Some(&folded), Some(&connection)).unwrap().spec.into_owned();
    (at_once, in_steps)
}

proptest! {
    #[test]
    fn layers_can_be_resolved_one_after_another(
        flows in [flow(), flow(), flow()], codes in any::<[u8; 3]>(), own in any::<[bool; 2]>(),
    ) {
        let (at_once, in_steps) = both_ways(flows, own);
        prop_assert!(at_once.is_same_content(&in_steps));
        let action = |code: u8| ActionSpec::of_operation(code.to_string());
        let (at_once, in_steps) = both_ways(codes.map(action), own);
        prop_assert_eq!(at_once, in_steps);
    }

    #[test]
    fn following_twice_is_the_same_as_once(parent in flow(), child in flow(), own in any::<bool>()) {
        let once = child.inherit(Cow::Borrowed(&parent), own).into_owned();
        let is_own = own && once.nodes.iter().flatten().any(|(_, node)| node.is_customized == Some(true));
        if is_own || !own {
            let twice = once.inherit(Cow::Borrowed(&parent), own);
            prop_assert!(once.is_same_content(&twice));
        }
    }

    #[test]
    fn what_is_customized_and_reset_is_what_it_was(parent in flow(), change in flow()) {
        let follows = FlowSpec::default().inherit(Cow::Borrowed(&parent), false).into_owned();
        let mut changed = change;
        changed.customize(&follows, false);
        let shown = changed.inherit(Cow::Borrowed(&parent), true).into_owned();
        prop_assert!(changed.is_same_content(&shown) || changed.nodes.is_none(), "a change is kept as it was made");
        changed.enabled = Some(true);
        prop_assert!(!changed.reset(&parent, &Map::new()).unwrap());
        prop_assert!(changed.is_same_content(&follows));
        prop_assert_eq!(changed.enabled, Some(true), "a switch is not what is reset");
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
fn the_flows_of_a_real_workspace_are_valid() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../../shared", "../../../shared"]
        .map(|place| here.join(place).join("workspaces/bidirectional-sync/membrane"));
    let Some(root) = places.into_iter().find(|place| place.exists()) else {
        println!("skipped: no workspace beside the checkout");
        return;
    };
    let (mut flows, mut open) = (0, vec![root]);
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.components().any(|part| part.as_os_str() == "flows") {
            let text = std::fs::read_to_string(&path).unwrap();
            let flow: Value = serde_saphyr::from_str(&text).unwrap();
            let flow: FlowSpec = serde_json::from_value(flow).unwrap();
            flow.check().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(flow.problems().is_empty() && !flow.roots().is_empty(), "{}", path.display());
            flows += 1;
        }
    }
    assert!(flows > 0);
    println!("{flows} flows");
}
