//! From JSON to a [`Node`].

use serde_json::{Map, Value};

use super::kind::FormulaKind;
use super::node::{Call, Case, Comparison, Fields, Node, Test};
use super::template::Slot;
use super::variables;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::locator::{Locator, Step};

/// Levels a formula may have.
pub(super) const MAX_DEPTH: usize = 128;

/// Template slots that are not plain words, in one formula.
const MAX_PATTERNS: usize = 1000;

/// Builds nodes and knows the place it is at.
#[derive(Default)]
pub(super) struct Parser {
    place: Vec<Step>,
    patterns: usize,
    pub(super) has_copy: bool,
}

impl Parser {
    pub(super) fn parse(&mut self, value: &Value) -> Result<Node> {
        if self.place.len() > MAX_DEPTH {
            return Err(self.error(&format!("nests deeper than {MAX_DEPTH} levels")));
        }
        if let Some((kind, argument)) = FormulaKind::of(value) {
            return self.within([kind_key(kind)], |parser| parser.call(kind, argument, value));
        }
        match value {
            Value::Array(items) => {
                let mut nodes = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    nodes.push(self.within([Step::Index(index)], |parser| parser.parse(item))?);
                }
                Ok(list(nodes))
            }
            Value::Object(fields) => {
                let mut nodes = Vec::with_capacity(fields.len());
                for (name, field) in fields {
                    let node = self.within([property(name)], |parser| parser.parse(field))?;
                    nodes.push((name.clone(), node));
                }
                Ok(object(nodes))
            }
            scalar => Ok(Node::Constant(scalar.clone())),
        }
    }

    fn call(&mut self, kind: FormulaKind, argument: &Value, whole: &Value) -> Result<Node> {
        let call = match kind {
            FormulaKind::And => Call::And(self.parse(argument)?),
            FormulaKind::Case => return self.case(argument),
            FormulaKind::Concat => return self.concat(argument),
            FormulaKind::Copy => {
                self.has_copy = true;
                Call::Copy(self.parse(argument)?)
            }
            FormulaKind::DataSchemaRef => Call::DataSchemaRef {
                is_internal: argument.get("type").and_then(Value::as_str) == Some("internal-data-schema"),
                reference: self.parse(argument)?,
            },
            FormulaKind::DomainFromEmail => Call::DomainFromEmail(self.parse(argument)?),
            FormulaKind::Eval => return self.eval(argument, whole),
            FormulaKind::ExtractDate => Call::ExtractDate(self.parse(argument)?),
            FormulaKind::ExtractTime => Call::ExtractTime(self.parse(argument)?),
            FormulaKind::FindAppRecordId => Call::FindAppRecordId(self.parse(argument)?),
            FormulaKind::FindExternalRecordId => Call::FindExternalRecordId(self.parse(argument)?),
            FormulaKind::FirstName => Call::FirstName(self.parse(argument)?),
            FormulaKind::FirstNotEmpty => Call::FirstNotEmpty(self.parse(argument)?),
            FormulaKind::Formula => return self.formula(argument),
            FormulaKind::Iterate => {
                let source = self.key(argument, "source")?;
                Call::Iterate { source, item: self.key(argument, "item")? }
            }
            FormulaKind::Jsonata => Call::Jsonata(self.parse(argument)?),
            FormulaKind::LastName => Call::LastName(self.parse(argument)?),
            FormulaKind::Lookup => Call::Lookup(self.parse(argument)?),
            FormulaKind::Map => return self.map(argument),
            FormulaKind::MergeObjects => Call::MergeObjects(self.parse(argument)?),
            FormulaKind::Or => Call::Or(self.parse(argument)?),
            FormulaKind::Plain => {
                self.check_depth(argument)?;
                self.has_copy |= variables::has_copy(argument);
                return Ok(Node::Constant(argument.clone()));
            }
            FormulaKind::Record => {
                self.check_depth(argument)?;
                return Ok(argument.get("id").map_or(Node::Absent, |id| Node::Constant(id.clone())));
            }
            FormulaKind::Tpl => return self.template(argument),
            FormulaKind::Var => return self.variable(argument),
        };
        Ok(Node::Call(Box::new(call)))
    }

    fn case(&mut self, argument: &Value) -> Result<Node> {
        let cases = argument.as_array().or_else(|| argument.get("cases")?.as_array());
        let Some(items) = cases else { return Ok(Node::Absent) };
        let mut cases = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate().filter(|(_, item)| item.is_object() || item.is_array()) {
            let place = (!argument.is_array()).then(|| property("cases")).into_iter().chain([Step::Index(n)]);
            cases.push(self.within(place, |parser| {
                let test = match item.get("filter") {
                    None | Some(Value::Null | Value::Bool(false)) => Test::Always,
                    Some(Value::String(text)) if text.is_empty() => Test::Always,
                    Some(Value::Number(number)) if number.as_f64() == Some(0.0) => Test::Always,
                    Some(Value::Array(_)) => parser.within([property("filter")], |parser| {
                        let filter = item.get("filter").unwrap_or(&Value::Null);
                        Filter::parse(filter).map(Test::Data).map_err(|error| parser.error(error.message()))
                    })?,
                    Some(_) => Test::Formula(parser.key(item, "filter")?),
                };
                Ok(Case { test, value: parser.key(item, "value")? })
            })?);
        }
        Ok(Node::Call(Box::new(Call::Case { cases, default: self.key(argument, "default")? })))
    }

    fn concat(&mut self, argument: &Value) -> Result<Node> {
        let values = if argument.is_array() { self.parse(argument)? } else { self.key(argument, "values")? };
        let delimiter = match argument.get("delimiter") {
            None | Some(Value::Null) => None,
            Some(_) => Some(self.key(argument, "delimiter")?),
        };
        Ok(Node::Call(Box::new(Call::Concat { values, delimiter })))
    }

    fn eval(&mut self, argument: &Value, whole: &Value) -> Result<Node> {
        let value = self.parse(argument)?;
        let second = whole.as_object().and_then(|fields| fields.iter().nth(1));
        let comparison =
            match second.and_then(|(name, operand)| Some((Comparison::from_name(name)?, operand))) {
                Some((comparison, operand)) => Some((comparison, self.parse(operand)?)),
                None => None,
            };
        Ok(Node::Call(Box::new(Call::Eval { value, comparison })))
    }

    fn formula(&mut self, argument: &Value) -> Result<Node> {
        self.check_depth(argument)?;
        self.has_copy |= variables::has_copy(argument);
        let mut found = Vec::new();
        for place in variables::variable_places(argument) {
            let text = place.at(argument).and_then(|formula| formula.get("$var"));
            found.push((place, text.and_then(|text| Locator::from_value(text).ok())));
        }
        Ok(Node::Call(Box::new(Call::Formula { argument: argument.clone(), variables: found })))
    }

    fn map(&mut self, argument: &Value) -> Result<Node> {
        if !argument.is_object() {
            return Ok(Node::Absent);
        }
        let value = self.key(argument, "value")?;
        let mut mapping = Vec::new();
        for (n, item) in argument.get("mapping").and_then(Value::as_array).into_iter().flatten().enumerate() {
            mapping.push(self.within([property("mapping"), Step::Index(n)], |parser| {
                Ok((parser.key(item, "from")?, parser.key(item, "to")?))
            })?);
        }
        Ok(Node::Call(Box::new(Call::Map { value, mapping, default: self.key(argument, "default")? })))
    }

    fn template(&mut self, argument: &Value) -> Result<Node> {
        let Some(template) = argument.get("template") else { return Ok(Node::Absent) };
        self.check_depth(template)?;
        let empty = Map::new();
        let values = argument.get("values").and_then(Value::as_object).unwrap_or(&empty);
        let mut slots = Vec::with_capacity(values.len());
        for (name, value) in values {
            let slot = Slot::new(name).map_err(|reason| self.error(&reason))?;
            self.patterns += usize::from(slot.is_pattern());
            if self.patterns > MAX_PATTERNS {
                return Err(
                    self.error(&format!("has more than {MAX_PATTERNS} slots that are regular expressions"))
                );
            }
            slots.push((
                slot,
                self.within([property("values"), property(name)], |parser| parser.parse(value))?,
            ));
        }
        Ok(Node::Call(Box::new(Call::Tpl { template: template.clone(), slots })))
    }

    fn variable(&mut self, argument: &Value) -> Result<Node> {
        let locator = match argument {
            // A list of steps that is wrong was never written by hand: say so instead of building null.
            Value::Array(_) => {
                Some(Locator::from_value(argument).map_err(|error| self.error(error.message()))?)
            }
            _ => Locator::from_value(argument).ok(),
        };
        Ok(locator.map_or(Node::Constant(Value::Null), |locator| Node::Call(Box::new(Call::Var(locator)))))
    }

    /// The value of a key of an argument that is an object.
    fn key(&mut self, argument: &Value, name: &str) -> Result<Node> {
        match argument.get(name) {
            Some(value) => self.within([property(name)], |parser| parser.parse(value)),
            None => Ok(Node::Absent),
        }
    }

    fn within<T>(
        &mut self,
        steps: impl IntoIterator<Item = Step>,
        then: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let depth = self.place.len();
        self.place.extend(steps);
        let result = then(self);
        self.place.truncate(depth);
        result
    }

    /// For arguments that are kept as they are.
    fn check_depth(&self, value: &Value) -> Result<()> {
        if fits(value, MAX_DEPTH.saturating_sub(self.place.len())) {
            return Ok(());
        }
        Err(self.error(&format!("nests deeper than {MAX_DEPTH} levels")))
    }

    fn error(&self, reason: &str) -> Error {
        let place = Locator::from_steps(self.place.iter().take(20).cloned().collect());
        Error::invalid_input(format!("formula at {place}: {reason}")).with("place", place)
    }
}

impl Node {
    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }
}

fn list(nodes: Vec<Node>) -> Node {
    if !nodes.iter().all(Node::is_constant) {
        return Node::List(nodes);
    }
    let constant = |node| if let Node::Constant(value) = node { Some(value) } else { None };
    Node::Constant(Value::Array(nodes.into_iter().filter_map(constant).collect()))
}

fn object(nodes: Vec<(String, Node)>) -> Node {
    if !nodes.iter().all(|(_, node)| node.is_constant()) {
        return Node::Object(Fields::new(nodes));
    }
    let constant = |(name, node)| if let Node::Constant(value) = node { Some((name, value)) } else { None };
    Node::Constant(Value::Object(nodes.into_iter().filter_map(constant).collect()))
}

fn fits(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| fits(item, left - 1)),
        Value::Object(fields) => left > 0 && fields.values().all(|field| fits(field, left - 1)),
        _ => true,
    }
}

fn kind_key(kind: FormulaKind) -> Step {
    Step::Property(format!("${}", kind.as_str()))
}

fn property(name: &str) -> Step {
    Step::Property(name.to_owned())
}
