//! From JSON to a [`Node`].

use serde_json::{Map, Value};

use super::kind::FormulaKind;
use super::node::{Call, Case, Comparison, Fields, Node, Test};
use super::problem::Problem;
use super::template::{self, Slot};
use super::variables;
use crate::error::{Error, Result};
use crate::filter::Written;
use crate::locator::{Locator, Step, loose};

/// Levels a formula may have.
pub(super) const MAX_DEPTH: usize = 128;

/// Template slots that are not plain words, in one formula.
const MAX_PATTERNS: usize = 1000;

/// Builds nodes and knows the place it is at.
#[derive(Default)]
pub(super) struct Parser {
    place: Vec<Step>,
    patterns: usize,
    /// Bytes of template slots so far that are not plain words.
    patterns_size: usize,
    /// Formulas so far that ask somebody else.
    questions: usize,
    pub(super) has_copy: bool,
    pub(super) problems: Vec<Problem>,
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
                for (name, field) in loose::in_order(fields) {
                    let node = self.within([property(name)], |parser| parser.parse(field))?;
                    nodes.push((name.clone(), node));
                }
                Ok(object(nodes))
            }
            scalar => Ok(Node::Constant(scalar.clone())),
        }
    }

    fn call(&mut self, kind: FormulaKind, argument: &Value, whole: &Value) -> Result<Node> {
        self.questions += usize::from(matches!(
            kind,
            FormulaKind::DataSchemaRef
                | FormulaKind::FindAppRecordId
                | FormulaKind::FindExternalRecordId
                | FormulaKind::Lookup
        ));
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
            FormulaKind::FirstNotEmpty => {
                let before = (self.problems.len(), self.questions);
                let items = self.parse(argument)?;
                Call::FirstNotEmpty { items, needs_all: before != (self.problems.len(), self.questions) }
            }
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
                let id = argument.get("id");
                self.has_copy |= id.is_some_and(variables::has_copy);
                return Ok(id.map_or(Node::Absent, |id| Node::Constant(id.clone())));
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
                        let filter = Written::parse(filter).map_err(|error| parser.error(error.message()))?;
                        let reason = filter.problem().map(|error| error.message().to_owned());
                        Ok(Test::Data(filter, reason.map(|reason| parser.problem(&reason))))
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
                if item.is_null() {
                    let problem =
                        parser.problem("the item is null; it must be an object with `from` and `to`");
                    return Ok((Node::Invalid(Box::new(problem)), Node::Absent));
                }
                Ok((parser.key(item, "from")?, parser.key(item, "to")?))
            })?);
        }
        Ok(Node::Call(Box::new(Call::Map { value, mapping, default: self.key(argument, "default")? })))
    }

    fn template(&mut self, argument: &Value) -> Result<Node> {
        let Some(template) = argument.get("template") else { return Ok(Node::Absent) };
        self.check_depth(template)?;
        let (empty, listed);
        let values = match argument.get("values") {
            Some(Value::Object(values)) => values,
            Some(Value::Array(items)) => {
                let item = |(n, item): (usize, &Value)| (n.to_string(), item.clone());
                listed = items.iter().enumerate().map(item).collect();
                &listed
            }
            _ => {
                empty = Map::new();
                &empty
            }
        };
        let mut slots = Vec::with_capacity(values.len());
        for (name, value) in loose::in_order(values) {
            if !template::is_plain(name) {
                // A slot that is too long for itself is never compiled.
                self.patterns_size += name.len().min(template::MAX_PATTERN);
            }
            if self.patterns_size > template::MAX_PATTERNS_SIZE {
                return Err(self.error(&format!(
                    "has more than {} bytes of slots that are regular expressions",
                    template::MAX_PATTERNS_SIZE
                )));
            }
            let slot = match Slot::new(name) {
                Ok(slot) => slot,
                Err(reason) => Slot::Invalid(self.problem(&reason)),
            };
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
        Ok(match Locator::from_value(argument) {
            Ok(locator) => Node::Call(Box::new(Call::Var(locator))),
            // A list of steps that is wrong was never written by hand: it fails instead of building null.
            Err(error) if argument.is_array() => Node::Invalid(Box::new(self.problem(error.message()))),
            Err(_) => Node::Constant(Value::Null),
        })
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
        Problem::new(&self.place, reason).error()
    }

    /// What is wrong here, if somebody gets here.
    fn problem(&mut self, reason: &str) -> Problem {
        let problem = Problem::new(&self.place, reason);
        self.problems.push(problem.clone());
        problem
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

pub(super) fn kind_key(kind: FormulaKind) -> Step {
    Step::Property(format!("${}", kind.as_str()))
}

pub(super) fn property(name: &str) -> Step {
    Step::Property(name.to_owned())
}
