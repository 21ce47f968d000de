//! What was changed.

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::convert::Converter;
use super::view::View;
use super::{Change, Rule};
use crate::locator::{Locator, Step};

impl<'s> Converter<'s, '_> {
    /// Tells what became of the keywords.
    pub(super) fn lint(&mut self, view: &View<'s>, made: &[&Map<String, Value>], tells_added: bool) {
        for part in view.told() {
            for (keyword, value) in part.keywords {
                let rule = rule_of(keyword);
                let is_kept = made.iter().any(|made| made.get(keyword) == Some(value));
                let (is_made, is_union) =
                    (made.iter().any(|made| made.contains_key(keyword)), value.is_array());
                match keyword.as_str() {
                    "$ref" => {}
                    "items" | "properties" if value.is_object() && is_made => {}
                    "anyOf" if is_union && !tells_added => {}
                    "oneOf" if is_union && !tells_added => {
                        self.change(rule, Some(keyword), "is an `anyOf` now")
                    }
                    "anyOf" | "oneOf" if view.is_spent(value) => {}
                    "allOf" if value.is_array() => self.change(rule, Some(keyword), "merged"),
                    _ if is_kept && (tells_added || made.len() == 1) => {}
                    _ if is_made => self.change(rule, Some(keyword), "changed"),
                    _ => self.change(rule, Some(keyword), "dropped"),
                }
            }
        }
        if !tells_added {
            return;
        }
        let mut added: IndexSet<&str> =
            made.iter().flat_map(|made| made.keys().map(String::as_str)).collect();
        for part in &view.parts {
            added.retain(|keyword| !part.keywords.contains_key(*keyword));
        }
        for keyword in added {
            self.change(rule_of(keyword), Some(keyword), "added");
        }
    }

    pub(super) fn change(&mut self, rule: Rule, keyword: Option<&str>, what: impl Into<String>) {
        let keyword = keyword.map(|keyword| Step::Property(keyword.to_owned()));
        let steps = self.place.iter().cloned().chain(keyword).collect();
        self.changes.push(Change { place: Locator::from_steps(steps), rule, what: what.into() });
    }
}

fn rule_of(keyword: &str) -> Rule {
    match keyword {
        "$anchor" | "$defs" | "$dynamicRef" | "$id" | "$ref" | "definitions" => Rule::Reference,
        "allOf" | "anyOf" | "oneOf" => Rule::Union,
        "const" | "enum" => Rule::Enum,
        "items" | "properties" => Rule::Items,
        "required" => Rule::Required,
        "type" => Rule::Type,
        _ => Rule::Keyword,
    }
}
