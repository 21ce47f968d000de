//! What each formula does.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::eval::{At, Evaluator, Out, Stop, TEXT_UNIT};
use super::kind::FormulaKind;
use super::node::{Case, Comparison, Node, Test};
use super::scope::Scope;
use super::template::Slot;
use super::variables::removal;
use super::{date, name};
use crate::locator::{Locator, Step, loose};

/// The work of one search for a slot that looks around itself, and for each byte it may go through again.
const SEARCH: u64 = 1_000;
const SEARCHED: u64 = 10;

impl Evaluator<'_> {
    pub(super) fn all<'a>(&self, items: &'a Node, at: At<'a>) -> Out<'a> {
        self.truths(items, true, at)
    }

    pub(super) fn any<'a>(&self, items: &'a Node, at: At<'a>) -> Out<'a> {
        self.truths(items, false, at)
    }

    fn truths<'a>(&self, items: &'a Node, wants_all: bool, at: At<'a>) -> Out<'a> {
        let items = self.items(items, at)?;
        let known = items.iter().filter(|item| !item.is_null());
        let mut known = known.map(|item| loose::truthy(item)).peekable();
        if known.peek().is_none() {
            return Ok(None);
        }
        let truth = if wants_all { known.all(|truth| truth) } else { known.any(|truth| truth) };
        Ok(Some(Cow::Owned(Value::Bool(truth))))
    }

    pub(super) fn case<'a>(&self, cases: &'a [Case], default: &'a Node, at: At<'a>) -> Out<'a> {
        for case in cases {
            let matches = match &case.test {
                Test::Always => true,
                Test::Data(..) if self.is_resolving() => true,
                Test::Data(filter, problem) => {
                    self.spend(filter.conditions().len() as u64)?;
                    let matches = filter.matches_by(|steps, found| at.scope.reach(steps, found));
                    if let Some(problem) = problem.as_ref().filter(|_| matches) {
                        return Err(Stop::Failed(problem.fault()));
                    }
                    matches
                }
                Test::Formula(node) => match self.eval(node, at)?.as_deref() {
                    None | Some(Value::Null) => true,
                    Some(value) => loose::truthy(value),
                },
            };
            if matches {
                return self.eval(&case.value, at);
            }
        }
        Ok(self.eval(default, at)?.filter(|value| !value.is_null()))
    }

    pub(super) fn concat<'a>(&self, values: &'a Node, delimiter: Option<&'a Node>, at: At<'a>) -> Out<'a> {
        let values = self.items(values, at)?;
        if values.is_empty() {
            return Ok(None);
        }
        let delimiter = match delimiter {
            Some(node) => Some(self.eval(node, at)?),
            None => None,
        };
        let delimiter =
            delimiter.as_ref().map_or(Cow::Borrowed(""), |delimiter| loose::text(delimiter.as_deref()));
        let mut out = String::new();
        let mut is_first = true;
        for value in values.iter().filter(|value| !value.is_null()) {
            let text = loose::text(Some(value));
            if text.is_empty() {
                continue;
            }
            if !is_first {
                out.push_str(&delimiter);
            }
            is_first = false;
            self.spend(((text.len() + delimiter.len()) / TEXT_UNIT) as u64)?;
            out.push_str(&text);
        }
        Ok(Some(Cow::Owned(Value::String(out))))
    }

    pub(super) fn domain<'a>(&self, text: &'a Node, at: At<'a>) -> Out<'a> {
        let value = self.eval(text, at)?;
        let Some(text) = value.as_deref().and_then(Value::as_str) else { return Ok(None) };
        let domain = text.split_once('@').map(|(_, domain)| domain).filter(|domain| !domain.contains('@'));
        Ok(domain.map(|domain| Cow::Owned(Value::from(domain))))
    }

    pub(super) fn compare<'a>(
        &self,
        value: &'a Node,
        comparison: Option<&'a (Comparison, Node)>,
        at: At<'a>,
    ) -> Out<'a> {
        let value = self.eval(value, at)?;
        let result = match comparison {
            Some((comparison, operand)) => {
                let operand = self.eval(operand, at)?;
                self.spend(breadth(value.as_deref()) + breadth(operand.as_deref()))?;
                comparison.holds(value.as_deref(), operand.as_deref())
            }
            None => true,
        };
        Ok(Some(Cow::Owned(Value::Bool(result))))
    }

    pub(super) fn date_part<'a>(&self, text: &'a Node, part: std::ops::Range<usize>, at: At<'a>) -> Out<'a> {
        let value = self.eval(text, at)?;
        let Some(millis) = value.as_deref().and_then(|value| date::parse(&loose::text(Some(value)))) else {
            return Ok(None);
        };
        let text = date::iso(millis);
        Ok(text.get(part).map(|part| Cow::Owned(Value::from(part))))
    }

    pub(super) fn name<'a>(&self, text: &'a Node, wants_first: bool, at: At<'a>) -> Out<'a> {
        let value = self.eval(text, at)?;
        let Some(value) = value.as_deref().filter(|value| !value.is_null()) else { return Ok(None) };
        let name = name::Name::parse(&loose::text(Some(value)));
        let part = if wants_first { name.first_if_last() } else { name.last_or_only() };
        Ok(part.map(|part| Cow::Owned(Value::from(part))))
    }

    pub(super) fn first_not_empty<'a>(&self, items: &'a Node, needs_all: bool, at: At<'a>) -> Out<'a> {
        if needs_all {
            return Ok(self.items(items, at)?.into_iter().find(|item| !item.is_null()));
        }
        if let Node::List(nodes) = items {
            for node in nodes {
                let value = self.eval(node, at)?;
                if value.as_ref().is_some_and(|value| !value.is_null()) {
                    return Ok(value);
                }
            }
            return Ok(None);
        }
        Ok(match self.eval(items, at)? {
            Some(Cow::Borrowed(Value::Array(items))) => {
                items.iter().find(|item| !item.is_null()).map(Cow::Borrowed)
            }
            Some(Cow::Owned(Value::Array(items))) => {
                items.into_iter().find(|item| !item.is_null()).map(Cow::Owned)
            }
            _ => None,
        })
    }

    pub(super) fn kept_formula<'a>(
        &self,
        argument: &'a Value,
        variables: &'a [(Locator, Option<Locator>)],
        at: At<'a>,
    ) -> Out<'a> {
        if variables.is_empty() {
            return Ok(Some(Cow::Borrowed(argument)));
        }
        self.charge(argument)?;
        let mut out = argument.clone();
        let mut has_moved = false;
        for (place, locator) in variables.iter().filter(|(place, _)| !place.is_root()) {
            // An absent variable leaves its list, and what followed it stands elsewhere from then on.
            let moved = if has_moved { moved_variable(place, &out) } else { None };
            let value = match (locator, moved) {
                (_, Some(Moved::Other(value))) => value,
                (_, Some(Moved::Variable(Some(locator)))) => {
                    self.owned(Ok(at.scope.read(locator.steps())))?
                }
                (Some(locator), None) => self.owned(Ok(at.scope.read(locator.steps())))?,
                (None, None) | (_, Some(Moved::Variable(None))) => Some(Value::Null),
            };
            self.spend(place.steps().len() as u64)?;
            if value.is_none() {
                self.spend(removal(place, &out))?;
            }
            has_moved |= value.is_none() && !matches!(place.steps().last(), Some(Step::Property(_)));
            place.write(&mut out, value);
        }
        Ok(Some(Cow::Owned(out)))
    }

    pub(super) fn iterate<'a>(&self, source: &'a Node, item: &'a Node, at: At<'a>) -> Out<'a> {
        let source = self.eval(source, at)?;
        let Some(items) = source.as_deref().and_then(Value::as_array) else { return Ok(None) };
        let parent = at.scope;
        let mut out = Vec::new();
        let mut is_pending = false;
        for (index, value) in items.iter().enumerate() {
            let scope = Scope::Item { item: value, index, parent: &parent };
            match self.owned(self.eval(item, At { scope, ..at })) {
                Ok(value) => out.extend(value.filter(loose::truthy)),
                Err(Stop::Pending) => is_pending = true,
                Err(failed) => return Err(failed),
            }
        }
        if is_pending {
            return Err(Stop::Pending);
        }
        Ok((!out.is_empty()).then(|| Cow::Owned(Value::Array(out))))
    }

    pub(super) fn jsonata<'a>(&self, expression: &'a Node, at: At<'a>) -> Out<'a> {
        let expression = self.eval(expression, at)?;
        let expression = expression.as_deref().and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(expression), Some(engine)) = (expression, at.scope.jsonata()) else { return Ok(None) };
        let Some(variables) = at.scope.read(&[]) else { return Ok(None) };
        self.charge(&variables)?;
        Ok(engine.evaluate(expression, &variables).map(Cow::Owned))
    }

    pub(super) fn map<'a>(
        &self,
        value: &'a Node,
        mapping: &'a [(Node, Node)],
        default: &'a Node,
        at: At<'a>,
    ) -> Out<'a> {
        let value = self.eval(value, at)?;
        let value = value.as_deref();
        for (from, to) in mapping {
            let from = self.eval(from, at)?;
            let from = from.as_deref();
            let is_same = match (from, value) {
                (Some(from @ (Value::Array(_) | Value::Object(_))), Some(value)) => {
                    self.charge(from)?;
                    loose::deep_equal(from, value)
                }
                _ => false,
            };
            if is_same || loose::loose_equal(from, value) {
                return self.eval(to, at);
            }
        }
        self.eval(default, at)
    }

    pub(super) fn merge<'a>(&self, items: &'a Node, at: At<'a>) -> Out<'a> {
        let Some(Value::Array(items)) = self.argument(items, at)? else { return Ok(None) };
        let mut out = Map::new();
        for item in items {
            match item {
                Value::Object(fields) => out.extend(fields),
                Value::Array(items) => {
                    out.extend(items.into_iter().enumerate().map(|(index, item)| (index.to_string(), item)));
                }
                _ => {}
            }
        }
        loose::sort_positions(&mut out);
        Ok((!out.is_empty()).then(|| Cow::Owned(Value::Object(out))))
    }

    pub(super) fn template<'a>(&self, template: &'a Value, slots: &'a [(Slot, Node)], at: At<'a>) -> Out<'a> {
        let Value::String(template) = template else {
            return Ok(if self.is_resolving() { None } else { Some(Cow::Borrowed(template)) });
        };
        let mut text = Cow::Borrowed(template.as_str());
        for (slot, value) in slots {
            let value = self.eval(value, at)?;
            let value = value.as_deref().filter(|value| !value.is_null());
            let replacement = value.map(|value| loose::text(Some(value))).unwrap_or_default();
            self.spend((text.len() / if slot.is_pattern() { 4 } else { TEXT_UNIT }) as u64)?;
            if let Slot::Invalid(problem) = slot {
                return Err(Stop::Failed(problem.fault()));
            }
            let search = SEARCH + SEARCHED * text.len() as u64;
            let filled = slot.fill(&text, &replacement, self.text_left(), &|| self.spend(search).is_ok());
            text = Cow::Owned(filled.ok_or_else(|| self.spent())?);
            self.spend((text.len() / TEXT_UNIT) as u64)?;
        }
        Ok(Some(Cow::Owned(Value::String(text.into_owned()))))
    }
}

