//! Formulas that need somebody else's answer.

use std::borrow::Cow;
use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::Value;

use super::Formula;
use super::eval::{At, Evaluator, Out, Stop, wrapped};
use super::node::Node;
use super::scope::{Scope, Vars};
use crate::error::{Error, Result};
use crate::locator::loose;

/// Answers what formulas cannot know by themselves.
///
/// ```
/// use async_trait::async_trait;
/// use membrane_core::formula::{Request, RequestKind, Resolver};
/// use serde_json::{Value, json};
///
/// /// Finds people by their email address.
/// struct People;
///
/// #[async_trait]
/// impl Resolver for People {
///     fn answers(&self, kind: RequestKind) -> bool {
///         kind == RequestKind::Lookup
///     }
///
///     async fn answer(&self, request: &Request) -> membrane_core::Result<Option<Value>> {
///         let Request::Lookup { lookup, .. } = request else { return Ok(None) };
///         let email = lookup.as_ref().and_then(|fields| fields.get("email"));
///         Ok(email.filter(|email| *email == "kim@acme.example").map(|_| json!("u-7")))
///     }
/// }
/// ```
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Whether requests of this kind are answered. Formulas of the other kinds stay in the result with
    /// their arguments built, except `$dataSchemaRef`, which then builds nothing.
    fn answers(&self, kind: RequestKind) -> bool;

    /// The answer, or nothing. Equal requests of one evaluation are asked once.
    ///
    /// # Errors
    /// Any; it ends the evaluation and reaches its caller as it is.
    async fn answer(&self, request: &Request) -> Result<Option<Value>>;
}

/// What a formula asks a [`Resolver`].
///
/// ```
/// use membrane_core::formula::{Request, RequestKind};
/// use serde_json::json;
///
/// let request = Request::DataSchema { key: json!("task") };
/// assert_eq!(request.kind(), RequestKind::DataSchema);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Request {
    /// `$dataSchemaRef` of a data collection: wants an object with `fieldsSchema`. The formula fails when there
    /// is no such collection.
    DataCollection {
        /// The key of the collection.
        key: Value,
        /// Its parameters, if any.
        parameters: Option<Value>,
    },
    /// `$dataSchemaRef` of a schema of the app: wants the schema.
    DataSchema {
        /// The key of the schema.
        key: Value,
    },
    /// `$findAppRecordId`: wants the id of our record.
    FindAppRecordId {
        /// The key of the data link table.
        table: Value,
        /// The id of the external app's record.
        record_id: Value,
    },
    /// `$findExternalRecordId`: wants the id of the external app's record.
    FindExternalRecordId {
        /// The key of the data link table.
        table: Value,
        /// The id of our record.
        record_id: Value,
    },
    /// `$lookup`: wants the id of the record with these fields.
    Lookup {
        /// The fields, built; nothing when they are absent.
        lookup: Option<Value>,
        /// The schema of the place the formula stands at.
        schema: Option<Value>,
        /// The whole formula that is being resolved.
        whole: Formula,
    },
}

/// The kinds of [`Request`].
///
/// ```
/// use membrane_core::formula::{Request, RequestKind};
/// use serde_json::json;
///
/// let request = Request::FindAppRecordId { table: json!("tasks"), record_id: json!("10023") };
/// assert_eq!(request.kind(), RequestKind::FindAppRecordId);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestKind {
    /// [`Request::DataCollection`]
    DataCollection,
    /// [`Request::DataSchema`]
    DataSchema,
    /// [`Request::FindAppRecordId`]
    FindAppRecordId,
    /// [`Request::FindExternalRecordId`]
    FindExternalRecordId,
    /// [`Request::Lookup`]
    Lookup,
}

impl Request {
    /// The kind of the request.
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::DataCollection { .. } => RequestKind::DataCollection,
            Self::DataSchema { .. } => RequestKind::DataSchema,
            Self::FindAppRecordId { .. } => RequestKind::FindAppRecordId,
            Self::FindExternalRecordId { .. } => RequestKind::FindExternalRecordId,
            Self::Lookup { .. } => RequestKind::Lookup,
        }
    }

    /// A text that is the same for equal requests of one evaluation.
    fn identity(&self) -> (RequestKind, String) {
        let text = match self {
            Self::DataCollection { key, parameters } => format!("{key} {}", text_of(parameters.as_ref())),
            Self::DataSchema { key } => key.to_string(),
            Self::FindAppRecordId { table, record_id } | Self::FindExternalRecordId { table, record_id } => {
                format!("{table} {record_id}")
            }
            Self::Lookup { lookup, schema, .. } => {
                format!("{} {}", text_of(lookup.as_ref()), text_of(schema.as_ref()))
            }
        };
        (self.kind(), text)
    }
}

