//! Flows: their nodes, how these hang together, and which of them an element has for itself.

mod graph;
mod kind;
mod node;

use std::borrow::Cow;
use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::kind::NodeKind;
pub use self::node::{FlowLink, FlowNode, NodeState, OnError};
use super::{ElementKind, Layered, Place, Reference, Spec};
use crate::error::{Error, Result};
use crate::schema::DataSchema;

/// Steps that run when something happens: a graph of nodes, each of which says which ones follow it.
///
/// ```
/// use membrane_core::element::FlowSpec;
/// use serde_json::json;
///
/// let flow: FlowSpec = serde_json::from_value(json!({"nodes": {
///     "created": {"type": "data-record-created-trigger", "config": {"dataSource": {"key": "emails"}}, "links": [{"key": "tell"}]},
///     "tell": {"type": "api-request-to-your-app", "config": {"request": {"uri": "webhooks/on-create"}}},
/// }}))?;
/// flow.check()?;
/// assert_eq!(flow.roots(), ["created"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FlowSpec {
    /// The schema of `parameters`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_schema: Option<DataSchema>,
    /// Values each copy has for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Runs when its triggers fire; each copy is switched on and off for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The nodes by their keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, FlowNode>>")]
    pub nodes: Option<IndexMap<String, FlowNode>>,
    /// Every new connection gets its copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_create_instances: Option<bool>,
    /// Which parts are not the parent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customized: Option<FlowCustomized>,
    /// The elements its nodes refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Reference>,
    /// The integration's flow this one follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_revision: Option<String>,
    /// The universal flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_flow_id: Option<String>,
    /// Its revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_flow_revision: Option<String>,
}

/// Which parts of a flow are not its parent's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlowCustomized {
    /// The name.
    #[serde(default)]
    pub name: bool,
    /// Nodes.
    #[serde(default)]
    pub nodes: bool,
}

impl Spec for FlowSpec {
    const KIND: ElementKind = ElementKind::Flow;
    const EDITABLE: &'static [&'static str] =
        &["parametersSchema", "parameters", "enabled", "nodes", "autoCreateInstances"];
    const DERIVED: &'static [&'static str] =
        &["customized", "dependencies", "flowId", "flowRevision", "universalFlowId", "universalFlowRevision"];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] =
        &[("flowId", "parentId"), ("flowKey", "parentKey"), ("universalFlowId", "universalParentId")];
}

impl FlowSpec {
    /// The nodes.
    fn iter(&self) -> impl Iterator<Item = (&String, &FlowNode)> {
        self.nodes.iter().flatten()
    }

    /// Whether every node is its own: customized, and no node says of itself whether it is.
    pub fn is_whole(&self) -> bool {
        self.nodes.is_some() && !self.iter().any(|(_, node)| node.is_customized.is_some())
    }

    /// Whether a node is its own, of a flow that is customized.
    pub fn has_own_nodes(&self) -> bool {
        self.is_whole() || self.iter().any(|(_, node)| node.is_customized == Some(true))
    }

    /// The parent's nodes, those that are customized here in the place of theirs, and further ones. `mark` is what
    /// a node says that is the parent's.
    fn nodes_over(&self, parent: &Self, mark: Option<bool>) -> Option<IndexMap<String, FlowNode>> {
        let own = |key: &str| self.nodes.as_ref()?.get(key).filter(|node| node.is_customized == Some(true));
        let theirs = parent.iter().map(|(key, node)| {
            let node = own(key).cloned().unwrap_or_else(|| FlowNode { is_customized: mark, ..node.clone() });
            (key.clone(), node)
        });
        let mut nodes: IndexMap<String, FlowNode> = theirs.collect();
        for (key, node) in self.iter().filter(|(key, _)| own(key).is_some()) {
            nodes.entry(key.clone()).or_insert_with(|| node.clone());
        }
        (parent.nodes.is_some() || !nodes.is_empty()).then_some(nodes)
    }

    /// The content without what each copy has for itself; the order of nodes is none of it.
    fn shared(&self) -> (&Option<DataSchema>, Option<bool>, IndexMap<&String, FlowNode>) {
        let nodes = self.iter().map(|(key, node)| (key, node.content()));
        (&self.parameters_schema, self.auto_create_instances, nodes.collect())
    }
}

