//! Formulas: values with variables in them.
//!
//! Parsed once and built many times: [`Formula::build`] needs nothing but variables, [`Formula::resolve`] also
//! asks a [`Resolver`] for what variables do not hold.
//!
#![doc = include_str!("REFERENCE.md")]

mod calls;
mod copy;
mod date;
mod eval;
mod jsonata;
mod kind;
mod legacy;
mod lint;
mod moving;
mod name;
mod node;
mod parse;
mod pattern;
mod problem;
mod resolve;
mod schema;
mod scope;
mod shape;
mod template;
mod transform;
mod variables;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

pub use self::date::parse_date;
use self::eval::{At, Evaluator, Stop};
pub(crate) use self::eval::{BUDGET, size_of};
pub use self::jsonata::Jsonata;
#[cfg(feature = "jsonata")]
pub use self::jsonata::JsonataCore;
pub use self::kind::FormulaKind;
pub use self::legacy::AnyFilter;
pub(crate) use self::lint::nearest;
use self::moving::Plan;
use self::node::{Call, Node};
use self::problem::Problem;
pub use self::resolve::{Request, RequestKind, Resolver};
pub use self::schema::implied_schema;
use self::scope::Scope;
pub use self::scope::Vars;
pub(crate) use self::shape::Shape;
pub use self::transform::{merge_formulas, retain_variables, transform_variables};
pub use self::variables::{formula_places, variable_places};
use crate::error::{Error, Result};
use crate::schema::DataSchema;

/// A value with formulas in it, parsed once and built many times.
///
/// Cheap to clone. Travels as the JSON it was parsed from.
///
/// ```
/// use membrane_core::Formula;
/// use serde_json::json;
///
/// let formula = Formula::parse(&json!({
///     "title": {"$concat": {"values": [{"$var": "$.code"}, {"$var": "$.name"}], "delimiter": ": "}},
///     "state": {"$map": {"value": {"$var": "$.open"}, "mapping": [{"from": true, "to": "open"}]}},
/// }))?;
/// assert_eq!(formula.build(&json!({"code": "A-1", "name": "Bug"})), Some(json!({"title": "A-1: Bug"})));
/// assert_eq!(formula.build(&json!({})), None);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Formula(Arc<Inner>);

struct Inner {
    source: Value,
    node: Node,
    plan: Plan,
    has_copy: bool,
    problems: Vec<Problem>,
}

impl Formula {
    /// Parses a formula.
    ///
    /// A part that is wrong, such as a filter over no locator or a template slot that is no pattern, fails
    /// what is built only when it is reached; [`Formula::problems`] tells of it before.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for more than 128 levels, and for more than
    /// 1000 template slots that are patterns, or 64 kB of them. The message and the context pair `place` say where.
    pub fn parse(value: &Value) -> Result<Self> {
        let mut parser = parse::Parser::default();
        let node = parser.parse(value)?;
        let plan = Plan::of(&node);
        let parse::Parser { has_copy, problems, .. } = parser;
        Ok(Self(Arc::new(Inner { source: value.clone(), node, plan, has_copy, problems })))
    }

    /// Parses a formula and refuses one with a problem, for formulas their authors still look at.
    ///
    /// # Errors
    /// As [`Formula::parse`], and the first of [`Formula::problems`].
    pub fn parse_strict(value: &Value) -> Result<Self> {
        let formula = Self::parse(value)?;
        let first = formula.0.problems.first().cloned();
        match first.or_else(|| lint::lints(formula.source()).into_iter().next()) {
            Some(problem) => Err(problem.error()),
            None => Ok(formula),
        }
    }

