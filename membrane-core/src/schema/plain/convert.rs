use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::names::Names;
use super::pattern::Patterns;
use super::view::{Union, View};
use super::{Change, MAX_DEPTH, MAX_SCHEMAS, PlainSchema, Rule, WRAPPER, enums, text};
use crate::locator::Step;
use crate::schema::DataSchema;

/// A place and its document.
pub(super) type Within<'s> = (&'s Value, &'s Value);

/// A schema that was made.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) keywords: Map<String, Value>,
    pub(super) names: Names,
}

pub(super) struct Converter<'s, 'l> {
    root: &'s Value,
    pub(super) schemas: &'l dyn Fn(&str) -> Option<&'s DataSchema>,
    /// What is referred to and still being put in place.
    pub(super) chain: Vec<&'s Value>,
    pub(super) place: Vec<Step>,
    pub(super) changes: Vec<Change>,
    pub(super) left: usize,
    patterns: Patterns,
}

impl<'s, 'l> Converter<'s, 'l> {
    pub(super) fn new(root: &'s Value, schemas: &'l dyn Fn(&str) -> Option<&'s DataSchema>) -> Self {
        Self {
            root,
            schemas,
            chain: vec![root],
            place: Vec::new(),
            changes: Vec::new(),
            left: MAX_SCHEMAS - 1,
            patterns: Patterns::default(),
        }
    }

    pub(super) fn convert(mut self) -> PlainSchema {
        let mut view = View::default();
        self.gather((self.root, self.root), &mut view);
        let kinds = view.kinds();
        let is_object = (kinds.is_empty() || kinds == [Kind::Object]) && view.union(&kinds).is_none();
        let (node, is_wrapped) = if is_object {
            if !self.root.is_object() {
                self.change(Rule::Top, None, "taken for an object");
            }
            (self.alone(&view, Kind::Object, None, 0), false)
        } else {
            self.change(Rule::Top, None, format!("put under the property `{WRAPPER}`"));
            (wrapped(self.node(&view, None, 1)), true)
        };
        let schema = DataSchema::of_keywords(Value::Object(node.keywords));
        PlainSchema { schema, changes: self.changes, names: node.names, is_wrapped }
    }

