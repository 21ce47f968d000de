//! Ways to connect, the API, operations.

use http::HeaderName;

use super::function::{Functions, Given};
use super::located::{Entries, Located, Node, Spot, Text, TextOr};
use super::one_of;
use super::origin::Origin;
use super::roots::{self, Roots, and};
use super::spec::{ApiSpec, AuthSpec, OperationSpec, RateLimitSpec, ResponseSpec};
use crate::connector::{
    Api, AuthOption, AuthType, Function, Operation, RateLimit, ResponseHandler, check_base,
};
use crate::error::{ErrorKind, Result};
use crate::schema::DataSchema;

/// What a response handler's `error.key` may be.
const ERROR_KEYS: &[(&str, ErrorKind)] = &[
    ("access_denied", ErrorKind::AccessDenied),
    ("access_token_expired", ErrorKind::AccessTokenExpired),
    ("already_exists", ErrorKind::AlreadyExists),
    ("concurrency", ErrorKind::Concurrency),
    ("connection_is_defunct", ErrorKind::ConnectionDefunct),
    ("external", ErrorKind::External),
    ("invalid_input", ErrorKind::InvalidInput),
    ("not_found", ErrorKind::NotFound),
    ("rate_limit_exceeded", ErrorKind::RateLimited),
    ("unavailable", ErrorKind::Unavailable),
];

/// Reads the ways to connect.
pub(super) fn auth(
    origin: Origin<'_>,
    functions: &Functions<'_>,
    one: Option<Located<AuthSpec>>,
    many: Option<Located<Entries<Located<AuthSpec>>>>,
) -> Result<Vec<AuthOption>> {
    match (one, many) {
        (Some(auth), None) => Ok(vec![auth_option(origin, functions, String::new(), auth)?]),
        (None, Some(options)) if !options.value.0.is_empty() => {
            let options = options.value.0.into_iter();
            options.map(|(key, auth)| auth_option(origin, functions, key.value, auth)).collect()
        }
        (None, Some(options)) => Err(origin.error(options.at, "expected at least one way to connect")),
        (Some(auth), Some(_)) => Err(origin.error(auth.at, "expected either `auth` or `options`, not both")),
        (None, None) => Err(origin.whole("missing field `auth` (or `options`, for several ways to connect)")),
    }
}

