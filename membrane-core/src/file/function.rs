//! Functions: `METHOD /path`, or one kind at length.

use std::sync::Arc;

use http::Method;

use super::located::{Located, Node, Text, TextOr};
use super::one_of;
use super::origin::Origin;
use super::roots::{self, Roots, and};
use super::spec::{FunctionKinds, FunctionSpec, GraphQlSpec, OperationCallSpec, RequestSpec, RestSpec};
use crate::connector::{BodyType, Function, GraphQlCall, OperationCall, PathTemplate, RestCall};
use crate::error::Result;
use crate::formula::Formula;

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

const BODY_TYPES: &[&str] = &["form", "json"];

/// Where GraphQL endpoints are, unless said otherwise.
const GRAPHQL_PATH: &str = "/graphql";

/// What functions of one connector share.
#[derive(Debug)]
pub(super) struct Functions<'a> {
    origin: Origin<'a>,
    operations: &'a [String],
    body_type: BodyType,
}

/// What a function is handed, by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'s> {
    /// What a path's slots can be filled from; `None` when nobody can know.
    pub(super) slots: Option<&'s [&'s str]>,
    /// What formulas see besides the connection.
    pub(super) arguments: &'s [&'s str],
}

impl<'a> Functions<'a> {
    pub(super) fn new(
        origin: Origin<'a>,
        operations: &'a [String],
        body_type: Option<&Text>,
    ) -> Result<Self> {
        let body_type = body_type.map(|text| read_body_type(origin, text)).transpose()?.unwrap_or_default();
        Ok(Self { origin, operations, body_type })
    }

    /// Reads a function. `is_read_only` says that it changes nothing, also when it is a `POST`.
    pub(super) fn read(&self, spec: &FunctionSpec, given: Given<'_>, is_read_only: bool) -> Result<Function> {
        let mut function = match &spec.value {
            TextOr::Text(text) => self.short(&Located { at: spec.at, value: text.clone() }, given.slots)?,
            TextOr::Other(kinds) => self.long(spec, kinds, given)?,
        };
        if let Function::Rest(call) = &mut function {
            Arc::make_mut(call).is_read_only = is_read_only;
        }
        Ok(function)
    }

    /// Reads the short form.
    pub(super) fn short(&self, text: &Text, slots: Option<&[&str]>) -> Result<Function> {
        if text.value == "not-supported" {
            return Ok(Function::NotSupported);
        }
        let Some((method, path)) = text.value.split_once(char::is_whitespace) else {
            let message = format!(
                "`{}` is no function, expected a method and a path such as `GET /user`, or `not-supported`",
                text.value
            );
            return Err(self.origin.error(text.at, message));
        };
        let method = Text { at: text.at, value: method.to_owned() };
        let path = Text { at: text.at, value: path.trim().to_owned() };
        let call = self.rest_call(&method, &path)?;
        self.check_slots(&path, &call.path, None, slots)?;
        Ok(Function::Rest(Arc::new(call)))
    }

    fn long(&self, spec: &FunctionSpec, kinds: &FunctionKinds, given: Given<'_>) -> Result<Function> {
        let names = and(roots::CONNECTION, &and(&["parameters"], given.arguments));
        match kinds {
            FunctionKinds { graphql: Some(call), mapping: None, operation: None, rest: None } => {
                self.graphql(call, &names)
            }
            FunctionKinds { graphql: None, mapping: Some(node), operation: None, rest: None } => {
                self.origin.formula(node, Roots::Named(&names)).map(Function::Mapping)
            }
            FunctionKinds { graphql: None, mapping: None, operation: Some(call), rest: None } => {
                self.operation(call, &names)
            }
            FunctionKinds { graphql: None, mapping: None, operation: None, rest: Some(call) } => {
                self.rest(call, given.slots, &names)
            }
            _ => Err(self.origin.error(
                spec.at,
                "a function is one of `graphql`, `mapping`, `operation`, `rest`, or a text such as `GET /user`",
            )),
        }
    }

    fn rest(&self, spec: &RestSpec, slots: Option<&[&str]>, names: &[&str]) -> Result<Function> {
        let (origin, roots) = (self.origin, Roots::Named(names));
        let mut call = self.rest_call(&spec.method, &spec.path)?;
        if let Some(text) = &spec.body_type {
            call.body_type = read_body_type(origin, text)?;
        }
        let mut given = None;
        if let Some(RequestSpec { path_parameters, query, headers, data }) = &spec.request_mapping {
            given = path_parameters.as_ref();
            call.path_parameters = origin.optional_formula(path_parameters.as_ref(), roots)?;
            call.query = query.as_ref().map(|node| origin.query(node, roots)).transpose()?;
            call.headers = origin.optional_formula(headers.as_ref(), roots)?;
            call.data = origin.optional_formula(data.as_ref(), roots)?;
        }
        call.response = self.response(spec.response_mapping.as_ref(), names)?;
        self.check_slots(&spec.path, &call.path, given, slots)?;
        Ok(Function::Rest(Arc::new(call)))
    }

