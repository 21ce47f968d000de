use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// The longest name of a property.
const MAX_NAME: usize = 64;

/// Which names stand for others, by place; only places where one does.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// By plain name: the own name, and what is inside.
    properties: IndexMap<String, (String, Names)>,
    items: Option<Box<Names>>,
}

impl Names {
    pub(super) fn add_property(&mut self, plain: &str, own: &str, inner: Names) {
        if plain != own || !inner.is_empty() {
            self.properties.insert(plain.to_owned(), (own.to_owned(), inner));
        }
    }

    pub(super) fn set_items(&mut self, items: Names) {
        if !items.is_empty() {
            self.items = Some(Box::new(items));
        }
    }

    /// Adds the names of another option of a union; what is known stays.
    pub(super) fn merge(&mut self, other: Names) {
        for (plain, (own, inner)) in other.properties {
            match self.properties.get_mut(&plain) {
                Some((_, known)) => known.merge(inner),
                None => {
                    self.properties.insert(plain, (own, inner));
                }
            }
        }
        match (&mut self.items, other.items) {
            (Some(known), Some(items)) => known.merge(*items),
            (none @ None, items) => *none = items,
            (Some(_), None) => {}
        }
    }

    /// From plain names to own names.
    pub(super) fn restore(&self, value: Value) -> Value {
        self.rename(
            value,
            &|plain| self.properties.get(plain).map(|(own, inner)| (own.as_str(), inner)),
            Self::restore,
        )
    }

    /// From own names to plain names.
    pub(super) fn apply(&self, value: Value) -> Value {
        let properties = self.properties.iter();
        let by_own: HashMap<&str, (&str, &Names)> =
            properties.map(|(plain, (own, inner))| (own.as_str(), (plain.as_str(), inner))).collect();
        self.rename(value, &|name| by_own.get(name).copied(), Self::apply)
    }

    fn rename<'n>(
        &'n self,
        value: Value,
        find: &dyn Fn(&str) -> Option<(&'n str, &'n Names)>,
        then: fn(&Names, Value) -> Value,
    ) -> Value {
        match (value, &self.items) {
            (Value::Object(fields), _) if !self.properties.is_empty() => {
                let renamed = fields.into_iter().map(|(name, field)| match find(&name) {
                    Some((other, inner)) => (other.to_owned(), then(inner, field)),
                    None => (name, field),
                });
                Value::Object(renamed.collect::<Map<_, _>>())
            }
            (Value::Array(items), Some(names)) => {
                Value::Array(items.into_iter().map(|item| then(names, item)).collect())
            }
            (value, _) => value,
        }
    }

    fn is_empty(&self) -> bool {
        self.properties.is_empty() && self.items.is_none()
    }
}

/// Whether all vendors take the name.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_taken)
}

/// A name all vendors take, and that is not in use.
pub(super) fn plain(name: &str, used: &HashSet<&str>, given: &HashSet<String>) -> String {
    let mut base: String = name
        .chars()
        .take(MAX_NAME)
        .map(|c| if c.is_ascii() && is_taken(c as u8) { c } else { '_' })
        .collect();
    if base.is_empty() {
        base.push('_');
    }
    let is_free = |name: &str| !used.contains(name) && !given.contains(name);
    if is_free(&base) {
        return base;
    }
    // As many tries as there are names find a free one.
    (2..)
        .map(|n| {
            let end = format!("_{n}");
            format!("{}{end}", &base[..base.len().min(MAX_NAME - end.len())])
        })
        .find(|name| is_free(name))
        .unwrap_or(base)
}

fn is_taken(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
