//! The body around the records.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Unfit;
use super::read::{Name, Records, Skip, unfit};
use crate::connector::{ApiResponse, Collection, Connector, Function, ListMethod, Pagination, Record};
use crate::locator::{Locator, Step, overlap};

impl ListMethod {
    /// Reads the records straight from the text of an answer, and what the pagination sees of the rest.
    ///
    /// Nothing when this answer is to be read the ordinary way.
    pub(in crate::connector) fn project(
        &self,
        connector: &Connector,
        collection: &Collection,
        response: &ApiResponse,
    ) -> Option<(Vec<Record>, Value)> {
        let is_plain = matches!(&self.call, Function::Rest(call) if call.response.is_none())
            && connector.api.responses.is_empty()
            && response.status.is_success();
        if !is_plain {
            return None;
        }
        let way = self.records.steps();
        let reads: Vec<&[Step]> =
            places(&self.pagination).into_iter().flatten().map(Locator::steps).collect();
        if reads.iter().any(|read| overlap(read, way)) {
            return None;
        }
        let projection = collection.record.projection()?;
        // Checked once, the texts in it need no check of their own.
        let text = std::str::from_utf8(response.content()).ok()?;
        let mut page = Page { records: Records::new(&collection.record, &projection), found: Vec::new() };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let body = Around { way, reads, page: &mut page }.deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some((page.found, body))
    }
}

/// The places of a body a pagination reads.
fn places(pagination: &Pagination) -> [Option<&Locator>; 2] {
    match pagination {
        Pagination::Cursor { next, more, .. } => [Some(next), more.as_ref()],
        Pagination::LinkHeader | Pagination::None => [None, None],
        Pagination::NextUrl { next } => [Some(next), None],
        Pagination::Offset { total: place, .. } | Pagination::PageNumber { more: place, .. } => {
            [place.as_ref(), None]
        }
    }
}

struct Page<'p> {
    records: Records<'p>,
    found: Vec<Record>,
}

/// Reads what stands around the records.
struct Around<'a, 'p> {
    /// The way that is left to the records.
    way: &'a [Step],
    /// What is read of this value later on.
    reads: Vec<&'a [Step]>,
    page: &'a mut Page<'p>,
}

/// What a name leads to.
enum Part {
    Kept(String),
    Skipped,
    Way,
}

impl<'de> DeserializeSeed<'de> for Around<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        // What a name said before does not count when it is said again.
        self.page.found.clear();
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Around<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Value, A::Error> {
        if !self.way.is_empty() {
            return Err(unfit(Unfit));
        }
        self.page.found = self.page.records.read(items)?;
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let Some((Step::Property(next), way)) = self.way.split_first() else { return Err(unfit(Unfit)) };
        let leads_to =
            |read: &[Step], name: &str| matches!(read.first(), Some(Step::Property(step)) if step == name);
        let part = |name: &str| {
            if name == next {
                Part::Way
            } else if self.reads.iter().any(|read| leads_to(read, name)) {
                Part::Kept(name.to_owned())
            } else {
                Part::Skipped
            }
        };
        let mut rest = Map::new();
        while let Some(part) = fields.next_key_seed(Name(part))? {
            match part {
                Part::Kept(name) => {
                    rest.insert(name, fields.next_value()?);
                }
                Part::Skipped => fields.next_value_seed(Skip)?,
                Part::Way => {
                    let below = self.reads.iter().filter(|read| leads_to(read, next));
                    let reads = below.filter_map(|read| read.get(1..)).collect();
                    let inner = Around { way, reads, page: &mut *self.page };
                    rest.insert(next.clone(), fields.next_value_seed(inner)?);
                }
            }
        }
        Ok(Value::Object(rest))
    }
}