fn auth_option(
    origin: Origin<'_>,
    functions: &Functions<'_>,
    key: String,
    auth: Located<AuthSpec>,
) -> Result<AuthOption> {
    let spec = auth.value;
    let client_credentials = AuthType::ClientCredentials.as_str();
    if spec.r#type.value != client_credentials {
        let message =
            format!("unknown auth type `{}`, expected {}", spec.r#type.value, one_of(&[client_credentials]));
        return Err(origin.error(spec.r#type.at, message));
    }
    let input = origin.optional_schema(spec.input_schema.as_ref())?;
    let mut option = AuthOption::client_credentials(input.unwrap_or_default());
    option.key = key;
    option.title = spec.title;
    option.description = spec.description;
    if let Some(node) = &spec.connector_parameters_schema {
        option.connector_parameters_schema = Some(origin.schema(node)?);
        option.check().map_err(|error| origin.error(node.at(), error.message()))?;
    }
    let names = and(roots::CONNECTION, &["connectionInput"]);
    let credentials = origin.optional_formula(spec.credentials.as_ref(), Roots::Named(&names))?;
    option.credentials = credentials.map(Function::Mapping);
    let given = Given { slots: Some(&[]), arguments: &[] };
    option.test = spec.test.as_ref().map(|test| functions.read(test, given, true)).transpose()?;
    Ok(option)
}

/// Reads the API.
pub(super) fn api(origin: Origin<'_>, spec: Located<ApiSpec>) -> Result<Api> {
    let spec = spec.value;
    let roots = Roots::Named(roots::CONNECTION);
    let base_uri = origin.formula(&spec.base_uri, roots)?;
    check_base(base_uri.source()).map_err(|why| origin.error(spec.base_uri.at(), why))?;
    Ok(Api {
        base_uri,
        headers: spec.headers.as_ref().map(|node| header_names(origin, node)).transpose()?,
        query: spec.query.as_ref().map(|node| origin.query(node, roots)).transpose()?,
        basic: origin.optional_formula(spec.basic.as_ref(), roots)?,
        responses: spec
            .responses
            .into_iter()
            .map(|handler| response(origin, &handler))
            .collect::<Result<_>>()?,
        rate_limit: spec.rate_limit.map(|limit| rate_limit(origin, &limit)).transpose()?,
        idempotency_header: spec
            .idempotency_header
            .map(|name| header_name(origin, name.at, &name.value))
            .transpose()?,
    })
}

fn header_names(origin: Origin<'_>, node: &Node) -> Result<crate::formula::Formula> {
    let formula = origin.formula(node, Roots::Named(roots::CONNECTION))?;
    for (name, part) in node.part().entries().filter(|(name, _)| !name.starts_with('$')) {
        header_name(origin, part.at(), name)?;
    }
    Ok(formula)
}

fn header_name(origin: Origin<'_>, at: Spot, name: &str) -> Result<HeaderName> {
    let wrong = |_| origin.error(at, format!("`{name}` cannot be the name of an HTTP header"));
    HeaderName::from_bytes(name.as_bytes()).map_err(wrong)
}

fn rate_limit(origin: Origin<'_>, limit: &Located<RateLimitSpec>) -> Result<RateLimit> {
    let RateLimitSpec { requests, per_seconds, concurrency } = limit.value;
    if requests == 0 || per_seconds <= 0.0 || !per_seconds.is_finite() || concurrency == Some(0) {
        return Err(
            origin.error(limit.at, "a rate limit lets through at least one request in more than no time")
        );
    }
    Ok(RateLimit { requests, per_seconds, concurrency })
}

fn response(origin: Origin<'_>, handler: &Located<ResponseSpec>) -> Result<ResponseHandler> {
    let spec = &handler.value;
    let roots = Roots::Named(&["response"]);
    let matches = origin.formula(&spec.r#match, roots)?;
    match &spec.error {
        None if spec.is_success => {
            Ok(ResponseHandler::success(matches, origin.optional_formula(spec.data.as_ref(), roots)?))
        }
        Some(error) if !spec.is_success && spec.data.is_none() => {
            let kind = error.key.as_ref().map_or(Ok(ErrorKind::External), |key| error_kind(origin, key))?;
            let message = origin.optional_formula(error.message.as_ref(), roots)?;
            Ok(ResponseHandler::failure(matches, kind, message))
        }
        _ => Err(origin.error(handler.at, "expected either `isSuccess: true` (and `data`), or `error`")),
    }
}

fn error_kind(origin: Origin<'_>, key: &Text) -> Result<ErrorKind> {
    let known = ERROR_KEYS.iter().find(|(name, _)| *name == key.value);
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let names: Vec<&str> = ERROR_KEYS.iter().map(|(name, _)| *name).collect();
        origin.error(key.at, format!("unknown error key `{}`, expected {}", key.value, one_of(&names)))
    })
}

/// Reads an operation.
pub(super) fn operation(
    origin: Origin<'_>,
    functions: &Functions<'_>,
    key: &Text,
    spec: Located<TextOr<OperationSpec>>,
) -> Result<Operation> {
    let name = || name_of(&key.value);
    let key = origin.key(key)?;
    let spec = match spec.value {
        TextOr::Text(text) => {
            let run = functions.short(&Located { at: spec.at, value: text }, None)?;
            let mut operation = Operation::new(key, name(), run);
            operation.is_read_only = reads_only(&operation.run);
            return Ok(operation);
        }
        TextOr::Other(spec) => spec,
    };
    let input_schema = origin.optional_schema(spec.input_schema.as_ref())?;
    let slots = input_schema.as_ref().and_then(property_names);
    let given = Given { slots: slots.as_deref(), arguments: &["input"] };
    let run = functions.read(&spec.run, given, spec.is_read_only == Some(true))?;
    let mut operation = Operation::new(key, spec.name.unwrap_or_else(name), run);
    operation.description = spec.description;
    operation.tags = spec.tags;
    operation.is_read_only = spec.is_read_only.unwrap_or_else(|| reads_only(&operation.run));
    operation.output_schema = origin.optional_schema(spec.output_schema.as_ref())?;
    operation.input_schema = input_schema;
    Ok(operation)
}

/// The properties a schema names; `None` when it may have others too.
pub(super) fn property_names(schema: &DataSchema) -> Option<Vec<&str>> {
    let properties = schema.as_value().get("properties")?.as_object()?;
    Some(properties.keys().map(String::as_str).collect())
}

/// What the function itself says about changing something.
fn reads_only(run: &Function) -> bool {
    match run {
        Function::GraphQl(call) => !call.is_mutation(),
        Function::Mapping(_) => true,
        Function::Rest(call) => call.is_read_only || call.method.is_safe(),
        _ => false,
    }
}

/// A name for people, made of a key: `create-issue` is "Create issue".
pub(super) fn name_of(key: &str) -> String {
    let words = key.replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
