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
    /// What counts of this content below its parent's. One that is not customized has none of its own.
    #[must_use]
    fn inherit<'a>(&'a self, parent: Cow<'a, Self>, is_customized: bool) -> Cow<'a, Self> {
        if is_customized { Cow::Borrowed(self) } else { parent }
    }

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
