//! Items of lists and properties of objects.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value, json};

use super::convert::{Converter, Node, Within};
use super::names::{self, Names};
use super::view::View;
use super::{MAX_DEPTH, Rule};
use crate::locator::Step;

impl<'s> Converter<'s, '_> {
    pub(super) fn items(&mut self, view: &View<'s>, depth: usize) -> (Value, Names) {
        let has_places = view.find("prefixItems", Value::as_array).is_some();
        let mut schemas: Vec<Within<'s>> = Vec::new();
        for part in view.parts.iter().filter(|_| !has_places) {
            schemas.extend(
                part.keywords.get("items").filter(|items| items.is_object()).map(|it| (it, part.root)),
            );
        }
        if depth == MAX_DEPTH {
            if schemas.iter().any(|(schema, _)| schema.as_object().is_some_and(|inner| !inner.is_empty())) {
                self.change(Rule::Size, Some("items"), "left open");
            }
            return (json!({}), Names::default());
        }
        self.place.push(Step::Property("items".to_owned()));
        let node = self.child(&schemas, None, depth + 1).unwrap_or_default();
        self.place.pop();
        (Value::Object(node.keywords), node.names)
    }

    pub(super) fn properties(&mut self, view: &View<'s>, node: &mut Node, depth: usize) {
        let mut declared: IndexMap<&'s str, Vec<Within<'s>>> = IndexMap::new();
        let mut required: IndexSet<&'s str> = IndexSet::new();
        for part in &view.parts {
            for (name, schema) in
                part.keywords.get("properties").and_then(Value::as_object).into_iter().flatten()
            {
                declared.entry(name).or_default().push((schema, part.root));
            }
            let names = part.keywords.get("required").and_then(Value::as_array).into_iter().flatten();
            required.extend(names.filter_map(Value::as_str));
        }
        let used: HashSet<&str> = declared.keys().copied().filter(|name| names::is_plain(name)).collect();
        let mut given = HashSet::new();
        let mut properties = Map::new();
        let mut wanted: Vec<(usize, Value)> = Vec::new();
        let mut left_out = 0;
        for (name, mut schemas) in declared {
            if depth == MAX_DEPTH || self.left == 0 {
                left_out += 1;
                continue;
            }
            self.place.extend([Step::Property("properties".to_owned()), Step::Property(name.to_owned())]);
            schemas.retain(|(schema, _)| matches!(schema, Value::Bool(_) | Value::Object(_)));
            if let Some((plain, inner)) = self.property(name, &schemas, &used, &mut given, depth) {
                node.names.add_property(&plain, name, inner.names);
                wanted.extend(required.get_index_of(name).map(|place| (place, Value::from(plain.as_str()))));
                properties.insert(plain, Value::Object(inner.keywords));
            }
            self.place.truncate(self.place.len() - 2);
        }
        if left_out > 0 {
            self.change(Rule::Size, Some("properties"), format!("{left_out} left out"));
        }
        node.keywords.insert("properties".to_owned(), Value::Object(properties));
        if !wanted.is_empty() {
            wanted.sort_by_key(|(place, _)| *place);
            let names = wanted.into_iter().map(|(_, name)| name).collect();
            node.keywords.insert("required".to_owned(), Value::Array(names));
        }
    }

    /// A property under a name all vendors take.
    fn property(
        &mut self,
        name: &'s str,
        schemas: &[Within<'s>],
        used: &HashSet<&str>,
        given: &mut HashSet<String>,
        depth: usize,
    ) -> Option<(String, Node)> {
        if schemas.is_empty() {
            self.change(Rule::Keyword, None, "left out, it is no schema");
            return None;
        }
        let (plain, note) = if names::is_plain(name) {
            (name.to_owned(), None)
        } else {
            let plain = names::plain(name, used, given);
            self.change(Rule::Name, None, format!("named `{plain}`"));
            given.insert(plain.clone());
            (plain, Some(format!("Stands for `{name}`.")))
        };
        let before = self.left;
        let Some(node) = self.child(schemas, note, depth + 1) else {
            self.change(Rule::Keyword, None, "left out, no value fits");
            return None;
        };
        if self.left == before {
            self.left -= 1;
        }
        if schemas.iter().all(|(schema, _)| schema.is_boolean()) {
            self.change(Rule::Keyword, None, "spelled as an object");
        }
        Some((plain, node))
    }
}
