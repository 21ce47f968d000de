//! The one evaluator behind building and resolving.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::node::{Call, Fields, Node};
use super::resolve::{Answers, Request};
use super::scope::Scope;
use crate::error::Error;
use crate::locator::loose;

/// Work one evaluation may do: nodes visited, values copied, and so many bytes of text as one value.
pub(crate) const BUDGET: u64 = 4_000_000;

/// Bytes of text that count as one value.
pub(super) const TEXT_UNIT: usize = 32;

/// Why an evaluation ends without a value.
pub(super) enum Stop {
    Failed(Error),
    /// It needs answers that were asked for.
    Pending,
}

pub(super) type Out<'a> = Result<Option<Cow<'a, Value>>, Stop>;

/// What a node may see besides the variables.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) scope: Scope<'a>,
    /// The schema of the place in the result, when one is known.
    pub(super) schema: Option<&'a Value>,
}

/// One evaluation.
pub(super) struct Evaluator<'e> {
    /// The answers known so far; nothing when building without a resolver.
    pub(super) answers: Option<&'e Answers<'e>>,
    pub(super) asked: RefCell<Vec<Request>>,
    left: Cell<u64>,
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(answers: Option<&'e Answers<'e>>) -> Self {
        Self { answers, asked: RefCell::default(), left: Cell::new(BUDGET) }
    }

    /// Builds with less work than the whole.
    pub(super) fn within(work: u64) -> Self {
        Self { left: Cell::new(work), ..Self::new(None) }
    }

    /// The work that is left.
    pub(super) fn left(&self) -> u64 {
        self.left.get()
    }

    pub(super) fn is_resolving(&self) -> bool {
        self.answers.is_some()
    }

    pub(super) fn eval<'a>(&self, node: &'a Node, at: At<'a>) -> Out<'a> {
        self.spend(1)?;
        match node {
            Node::Absent => Ok(None),
            Node::Constant(value) => Ok(Some(Cow::Borrowed(value))),
            Node::List(nodes) => self.list(nodes, at),
            Node::Object(fields) => self.object(fields, at),
            Node::Call(call) => self.call(call, at),
            Node::Invalid(problem) => Err(Stop::Failed(problem.fault())),
        }
    }

    fn list<'a>(&self, nodes: &'a [Node], at: At<'a>) -> Out<'a> {
        let at = At { schema: at.schema.and_then(|schema| schema.get("items")), ..at };
        let mut items = Vec::with_capacity(nodes.len());
        let mut is_pending = false;
        for node in nodes {
            match self.owned(self.eval(node, at)) {
                Ok(item) => items.extend(item),
                // The other items may have something to ask as well.
                Err(Stop::Pending) => is_pending = true,
                Err(failed) => return Err(failed),
            }
        }
        if is_pending {
            return Err(Stop::Pending);
        }
        Ok((!items.is_empty()).then(|| Cow::Owned(Value::Array(items))))
    }

    fn object<'a>(&self, fields: &'a Fields, at: At<'a>) -> Out<'a> {
        let schemas = at.schema.and_then(|schema| schema.get("properties"));
        let mut is_pending = false;
        let built = fields.build(|_, name, node| {
            let at = At { schema: schemas.and_then(|schemas| schemas.get(name)), ..at };
            match self.owned(self.eval(node, at)) {
                // The other fields may have something to ask as well.
                Err(Stop::Pending) => {
                    is_pending = true;
                    Ok(None)
                }
                done => done,
            }
        })?;
        if is_pending { Err(Stop::Pending) } else { Ok(built.map(Cow::Owned)) }
    }

    fn call<'a>(&self, call: &'a Call, at: At<'a>) -> Out<'a> {
        match call {
            Call::And(items) => self.all(items, at),
            Call::Case { cases, default } => self.case(cases, default, at),
            Call::Concat { values, delimiter } => self.concat(values, delimiter.as_ref(), at),
            Call::Copy(argument) => {
                let argument = self.argument(argument, at)?;
                // Without a resolver the copy is still to be made: of nothing, which takes it away.
                let is_kept = argument.is_some() || !self.is_resolving();
                Ok(Some(wrapped("$copy", is_kept.then(|| argument.unwrap_or_default()))))
            }
            Call::DataSchemaRef { is_internal, reference } => {
                self.schema_reference(*is_internal, reference, at)
            }
            Call::DomainFromEmail(text) => self.domain(text, at),
            Call::Eval { value, comparison } => self.compare(value, comparison.as_ref(), at),
            Call::ExtractDate(text) => self.date_part(text, 0..10, at),
            Call::ExtractTime(text) => self.date_part(text, 11..19, at),
            Call::FindAppRecordId(argument) => self.find_record(argument, true, at),
            Call::FindExternalRecordId(argument) => self.find_record(argument, false, at),
            Call::FirstName(text) => self.name(text, true, at),
            Call::FirstNotEmpty { items, needs_all } => self.first_not_empty(items, *needs_all, at),
            Call::Formula { argument, variables } => self.kept_formula(argument, variables, at),
            Call::Iterate { source, item } => self.iterate(source, item, at),
            Call::Jsonata(expression) => self.jsonata(expression, at),
            Call::LastName(text) => self.name(text, false, at),
            Call::Lookup(argument) => self.lookup(argument, at),
            Call::Map { value, mapping, default } => self.map(value, mapping, default, at),
            Call::MergeObjects(items) => self.merge(items, at),
            Call::Or(items) => self.any(items, at),
            Call::Tpl { template, slots } => self.template(template, slots, at),
            Call::Var(locator) => {
                let value = at.scope.read(locator.steps());
                if let Some(Cow::Owned(value)) = &value {
                    self.charge(value)?;
                }
                Ok(value)
            }
        }
    }

    /// The items of an argument that must be a list, looked at only: paid for, but not copied.
    pub(super) fn items<'a>(&self, node: &'a Node, at: At<'a>) -> Result<Vec<Cow<'a, Value>>, Stop> {
        let Node::List(nodes) = node else {
            return Ok(match self.eval(node, at)? {
                Some(Cow::Borrowed(Value::Array(items))) => items.iter().map(Cow::Borrowed).collect(),
                Some(Cow::Owned(Value::Array(items))) => items.into_iter().map(Cow::Owned).collect(),
                _ => Vec::new(),
            });
        };
        self.spend(1)?;
        let at = At { schema: at.schema.and_then(|schema| schema.get("items")), ..at };
        let mut items = Vec::with_capacity(nodes.len());
        let mut is_pending = false;
        for node in nodes {
            match self.eval(node, at) {
                Ok(item) => {
                    if let Some(Cow::Borrowed(item)) = item {
                        self.charge(item)?;
                    }
                    items.extend(item);
                }
                Err(Stop::Pending) => is_pending = true,
                Err(failed) => return Err(failed),
            }
        }
        if is_pending { Err(Stop::Pending) } else { Ok(items) }
    }

    /// Evaluates an argument, which is taken to have the schema of the formula's place, and takes the value.
    pub(super) fn argument<'a>(&self, node: &'a Node, at: At<'a>) -> Result<Option<Value>, Stop> {
        self.owned(self.eval(node, at))
    }

    /// Takes a value out of what it is borrowed from.
    pub(super) fn owned(&self, value: Out<'_>) -> Result<Option<Value>, Stop> {
        match value? {
            None => Ok(None),
            Some(Cow::Owned(value)) => Ok(Some(value)),
            Some(Cow::Borrowed(value)) => {
                self.charge(value)?;
                Ok(Some(value.clone()))
            }
        }
    }

    /// Pays for copying a value.
    pub(super) fn charge(&self, value: &Value) -> Result<(), Stop> {
        match size_within(value, self.left.get()) {
            Ok(size) => self.spend(size),
            Err(Oversize::Large) => Err(self.spent()),
            Err(Oversize::Deep) => Err(Stop::Failed(too_deep())),
        }
    }

    pub(super) fn spend(&self, units: u64) -> Result<(), Stop> {
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.spent()),
        }
    }

    /// Ends the evaluation: nothing is left.
    pub(super) fn spent(&self) -> Stop {
        self.left.set(0);
        Stop::Failed(too_much())
    }

    /// How many bytes of text may still be made.
    pub(super) fn text_left(&self) -> usize {
        usize::try_from(self.left.get()).unwrap_or(usize::MAX).saturating_mul(TEXT_UNIT)
    }
}

