//! What checking data by a schema may cost: references multiply what is written once.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::locator::{Locator, Step};

/// How many schemas one place of the data is tried by at most.
pub(super) const MAX_CHECKS: u64 = 5_000;

/// Steps from schema to schema, by nesting and by reference.
const MAX_STEPS: usize = 512;

/// How often schemas are tried, at most.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// On one place of the data.
    here: u64,
    /// On one place anywhere within it.
    below: u64,
    /// How often the same schema is come back to, one level further into the data or more.
    pub(super) again: u64,
}

/// Judges a schema of the validator's own dialect.
pub(super) fn judge(schema: &Value) -> Result<Cost> {
    let mut walk = Walk::default();
    let root = walk.collect(schema, None, Vec::new());
    walk.follow(schema)?;
    for part in 0..walk.parts.len() {
        walk.here(part, 0)?;
    }
    walk.cost(root, 0)
}

/// A schema within the schema.
struct Part<'s> {
    /// The schema it stands in, and the steps from there.
    parent: Option<usize>,
    steps: Vec<Step>,
    reference: Option<&'s str>,
    /// Schemas that are tried on the same place of the data.
    same: Vec<usize>,
    /// Schemas that are tried on what is within, each on places of its own.
    within: Vec<usize>,
    /// A schema that is tried on every item, whatever else is.
    contained: Option<usize>,
    here: State<u64>,
    cost: State<Cost>,
}

/// How far a part has been judged.
#[derive(Clone, Copy, Default)]
enum State<T> {
    Done(T),
    #[default]
    New,
    Open,
}

#[derive(Default)]
struct Walk<'s> {
    parts: Vec<Part<'s>>,
    /// The parts by their address.
    known: HashMap<*const Value, usize>,
}

impl<'s> Walk<'s> {
    /// Takes a schema and all within it; the dialect bounds how deep they nest.
    fn collect(&mut self, schema: &'s Value, parent: Option<usize>, steps: Vec<Step>) -> usize {
        let at = self.parts.len();
        self.known.insert(std::ptr::from_ref(schema), at);
        self.parts.push(Part {
            parent,
            steps,
            reference: schema.get("$ref").and_then(Value::as_str),
            same: Vec::new(),
            within: Vec::new(),
            contained: None,
            here: State::New,
            cost: State::New,
        });
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            let step = || Step::Property(keyword.clone());
            match (keyword.as_str(), value) {
                ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                    for (n, schema) in schemas.iter().enumerate() {
                        let inner = self.collect(schema, Some(at), vec![step(), Step::Index(n)]);
                        let part = &mut self.parts[at];
                        if keyword == "prefixItems" { &mut part.within } else { &mut part.same }.push(inner);
                    }
                }
                ("$defs" | "definitions" | "properties", Value::Object(schemas)) => {
                    for (name, schema) in schemas {
                        let steps = vec![step(), Step::Property(name.clone())];
                        let inner = self.collect(schema, Some(at), steps);
                        if keyword == "properties" {
                            self.parts[at].within.push(inner);
                        }
                    }
                }
                ("additionalProperties" | "contains" | "items" | "not", _) => {
                    let inner = self.collect(value, Some(at), vec![step()]);
                    let part = &mut self.parts[at];
                    match keyword.as_str() {
                        "contains" => part.contained = Some(inner),
                        "not" => part.same.push(inner),
                        _ => part.within.push(inner),
                    }
                }
                _ => {}
            }
        }
        at
    }

    /// Finds what the references lead to. Those that lead nowhere are the validator's to refuse.
    fn follow(&mut self, root: &Value) -> Result<()> {
        for at in 0..self.parts.len() {
            let Some(reference) = self.parts[at].reference else { continue };
            let pointer = percent_decode_str(reference.trim_start_matches('#')).decode_utf8_lossy();
            let Some(target) = root.pointer(&pointer) else { continue };
            let Some(target) = self.known.get(&std::ptr::from_ref(target)).copied() else {
                return Err(self.error(at, &format!("`{reference}` leads to no schema")));
            };
            self.parts[at].same.push(target);
        }
        Ok(())
    }

    /// How many schemas are tried on one place of the data, beginning with this one.
    fn here(&mut self, at: usize, depth: usize) -> Result<u64> {
        match self.parts[at].here {
            State::Done(here) => return Ok(here),
            State::Open => return Err(self.error(at, "it refers to itself without going into the data")),
            State::New => {}
        }
        self.check_depth(at, depth)?;
        self.parts[at].here = State::Open;
        let mut here = 1_u64;
        for n in 0..self.parts[at].same.len() {
            here = here.saturating_add(self.here(self.parts[at].same[n], depth + 1)?);
        }
        self.check(at, here)?;
        self.parts[at].here = State::Done(here);
        Ok(here)
    }

    /// The whole cost of a schema. What comes back to one that is being judged counts once: the validator
    /// remembers what such a schema said of which part of the data.
    fn cost(&mut self, at: usize, depth: usize) -> Result<Cost> {
        let here = self.here(at, depth)?;
        match self.parts[at].cost {
            State::Done(cost) => return Ok(cost),
            State::Open => return Ok(Cost { here, below: 0, again: 1 }),
            State::New => {}
        }
        self.check_depth(at, depth)?;
        self.parts[at].cost = State::Open;
        let mut cost = Cost { here, ..Cost::default() };
        for n in 0..self.parts[at].within.len() {
            let within = self.cost(self.parts[at].within[n], depth + 1)?;
            cost.below = cost.below.max(within.here).max(within.below);
            cost.again = cost.again.max(within.again);
        }
        let contained = self.parts[at].contained.map(|part| self.cost(part, depth + 1)).transpose()?;
        let mut beside =
            contained.map_or(Cost::default(), |cost| Cost { below: cost.here.max(cost.below), ..cost });
        for n in 0..self.parts[at].same.len() {
            let same = self.cost(self.parts[at].same[n], depth + 1)?;
            beside.below = beside.below.saturating_add(same.below);
            beside.again = beside.again.saturating_add(same.again);
        }
        cost.below = cost.below.saturating_add(beside.below);
        cost.again = cost.again.saturating_add(beside.again);
        self.check(at, cost.below)?;
        self.parts[at].cost = State::Done(cost);
        Ok(cost)
    }

    fn check(&self, at: usize, checks: u64) -> Result<()> {
        if checks <= MAX_CHECKS {
            return Ok(());
        }
        let message = format!("references included, it tries more than {MAX_CHECKS} schemas on one value");
        Err(self.error(at, &message))
    }

    fn check_depth(&self, at: usize, depth: usize) -> Result<()> {
        if depth <= MAX_STEPS {
            return Ok(());
        }
        Err(self.error(at, &format!("its references lead on and on, through more than {MAX_STEPS} schemas")))
    }

    fn error(&self, at: usize, message: &str) -> Error {
        let mut way = Vec::new();
        let mut next = Some(at);
        while let Some(part) = next.map(|at| &self.parts[at]) {
            way.push(&part.steps);
            next = part.parent;
        }
        let place = Locator::from_steps(way.into_iter().rev().flatten().cloned().collect());
        Error::configuration(format!("the data schema is wrong at {place}: {message}")).with("place", place)
    }
}
