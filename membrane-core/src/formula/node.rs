//! A formula after parsing.

use serde_json::Value;

use super::template::Slot;
use crate::filter::Filter;
use crate::locator::Locator;

/// Something that builds a value or nothing.
#[derive(Debug)]
pub(super) enum Node {
    /// Builds nothing.
    Absent,
    /// Holds no formula; builds itself.
    Constant(Value),
    /// A list with formulas in it.
    List(Vec<Node>),
    /// An object with formulas in it.
    Object(Vec<(String, Node)>),
    /// A formula.
    Call(Box<Call>),
}

/// A formula with its argument.
#[derive(Debug)]
pub(super) enum Call {
    And(Node),
    Case { cases: Vec<Case>, default: Node },
    Concat { values: Node, delimiter: Option<Node> },
    Copy(Node),
    DataSchemaRef { is_internal: bool, reference: Node },
    DomainFromEmail(Node),
    Eval { value: Node, comparison: Option<(Comparison, Node)> },
    ExtractDate(Node),
    ExtractTime(Node),
    FindAppRecordId(Node),
    FindExternalRecordId(Node),
    FirstName(Node),
    FirstNotEmpty(Node),
    Formula { argument: Value, variables: Vec<(Locator, Option<Locator>)> },
    Iterate { source: Node, item: Node },
    Jsonata(Node),
    LastName(Node),
    Lookup(Node),
    Map { value: Node, mapping: Vec<(Node, Node)>, default: Node },
    MergeObjects(Node),
    Or(Node),
    Tpl { template: Value, slots: Vec<(Slot, Node)> },
    Var(Locator),
}

/// One case of `$case`.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) test: Test,
    pub(super) value: Node,
}

/// When a case matches.
#[derive(Debug)]
pub(super) enum Test {
    Always,
    /// In the asynchronous form a data filter is not evaluated: it is data, hence true.
    Data(Filter),
    Formula(Node),
}

/// The operators of `$eval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Contains,
    DoesNotContain,
    Gt,
    Gte,
    Is,
    IsEmpty,
    IsNot,
    IsNotEmpty,
    Lt,
    Lte,
    NoneOf,
    OneOf,
}

impl Comparison {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "contains" => Self::Contains,
            "doesNotContain" => Self::DoesNotContain,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "is" => Self::Is,
            "isEmpty" => Self::IsEmpty,
            "isNot" => Self::IsNot,
            "isNotEmpty" => Self::IsNotEmpty,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "noneOf" => Self::NoneOf,
            "oneOf" => Self::OneOf,
            _ => return None,
        })
    }
}
