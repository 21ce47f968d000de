//! A formula after parsing.

use serde_json::{Map, Value};

use super::eval::Stop;
use super::problem::Problem;
use super::template::Slot;
use crate::filter::Written;
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
    Object(Fields),
    /// A formula.
    Call(Box<Call>),
    /// Something that fails when it is reached.
    Invalid(Box<Problem>),
}

/// The fields of an object, at least one.
#[derive(Debug)]
pub(super) struct Fields {
    nodes: Vec<Node>,
    /// The names, each with `null`: a copy of it is made without hashing the names again.
    blank: Map<String, Value>,
}

/// A formula with its argument.
#[derive(Debug)]
pub(super) enum Call {
    And(Node),
    Case {
        cases: Vec<Case>,
        default: Node,
    },
    Concat {
        values: Node,
        delimiter: Option<Node>,
    },
    Copy(Node),
    DataSchemaRef {
        is_internal: bool,
        reference: Node,
    },
    DomainFromEmail(Node),
    Eval {
        value: Node,
        comparison: Option<(Comparison, Node)>,
    },
    ExtractDate(Node),
    ExtractTime(Node),
    FindAppRecordId(Node),
    FindExternalRecordId(Node),
    FirstName(Node),
    /// Where an item may fail or ask, all are built, as they would be everywhere else.
    FirstNotEmpty {
        items: Node,
        needs_all: bool,
    },
    Formula {
        argument: Value,
        variables: Vec<(Locator, Option<Locator>)>,
    },
    Iterate {
        source: Node,
        item: Node,
    },
    Jsonata(Node),
    LastName(Node),
    Lookup(Node),
    Map {
        value: Node,
        mapping: Vec<(Node, Node)>,
        default: Node,
    },
    MergeObjects(Node),
    Or(Node),
    Tpl {
        template: Value,
        slots: Vec<(Slot, Node)>,
    },
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
    Data(Written, Option<Problem>),
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

impl Fields {
    pub(super) fn new(fields: Vec<(String, Node)>) -> Self {
        let (names, nodes): (Vec<String>, Vec<Node>) = fields.into_iter().unzip();
        Self { nodes, blank: names.into_iter().map(|name| (name, Value::Null)).collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.blank.keys().map(String::as_str).zip(&self.nodes)
    }

    /// The object of what the fields come to; nothing when all of them are absent.
    pub(super) fn build<'n>(
        &'n self,
        mut value_of: impl FnMut(usize, &'n str, &'n Node) -> Result<Option<Value>, Stop>,
    ) -> Result<Option<Value>, Stop> {
        let mut built = self.blank.clone();
        let mut absent = Vec::new();
        for (n, ((name, node), field)) in self.iter().zip(built.values_mut()).enumerate() {
            match value_of(n, name, node)? {
                Some(value) => *field = value,
                None => absent.push(n),
            }
        }
        if absent.len() == self.nodes.len() {
            return Ok(None);
        }
        if !absent.is_empty() {
            let (mut absent, mut n) = (absent.into_iter().peekable(), 0..);
            built.retain(|_, _| absent.next_if_eq(&n.next().unwrap_or_default()).is_none());
        }
        Ok(Some(Value::Object(built)))
    }
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