impl Comparison {
    fn holds(self, value: Option<&Value>, operand: Option<&Value>) -> bool {
        let order = |allowed: &[Ordering]| {
            loose::compare(value, operand).is_some_and(|order| allowed.contains(&order))
        };
        match self {
            Self::Contains => contains(value, operand),
            Self::DoesNotContain => !contains(value, operand),
            Self::Gt => order(&[Ordering::Greater]),
            Self::Gte => order(&[Ordering::Greater, Ordering::Equal]),
            Self::Is => loose::loose_equal(value, operand),
            Self::IsEmpty => loose::is_empty(value),
            Self::IsNot => !loose::loose_equal(value, operand),
            Self::IsNotEmpty => !loose::is_empty(value),
            Self::Lt => order(&[Ordering::Less]),
            Self::Lte => order(&[Ordering::Less, Ordering::Equal]),
            Self::NoneOf => !includes(operand, value),
            Self::OneOf => includes(operand, value),
        }
    }
}

/// What stands at a place where there was a variable.
enum Moved {
    Other(Option<Value>),
    Variable(Option<Locator>),
}

fn moved_variable(place: &Locator, formula: &Value) -> Option<Moved> {
    let there = place.at(formula);
    Some(match there.and_then(FormulaKind::of) {
        Some((FormulaKind::Var, argument)) => Moved::Variable(Locator::from_value(argument).ok()),
        _ => Moved::Other(there.cloned()),
    })
}

/// The work of looking through a text or list once.
fn breadth(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::String(text)) => (text.len() / TEXT_UNIT) as u64,
        Some(Value::Array(items)) => (items.len() / 8) as u64,
        _ => 0,
    }
}

fn contains(value: Option<&Value>, operand: Option<&Value>) -> bool {
    match value.filter(|value| loose::truthy(value)) {
        None => false,
        Some(list @ Value::Array(_)) => includes(Some(list), operand),
        Some(value) => {
            let operand = operand.filter(|operand| !operand.is_null());
            loose::text(Some(value)).to_lowercase().contains(&loose::text(operand).to_lowercase())
        }
    }
}

fn includes(list: Option<&Value>, item: Option<&Value>) -> bool {
    list.and_then(Value::as_array)
        .is_some_and(|items| items.iter().any(|known| loose::strict_equal(Some(known), item)))
}
