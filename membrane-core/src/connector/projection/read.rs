//! One record, and what of it is skipped.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Branch, Found, Place, Projection, Unfit};
use crate::connector::{Record, RecordMapping};

/// Names `serde_json` gives a meaning of its own.
const PRIVATE: &str = "$serde_json::private::";

/// Ends the reading.
pub(super) fn unfit<E: Error>(Unfit: Unfit) -> E {
    E::custom("it is read the ordinary way")
}

/// Takes texts, numbers, booleans and `null`, and makes nothing of them.
macro_rules! ignores_scalars {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }

        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    };
}

/// Makes something of a name without copying it.
pub(super) struct Name<F>(pub(super) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Name<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Name<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        if name.starts_with(PRIVATE) { Err(unfit(Unfit)) } else { Ok(self.0(name)) }
    }
}

/// Skips a value. It is checked all the same: `IgnoredAny` lets pass what is no JSON.
pub(super) struct Skip;

impl<'de> DeserializeSeed<'de> for Skip {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip {
    type Value = ();

    ignores_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_key_seed(Name(|_: &str| ()))?.is_some() {
            fields.next_value_seed(Self)?;
        }
        Ok(())
    }
}

/// Reads what stands at a branch into the slots below it.
struct Below<'p, 'f> {
    branch: &'p Branch,
    found: &'f mut Found,
}

impl<'de> DeserializeSeed<'de> for Below<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // What a name said before does not count when it is said again.
        self.found.slots[self.branch.slots.clone()].fill(None);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_, '_> {
    type Value = ();

    // Nothing can be read inside these.
    ignores_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        let list = Value::deserialize(SeqAccessDeserializer::new(items))?;
        self.branch.fill(&list, &mut self.found.slots);
        self.found.has_lists = true;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(place) = fields.next_key_seed(Name(|name: &str| self.branch.place(name)))? {
            match place {
                None => fields.next_value_seed(Skip)?,
                Some(Place::Branch(branch)) => {
                    fields.next_value_seed(Below { branch, found: &mut *self.found })?;
                }
                Some(Place::Slot(slot)) => self.found.slots[*slot] = Some(fields.next_value()?),
            }
        }
        Ok(())
    }
}

/// Reads the list the records are.
pub(super) struct Records<'p> {
    mapping: &'p RecordMapping,
    projection: &'p Projection,
    found: Found,
}

impl<'p> Records<'p> {
    pub(super) fn new(mapping: &'p RecordMapping, projection: &'p Projection) -> Self {
        let slots = vec![None; projection.names.slots.len()];
        Self { mapping, projection, found: Found { slots, has_lists: false } }
    }

    pub(super) fn read<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<Vec<Record>, A::Error> {
        let mut records = Vec::new();
        while let Some(record) = items.next_element_seed(One(self))? {
            records.push(record);
        }
        Ok(records)
    }
}

/// Reads one record.
struct One<'r, 'p>(&'r mut Records<'p>);

impl<'de> DeserializeSeed<'de> for One<'_, '_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_, '_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Record, A::Error> {
        let raw = Value::deserialize(SeqAccessDeserializer::new(items))?;
        self.0.mapping.read(raw).ok_or_else(|| unfit(Unfit))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Record, A::Error> {
        let Records { projection, found, .. } = self.0;
        found.slots.fill(None);
        found.has_lists = false;
        Below { branch: &projection.names, found: &mut *found }.visit_map(fields)?;
        projection.record(found).map_err(unfit)
    }
}
