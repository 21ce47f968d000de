//! The variables a formula of the file sees, by their first names.

use super::one_of;
use crate::formula::nearest;
use crate::locator::Step;

/// What all formulas of the connector itself see.
pub(super) const CONNECTION: &[&str] =
    &["credentials", "connectorParameters", "user", "connection", "integration"];

/// What the formulas of an action see besides its input: a customer may write them, so none of the secrets.
pub(super) const ACTION: &[&str] = &["user", "connection", "integration", "input", "actionInstance"];

/// What an item of an `$iterate` sees.
const ITEM: &[&str] = &["item", "index", "parent"];

/// The names there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Roots<'r> {
    /// Nobody can know: an app's answer, fields.
    Any,
    /// Those of an item, and below `parent` those around it.
    Item(&'r Roots<'r>),
    Named(&'r [&'r str]),
}

impl Roots<'_> {
    /// What is wrong with a place, if something is.
    pub(super) fn mistake(self, steps: &[Step]) -> Option<String> {
        let known = match (self, steps) {
            (Self::Any, _) | (_, [] | [Step::Nowhere(_), ..]) => return None,
            (Self::Item(outer), [Step::Property(name), rest @ ..]) if name == "parent" => {
                return outer.mistake(rest);
            }
            (Self::Item(_), _) => ITEM,
            (Self::Named(known), _) => known,
        };
        match &steps[0] {
            Step::Property(name) if known.contains(&name.as_str()) => None,
            step => {
                let name = match step {
                    Step::Property(name) => name.clone(),
                    Step::Index(index) => index.to_string(),
                    Step::Nowhere(_) => return None,
                };
                Some(unknown("variable", &name, known))
            }
        }
    }
}

/// These names and more.
pub(super) fn and<'n>(names: &[&'n str], more: &[&'n str]) -> Vec<&'n str> {
    names.iter().chain(more).copied().collect()
}

/// ``unknown variable `inptu`, expected one of …; is it `input`?``
pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let hint = nearest(name, known.iter().copied()).map(|meant| format!("; is it `{meant}`?"));
    let name: String = name.chars().take(100).collect();
    format!("unknown {what} `{name}`, expected {}{}", one_of(known), hint.unwrap_or_default())
}
