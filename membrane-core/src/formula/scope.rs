//! The variables a formula sees.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::jsonata::Jsonata;
use crate::locator::{Step, each_reached, read_steps};

/// Variables by name, borrowed: nothing is copied until a formula puts it into its result.
///
/// ```
/// use membrane_core::{Formula, Vars};
/// use serde_json::json;
///
/// let (input, credentials) = (json!({"title": "Bug"}), json!({"team": "T1"}));
/// let vars = Vars::new().with("input", &input).with("credentials", &credentials);
/// let formula = Formula::parse(&json!({"name": {"$var": "$.input.title"}, "in": {"$var": "$.credentials.team"}}))?;
/// assert_eq!(formula.build_with(&vars), Some(json!({"name": "Bug", "in": "T1"})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Vars<'a> {
    roots: Roots<'a>,
    jsonata: Option<&'a dyn Jsonata>,
}

#[derive(Clone)]
enum Roots<'a> {
    Named(Vec<(Cow<'a, str>, &'a Value)>),
    Whole(&'a Value),
}

impl Default for Roots<'_> {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl<'a> Vars<'a> {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable, or replaces the one with this name.
    ///
    /// Variables made from a single value that is an object keep its properties.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'a, str>>, value: &'a Value) -> Self {
        let name = name.into();
        let mut named = match self.roots {
            Roots::Named(named) => named,
            Roots::Whole(whole) => whole
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (Cow::from(name), value))
                .collect(),
        };
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => named.push((name, value)),
        }
        self.roots = Roots::Named(named);
        self
    }

    /// Says who evaluates `$jsonata`. Without it such a formula builds nothing.
    ///
    /// ```
    /// # #[cfg(feature = "jsonata")] {
    /// use membrane_core::formula::{Formula, JsonataCore, Vars};
    /// use serde_json::json;
    ///
    /// let (formula, data) = (Formula::parse(&json!({"$jsonata": "a + b"}))?, json!({"a": 1, "b": 2}));
    /// assert_eq!(formula.build_with(&Vars::from(&data).with_jsonata(&JsonataCore::new())), Some(json!(3)));
    /// # }
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_jsonata(mut self, engine: &'a dyn Jsonata) -> Self {
        self.jsonata = Some(engine);
        self
    }

    /// The same with the library's own engine for `$jsonata`, where the feature `jsonata` brings one.
    ///
    /// ```
    /// use membrane_core::formula::{Formula, Vars};
    /// use serde_json::json;
    ///
    /// let (formula, data) = (Formula::parse(&json!({"$jsonata": "a + b"}))?, json!({"a": 1, "b": 2}));
    /// let sum = formula.build_with(&Vars::from(&data).equipped());
    /// assert_eq!(sum, cfg!(feature = "jsonata").then(|| json!(3)));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn equipped(self) -> Self {
        #[cfg(feature = "jsonata")]
        {
            static ENGINE: super::JsonataCore = super::JsonataCore::new();
            self.with_jsonata(&ENGINE)
        }
        #[cfg(not(feature = "jsonata"))]
        self
    }

    fn named(&self, name: &str) -> Option<&'a Value> {
        match &self.roots {
            Roots::Named(named) => named.iter().find(|(known, _)| known == name).map(|(_, value)| *value),
            Roots::Whole(whole) => whole.get(name),
        }
    }
}

impl<'a> From<&'a Value> for Vars<'a> {
    fn from(whole: &'a Value) -> Self {
        Self { roots: Roots::Whole(whole), jsonata: None }
    }
}

impl fmt::Debug for Vars<'_> {
    // Names only: a variable may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = match &self.roots {
            Roots::Named(named) => named.iter().map(|(name, _)| &**name).collect(),
            Roots::Whole(whole) => {
                whole.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
            }
        };
        f.debug_struct("Vars").field("names", &names).finish_non_exhaustive()
    }
}

/// Where a formula stands: the caller's variables, or inside an `$iterate`.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    Item { item: &'a Value, index: usize, parent: &'a Scope<'a> },
    Vars(&'a Vars<'a>),
}

impl<'a> Scope<'a> {
    /// Reads the `$var` way.
    pub(super) fn read(self, steps: &[Step]) -> Option<Cow<'a, Value>> {
        let whole = match self {
            Self::Vars(Vars { roots: Roots::Whole(whole), .. }) => return read_steps(steps, whole),
            _ => steps.split_first(),
        };
        match (self, whole) {
            (_, None) => self.whole().map(Cow::Owned),
            (Self::Vars(vars), Some((Step::Property(name), rest))) => read_steps(rest, vars.named(name)?),
            (Self::Item { item, index, parent }, Some((Step::Property(name), rest))) => match name.as_str() {
                "index" if rest.is_empty() => Some(Cow::Owned(Value::from(index))),
                "item" => read_steps(rest, item),
                "parent" => parent.read(rest),
                _ => None,
            },
            _ => None,
        }
    }

    /// Reads the way of filters.
    pub(super) fn reach(self, steps: &[Step], found: &mut dyn FnMut(&Value) -> bool) -> bool {
        let whole = match self {
            Self::Vars(Vars { roots: Roots::Whole(whole), .. }) => return each_reached(steps, whole, found),
            _ => steps.split_first(),
        };
        match (self, whole) {
            (_, None) => self.whole().is_some_and(|whole| found(&whole)),
            (Self::Vars(vars), Some((Step::Property(name), rest))) => {
                vars.named(name).is_some_and(|value| each_reached(rest, value, found))
            }
            (Self::Item { item, index, parent }, Some((Step::Property(name), rest))) => match name.as_str() {
                "index" => each_reached(rest, &Value::from(index), found),
                "item" => each_reached(rest, item, found),
                "parent" => parent.reach(rest, found),
                _ => false,
            },
            _ => false,
        }
    }

    /// All variables as one value; nothing when they nest too deep to be copied.
    pub(super) fn whole(self) -> Option<Value> {
        let copy = |value: &Value| super::size_of(value).map(|_| value.clone());
        let mut out = Map::new();
        match self {
            Self::Item { item, index, parent } => {
                out.insert("item".to_owned(), copy(item)?);
                out.insert("parent".to_owned(), parent.whole()?);
                out.insert("index".to_owned(), Value::from(index));
            }
            Self::Vars(Vars { roots: Roots::Whole(whole), .. }) => return copy(whole),
            Self::Vars(Vars { roots: Roots::Named(named), .. }) => {
                for (name, value) in named {
                    out.insert(name.clone().into_owned(), copy(value)?);
                }
            }
        }
        Some(Value::Object(out))
    }

    pub(super) fn jsonata(self) -> Option<&'a dyn Jsonata> {
        match self {
            Self::Item { parent, .. } => parent.jsonata(),
            Self::Vars(vars) => vars.jsonata,
        }
    }
}
