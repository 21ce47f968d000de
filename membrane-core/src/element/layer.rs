//! The three layers as types: code that needs one says so, and mixing them does not compile.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::Deref;

use serde_json::{Map, Value};

use super::{Element, Place, Spec};
use crate::error::{Error, Result};
use crate::id::LayerName;

/// A layer.
pub trait Layer: sealed::Sealed + Send + Sync + 'static {
    /// The layer's name.
    const NAME: LayerName;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl Layer for $name {
            const NAME: LayerName = LayerName::$name;
        }
    )*};
}

layers! {
    /// Belongs to one customer's connection.
    Connection,
    /// Belongs to one app.
    Integration,
    /// Belongs to no app: the use case itself.
    Universal
}

/// A kind whose elements live at layers: each may have a parent one layer up, and follows it until it has
/// content of its own.
///
/// Only a kind for which [`ElementKind::is_layered`](super::ElementKind::is_layered) is true may be one.
///
/// ```
/// use membrane_core::element::{ActionSpec, Layered, Spec};
///
/// fn is_layered<S: Layered>() -> bool {
///     S::KIND.is_layered()
/// }
/// assert!(is_layered::<ActionSpec>());
/// ```
pub trait Layered: Spec {
    /// The fields that are no content: each copy follows its parent in them until it has set them for itself, and
    /// goes on doing so when its content is reset.
    const SWITCHES: &'static [&'static str] = &[];

    /// What counts of this content below its parent's, switches aside. One that is not customized has none of its
    /// own.
    #[must_use]
    fn inherit<'a>(&'a self, parent: Cow<'a, Self>, is_customized: bool) -> Cow<'a, Self> {
        if is_customized { Cow::Borrowed(self) } else { parent }
    }

    /// Whether anything of an element with this content follows its parent.
    fn follows(&self, is_customized: bool) -> bool {
        !is_customized
    }

    /// The value of one of [`Self::SWITCHES`].
    fn switch(&self, _name: &str) -> Option<Value> {
        None
    }

    /// Sets one of [`Self::SWITCHES`].
    fn set_switch(&mut self, _name: &str, _value: Option<Value>) {}

    /// Whether a change from `before` changes nothing that could follow a parent.
    fn is_same_content(&self, before: &Self) -> bool {
        self == before
    }

    /// Notes what of the content became own by a change from `before`.
    fn customize(&mut self, _before: &Self, _was_customized: bool) {}

    /// Goes back to the parent's content, as a whole or in the parts that are named; says whether something of
    /// its own is left.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for parts the kind does not have.
    fn reset(&mut self, parent: &Self, parts: &Map<String, Value>) -> Result<bool> {
        match parts.keys().find(|name| *name != "name") {
            Some(part) => Err(Error::invalid_input(format!(
                "a {} is reset as a whole; it has no part `{part}`",
                Self::KIND
            ))
            .with("field", part)),
            None => {
                *self = parent.clone();
                Ok(false)
            }
        }
    }

    /// Fills in the kind's own names of its parents, and of the revisions of these that it follows.
    fn note_parents(&mut self, _place: &Place) {}
}