    /// What is wrong in parts of it: a `$var` whose list of steps is wrong, a filter over no locator, a template
    /// slot that is no pattern, a `$map` with an item that is `null`. Those fail when they are reached.
    ///
    /// After them, at most 1000 parts that never fail and come to nothing, or to something else than is meant: a
    /// `$var` over no locator, a condition whose operator does not exist, an unknown comparison, a second
    /// formula in one object, and an object of the single name `$vra`, which is nearly `$var`. What is data may
    /// be called so within `$plain`.
    ///
    /// ```
    /// use membrane_core::{Formula, Vars};
    /// use serde_json::json;
    ///
    /// let case = |field: &str| json!({"filter": [{"field": field, "operator": "is_true"}], "value": field});
    /// let source = json!({"$case": [case("open"), case("done[")]});
    /// let formula = Formula::parse(&source)?;
    /// assert_eq!(formula.try_build(&Vars::from(&json!({"open": true})))?, Some(json!("open")));
    /// assert!(formula.try_build(&Vars::new()).is_err());
    /// assert_eq!(formula.problems()[0].context_value("place"), Some("$.$case[1].filter"));
    /// assert!(Formula::parse_strict(&source).is_err());
    ///
    /// let formula = Formula::parse(&json!({"name": {"$vra": "$.name"}}))?;
    /// assert_eq!(formula.problems()[0].message(), "formula at $.name: there is no formula `$vra`; is it `$var`?");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn problems(&self) -> Vec<Error> {
        let lints = lint::lints(self.source());
        self.0.problems.iter().chain(&lints).map(Problem::error).collect()
    }

    /// The formula that builds null.
    ///
    /// ```
    /// use membrane_core::Formula;
    /// use serde_json::json;
    ///
    /// assert_eq!(Formula::null().build(&json!({})), Some(json!(null)));
    /// ```
    pub fn null() -> Self {
        let node = Node::Constant(Value::Null);
        Self(Arc::new(Inner {
            source: Value::Null,
            node,
            plan: Plan::Build,
            has_copy: false,
            problems: Vec::new(),
        }))
    }

    /// The JSON the formula was parsed from.
    ///
    /// ```
    /// use membrane_core::Formula;
    /// use serde_json::json;
    ///
    /// let source = json!({"$var": "$.name"});
    /// assert_eq!(Formula::parse(&source)?.source(), &source);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn source(&self) -> &Value {
        &self.0.source
    }

    /// Whether it builds the same whatever the variables are.
    ///
    /// ```
    /// use membrane_core::Formula;
    /// use serde_json::json;
    ///
    /// assert!(Formula::parse(&json!({"state": "open"}))?.is_constant());
    /// assert!(!Formula::parse(&json!({"state": {"$var": "$.state"}}))?.is_constant());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn is_constant(&self) -> bool {
        self.0.node.is_constant() && !self.0.has_copy
    }

    /// Builds the value over these variables; `None` is absent.
    ///
    /// Nothing is built either when the formula fails; [`Formula::try_build`] says why.
    pub fn build(&self, vars: &Value) -> Option<Value> {
        self.build_with(&Vars::from(vars))
    }

    /// As [`Formula::build`], over variables by name.
    ///
    /// ```
    /// use membrane_core::{Formula, Vars};
    /// use serde_json::json;
    ///
    /// let input = json!({"title": "Bug"});
    /// let formula = Formula::parse(&json!({"name": {"$var": "$.input.title"}}))?;
    /// assert_eq!(formula.build_with(&Vars::new().with("input", &input)), Some(json!({"name": "Bug"})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn build_with(&self, vars: &Vars<'_>) -> Option<Value> {
        self.try_build(vars).ok().flatten()
    }

    /// As [`Formula::build`], over variables nobody needs afterwards: what the formula only hands on is moved
    /// out of them, which costs nothing.
    ///
    /// ```
    /// use membrane_core::Formula;
    /// use serde_json::json;
    ///
    /// let formula = Formula::parse(&json!({"title": {"$var": "$.name"}, "labels": {"$var": "$.tags"}}))?;
    /// let record = json!({"name": "Bug", "tags": ["urgent"]});
    /// assert_eq!(formula.build_from(record), Some(json!({"title": "Bug", "labels": ["urgent"]})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn build_from(&self, mut vars: Value) -> Option<Value> {
        if self.0.has_copy || matches!(self.0.plan, Plan::Build) {
            return self.build(&vars);
        }
        self.0.plan.build(self.node(), &mut vars, &Evaluator::new(None)).ok().flatten()
    }

    /// Builds the value, and says what went wrong.
    ///
    /// `$lookup`, `$findAppRecordId` and `$findExternalRecordId` stay in the result with their arguments
    /// built; `$dataSchemaRef` is absent.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a part is reached that is one of
    /// [`Formula::problems`], when a `$copy` copies another, or the removal of an earlier one from its list moved it;
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when a variable nests deeper than 512 levels, or
    /// the formula takes out-of-bounds work, such as lists iterated within lists within lists.
    ///
    /// ```
    /// use membrane_core::{Formula, Vars};
    /// use serde_json::json;
    ///
    /// let formula = Formula::parse(&json!({"$var": "$.name"}))?;
    /// let data = json!({"name": "Ada"});
    /// assert_eq!(formula.try_build(&Vars::from(&data))?, Some(json!("Ada")));
    /// assert_eq!(formula.try_build(&Vars::new())?, None);
    /// assert!(Formula::parse(&json!("a constant"))?.is_constant());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn try_build(&self, vars: &Vars<'_>) -> Result<Option<Value>> {
        let evaluator = Evaluator::new(None);
        let at = At { scope: Scope::Vars(vars), schema: None };
        let mut value = match evaluator.owned(evaluator.eval(&self.0.node, at)) {
            Ok(value) => value,
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Pending) => {
                return Err(Error::internal("a formula waits for an answer nobody was asked for"));
            }
        };
        if let Some(value) = value.as_mut().filter(|_| self.0.has_copy) {
            copy::replace(value)?;
        }
        // A copy that is the whole result stays, and without a place there is nothing in it.
        if self.0.has_copy
            && let Node::Call(call) = &self.0.node
            && let Call::Copy(place) = &**call
            && matches!(evaluator.eval(place, at), Ok(None))
        {
            return Ok(Some(Value::Object(Map::new())));
        }
        Ok(value)
    }

    /// Builds the value with somebody who answers what the variables do not hold.
    ///
    /// `schema` is the schema of the value, if known; a `$lookup` is told the part of it that is for its
    /// own place. `$copy` stays in the result, and data filters in `$case` are not evaluated: they match.
    ///
    /// # Errors
    /// As [`Formula::try_build`], and whatever the resolver fails with.
    ///
    /// ```
    /// use async_trait::async_trait;
    /// use membrane_core::formula::{Formula, Request, RequestKind, Resolver, Vars};
    /// use serde_json::{Value, json};
    ///
    /// struct Links;
    ///
    /// #[async_trait]
    /// impl Resolver for Links {
    ///     fn answers(&self, kind: RequestKind) -> bool {
    ///         kind == RequestKind::FindExternalRecordId
    ///     }
    ///
    ///     async fn answer(&self, request: &Request) -> membrane_core::Result<Option<Value>> {
    ///         Ok(match request {
    ///             Request::FindExternalRecordId { record_id, .. } => Some(json!(format!("ext-{record_id}"))),
    ///             _ => None,
    ///         })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let formula = Formula::parse(&json!({"owner": {"$findExternalRecordId": {
    ///     "dataLinkTable": {"key": "people"}, "recordId": {"$var": "$.id"},
    /// }}}))?;
    /// let vars = json!({"id": 7});
    /// let value = formula.resolve(&Vars::from(&vars), Some(&Links), None).await?;
    /// assert_eq!(value, Some(json!({"owner": "ext-7"})));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn resolve(
        &self,
        vars: &Vars<'_>,
        resolver: Option<&dyn Resolver>,
        schema: Option<&Value>,
    ) -> Result<Option<Value>> {
        resolve::resolve(self, vars, resolver, schema).await
    }

    /// The schema of what it builds over variables of this schema, as far as it can be told.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Formula};
    /// use serde_json::json;
    ///
    /// let vars = DataSchema::from_value(&json!({"votes": 3}));
    /// let formula = Formula::parse(&json!({"count": {"$var": "votes"}}))?;
    /// let schema = formula.schema(&vars).unwrap();
    /// assert_eq!(schema.as_value()["properties"]["count"], json!({"type": "integer"}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn schema(&self, vars: &DataSchema) -> Option<DataSchema> {
        schema::of_formula(self.source(), vars, None)
    }

    /// As [`Formula::schema`], with an engine for `$jsonata`: an expression has the schema of what it comes to
    /// without variables, none when it needs them.
    ///
    /// ```
    /// # #[cfg(feature = "jsonata")] {
    /// use membrane_core::formula::JsonataCore;
    /// use membrane_core::{DataSchema, Formula};
    /// use serde_json::json;
    ///
    /// let formula = Formula::parse(&json!({"a": {"$jsonata": "1 + 1"}, "b": {"$jsonata": "name"}}))?;
    /// let schema = formula.schema_with(&DataSchema::any(), &JsonataCore::new()).unwrap();
    /// assert_eq!(schema.as_value()["properties"], json!({"a": {"type": "number"}}));
    /// # }
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn schema_with(&self, vars: &DataSchema, jsonata: &dyn Jsonata) -> Option<DataSchema> {
        schema::of_formula(self.source(), vars, Some(jsonata))
    }

    fn node(&self) -> &Node {
        &self.0.node
    }

    /// Whether it is this very formula, parsed once.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Formula({})", self.source())
    }
}

impl TryFrom<Value> for Formula {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        Self::parse(&value)
    }
}

impl Serialize for Formula {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(&value).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

impl JsonSchema for Formula {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Formula")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}