    /// A formula that sees the answer, too.
    fn response(&self, node: Option<&Node>, names: &[&str]) -> Result<Option<Formula>> {
        self.origin.optional_formula(node, Roots::Named(&and(names, &["response"])))
    }

    fn rest_call(&self, method: &Text, path: &Text) -> Result<RestCall> {
        if !METHODS.contains(&method.value.as_str()) {
            let message = format!("unknown method `{}`, expected {}", method.value, one_of(METHODS));
            return Err(self.origin.error(method.at, message));
        }
        if !path.value.starts_with('/') {
            let message = format!("the path `{}` must begin with `/`", path.value);
            return Err(self.origin.error(path.at, message));
        }
        let wrong = |message: &str| self.origin.error(path.at, message);
        let parsed =
            Method::from_bytes(method.value.as_bytes()).map_err(|error| wrong(&error.to_string()))?;
        let mut call = RestCall::new(parsed, &path.value).map_err(|error| wrong(error.message()))?;
        call.body_type = self.body_type;
        Ok(call)
    }

    /// Refuses a slot nothing will ever fill: most often a misspelt one.
    fn check_slots(
        &self,
        text: &Text,
        path: &PathTemplate,
        given: Option<&Node>,
        known: Option<&[&str]>,
    ) -> Result<()> {
        let Some(known) = known else { return Ok(()) };
        let given = given.map(|node| &node.value);
        let is_formula = |fields: &serde_json::Map<_, _>| {
            fields.keys().next().is_some_and(|key: &String| key.starts_with('$'))
        };
        if given.and_then(|value| value.as_object()).is_some_and(is_formula) {
            return Ok(());
        }
        let is_given =
            |name: &str| known.contains(&name) || given.is_some_and(|given| given.get(name).is_some());
        match path.slots().find(|name| !is_given(name)) {
            None => Ok(()),
            Some(name) if known.is_empty() => {
                let message = format!("nothing fills the slot `{{{name}}}`: there are no parameters here");
                Err(self.origin.error(text.at, message))
            }
            Some(name) => {
                let message = format!("nothing fills the slot `{{{name}}}`, expected {}", one_of(known));
                Err(self.origin.error(text.at, message))
            }
        }
    }

    fn graphql(&self, spec: &GraphQlSpec, names: &[&str]) -> Result<Function> {
        let document = &spec.document;
        let (opened, closed) = (document.value.matches('{').count(), document.value.matches('}').count());
        if opened == 0 || opened != closed {
            return Err(self
                .origin
                .error(document.at, "expected a GraphQL document with as many `{` as `}`"));
        }
        let path = spec.path.as_ref().map_or(GRAPHQL_PATH, |path| path.value.as_str());
        let mut call = GraphQlCall::new(path, document.value.trim());
        call.variables = self.origin.optional_formula(spec.variables.as_ref(), Roots::Named(names))?;
        call.result = spec.result.as_ref().map(|text| self.origin.locator(text)).transpose()?;
        call.response = self.response(spec.response_mapping.as_ref(), names)?;
        Ok(Function::GraphQl(Arc::new(call)))
    }

    fn operation(&self, spec: &Located<TextOr<OperationCallSpec>>, names: &[&str]) -> Result<Function> {
        let call = match &spec.value {
            TextOr::Text(text) => {
                let key = self.operation_key(&Located { at: spec.at, value: text.clone() })?;
                OperationCall::new(key)
            }
            TextOr::Other(OperationCallSpec { operation_key, input_mapping, output_mapping }) => {
                let mut call = OperationCall::new(self.operation_key(operation_key)?);
                let (before, after) = (input_mapping.as_ref(), output_mapping.as_ref());
                call.input_mapping = self.origin.optional_formula(before, Roots::Named(names))?;
                // Of the arguments, it sees what the operation was given.
                let after_names = and(roots::CONNECTION, &["parameters", "input", "output"]);
                call.output_mapping = self.origin.optional_formula(after, Roots::Named(&after_names))?;
                call
            }
        };
        Ok(Function::Operation(Arc::new(call)))
    }

    /// The key of an operation of this file.
    fn operation_key(&self, text: &Text) -> Result<crate::id::Key> {
        if self.operations.contains(&text.value) {
            return self.origin.key(text);
        }
        let known: Vec<&str> = self.operations.iter().map(String::as_str).collect();
        Err(self
            .origin
            .error(text.at, format!("unknown operation `{}`, expected {}", text.value, one_of(&known))))
    }
}

fn read_body_type(origin: Origin<'_>, text: &Text) -> Result<BodyType> {
    match text.value.as_str() {
        "form" => Ok(BodyType::Form),
        "json" => Ok(BodyType::Json),
        other => {
            let message = format!("unknown body type `{other}`, expected {}", one_of(BODY_TYPES));
            Err(origin.error(text.at, message))
        }
    }
}
