//! Records read straight from the text an app answers: no value is made of what the mapping does not use.
//!
//! A [`Projection`] is a [`RecordMapping`] turned around: for each name in the answer, where what stands
//! there goes. It exists for
//! mappings of which it can be told what they read. Whatever is out of the ordinary
//! (a record without id, invalid JSON, a body of another shape) ends the reading, and the page is read the
//! ordinary way, which knows what to make of it.

mod page;
mod read;
mod target;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use self::target::{Goal, Read};
use super::{Record, RecordMapping};
use crate::formula::{Formula, Shape};
use crate::locator::{Step, read_steps};

/// What was made of a mapping the first time; its clones share it.
#[derive(Clone, Default)]
pub(crate) struct Compiled(Arc<OnceLock<(Formulas, Option<Arc<Projection>>)>>);

type Formulas = [Option<Formula>; 6];

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compiled")
    }
}

impl RecordMapping {
    pub(super) fn projection(&self) -> Option<Arc<Projection>> {
        let of_this = || Projection::of(self).map(Arc::new);
        let (formulas, projection) =
            self.compiled.0.get_or_init(|| (self.formulas().map(Option::<&_>::cloned), of_this()));
        // The formulas are public: what was remembered may be of others.
        let is_same = formulas.iter().zip(self.formulas()).all(|(then, now)| match (then, now) {
            (Some(then), Some(now)) => then.is(now),
            (then, now) => then.is_none() && now.is_none(),
        });
        if is_same { projection.clone() } else { of_this() }
    }

    fn formulas(&self) -> [Option<&Formula>; 6] {
        let Self { id, name, uri, created_time, updated_time, fields, .. } = self;
        [id, name, uri, created_time, updated_time, fields].map(Option::as_ref)
    }
}

/// A mapping by the names of the answer.
#[derive(Debug)]
pub(super) struct Projection {
    names: Branch,
    /// Id, name, address, made, changed.
    heads: [Option<Goal>; 5],
    fields: Goal,
}

/// The names in an object that matter, the shortest first: most names differ in length from most others.
#[derive(Debug)]
struct Branch {
    names: Vec<(String, Place)>,
    /// The slots below.
    slots: Range<usize>,
}

#[derive(Debug)]
enum Place {
    Branch(Branch),
    Slot(usize),
}

/// Says that the ordinary way has to be gone.
#[derive(Debug)]
struct Unfit;

/// What was found of one record.
#[derive(Debug)]
struct Found {
    slots: Vec<Option<Value>>,
    /// A list stood where an object was expected.
    has_lists: bool,
}

impl Projection {
    fn of(mapping: &RecordMapping) -> Option<Self> {
        let [id, name, uri, created_time, updated_time, fields] = mapping.formulas();
        let fields = fields?.shape()?;
        let property = |name: &str| [Step::Property(name.to_owned())];
        let (default_id, default_name) = (property("id"), property("name"));
        let head = |formula: Option<_>, default| match formula.map(Formula::shape) {
            None => Some(default),
            Some(shape) => shape.map(Some),
        };
        let heads = [
            head(id, Some(Shape::Var(&default_id)))?,
            head(name, Some(Shape::Var(&default_name)))?,
            head(uri, None)?,
            head(created_time, None)?,
            head(updated_time, None)?,
        ];
        let mut reads = Vec::new();
        heads.iter().flatten().for_each(|head| head.reads(&mut reads));
        let count = reads.len();
        fields.reads(&mut reads);
        let leaves = leaves(&reads)?;
        let mut reads = Read::all(&reads, count, &leaves)?.into_iter();
        let mut goals = Vec::with_capacity(heads.len());
        for head in &heads {
            goals.push(match head {
                Some(head) => Some(Goal::of(head, &leaves, &mut reads)?),
                None => None,
            });
        }
        Some(Self {
            names: Branch::of(&leaves, 0, 0),
            heads: goals.try_into().ok()?,
            fields: Goal::of(&fields, &leaves, &mut reads)?,
        })
    }

    fn record(&self, found: &mut Found) -> Result<Record, Unfit> {
        let [id, name, uri, created_time, updated_time] = &self.heads;
        let id = id.as_ref().ok_or(Unfit)?.id(found)?;
        let mut text = |head: &Option<Goal>| match head {
            Some(head) => head.text(found),
            None => Ok(None),
        };
        Ok(Record {
            id,
            name: text(name)?,
            uri: text(uri)?,
            created_time: text(created_time)?,
            updated_time: text(updated_time)?,
            fields: self.fields.build(found)?.unwrap_or_default(),
            raw_fields: None,
            udm: None,
            unified_fields: None,
        })
    }
}

/// The places values are kept of, sorted: none lies within another. Nothing when the whole record is one.
fn leaves<'a>(reads: &[&'a [Step]]) -> Option<Vec<Vec<&'a str>>> {
    let names = |steps: &&'a [Step]| {
        let name = |step: &'a Step| match step {
            Step::Property(name) => Some(name.as_str()),
            Step::Index(_) | Step::Nowhere(_) => None,
        };
        let names: Vec<&str> = steps.iter().map_while(name).collect();
        (!names.is_empty()).then_some(names)
    };
    let mut leaves: Vec<Vec<&str>> = reads.iter().map(names).collect::<Option<_>>()?;
    leaves.sort_unstable();
    leaves.dedup_by(|inner, outer| inner.starts_with(outer));
    Some(leaves)
}

/// Whether these names are the beginning of the steps.
fn leads(names: &[&str], steps: &[Step]) -> bool {
    let mut steps = steps.iter();
    names.iter().all(|name| matches!(steps.next(), Some(Step::Property(step)) if step == name))
}

fn by_length(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Branch {
    /// The names at this depth of these leaves; `first` is the slot of the first.
    fn of(leaves: &[Vec<&str>], depth: usize, first: usize) -> Self {
        let mut names = Vec::new();
        let mut slot = first;
        for group in leaves.chunk_by(|a, b| a.get(depth) == b.get(depth)) {
            if let Some(leaf) = group.first()
                && let Some(name) = leaf.get(depth)
            {
                let place = match leaf.len() == depth + 1 {
                    true => Place::Slot(slot),
                    false => Place::Branch(Self::of(group, depth + 1, slot)),
                };
                names.push(((*name).to_owned(), place));
            }
            slot += group.len();
        }
        names.sort_unstable_by(|(a, _), (b, _)| by_length(a, b));
        Self { names, slots: first..slot }
    }

    fn place(&self, name: &str) -> Option<&Place> {
        let found = self.names.binary_search_by(|(known, _)| by_length(known, name)).ok()?;
        self.names.get(found).map(|(_, place)| place)
    }

    /// Fills the slots below from a value.
    fn fill(&self, value: &Value, slots: &mut [Option<Value>]) {
        for (name, place) in &self.names {
            let Some(value) = read_steps(&[Step::Property(name.clone())], value) else { continue };
            match place {
                Place::Branch(branch) => branch.fill(&value, slots),
                Place::Slot(slot) => slots[*slot] = Some(value.into_owned()),
            }
        }
    }
}
