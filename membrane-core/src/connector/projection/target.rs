//! What is built of the slots.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Found, Unfit, leads};
use crate::connector::record::is_exact;
use crate::formula::{BUDGET, Formula, Shape, size_of};
use crate::locator::{Step, read_steps};

/// A variable: a slot, and the way from there.
#[derive(Debug)]
pub(super) struct Read {
    slot: usize,
    rest: Vec<Step>,
    /// Nobody needs the slot afterwards, so that its value is moved.
    is_last: bool,
    /// No other variable of the fields has to do with the slot: the ordinary way does not copy its value.
    is_sole: bool,
}

impl Read {
    /// The variables; the first `heads` of them are not of the fields.
    pub(super) fn all(reads: &[&[Step]], heads: usize, leaves: &[Vec<&str>]) -> Option<Vec<Self>> {
        let mut uses = vec![0; leaves.len()];
        let mut all = Vec::with_capacity(reads.len());
        for (n, steps) in reads.iter().enumerate() {
            let slot = leaves.iter().position(|leaf| leads(leaf, steps))?;
            let rest = steps.get(leaves.get(slot)?.len()..)?.to_vec();
            if n >= heads {
                uses[slot] += 1;
            }
            all.push(Self { slot, rest, is_last: false, is_sole: false });
        }
        let mut is_used = vec![false; leaves.len()];
        for (n, read) in all.iter_mut().enumerate().rev() {
            read.is_last = !std::mem::replace(&mut is_used[read.slot], true);
            read.is_sole = n >= heads && uses[read.slot] == 1 && read.rest.is_empty();
        }
        Some(all)
    }

    fn value(&self, found: &mut Found) -> Option<Value> {
        let slot = &mut found.slots[self.slot];
        if self.is_last && self.rest.is_empty() {
            return slot.take();
        }
        read_steps(&self.rest, slot.as_ref()?).map(Cow::into_owned)
    }
}

/// A formula over slots.
#[derive(Debug)]
pub(super) struct Goal {
    target: Target,
    /// What building it may still copy.
    work: u64,
}

#[derive(Debug)]
enum Target {
    Absent,
    Constant(Value),
    Formula(Formula, Vec<Given>),
    Object(Vec<(String, Self)>),
    Read(Read),
}

/// A value a formula sees, and where.
#[derive(Debug)]
struct Given {
    names: Vec<String>,
    slot: usize,
    is_last: bool,
}

impl Goal {
    /// Takes the variables it needs from `reads`.
    pub(super) fn of(
        shape: &Shape<'_>,
        leaves: &[Vec<&str>],
        reads: &mut impl Iterator<Item = Read>,
    ) -> Option<Self> {
        let work = BUDGET.checked_sub(shape.work()?)?;
        Some(Self { target: Target::of(shape, leaves, reads)?, work })
    }

    pub(super) fn build(&self, found: &mut Found) -> Result<Option<Value>, Unfit> {
        let mut work = self.work;
        self.target.build(found, &mut work)
    }

    /// As text: what is neither text nor number is absent, and so is the empty text.
    pub(super) fn text(&self, found: &mut Found) -> Result<Option<String>, Unfit> {
        self.build(found).map(as_text)
    }

    /// As an id, which must be there and be what was written.
    pub(super) fn id(&self, found: &mut Found) -> Result<String, Unfit> {
        match self.build(found)? {
            Some(Value::Number(number)) if !is_exact(&number) => Err(Unfit),
            value => as_text(value).ok_or(Unfit),
        }
    }
}

fn as_text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

impl Target {
    fn of(shape: &Shape<'_>, leaves: &[Vec<&str>], reads: &mut impl Iterator<Item = Read>) -> Option<Self> {
        Some(match shape {
            Shape::Absent => Self::Absent,
            Shape::Constant(value) => Self::Constant((*value).clone()),
            Shape::Formula(source, all) => {
                let mut given: Vec<Given> = Vec::new();
                for read in reads.take(all.len()) {
                    match given.iter_mut().find(|given| given.slot == read.slot) {
                        Some(given) => given.is_last |= read.is_last,
                        None => {
                            let names =
                                leaves.get(read.slot)?.iter().map(|name| (*name).to_owned()).collect();
                            given.push(Given { names, slot: read.slot, is_last: read.is_last });
                        }
                    }
                }
                Self::Formula(Formula::parse(source).ok()?, given)
            }
            Shape::Object(fields) => {
                let mut targets = Vec::with_capacity(fields.len());
                for (name, field) in fields {
                    targets.push(((*name).to_owned(), Self::of(field, leaves, reads)?));
                }
                Self::Object(targets)
            }
            Shape::Var(_) => Self::Read(reads.next()?),
        })
    }

    fn build(&self, found: &mut Found, work: &mut u64) -> Result<Option<Value>, Unfit> {
        match self {
            Self::Absent => Ok(None),
            Self::Constant(value) => Ok(Some(value.clone())),
            Self::Formula(formula, given) => {
                let mut vars = Map::new();
                for Given { names, slot, is_last } in given {
                    let slot = &mut found.slots[*slot];
                    if let Some(value) = if *is_last { slot.take() } else { slot.clone() } {
                        put(&mut vars, names, value);
                    }
                }
                formula.build_within(&Value::Object(vars), work).ok_or(Unfit)
            }
            Self::Object(fields) => {
                let mut built = Map::with_capacity(fields.len());
                for (name, field) in fields {
                    if let Some(value) = field.build(found, work)? {
                        built.insert(name.clone(), value);
                    }
                }
                Ok((!built.is_empty()).then_some(Value::Object(built)))
            }
            Self::Read(read) => {
                let value = read.value(found);
                // What the ordinary way copies it pays for, and it stops when that is too much.
                if let Some(value) = value.as_ref().filter(|_| found.has_lists || !read.is_sole) {
                    *work = size_of(value).and_then(|size| work.checked_sub(size)).ok_or(Unfit)?;
                }
                Ok(value)
            }
        }
    }
}

/// Puts a value into objects within objects. No way leads through another's end.
fn put(object: &mut Map<String, Value>, names: &[String], value: Value) {
    match names {
        [] => {}
        [name] => {
            object.insert(name.clone(), value);
        }
        [name, names @ ..] => {
            let inner = object.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, names, value);
            }
        }
    }
}
