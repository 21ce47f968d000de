use std::marker::PhantomData;

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::element::{routes, selecting, writer};
use super::{Body, Op, OpInfo};
use crate::element::{Element, ElementKind, FieldChange, Spec};
use crate::id::{CustomerId, ElementId, Selector};
use crate::page::Page;

/// What an element was after one of its changes, who made the change, and what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Checkpoint {
    /// The revision the change made.
    pub id: String,
    /// The kind of element.
    pub element_type: ElementKind,
    /// The element.
    pub element_id: ElementId,
    /// Counts the changes of the element, from 1.
    pub checkpoint_number: u64,
    /// The element as it was stored, without what is sealed of it.
    pub snapshot: Map<String, Value>,
    /// What the change was. Of the first that is kept: nothing. Of what is sealed only that it changed, and fields that
    /// a folder says and no element has are among them.
    pub changes: Vec<FieldChange>,
    /// ISO 8601, UTC, milliseconds.
    pub created_at: String,
    /// The customer who made the change; absent when the workspace did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<CustomerId>,
    /// Who made the change.
    pub actor: Actor,
}

/// Who changes elements.
///
/// ```
/// use membrane_core::op::Actor;
///
/// assert_eq!(serde_json::to_value(Actor::Import)?, "import");
/// assert_eq!(Actor::named("engine"), Some(Actor::Engine));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Actor {
    /// A customer.
    Customer,
    /// The engine, which brings a workspace up to date with its connectors.
    Engine,
    /// A workspace folder that was imported.
    Import,
    /// A manager of the workspace.
    Manager,
}

impl Actor {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Customer, Self::Engine, Self::Import, Self::Manager];

    /// The name it travels under.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Engine => "engine",
            Self::Import => "import",
            Self::Manager => "manager",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|actor| actor.as_str() == name)
    }
}

impl Checkpoint {
    /// Puts one together, without changes.
    pub fn new<S: Spec>(
        number: u64,
        revision: impl Into<String>,
        element: ElementId,
        snapshot: Map<String, Value>,
        created_at: impl Into<String>,
        (actor, created_by): (Actor, Option<CustomerId>),
    ) -> Self {
        Self {
            id: revision.into(),
            element_type: S::KIND,
            element_id: element,
            checkpoint_number: number,
            snapshot,
            changes: Vec::new(),
            created_at: created_at.into(),
            created_by,
            actor,
        }
    }
}

selecting! {
    /// Lists what an element was after each of its changes, the newest first. A change that left everything as it
    /// was is none; the newest hundred are kept.
    ///
    /// Customers see the history of what is theirs, not that of the workspace's elements.
    ///
    /// ```
    /// use membrane_core::Selector;
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::{ListCheckpoints, Op};
    ///
    /// let mut list = ListCheckpoints::<ActionSpec>::new(Selector::key("create-task"));
    /// list.limit = Some(10);
    /// assert_eq!(ListCheckpoints::<ActionSpec>::info().name, "actions.checkpoints");
    /// ```
    ListCheckpoints {
        /// How many at the most, 1 to 1000; 25 when absent.
        #[schemars(range(min = 1, max = 1000))]
        limit: Option<u32>,
        /// Where to go on.
        cursor: Option<String>
    }
}
selecting! {
    /// Says what changed between two checkpoints of an element.
    DiffCheckpoints {
        /// The number of the earlier one; the one before `to` when absent.
        from: Option<u64>,
        /// The number of the later one; the newest when absent.
        to: Option<u64>
    }
}
selecting! {
    /// Brings back what an element was at a checkpoint; a change like any other. What is sealed of it, where it
    /// belongs, whether it is archived and what a folder says that no element has stay.
    ///
    /// ```
    /// use membrane_core::Selector;
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::Revert;
    ///
    /// let revert = Revert::<ActionSpec>::new(Selector::key("create-task")).to(3);
    /// assert_eq!(revert.checkpoint_number, 3);
    /// ```
    Revert {
        /// The checkpoint.
        checkpoint_number: u64
    }
}

impl<S> DiffCheckpoints<S> {
    /// Between these two.
    #[must_use]
    pub fn between(mut self, from: u64, to: u64) -> Self {
        (self.from, self.to) = (Some(from), Some(to));
        self
    }
}

impl<S> Revert<S> {
    /// To this checkpoint.
    #[must_use]
    pub fn to(mut self, number: u64) -> Self {
        self.checkpoint_number = number;
        self
    }
}

impl<S: Spec> Op for ListCheckpoints<S> {
    type Output = Page<Checkpoint>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::GET, "/checkpoints", Body::None);
        let what = format!("Lists the history of one of the {}.", S::KIND.plural());
        OpInfo::new(format!("{}.checkpoints", S::KIND.plural()), what, writer(S::KIND), routes)
    }
}

impl<S: Spec> Op for DiffCheckpoints<S> {
    type Output = Vec<FieldChange>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::GET, "/checkpoints/diff", Body::None);
        let what = format!(
            "Says what changed between two points of the history of one of the {}.",
            S::KIND.plural()
        );
        OpInfo::new(format!("{}.checkpoints.diff", S::KIND.plural()), what, writer(S::KIND), routes)
    }
}

impl<S: Spec> Op for Revert<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::POST, "/revert", Body::Rest);
        let what = format!("Brings back what one of the {} was.", S::KIND.plural());
        OpInfo::new(format!("{}.revert", S::KIND.plural()), what, writer(S::KIND), routes)
    }
}