impl Layered for FlowSpec {
    const SWITCHES: &'static [&'static str] = &["enabled", "parameters"];

    fn inherit<'a>(&'a self, parent: Cow<'a, Self>, is_customized: bool) -> Cow<'a, Self> {
        if !self.follows(is_customized) {
            return Cow::Borrowed(self);
        }
        let nodes = match is_customized {
            true => self.nodes_over(&parent, Some(false)),
            false => Self::default().nodes_over(&parent, None),
        };
        let mut content = parent.into_owned();
        content.nodes = nodes;
        if is_customized {
            content.parameters_schema.clone_from(&self.parameters_schema);
            content.auto_create_instances = self.auto_create_instances;
        }
        Cow::Owned(content)
    }

    fn follows(&self, is_customized: bool) -> bool {
        !is_customized || !self.is_whole()
    }

    fn switch(&self, name: &str) -> Option<Value> {
        match name {
            "enabled" => self.enabled.map(Value::from),
            "parameters" => self.parameters.clone(),
            _ => None,
        }
    }

    fn set_switch(&mut self, name: &str, value: Option<Value>) {
        match name {
            "enabled" => self.enabled = value.and_then(|value| value.as_bool()),
            "parameters" => self.parameters = value,
            _ => {}
        }
    }

    fn is_same_content(&self, before: &Self) -> bool {
        self.shared() == before.shared()
    }

    fn customize(&mut self, before: &Self, was_customized: bool) {
        let old = before.nodes.as_ref().filter(|old| !old.is_empty());
        let Some(nodes) = &mut self.nodes else {
            // All that there were are left out.
            self.nodes = old.map(|_| IndexMap::new());
            return;
        };
        let is_left_out = old.into_iter().flat_map(IndexMap::keys).any(|key| !nodes.contains_key(key));
        if was_customized && before.is_whole() || is_left_out {
            // What is left out would come back from the parent: from now on every node is its own.
            nodes.values_mut().for_each(|node| node.is_customized = None);
            return;
        }
        for (key, node) in nodes.iter_mut() {
            let known = old.and_then(|old| old.get(key));
            let is_own = known
                .is_none_or(|known| known.is_customized == Some(true) || known.content() != node.content());
            node.is_customized = Some(is_own);
        }
        if nodes.is_empty() {
            self.nodes = None;
        }
    }

    fn reset(&mut self, parent: &Self, parts: &Map<String, Value>) -> Result<bool> {
        const PARTS: &[&str] = &["name", "nodes", "allNodes"];
        let is_set = |value: Option<&Value>| value == Some(&Value::Bool(true));
        if let Some(other) = parts.keys().find(|name| !PARTS.contains(&name.as_str())) {
            let message = format!("`{other}` is no part of a flow; these are: `{}`", PARTS.join("`, `"));
            return Err(Error::invalid_input(message).with("field", other));
        }
        let keys = match parts.get("nodes") {
            None | Some(Value::Null) => None,
            Some(Value::Object(keys)) => Some(keys),
            Some(_) => {
                let message = "`nodes` names the nodes to reset: `{\"<key>\": true}`";
                return Err(Error::invalid_input(message).with("field", "nodes"));
            }
        };
        let is_all = is_set(parts.get("allNodes"));
        if parts.is_empty() {
            let switches = (self.parameters.take(), self.enabled);
            *self = parent.inherit(Cow::Owned(parent.clone()), false).into_owned();
            (self.parameters, self.enabled) = switches;
            return Ok(false);
        }
        if !is_all && keys.is_none() {
            return Ok(true);
        }
        let is_named = |key: &str| is_all || is_set(keys.and_then(|keys| keys.get(key)));
        let was_whole = self.is_whole();
        for (key, node) in self.nodes.iter_mut().flatten() {
            if is_named(key) {
                node.is_customized = None;
            } else if was_whole {
                // Every node is its own: those that are not named stay so, and say it.
                node.is_customized = Some(true);
            }
        }
        self.nodes = self.nodes_over(parent, Some(false));
        Ok(self.has_own_nodes()
            || self.parameters_schema != parent.parameters_schema
            || self.auto_create_instances != parent.auto_create_instances)
    }

    fn note_parents(&mut self, place: &Place) {
        let parents = place.parents();
        (self.flow_id, self.flow_revision) = parents.of_app;
        (self.universal_flow_id, self.universal_flow_revision) = parents.universal;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::element::Element;

    fn flow(nodes: Value) -> FlowSpec {
        serde_json::from_value(Value::Object([("nodes".to_owned(), nodes)].into_iter().collect())).unwrap()
    }

    fn own(config: &str) -> Value {
        json!({"config": config, "isCustomized": true})
    }

    fn configs(flow: &FlowSpec) -> Vec<(&str, Option<&str>)> {
        flow.iter().map(|(key, node)| (key.as_str(), node.config.as_ref().and_then(Value::as_str))).collect()
    }

    #[test]
    fn customized_nodes_stay_and_the_others_follow() {
        let parent = flow(json!({"a": {"config": "1"}, "b": {"config": "2"}, "d": {"config": "4"}}));
        let child = flow(json!({"c": own("own c"), "b": own("own b"), "a": {"config": "old"}, "gone": {}}));
        let below = child.inherit(Cow::Borrowed(&parent), true);
        assert_eq!(
            configs(&below),
            [("a", Some("1")), ("b", Some("own b")), ("d", Some("4")), ("c", Some("own c"))]
        );
        let follows = child.inherit(Cow::Borrowed(&parent), false);
        assert_eq!(configs(&follows), configs(&parent));
        let whole = flow(json!({"a": {"config": "all mine"}}));
        assert_eq!(configs(&whole.inherit(Cow::Borrowed(&parent), true)), [("a", Some("all mine"))]);
    }

    #[test]
    fn a_switch_is_no_content() {
        let mut flow = flow(json!({"a": {"config": "1"}}));
        let before = flow.clone();
        flow.enabled = Some(true);
        flow.parameters = Some(json!({"folder": 1}));
        assert!(flow.is_same_content(&before));
        let mut child = Element::new("f", "Flow", flow);
        let switches = |child: &Element<FlowSpec>| {
            let below = child.content_below(Cow::Borrowed(&before), false);
            (below.enabled, below.parameters.clone())
        };
        assert_eq!(switches(&child), (None, None), "it follows in what it has not set");
        child.place.customized_fields = vec!["enabled".to_owned()];
        assert_eq!(switches(&child), (Some(true), None));
    }

    #[test]
    fn changed_and_new_nodes_become_own() {
        let before = flow(json!({"a": {"config": "1"}, "b": {"config": "2"}}));
        let mut after = flow(json!({"a": {"config": "1"}, "b": {"config": "3"}, "c": {}}));
        after.customize(&before, false);
        let own = |flow: &FlowSpec| -> Vec<bool> {
            flow.iter().map(|(_, node)| node.is_customized == Some(true)).collect()
        };
        assert_eq!(own(&after), [false, true, true]);
        let mut fewer = flow(json!({"a": {"config": "1"}}));
        fewer.customize(&before, false);
        assert_eq!(own(&fewer), [false], "what was taken out does not come back");
        assert!(fewer.is_whole());
        let mut none = FlowSpec::default();
        none.customize(&before, false);
        assert!(none.is_whole() && none.inherit(Cow::Borrowed(&before), true).roots().is_empty());
    }

    #[test]
    fn nodes_follow_where_only_something_else_is_customized() {
        let before = flow(json!({"a": {"config": "1"}}));
        let mut child = before.clone();
        child.auto_create_instances = Some(true);
        child.customize(&before, false);
        let parent = flow(json!({"a": {"config": "2"}, "b": {"config": "3"}}));
        let below = child.inherit(Cow::Borrowed(&parent), true).into_owned();
        assert_eq!(configs(&below), configs(&parent));
        assert_eq!(below.auto_create_instances, Some(true));
        assert!(!below.has_own_nodes());
        // The same for a parent that has no nodes yet.
        let (before, mut child) = (FlowSpec::default(), FlowSpec::default());
        child.auto_create_instances = Some(true);
        child.customize(&before, false);
        assert_eq!(configs(&child.inherit(Cow::Borrowed(&parent), true)), configs(&parent));
    }

    #[test]
    fn nodes_go_back_one_by_one() {
        let parent = flow(json!({"a": {"config": "1"}, "b": {"config": "2"}}));
        let parts = |value: Value| value.as_object().cloned().unwrap();
        let mut child = flow(json!({"a": own("own a"), "b": own("own b"), "c": own("own c")}));
        assert!(child.reset(&parent, &parts(json!({"nodes": {"a": true, "c": true}}))).unwrap());
        assert_eq!(configs(&child), [("a", Some("1")), ("b", Some("own b"))]);
        assert!(!child.reset(&parent, &parts(json!({"allNodes": true}))).unwrap());
        assert_eq!(configs(&child), configs(&parent));
        let error = child.reset(&parent, &parts(json!({"nodes": ["a"]}))).unwrap_err();
        assert_eq!(error.context_value("field"), Some("nodes"));
        let mut whole = flow(json!({"a": {"config": "own a"}, "b": {"config": "own b"}}));
        assert!(whole.reset(&parent, &parts(json!({"nodes": {"b": true}}))).unwrap());
        assert_eq!(configs(&whole), [("a", Some("own a")), ("b", Some("2"))]);
    }
}
