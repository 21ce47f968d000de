use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

const DEFINITIONS: &str = "#/$defs/";
const COMPONENTS: &str = "#/components/schemas/";

/// The schemas every operation shares, each under a name of its own.
///
/// Two operations may each bring a `Selector`. When they say the same, they share it; when not (what is
/// written is looser than what is read), the later one gets a number.
#[derive(Debug, Default)]
pub(super) struct Components {
    schemas: BTreeMap<String, Value>,
    /// Which name a definition got, by its first name and all it says.
    names: HashMap<(String, String), String>,
}

impl Components {
    /// Takes the definitions of a schema document, and returns its root with references into the components.
    pub(super) fn absorb(&mut self, document: &Value) -> Value {
        let (mut root, definitions) = taken_apart(document);
        let mut renamed = BTreeMap::new();
        let mut fresh = Vec::new();
        for (name, definition) in &definitions {
            let key = (name.clone(), said(definition, &definitions));
            let known = self.names.get(&key).cloned();
            let chosen = known.unwrap_or_else(|| {
                let chosen = self.free(name);
                // Holds the name until the definition is in: it may refer to itself.
                self.schemas.insert(chosen.clone(), Value::Null);
                self.names.insert(key, chosen.clone());
                fresh.push((chosen.clone(), definition));
                chosen
            });
            renamed.insert(format!("{DEFINITIONS}{name}"), format!("{COMPONENTS}{chosen}"));
        }
        for (name, definition) in fresh {
            let mut definition = definition.clone();
            redirect(&mut definition, &renamed);
            self.schemas.insert(name, definition);
        }
        redirect(&mut root, &renamed);
        root
    }

    /// Adds a schema under its title, unless it has none or is shorter than a reference.
    pub(super) fn named(&mut self, schema: Value) -> Value {
        let title = schema.get("title").and_then(Value::as_str).map(identifier);
        let Some(title) = title.filter(|_| schema.get("$ref").is_none()) else { return schema };
        let same = self.schemas.iter().find(|(_, known)| **known == schema).map(|(name, _)| name.clone());
        let name = same.unwrap_or_else(|| self.free(&title));
        self.schemas.insert(name.clone(), schema);
        reference(&name)
    }

    pub(super) fn into_value(self) -> Value {
        json!(self.schemas)
    }

    fn free(&self, name: &str) -> String {
        let name = identifier(name);
        let numbered = (2_u32..).map(|n| format!("{name}{n}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| !self.schemas.contains_key(name)).unwrap_or(name)
    }
}

/// A reference to a component.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{COMPONENTS}{name}") })
}

/// OpenAPI allows letters, digits, `.`, `-` and `_` in the name of a component.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

/// The root and the definitions of a schema document. A root that something refers to by `#` is a definition
/// too, by its title, so that what it says counts where definitions are compared.
fn taken_apart(document: &Value) -> (Value, Map<String, Value>) {
    let mut root = document.clone();
    let mut definitions = Map::new();
    if let Value::Object(root) = &mut root {
        root.shift_remove("$schema");
        if let Some(Value::Object(own)) = root.shift_remove("$defs") {
            definitions = own;
        }
    }
    let mut found = BTreeSet::new();
    references(document, &mut found);
    if found.contains("#") {
        let mut name = root.get("title").and_then(Value::as_str).unwrap_or("Root").to_owned();
        while definitions.contains_key(&name) {
            name.push('_');
        }
        let path = format!("{DEFINITIONS}{name}");
        definitions.insert(name, root);
        let named = BTreeMap::from([("#".to_owned(), path.clone())]);
        definitions.values_mut().for_each(|definition| redirect(definition, &named));
        root = json!({ "$ref": path });
    }
    (root, definitions)
}

/// A definition and all it refers to, as one text: equal texts mean the same.
fn said(definition: &Value, all: &Map<String, Value>) -> String {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut open = BTreeSet::new();
    references(definition, &mut open);
    while let Some(path) = open.pop_first() {
        let Some(name) = path.strip_prefix(DEFINITIONS) else { continue };
        if reached.insert(name.to_owned())
            && let Some(definition) = all.get(name)
        {
            references(definition, &mut open);
        }
    }
    let reached: BTreeMap<&String, Option<&Value>> =
        reached.iter().map(|name| (name, all.get(name))).collect();
    json!([definition, reached]).to_string()
}

fn references(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(path)) = object.get("$ref") {
                found.insert(path.clone());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts other paths in place of those that references lead to.
fn redirect(schema: &mut Value, paths: &BTreeMap<String, String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(path)) = object.get_mut("$ref")
                && let Some(other) = paths.get(path)
            {
                path.clone_from(other);
            }
            object.values_mut().for_each(|value| redirect(value, paths));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| redirect(value, paths)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_definitions_are_shared_and_others_numbered() {
        let document = |kind: &str| {
            json!({
                "$schema": "x",
                "properties": {"a": {"$ref": "#/$defs/A"}},
                "$defs": {
                    "A": {"properties": {"b": {"$ref": "#/$defs/B"}, "a": {"$ref": "#/$defs/A"}}},
                    "B": {"type": kind},
                },
            })
        };
        let mut components = Components::default();
        let first = components.absorb(&document("string"));
        assert_eq!(first, json!({"properties": {"a": {"$ref": "#/components/schemas/A"}}}));
        assert_eq!(components.absorb(&document("string")), first);
        let third = components.absorb(&document("integer"));
        assert_eq!(third, json!({"properties": {"a": {"$ref": "#/components/schemas/A2"}}}));
        let schemas = components.into_value();
        assert_eq!(schemas["A2"]["properties"]["a"]["$ref"], "#/components/schemas/A2");
        assert_eq!(schemas["A2"]["properties"]["b"]["$ref"], "#/components/schemas/B2");
        assert_eq!(schemas.as_object().unwrap().len(), 4);
    }

    #[test]
    fn a_root_that_holds_itself_becomes_a_component() {
        let mut components = Components::default();
        let root = components.absorb(&json!({"title": "Node of T", "items": {"$ref": "#"}}));
        assert_eq!(root, reference("Node_of_T"));
        assert_eq!(components.into_value()["Node_of_T"]["items"], reference("Node_of_T"));
    }

    #[test]
    fn what_a_root_says_tells_equal_definitions_apart() {
        let document = |kind: &str| {
            json!({
                "title": "Element",
                "properties": {"of": {"type": kind}, "applied": {"$ref": "#/$defs/Applied"}},
                "$defs": {"Applied": {"properties": {"element": {"$ref": "#"}}}},
            })
        };
        let mut components = Components::default();
        let roots = ["string", "integer"].map(|kind| components.absorb(&document(kind)));
        assert_eq!(roots, [reference("Element"), reference("Element2")]);
        assert_eq!(components.absorb(&document("string")), roots[0]);
        let schemas = components.into_value();
        assert_eq!(schemas["Applied"]["properties"]["element"], reference("Element"));
        assert_eq!(schemas["Applied2"]["properties"]["element"], reference("Element2"));
        assert_eq!(schemas["Element2"]["properties"]["applied"], reference("Applied2"));
        assert_eq!(schemas.as_object().map(Map::len), Some(4));
    }
}
