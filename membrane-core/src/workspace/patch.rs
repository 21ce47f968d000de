//! A diff as people read it.

use std::fmt;

use serde_json::{Map, Value};

use super::diff::{Change, Diff};
use super::{fields, path, yaml};
use crate::element::FieldChange;
use crate::file::shown;

/// Equal lines shown around those that differ.
const CONTEXT: usize = 2;

/// What stands for a secret.
const HIDDEN: &str = "***";

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.iter().try_for_each(|change| change.fmt(f))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let element = self.element();
        let sealed = fields::rules(element.kind).sealed;
        let place =
            |fields: &Map<String, Value>| path::path(element, fields.get("uuid").and_then(Value::as_str));
        match self {
            Self::Added { fields, .. } => {
                writeln!(f, "--- /dev/null\n+++ b/{}", place(fields))?;
                lines(f, '+', &yaml::document(&hidden(fields, sealed)))
            }
            Self::Changed { patch, .. } => {
                let place = path::path(element, None);
                writeln!(f, "--- a/{place}\n+++ b/{place}")?;
                patch.iter().try_for_each(|change| field(f, change, sealed))
            }
            Self::Removed { fields, .. } => {
                writeln!(f, "--- a/{}\n+++ /dev/null", place(fields))?;
                lines(f, '-', &yaml::document(&hidden(fields, sealed)))
            }
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        field(f, self, &[])
    }
}

fn hidden(fields: &Map<String, Value>, sealed: &[&str]) -> Map<String, Value> {
    let show = |(name, value): (&String, &Value)| match sealed.contains(&name.as_str()) {
        true => (name.clone(), HIDDEN.into()),
        false => (name.clone(), value.clone()),
    };
    fields.iter().map(show).collect()
}

fn field(f: &mut fmt::Formatter<'_>, change: &FieldChange, sealed: &[&str]) -> fmt::Result {
    let steps: Vec<String> =
        change.path().split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    writeln!(f, "@@ {} @@", shown(&steps.join(".")))?;
    let is_sealed = steps.first().is_some_and(|name| sealed.contains(&name.as_str()));
    let text = |value: &Value| if is_sealed { format!("{HIDDEN}\n") } else { yaml::value(value) };
    match change {
        FieldChange::Add { value, .. } => lines(f, '+', &text(value)),
        FieldChange::Remove { was, .. } => lines(f, '-', &text(was)),
        FieldChange::Replace { was, value, .. } if is_sealed => {
            lines(f, '-', &text(was))?;
            lines(f, '+', &text(value))
        }
        FieldChange::Replace { was, value, .. } => replaced(f, &text(was), &text(value)),
    }
}

fn lines(f: &mut fmt::Formatter<'_>, sign: char, text: &str) -> fmt::Result {
    text.lines().try_for_each(|line| writeln!(f, "{sign}{line}"))
}

/// The lines between what both begin and end with.
fn replaced(f: &mut fmt::Formatter<'_>, was: &str, now: &str) -> fmt::Result {
    let (was, now): (Vec<&str>, Vec<&str>) = (was.lines().collect(), now.lines().collect());
    let same = was.iter().zip(&now).take_while(|(was, now)| was == now).count();
    let (was_rest, now_rest) = (&was[same..], &now[same..]);
    let tail = was_rest.iter().rev().zip(now_rest.iter().rev()).take_while(|(was, now)| was == now).count();
    let show = |f: &mut fmt::Formatter<'_>, sign, lines: &[&str]| {
        lines.iter().try_for_each(|line| writeln!(f, "{sign}{line}"))
    };
    show(f, ' ', &was[same.saturating_sub(CONTEXT)..same])?;
    show(f, '-', &was_rest[..was_rest.len() - tail])?;
    show(f, '+', &now_rest[..now_rest.len() - tail])?;
    let after = &was_rest[was_rest.len() - tail..];
    show(f, ' ', &after[..after.len().min(CONTEXT)])
}