impl<S: Layered> Element<S> {
    /// The fields in which an element follows its parent one by one: name, description and [`Layered::SWITCHES`].
    ///
    /// ```
    /// use membrane_core::element::{Element, FlowSpec};
    ///
    /// let fields: Vec<_> = Element::<FlowSpec>::single_fields().collect();
    /// assert_eq!(fields, ["name", "description", "enabled", "parameters"]);
    /// ```
    pub fn single_fields() -> impl Iterator<Item = &'static str> {
        ["name", "description"].into_iter().chain(S::SWITCHES.iter().copied())
    }

    /// The value of one of [`Self::single_fields`]; a blank name is none.
    pub fn single_field(&self, name: &str) -> Option<Value> {
        match name {
            "name" => Some(self.name.as_str()).filter(|name| !name.trim().is_empty()).map(Value::from),
            "description" => self.description.as_deref().map(Value::from),
            _ => self.spec.switch(name),
        }
    }

    /// Sets one of [`Self::single_fields`].
    pub fn set_single_field(&mut self, name: &str, value: Option<Value>) {
        let text = || value.as_ref().and_then(Value::as_str).map(str::to_owned);
        match name {
            "name" => self.name = text().unwrap_or_default(),
            "description" => self.description = text(),
            _ => self.spec.set_switch(name, value),
        }
    }

    /// Notes which of [`Self::single_fields`] became this element's own by a change from `before`.
    ///
    /// ```
    /// use membrane_core::element::{ActionSpec, Element};
    ///
    /// let before = Element::new("a1", "Close an issue", ActionSpec::default());
    /// let mut after = before.clone();
    /// after.name = "Close a ticket".to_owned();
    /// after.note_own_fields(&before);
    /// assert!(after.place.has_own("name") && !after.place.has_own("description"));
    /// ```
    pub fn note_own_fields(&mut self, before: &Self) {
        for name in Self::single_fields() {
            if self.single_field(name) != before.single_field(name) && !self.place.has_own(name) {
                self.place.customized_fields.push(name.to_owned());
            }
        }
    }

    /// Takes from its parent those of [`Self::single_fields`] that it does not set, and notes those it sets
    /// otherwise as its own.
    pub fn fill_fields(&mut self, parent: &Self) {
        for name in Self::single_fields() {
            if self.single_field(name).is_none() {
                self.set_single_field(name, parent.single_field(name));
            }
        }
        self.note_own_fields(parent);
    }

    /// What counts of this element below its parent's content: its own, or the parent's, or some of each.
    #[must_use]
    pub fn content_below<'a>(&'a self, parent: Cow<'a, S>, is_customized: bool) -> Cow<'a, S> {
        let is_own = |name: &str| self.place.has_own(name) || !self.spec.follows(is_customized);
        let switches: Vec<_> = S::SWITCHES
            .iter()
            .map(|name| (*name, if is_own(name) { self.spec.switch(name) } else { parent.switch(name) }))
            .collect();
        let mut content = self.spec.inherit(parent, is_customized);
        for (name, value) in switches {
            if content.switch(name) != value {
                content.to_mut().set_switch(name, value);
            }
        }
        content
    }

    /// Whether it follows its parent, when there is one above, in its name or description.
    pub(super) fn follows_in(&self, name: &str, is_customized: bool) -> bool {
        self.place.parent_id.is_some() && self.spec.follows(is_customized) && !self.place.has_own(name)
    }
}

/// An element known to be at layer `L`.
///
/// ```compile_fail
/// use membrane_core::element::{ActionSpec, At, layer};
///
/// fn customize(_: At<layer::Connection, ActionSpec>) {}
/// fn wrong(universal: At<layer::Universal, ActionSpec>) {
///     customize(universal);
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct At<L, S> {
    element: Element<S>,
    layer: PhantomData<L>,
}

impl<L: Layer, S: Layered> At<L, S> {
    /// Checks that an element is at this layer.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when it is at another: a store handed out a
    /// row it was not asked for.
    pub fn new(element: Element<S>) -> Result<Self> {
        let found = element.place.layer();
        if found != L::NAME {
            return Err(Error::internal(format!(
                "{} {} is at the {} layer, not at the {} layer",
                S::KIND,
                element.id,
                found.as_str(),
                L::NAME.as_str()
            )));
        }
        Ok(Self { element, layer: PhantomData })
    }

    /// The element, its layer forgotten.
    pub fn into_inner(self) -> Element<S> {
        self.element
    }

    /// Whether it has content of its own. A universal element always has.
    pub fn is_own(&self) -> bool {
        L::NAME == LayerName::Universal
            || self.element.place.parent_id.is_none()
            || self.element.place.is_customized == Some(true)
    }
}

impl<L, S> Deref for At<L, S> {
    type Target = Element<S>;

    fn deref(&self) -> &Element<S> {
        &self.element
    }
}
