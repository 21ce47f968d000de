use std::collections::HashMap;

use super::{FlowNode, FlowSpec};
use crate::element::{Reference, references};
use crate::error::{Error, Result};
use crate::formula::{AnyFilter, Formula};
use crate::schema::DataSchema;

/// Nodes a flow has at the most.
const MAX_NODES: usize = 1000;

/// Links a flow has at the most.
const MAX_LINKS: usize = 10_000;

impl FlowSpec {
    /// The keys of the nodes that no link and no sub-flow leads to: the triggers, in a flow that is whole.
    pub fn roots(&self) -> Vec<&str> {
        let graph = Graph::new(self);
        graph.roots().map(|node| graph.keys[node]).collect()
    }

    /// The elements its nodes refer to, each once.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        for (_, node) in self.iter() {
            for reference in node.config.iter().flat_map(references) {
                if !found.contains(&reference) {
                    found.push(reference);
                }
            }
        }
        found
    }

    /// Checks what can be told without running it: formulas, filters, schemas, and that it has an end.
    ///
    /// A link to no node, or to one that is not there, leads nowhere and is no fault.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) that names the field and the node: for what
    /// does not parse; for nodes that lead back to themselves; for a node that is both inside a sub-flow and
    /// after it; for more than 1,000 nodes or 10,000 links.
    pub fn check(&self) -> Result<()> {
        if let Some(schema) = &self.parameters_schema {
            schema.compile().map_err(|error| at("parametersSchema", &error))?;
        }
        let nodes = self.iter().count();
        let links: usize = self.iter().map(|(_, node)| node.links.as_ref().map_or(0, Vec::len)).sum();
        for (count, most, what) in [(nodes, MAX_NODES, "nodes"), (links, MAX_LINKS, "links")] {
            if count > most {
                let message = format!("a flow has at most {most} {what}, this one has {count}");
                return Err(Error::invalid_input(message).with("field", "nodes"));
            }
        }
        self.iter().try_for_each(|(key, node)| check_node(key, node))?;
        Graph::new(self).check()
    }

    /// What keeps each node from being run, by key; a node without problems is not there.
    pub fn problems(&self) -> HashMap<&str, Vec<Error>> {
        let mut problems: HashMap<&str, Vec<Error>> = HashMap::new();
        for (key, node) in self.iter() {
            let name = node.r#type.as_deref().unwrap_or_default();
            let mut add = |message: String, field: &'static str| {
                let error = Error::configuration(message).with("node", key).with("field", field);
                problems.entry(key).or_default().push(error);
            };
            match node.kind() {
                None if name.is_empty() => add(format!("the node `{key}` has no type"), "type"),
                None => add(format!("the node `{key}`: there is no type of node `{name}`"), "type"),
                Some(kind) => {
                    let source = node.config.as_ref().and_then(|config| config.get("dataSource"));
                    if kind.needs_data_source() && source.is_none_or(serde_json::Value::is_null) {
                        add(format!("the node `{key}` names no data source: `config.dataSource`"), "config");
                    }
                }
            }
            if let Some(first) = node.sub_flow()
                && self.nodes.as_ref().is_none_or(|nodes| !nodes.contains_key(first))
            {
                add(
                    format!("the sub-flow of the node `{key}` begins with `{first}`, which is not there"),
                    "config",
                );
            }
        }
        problems
    }
}

fn check_node(key: &str, node: &FlowNode) -> Result<()> {
    let place = |field: &str| format!("nodes.{key}.{field}");
    if let Some(config) = &node.config {
        Formula::parse_strict(config).map_err(|error| at(&place("config"), &error))?;
    }
    for (n, link) in node.links.iter().flatten().enumerate() {
        if let Some(filter) = link.filter.as_ref().filter(|filter| !filter.is_null()) {
            AnyFilter::parse_strict(filter)
                .map_err(|error| at(&place(&format!("links[{n}].filter")), &error))?;
        }
    }
    for (field, schema) in [("inputSchema", &node.input_schema), ("outputSchema", &node.output_schema)] {
        let Some(schema) = schema.as_ref().filter(|schema| !schema.is_null()) else { continue };
        let compiled = DataSchema::new(schema.clone()).and_then(|schema| schema.compile());
        compiled.map_err(|error| at(&place(field), &error))?;
    }
    Ok(())
}

fn at(field: &str, error: &Error) -> Error {
    Error::invalid_input(format!("`{field}`: {}", error.message())).with("field", field)
}

