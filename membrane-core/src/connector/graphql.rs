use serde_json::{Map, Value, json};

use super::ApiRequest;
use crate::error::{Error, ErrorKind, Result};
use crate::formula::{Formula, Vars};
use crate::locator::Locator;

/// A GraphQL request as data: the document and formulas for its variables and its result.
///
/// Without a `variables` formula the `input` of the arguments is sent. An answer with `errors` and without
/// `data` is an error of the app; see the [GraphQL over HTTP](https://graphql.github.io/graphql-over-http/)
/// draft.
///
/// ```
/// use membrane_core::connector::GraphQlCall;
/// use membrane_core::{Locator, Vars};
/// use serde_json::json;
///
/// let mut call = GraphQlCall::new("/graphql", "query Issue($id: ID!) { issue(id: $id) { title } }");
/// call.result = Some(Locator::parse("$.issue")?);
/// assert!(!call.is_mutation());
///
/// let args = json!({"input": {"id": "7"}});
/// assert!(call.request(&Vars::from(&args), &args)?.idempotent);
/// let answer = call.answer(json!({"data": {"issue": {"title": "Bug"}}}), Vars::new())?;
/// assert_eq!(answer, json!({"title": "Bug"}));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GraphQlCall {
    /// The path of the endpoint below the API's base address.
    pub path: String,
    /// The document: one operation.
    pub document: String,
    /// A formula for the variables, an object.
    pub variables: Option<Formula>,
    /// Where in `data` the result is; all of it when absent.
    pub result: Option<Locator>,
    /// A formula for the result over `response.data`; after `result`.
    pub response: Option<Formula>,
}

impl GraphQlCall {
    /// A request whose variables are the input.
    pub fn new(path: impl Into<String>, document: impl Into<String>) -> Self {
        Self { path: path.into(), document: document.into(), variables: None, result: None, response: None }
    }

    /// Whether the document changes something.
    pub fn is_mutation(&self) -> bool {
        let mut words = self.document.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        words.find(|line| !line.is_empty()).is_some_and(|line| line.starts_with("mutation"))
    }

    /// Builds the request. A query may be repeated, a mutation not.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the variables are not an object.
    pub fn request(&self, vars: &Vars<'_>, args: &Value) -> Result<ApiRequest> {
        Ok(self.send(self.variables(vars, args)?))
    }

    /// Builds the variables.
    ///
    /// # Errors
    /// As [`GraphQlCall::request`].
    pub fn variables(&self, vars: &Vars<'_>, args: &Value) -> Result<Value> {
        let variables = match &self.variables {
            Some(formula) => formula.try_build(vars)?.unwrap_or_else(|| json!({})),
            None => args.get("input").filter(|input| !input.is_null()).cloned().unwrap_or_else(|| json!({})),
        };
        if !variables.is_object() {
            return Err(Error::invalid_input("the variables of a GraphQL request are an object"));
        }
        Ok(variables)
    }

    /// The request that sends these variables.
    pub(super) fn send(&self, variables: Value) -> ApiRequest {
        let mut body = Map::with_capacity(2);
        body.insert("query".to_owned(), self.document.clone().into());
        body.insert("variables".to_owned(), variables);
        let mut request = ApiRequest::post(self.path.as_str()).json(Value::Object(body));
        request.idempotent = !self.is_mutation();
        request
    }

    /// Reads the answer's body.
    ///
    /// # Errors
    /// [`ErrorKind::External`] with the app's own messages when the answer holds errors and no data.
    pub fn answer(&self, mut body: Value, vars: Vars<'_>) -> Result<Value> {
        let mut data = body.get_mut("data").map(Value::take).unwrap_or_default();
        if let Some(errors) = body.get("errors").and_then(Value::as_array).filter(|list| !list.is_empty()) {
            let found = match &self.result {
                Some(place) => place.at(&data).is_some_and(|value| !value.is_null()),
                None => !data.is_null(),
            };
            if !found {
                return Err(refusal(errors));
            }
        }
        if let Some(place) = &self.result {
            data = place.take(&mut data).unwrap_or_default();
        }
        let Some(formula) = &self.response else { return Ok(data) };
        let response = json!({ "data": data });
        Ok(formula.try_build(&vars.with("response", &response))?.unwrap_or_default())
    }
}

fn refusal(errors: &[Value]) -> Error {
    let messages: Vec<&str> =
        errors.iter().filter_map(|error| error.get("message")?.as_str()).take(5).collect();
    let code = errors.iter().find_map(|error| error.pointer("/extensions/code")?.as_str());
    let kind = match code {
        Some("AUTHENTICATION_ERROR" | "UNAUTHENTICATED") => ErrorKind::AccessTokenExpired,
        Some("RATELIMITED" | "RATE_LIMITED") => ErrorKind::RateLimited,
        _ => ErrorKind::External,
    };
    Error::new(kind, format!("the app refused: {}", messages.join("; ")))
        .with_data(json!({"response": {"data": {"errors": errors}}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_answer_is_kept_and_an_empty_one_is_an_error() {
        let mut call = GraphQlCall::new("/graphql", "query { issue { id } }");
        call.result = Some(Locator::parse("$.issue").unwrap());
        let errors = json!([{"message": "nope", "extensions": {"code": "RATELIMITED"}}]);
        let partial = json!({"data": {"issue": {"id": 1}}, "errors": errors});
        assert_eq!(call.answer(partial, Vars::new()).unwrap(), json!({"id": 1}));
        let error = call.answer(json!({"data": {"issue": null}, "errors": errors}), Vars::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert!(error.message().contains("nope"));
    }

    #[test]
    fn a_mutation_is_not_repeated() {
        assert!(GraphQlCall::new("/", "# why\n mutation M { x }").is_mutation());
        let request = GraphQlCall::new("/", "mutation { x }").request(&Vars::new(), &json!({})).unwrap();
        assert!(!request.idempotent);
        assert!(GraphQlCall::new("/", "{ x }").request(&Vars::new(), &json!({})).unwrap().idempotent);
    }
}