pub(super) fn too_much() -> Error {
    Error::invalid_input("the formula takes too much work for its variables")
}

pub(super) fn too_deep() -> Error {
    Error::invalid_input(format!("a variable nests deeper than {} levels", loose::MAX_DEPTH))
}

/// Why a value is not to be copied.
pub(super) enum Oversize {
    Deep,
    Large,
}

/// The work of copying a value; nothing when it nests too deep.
pub(crate) fn size_of(value: &Value) -> Option<u64> {
    size_within(value, u64::MAX).ok()
}

/// As [`size_of`], looking no further than the limit.
pub(super) fn size_within(value: &Value, limit: u64) -> Result<u64, Oversize> {
    fn take(value: &Value, levels: usize, left: &mut u64) -> Result<(), Oversize> {
        pay(1, left)?;
        match value {
            Value::String(text) => pay(units(text), left)?,
            Value::Array(items) => {
                let levels = levels.checked_sub(1).ok_or(Oversize::Deep)?;
                for item in items {
                    take(item, levels, left)?;
                }
            }
            Value::Object(fields) => {
                let levels = levels.checked_sub(1).ok_or(Oversize::Deep)?;
                for (name, field) in fields {
                    pay(units(name), left)?;
                    take(field, levels, left)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
    fn pay(units: u64, left: &mut u64) -> Result<(), Oversize> {
        *left = left.checked_sub(units).ok_or(Oversize::Large)?;
        Ok(())
    }
    let mut left = limit;
    take(value, loose::MAX_DEPTH, &mut left).map(|()| limit - left)
}

/// The work of copying a text, which is next to that of any value.
pub(super) fn units(text: &str) -> u64 {
    (text.len() / TEXT_UNIT) as u64
}

/// `{key: value}`, or `{}` when the value is absent.
pub(super) fn wrapped(key: &str, value: Option<Value>) -> Cow<'static, Value> {
    Cow::Owned(Value::Object(value.into_iter().map(|value| (key.to_owned(), value)).collect()))
}