/// The nodes as numbers, and which ones each leads to.
struct Graph<'a> {
    keys: Vec<&'a str>,
    links: Vec<Vec<usize>>,
    sub_flows: Vec<Option<usize>>,
}

impl<'a> Graph<'a> {
    fn new(flow: &'a FlowSpec) -> Self {
        let keys: Vec<&str> = flow.iter().map(|(key, _)| key.as_str()).collect();
        let numbers: HashMap<&str, usize> = keys.iter().enumerate().map(|(n, key)| (*key, n)).collect();
        let number = |key: &str| numbers.get(key).copied();
        let links = flow.iter().map(|(_, node)| {
            let keys = node.links.iter().flatten().filter_map(|link| link.key.as_deref());
            keys.filter_map(number).collect()
        });
        Self {
            links: links.collect(),
            sub_flows: flow.iter().map(|(_, node)| node.sub_flow().and_then(number)).collect(),
            keys,
        }
    }

    fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        let mut is_led_to = vec![false; self.keys.len()];
        for node in self.links.iter().flatten().chain(self.sub_flows.iter().flatten()) {
            is_led_to[*node] = true;
        }
        (0..self.keys.len()).filter(move |node| !is_led_to[*node])
    }

    fn check(&self) -> Result<()> {
        if let Some(node) = self.cycle() {
            let key = self.keys[node];
            return Err(Error::invalid_input(format!("the node `{key}` leads back to itself"))
                .with("field", format!("nodes.{key}.links"))
                .with("node", key));
        }
        for (node, first) in self.sub_flows.iter().enumerate() {
            let Some(first) = first else { continue };
            let inside = self.reached(std::slice::from_ref(first));
            let after = self.reached(&self.links[node]);
            if let Some(both) = (0..self.keys.len()).find(|n| inside[*n] && after[*n]) {
                let (key, both) = (self.keys[node], self.keys[both]);
                return Err(Error::invalid_input(format!(
                    "the node `{both}` is both inside the sub-flow of `{key}` and after it"
                ))
                .with("field", format!("nodes.{key}.links"))
                .with("node", both));
            }
        }
        Ok(())
    }

    fn next(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.links[node].iter().copied().chain(self.sub_flows[node])
    }

    /// A node that leads back to itself. What has no such node before it is taken away, layer by layer.
    fn cycle(&self) -> Option<usize> {
        let mut led_to_by = vec![0_usize; self.keys.len()];
        for node in 0..self.keys.len() {
            self.next(node).for_each(|next| led_to_by[next] += 1);
        }
        let mut open: Vec<usize> = (0..self.keys.len()).filter(|node| led_to_by[*node] == 0).collect();
        while let Some(node) = open.pop() {
            for next in self.next(node) {
                led_to_by[next] -= 1;
                if led_to_by[next] == 0 {
                    open.push(next);
                }
            }
        }
        // Of the rest some only come after a cycle; going back from one ends in it.
        let mut before = vec![None; self.keys.len()];
        for node in (0..self.keys.len()).filter(|node| led_to_by[*node] > 0) {
            self.next(node).for_each(|next| before[next] = Some(node));
        }
        let mut node = led_to_by.iter().position(|count| *count > 0)?;
        for _ in 0..self.keys.len() {
            node = before[node]?;
        }
        Some(node)
    }

    fn reached(&self, from: &[usize]) -> Vec<bool> {
        let mut reached = vec![false; self.keys.len()];
        let mut open = from.to_vec();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut reached[node], true) {
                open.extend(self.next(node));
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, proptest};
    use serde_json::{Value, json};

    use super::*;
    use crate::element::ElementKind;
    use crate::error::ErrorKind;

    fn flow(nodes: Value) -> FlowSpec {
        serde_json::from_value(Value::Object([("nodes".to_owned(), nodes)].into_iter().collect())).unwrap()
    }

    fn leads(to: &[&str]) -> Value {
        json!({"type": "transform-data", "links": to.iter().map(|key| json!({"key": key})).collect::<Vec<_>>()})
    }

    fn each(first: &str, to: &[&str]) -> Value {
        let mut node = leads(to);
        node["type"] = json!("for-each-v2");
        node["config"] = json!({"rootNodeKey": first});
        node
    }

    #[test]
    fn roots_are_what_nothing_leads_to() {
        let flow = flow(json!({
            "step": leads(&["each"]), "trigger": leads(&["step", "", "gone"]), "each": each("inner", &["last"]),
            "inner": leads(&[]), "last": {"links": [{"name": "nowhere"}, {"key": null}]}, "other": {},
        }));
        assert_eq!(flow.roots(), ["trigger", "other"]);
        flow.check().unwrap();
    }

    #[test]
    fn a_diamond_is_no_cycle() {
        let diamond =
            json!({"a": leads(&["b", "c"]), "b": leads(&["d"]), "c": leads(&["d"]), "d": leads(&[])});
        flow(diamond).check().unwrap();
    }

    #[test]
    fn cycles_are_refused() {
        for (nodes, why) in [
            (json!({"a": leads(&["a"])}), "the node `a` leads back to itself"),
            (
                json!({"t": leads(&["a"]), "a": leads(&["b"]), "b": leads(&["a", "z"]), "z": leads(&[])}),
                "leads back to itself",
            ),
            (json!({"each": each("inner", &[]), "inner": leads(&["each"])}), "leads back to itself"),
            (
                json!({"each": each("inner", &["last"]), "inner": leads(&["last"]), "last": leads(&[])}),
                "the node `last` is both inside the sub-flow of `each` and after it",
            ),
        ] {
            let error = flow(nodes).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains(why), "{error}");
        }
    }

    #[test]
    fn what_does_not_parse_is_named() {
        let bad = json!({"$tpl": {"template": "", "values": {"(": 1}}});
        for (node, field) in [
            (json!({"config": {"request": bad}}), "nodes.a.config"),
            (json!({"links": [{"key": "b"}, {"filter": bad}]}), "nodes.a.links[1].filter"),
            (json!({"outputSchema": 5}), "nodes.a.outputSchema"),
        ] {
            let error = flow(json!({ "a": node })).check().unwrap_err();
            assert_eq!(error.context_value("field"), Some(field), "{error}");
        }
    }

    #[test]
    fn nodes_that_cannot_run_say_why() {
        let flow = flow(json!({
            "fine": {"type": "api-trigger"}, "lost": {"type": "teleport"}, "blank": {},
            "list": {"type": "list-data-records"}, "each": each("gone", &[]),
        }));
        flow.check().unwrap();
        let problems = flow.problems();
        let mut keys: Vec<&str> = problems.keys().copied().collect();
        keys.sort_unstable();
        assert_eq!(keys, ["blank", "each", "list", "lost"]);
        assert_eq!(problems["lost"][0].message(), "the node `lost`: there is no type of node `teleport`");
        assert!(problems["each"][0].message().contains("`gone`"));
    }

    #[test]
    fn references_are_found_once() {
        let node = json!({"config": {"dataSource": {"key": "emails"}, "fieldMapping": {"key": "emails"}}});
        let found = flow(json!({"a": node, "b": node})).references();
        assert_eq!(
            found,
            [
                Reference::key(ElementKind::DataSource, "emails"),
                Reference::key(ElementKind::FieldMapping, "emails")
            ]
        );
    }

    #[test]
    fn a_long_flow_takes_no_stack() {
        let mut nodes = serde_json::Map::new();
        for n in 0..1000 {
            nodes.insert(format!("n{n}"), leads(&[&format!("n{}", n + 1)]));
        }
        flow(Value::Object(nodes.clone())).check().unwrap();
        nodes.insert("more".to_owned(), json!({}));
        let error = flow(Value::Object(nodes)).check().unwrap_err();
        assert_eq!(error.message(), "a flow has at most 1000 nodes, this one has 1001");
    }

    proptest! {
        /// Links that only lead forward make no cycle; one more that leads back from a node to an earlier one
        /// it can be reached from makes one.
        #[test]
        fn only_ways_back_are_cycles(links in prop::collection::vec((0..12_usize, 1..12_usize), 0..40), back in 0..11_usize) {
            let mut nodes: Vec<Vec<String>> = vec![Vec::new(); 24];
            for (from, step) in links {
                nodes[from].push(format!("n{}", from + step));
            }
            nodes[back].push(format!("n{}", back + 1));
            let build = |nodes: &[Vec<String>]| {
                let nodes = nodes.iter().enumerate().map(|(n, to)| {
                    let to: Vec<&str> = to.iter().map(String::as_str).collect();
                    (format!("n{n}"), leads(&to))
                });
                flow(Value::Object(nodes.collect()))
            };
            assert!(build(&nodes).check().is_ok());
            nodes[back + 1].push(format!("n{back}"));
            assert!(build(&nodes).check().is_err());
        }
    }
}