fn text_of(value: Option<&Value>) -> String {
    value.map(Value::to_string).unwrap_or_default()
}

/// The answers an evaluation has so far, and where to get more.
pub(super) struct Answers<'r> {
    resolver: Option<&'r dyn Resolver>,
    known: HashMap<(RequestKind, String), Option<Value>>,
    whole: Formula,
}

/// Evaluates until nothing is asked any more.
///
/// Each round asks for everything that is certainly needed and known by then, so the number of rounds is
/// how deep requests depend on each other's answers.
pub(super) async fn resolve(
    formula: &Formula,
    vars: &Vars<'_>,
    resolver: Option<&dyn Resolver>,
    schema: Option<&Value>,
) -> Result<Option<Value>> {
    let mut answers = Answers { resolver, known: HashMap::new(), whole: formula.clone() };
    loop {
        // The evaluator must not live across the awaits below.
        let asked = {
            let evaluator = Evaluator::new(Some(&answers));
            let at = At { scope: Scope::Vars(vars), schema };
            match evaluator.owned(evaluator.eval(formula.node(), at)) {
                Ok(value) => return Ok(value),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Pending) => evaluator.asked.into_inner(),
            }
        };
        for request in asked {
            let identity = request.identity();
            if answers.known.contains_key(&identity) {
                continue;
            }
            let answer = match resolver {
                Some(resolver) => resolver.answer(&request).await?,
                None => None,
            };
            answers.known.insert(identity, answer);
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn lookup<'a>(&self, argument: &'a Node, at: At<'a>) -> Out<'a> {
        let argument = self.argument(argument, at)?;
        let Some(answers) = self.answers_to(RequestKind::Lookup) else {
            return Ok(Some(wrapped("$lookup", argument)));
        };
        let whole = answers.whole.clone();
        self.ask(Request::Lookup { lookup: argument, schema: at.schema.cloned(), whole })
    }

    pub(super) fn find_record<'a>(&self, argument: &'a Node, of_app: bool, at: At<'a>) -> Out<'a> {
        let (kind, key) = if of_app {
            (RequestKind::FindAppRecordId, "$findAppRecordId")
        } else {
            (RequestKind::FindExternalRecordId, "$findExternalRecordId")
        };
        let argument = self.argument(argument, at)?;
        if self.answers_to(kind).is_none() {
            return Ok(Some(wrapped(key, argument)));
        }
        let table = argument.as_ref().and_then(|argument| argument.get("dataLinkTable")?.get("key"));
        let record_id = argument.as_ref().and_then(|argument| argument.get("recordId"));
        match (table, record_id) {
            (Some(table), Some(record_id)) if loose::truthy(table) && loose::truthy(record_id) => {
                let (table, record_id) = (table.clone(), record_id.clone());
                self.ask(if of_app {
                    Request::FindAppRecordId { table, record_id }
                } else {
                    Request::FindExternalRecordId { table, record_id }
                })
            }
            _ => Ok(None),
        }
    }

    pub(super) fn schema_reference<'a>(&self, is_internal: bool, reference: &'a Node, at: At<'a>) -> Out<'a> {
        if !self.is_resolving() {
            return Ok(None);
        }
        let Some(reference) = self.argument(reference, at)? else { return Ok(None) };
        let key = reference.get("key").cloned().unwrap_or_default();
        if is_internal {
            return match self.answers_to(RequestKind::DataSchema) {
                Some(_) => self.ask(Request::DataSchema { key }),
                None => Ok(None),
            };
        }
        let is_collection = reference.get("type").and_then(Value::as_str) == Some("data-collection");
        if !is_collection || self.answers_to(RequestKind::DataCollection).is_none() {
            return Ok(None);
        }
        let parameters = reference.get("parameters").cloned();
        let missing = format!("there is no data collection {key}");
        match self.ask(Request::DataCollection { key, parameters })? {
            Some(collection) if !collection.is_null() => {
                Ok(collection.get("fieldsSchema").cloned().map(Cow::Owned))
            }
            _ => Err(Stop::Failed(Error::not_found(missing))),
        }
    }

    fn answers_to(&self, kind: RequestKind) -> Option<&Answers<'_>> {
        self.answers.filter(|answers| answers.resolver.is_some_and(|resolver| resolver.answers(kind)))
    }

    fn ask<'a>(&self, request: Request) -> Out<'a> {
        match self.answers.and_then(|answers| answers.known.get(&request.identity())) {
            Some(answer) => Ok(answer.clone().map(Cow::Owned)),
            None => {
                self.asked.borrow_mut().push(request);
                Err(Stop::Pending)
            }
        }
    }
}