    /// A schema inside another; nothing when no value fits it.
    pub(super) fn child(
        &mut self,
        schemas: &[Within<'s>],
        note: Option<String>,
        depth: usize,
    ) -> Option<Node> {
        let mark = self.chain.len();
        let mut view = View::default();
        for schema in schemas {
            self.gather(*schema, &mut view);
        }
        let node = (!view.is_never).then(|| self.node(&view, note, depth));
        self.chain.truncate(mark);
        node
    }

    fn node(&mut self, view: &View<'s>, note: Option<String>, depth: usize) -> Node {
        if view.is_empty() && note.is_none() {
            return Node::default();
        }
        let cost = 1 + view.size() / 64;
        if self.left < cost {
            self.change(Rule::Size, None, "left open");
            return Node::default();
        }
        self.left -= cost;
        let kinds = view.kinds();
        let union = view.union(&kinds);
        let needs_room = union.is_some() || kinds.len() > 1;
        if needs_room && (depth == MAX_DEPTH || kinds.len() > self.left) {
            self.change(Rule::Size, None, "left open");
            return self.open(view, note);
        }
        match (union, kinds.as_slice()) {
            (Some(union), kinds) => self.union(view, &union, kinds, note, depth),
            (None, []) => self.open(view, note),
            (None, [kind]) => self.alone(view, *kind, note, depth),
            (None, kinds) => self.several(view, kinds, note, depth),
        }
    }

    /// A schema of anything.
    fn open(&mut self, view: &View<'s>, note: Option<String>) -> Node {
        let mut keywords = Map::new();
        self.tell(&mut keywords, view, &[], note);
        let default = view.find_told("default", |value| is_short_scalar(value).then(|| value.clone()));
        keywords.extend(default.map(|value| ("default".to_owned(), value)));
        let keywords = ordered(view, keywords);
        self.lint(view, &[&keywords], true);
        Node { keywords, names: Names::default() }
    }

    /// A schema of one type.
    fn alone(&mut self, view: &View<'s>, kind: Kind, note: Option<String>, depth: usize) -> Node {
        let mut node = self.typed(view, &[kind], kind, depth);
        self.tell(&mut node.keywords, view, &[kind], note);
        let fits = |value: &Value| {
            let options = node.keywords.get("enum").and_then(Value::as_array);
            kind.has(value) && is_short_scalar(value) && options.is_none_or(|options| options.contains(value))
        };
        let default = view.find_told("default", |value| fits(value).then(|| value.clone()));
        node.keywords.extend(default.map(|value| ("default".to_owned(), value)));
        node.keywords = ordered(view, node.keywords);
        self.lint(view, &[&node.keywords], true);
        node
    }

    /// A schema of some types: one option each.
    fn several(&mut self, view: &View<'s>, kinds: &[Kind], note: Option<String>, depth: usize) -> Node {
        self.left -= kinds.len();
        let mut names = Names::default();
        let mut options = Vec::new();
        for kind in kinds {
            let node = self.typed(view, kinds, *kind, depth + 1);
            names.merge(node.names);
            options.push(node.keywords);
        }
        let keywords = self.any_of(options, view, kinds, note);
        self.lint(view, &options_of(&keywords), true);
        Node { keywords, names }
    }

    fn union(
        &mut self,
        view: &View<'s>,
        union: &Union<'s>,
        kinds: &[Kind],
        note: Option<String>,
        depth: usize,
    ) -> Node {
        let mut names = Names::default();
        let mut options: Vec<Map<String, Value>> = Vec::new();
        let mut is_open = false;
        for (n, option) in union.options.iter().enumerate() {
            self.place.extend([Step::Property(union.keyword.to_owned()), Step::Index(n)]);
            let mark = self.chain.len();
            let mut inner = View::default();
            self.gather((option, union.root), &mut inner);
            if !inner.is_never && !is_open {
                let mut node = self.node(&inner.within(view), None, depth + 1);
                names.merge(node.names);
                match node.keywords.shift_remove("anyOf") {
                    Some(Value::Array(inner)) => options.extend(inner.into_iter().filter_map(into_keywords)),
                    _ if node.keywords.contains_key("type") => options.push(node.keywords),
                    _ => is_open = true,
                }
            }
            self.chain.truncate(mark);
            self.place.truncate(self.place.len() - 2);
        }
        if is_open || options.is_empty() {
            self.change(Rule::Union, Some(union.keyword), "left open");
            return Node { names, ..self.open(view, note) };
        }
        let keywords = self.any_of(options, view, kinds, note);
        let made = options_of(&keywords);
        if made.len() != union.options.len() || !keywords.contains_key("anyOf") {
            self.change(Rule::Union, Some(union.keyword), format!("{} different options", made.len()));
        }
        // Enough of them to tell what was dropped from what is said in the options.
        self.lint(view, &made[..made.len().min(16)], false);
        Node { keywords, names }
    }

    /// What a type takes of the keywords.
    fn typed(&mut self, view: &View<'s>, kinds: &[Kind], kind: Kind, depth: usize) -> Node {
        let mut node = Node::default();
        node.keywords.insert("type".to_owned(), Value::from(kind.name()));
        let out = &mut node.keywords;
        match kind {
            Kind::Array => {
                keep(view, out, &["minItems", "maxItems"], count);
                let (items, names) = self.items(view, depth);
                node.keywords.insert("items".to_owned(), items);
                node.names.set_items(names);
            }
            Kind::Boolean | Kind::Null => {}
            Kind::Integer | Kind::Number => {
                let number = |value: &Value| value.is_number().then(|| value.clone());
                keep(view, out, &["minimum", "maximum"], number);
                for (strict, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                    if let (None, Some(value)) = (out.get(limit), view.find(strict, number)) {
                        out.insert(limit.to_owned(), value);
                    }
                }
            }
            Kind::Object => {
                keep(view, out, &["minProperties", "maxProperties"], count);
                self.properties(view, &mut node, depth);
            }
            Kind::String => {
                out.extend(enums::texts(view, kinds).map(|texts| ("enum".to_owned(), texts)));
                keep(view, out, &["minLength", "maxLength"], count);
                keep(view, out, &["pattern"], |value| {
                    self.patterns.has(value.as_str()?).then(|| value.clone())
                });
                let is_time = |value: &Value| value.as_str().is_some_and(text::is_date_time);
                keep(view, out, &["format"], |value| is_time(value).then(|| json!("date-time")));
            }
        }
        node
    }

    /// Puts title and description in.
    fn tell(&self, out: &mut Map<String, Value>, view: &View<'_>, kinds: &[Kind], note: Option<String>) {
        let read = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(title) = view.find_told("title", read)
            && !out.contains_key("title")
        {
            out.insert("title".to_owned(), Value::from(text::cut(&title)));
        }
        let mut notes = text::notes(view);
        if let Some(pattern) = view.find_told("pattern", read).filter(|pattern| !self.patterns.has(pattern)) {
            notes.push(format!("Pattern: {}", text::cut(&pattern)));
        }
        notes.extend(enums::note(view, kinds));
        notes.extend(note);
        let own = out.get("description").and_then(Value::as_str).map(str::to_owned);
        notes.extend(own);
        let description = text::with_notes(&view.find_told("description", read).unwrap_or_default(), &notes);
        if !description.is_empty() {
            out.insert("description".to_owned(), Value::from(description));
        }
    }

    /// The options, different ones, with what is told of all in the first that is not `null`.
    fn any_of(
        &self,
        mut options: Vec<Map<String, Value>>,
        view: &View<'_>,
        kinds: &[Kind],
        note: Option<String>,
    ) -> Map<String, Value> {
        let distinct = |options: &mut Vec<Map<String, Value>>| {
            let mut seen = HashSet::new();
            options.retain(|option| seen.insert(json!(option).to_string()));
        };
        distinct(&mut options);
        let first = options.iter().position(|option| option.get("type") != Some(&json!("null"))).unwrap_or(0);
        if let Some(first) = options.get_mut(first) {
            self.tell(first, view, kinds, note);
        }
        distinct(&mut options);
        if options.len() == 1 {
            return options.swap_remove(0);
        }
        Map::from_iter([("anyOf".to_owned(), json!(options))])
    }
}

/// A value that is no object, as the one property of an object.
fn wrapped(node: Node) -> Node {
    let schema = json!({"type": "object", "properties": {WRAPPER: node.keywords}, "required": [WRAPPER]});
    Node { keywords: into_keywords(schema).unwrap_or_default(), names: node.names }
}

fn options_of(keywords: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    match keywords.get("anyOf").and_then(Value::as_array) {
        Some(options) => options.iter().filter_map(Value::as_object).collect(),
        None => vec![keywords],
    }
}

fn into_keywords(schema: Value) -> Option<Map<String, Value>> {
    match schema {
        Value::Object(keywords) => Some(keywords),
        _ => None,
    }
}

fn keep(view: &View<'_>, out: &mut Map<String, Value>, all: &[&str], read: impl Fn(&Value) -> Option<Value>) {
    for keyword in all {
        out.extend(view.find(keyword, &read).map(|value| ((*keyword).to_owned(), value)));
    }
}

/// The keywords in the order the schema has them.
fn ordered(view: &View<'_>, mut keywords: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for keyword in view.parts.iter().flat_map(|part| part.keywords.keys()) {
        out.extend(keywords.shift_remove_entry(keyword));
    }
    out.extend(keywords);
    out
}

fn count(value: &Value) -> Option<Value> {
    value.as_i64().filter(|count| *count >= 0).map(Value::from)
}

fn is_short_scalar(value: &Value) -> bool {
    match value {
        Value::Array(_) | Value::Null | Value::Object(_) => false,
        Value::String(text) => text.len() <= text::MAX_TEXT,
        Value::Bool(_) | Value::Number(_) => true,
    }
}
