//! Values that know where in the text they stand.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use crate::locator::{Locator, Step};

/// A place in the text, counted from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl From<serde_saphyr::Location> for Spot {
    fn from(location: serde_saphyr::Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// A value and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) at: Spot,
    pub(super) value: T,
}

/// A text and where it begins.
pub(super) type Text = Located<String>;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { at: spanned.referenced.into(), value: spanned.value })
    }
}

/// A text, or an object that says the same at length.
#[derive(Debug, Clone)]
pub(super) enum TextOr<T> {
    Other(T),
    Text(String),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Read<T> {
            type Value = TextOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an object")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::Other)
            }
        }

        deserializer.deserialize_any(Read(PhantomData))
    }
}

/// The entries of an object in their order.
#[derive(Debug, Clone)]
pub(super) struct Entries<T>(pub(super) Vec<(Text, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Read<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Entries::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_any(Read(PhantomData))
    }
}

/// JSON, and where each part of it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    marks: Marks,
}

/// Where a value and its parts begin; the parts in the order of the value's own.
#[derive(Debug, Clone, Default)]
struct Marks {
    at: Spot,
    parts: Vec<Marks>,
}

/// One value inside a [`Node`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'n> {
    pub(super) value: &'n Value,
    marks: Option<&'n Marks>,
    at: Spot,
}

impl Node {
    pub(crate) fn at(&self) -> Spot {
        self.marks.at
    }

    pub(crate) fn part(&self) -> Part<'_> {
        Part { value: &self.value, marks: Some(&self.marks), at: self.marks.at }
    }

    /// Where the value at this place stands, or the innermost there is on the way to it.
    pub(super) fn find(&self, place: &Locator) -> Spot {
        let mut part = self.part();
        for step in place.steps() {
            let next = match step {
                Step::Index(index) => part.items().nth(*index),
                Step::Property(name) => part.entries().find(|(key, _)| *key == name).map(|(_, part)| part),
                Step::Nowhere(_) => None,
            };
            let Some(next) = next else { break };
            part = next;
        }
        part.at()
    }
}

impl<'n> Part<'n> {
    pub(crate) fn at(self) -> Spot {
        self.at
    }

    pub(super) fn items(self) -> impl Iterator<Item = Part<'n>> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().enumerate().map(move |(n, value)| self.inside(n, value))
    }

    pub(super) fn entries(self) -> impl Iterator<Item = (&'n String, Part<'n>)> {
        let entries = self.value.as_object().into_iter().flatten().enumerate();
        entries.map(move |(n, (key, value))| (key, self.inside(n, value)))
    }

    pub(crate) fn entry(self, name: &str) -> Option<Part<'n>> {
        self.entries().find(|(key, _)| *key == name).map(|(_, part)| part)
    }

    fn inside(self, n: usize, value: &'n Value) -> Part<'n> {
        let marks = self.marks.and_then(|marks| marks.parts.get(n));
        Part { value, marks, at: marks.map_or(self.at, |marks| marks.at) }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Located { at, value: Bare(value, parts) } = Located::deserialize(deserializer)?;
        Ok(Self { value, marks: Marks { at, parts } })
    }
}

struct Bare(Value, Vec<Marks>);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadBare)
    }
}

struct ReadBare;

impl<'de> Visitor<'de> for ReadBare {
    type Value = Bare;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Bare, E> {
        Ok(Bare(flag.into(), Vec::new()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Bare, E> {
        Ok(Bare(number.into(), Vec::new()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Bare, E> {
        Ok(Bare(number.into(), Vec::new()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Bare, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("expected a finite number"))?;
        Ok(Bare(Value::Number(number), Vec::new()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Bare, E> {
        Ok(Bare(text.into(), Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<Bare, E> {
        Ok(Bare(Value::Null, Vec::new()))
    }

    fn visit_none<E: de::Error>(self) -> Result<Bare, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bare, D::Error> {
        Bare::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bare, A::Error> {
        let (mut items, mut parts) = (Vec::new(), Vec::new());
        while let Some(Node { value, marks }) = seq.next_element()? {
            items.push(value);
            parts.push(marks);
        }
        Ok(Bare(Value::Array(items), parts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bare, A::Error> {
        let (mut fields, mut parts) = (Map::new(), Vec::new());
        while let Some((key, Node { value, marks })) = map.next_entry::<String, Node>()? {
            // Twice the same key is refused by the reader, so that both stay in step.
            fields.insert(key, value);
            parts.push(marks);
        }
        Ok(Bare(Value::Object(fields), parts))
    }
}
