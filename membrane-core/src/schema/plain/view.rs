use serde_json::{Map, Value};

use super::kind::{Kind, declared, distinct};

/// The keywords of one schema, and the document `#` means in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'s> {
    pub(super) keywords: &'s Map<String, Value>,
    pub(super) root: &'s Value,
}

/// Schemas that all hold for one value: what it says itself, behind `$ref` and in `allOf`.
#[derive(Debug, Default)]
pub(super) struct View<'s> {
    pub(super) parts: Vec<Part<'s>>,
    /// Parts from here on restrict only: their texts are told elsewhere.
    told: Option<usize>,
    /// Unions that were taken apart.
    spent: Vec<&'s Value>,
    /// Whether nothing can fit.
    pub(super) is_never: bool,
}

/// A union to be taken apart.
pub(super) struct Union<'s> {
    pub(super) keyword: &'static str,
    pub(super) options: &'s [Value],
    pub(super) root: &'s Value,
}

impl<'s> View<'s> {
    /// An option of a union, which adds to what holds for all its options.
    pub(super) fn within(mut self, around: &Self) -> Self {
        self.told = Some(self.parts.len());
        self.parts.extend(&around.parts);
        self.spent = around.unions().map(|(_, options, _)| options).collect();
        self
    }

    /// The parts whose texts are told here.
    pub(super) fn told(&self) -> &[Part<'s>] {
        &self.parts[..self.told.unwrap_or(self.parts.len())]
    }

    /// The keyword of the first part where it can be read.
    pub(super) fn find<T>(&self, keyword: &str, read: impl Fn(&'s Value) -> Option<T>) -> Option<T> {
        find_in(&self.parts, keyword, read)
    }

    /// As [`View::find`], where texts are told.
    pub(super) fn find_told<T>(&self, keyword: &str, read: impl Fn(&'s Value) -> Option<T>) -> Option<T> {
        find_in(self.told(), keyword, read)
    }

    /// Whether it says nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.keywords.is_empty())
    }

    /// How much there is to read, so that what many options share is not read without end.
    pub(super) fn size(&self) -> usize {
        let length = |value: &Value| match value {
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            Value::String(text) => text.len(),
            _ => 0,
        };
        let read = ["enum", "pattern", "properties", "required"];
        let of_part = |part: &Part<'_>| {
            let read = read.iter().filter_map(|keyword| part.keywords.get(*keyword));
            part.keywords.len() + read.map(length).sum::<usize>()
        };
        self.parts.iter().map(of_part).sum()
    }

    /// The fixed values, unless others are allowed.
    pub(super) fn fixed(&self) -> Option<&'s [Value]> {
        let is_open = self.find("allowCustom", Value::as_bool) == Some(true);
        self.options().filter(|_| !is_open)
    }

    /// The values to choose from.
    pub(super) fn options(&self) -> Option<&'s [Value]> {
        let listed = self.find("enum", |value| value.as_array().filter(|values| !values.is_empty()));
        listed.map(Vec::as_slice).or_else(|| self.find("const", |value| Some(std::slice::from_ref(value))))
    }

    /// The types of the values; nothing when they can be of any.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let has_fixed = |kind: &Kind, fixed: &[Value]| fixed.iter().any(|value| kind.has(value));
        let kinds = match (self.find("type", declared), self.fixed()) {
            (Some(kinds), Some(fixed)) if kinds.iter().any(|kind| has_fixed(kind, fixed)) => {
                kinds.into_iter().filter(|kind| has_fixed(kind, fixed)).collect()
            }
            (Some(kinds), _) => kinds,
            (None, Some(fixed)) => distinct(fixed.iter().map(Kind::of)),
            (None, None) => {
                let keywords = self.parts.iter().flat_map(|part| part.keywords.keys());
                let told = distinct(keywords.filter_map(|keyword| Kind::of_keyword(keyword)));
                if told.len() == 1 { told } else { Vec::new() }
            }
        };
        // With integers among numbers there are six.
        if kinds.len() == 6 { Vec::new() } else { kinds }
    }

    /// A union of shapes, not one that only restricts further.
    pub(super) fn union(&self, kinds: &[Kind]) -> Option<Union<'s>> {
        if !kinds.is_empty() && kinds.iter().all(|kind| kind.is_scalar()) {
            return None;
        }
        self.unions().find_map(|(keyword, value, root)| {
            let options = value.as_array()?;
            let is_spent = self.is_spent(value);
            (!is_spent && options.iter().any(is_shape)).then_some(Union { keyword, options, root })
        })
    }

    /// Whether the union was taken apart around this.
    pub(super) fn is_spent(&self, union: &Value) -> bool {
        self.spent.iter().any(|spent| std::ptr::eq(*spent, union))
    }

    fn unions(&self) -> impl Iterator<Item = (&'static str, &'s Value, &'s Value)> {
        self.parts.iter().flat_map(|part| {
            ["anyOf", "oneOf"]
                .into_iter()
                .filter_map(|keyword| Some((keyword, part.keywords.get(keyword)?, part.root)))
        })
    }
}

fn find_in<'s, T>(parts: &[Part<'s>], keyword: &str, read: impl Fn(&'s Value) -> Option<T>) -> Option<T> {
    parts.iter().find_map(|part| read(part.keywords.get(keyword)?))
}

fn is_shape(option: &Value) -> bool {
    const SHAPES: [&str; 10] =
        ["$ref", "allOf", "anyOf", "const", "enum", "items", "oneOf", "prefixItems", "properties", "type"];
    SHAPES.iter().any(|keyword| option.get(keyword).is_some())
}
