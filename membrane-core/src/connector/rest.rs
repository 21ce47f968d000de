use http::Method;
use serde_json::{Map, Value};

use super::record::is_exact;
use super::{ApiBody, ApiRequest, ApiResponse};
use crate::error::{Error, Result};
use crate::escape;
use crate::formula::{Formula, Vars};

/// A REST request as data: method, path with `{slots}`, formulas for what is sent and what comes back.
///
/// A slot without a formula is filled from the arguments of the same name: the `input` of an operation,
/// then the collection's parameters, then the argument itself (`id`). When neither query nor body is
/// mapped, what the slots left over of the `input` goes where the method puts it: the query of `GET`,
/// `HEAD` and `DELETE`, the body of the others. The `fields` of a record that is written go the same way;
/// they never fill slots, so that a field called `id` does not change which record is meant.
///
/// Without a response mapping the answer's body is the result.
///
/// ```
/// use membrane_core::Vars;
/// use membrane_core::connector::{ApiBody, RestCall};
/// use serde_json::{Value, json};
///
/// let call = RestCall::new(http::Method::POST, "/repos/{repo}/issues")?;
/// let args = json!({"input": {"repo": "a/b", "title": "Bug"}});
/// let request = call.request(&Vars::from(&args), &args, &Value::Null)?;
/// assert_eq!(request.path, "/repos/a%2Fb/issues");
/// assert_eq!(request.body, ApiBody::Json(json!({"title": "Bug"})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RestCall {
    /// The method.
    pub method: Method,
    /// The path below the API's base address.
    pub path: PathTemplate,
    /// Formulas for the slots.
    pub path_parameters: Option<Formula>,
    /// A formula for the query, an object.
    pub query: Option<Formula>,
    /// A formula for the headers, an object.
    pub headers: Option<Formula>,
    /// A formula for the body.
    pub data: Option<Formula>,
    /// How the body is written.
    pub body_type: BodyType,
    /// Changes nothing whatever its method, so that it may be sent twice.
    pub is_read_only: bool,
    /// A formula for the result over `response.data`, `response.headers`, `response.statusCode`.
    pub response: Option<Formula>,
}

/// How the body of a [`RestCall`] is written.
///
/// ```
/// use membrane_core::Vars;
/// use membrane_core::connector::{ApiBody, BodyType, RestCall};
/// use serde_json::{Value, json};
///
/// let mut call = RestCall::new(http::Method::POST, "/token")?;
/// call.body_type = BodyType::Form;
/// let request = call.request(&Vars::new(), &json!({"input": {"grant": "code"}}), &Value::Null)?;
/// assert_eq!(request.body, ApiBody::Form(vec![("grant".to_owned(), "code".to_owned())]));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyType {
    /// `application/x-www-form-urlencoded`; the body is an object of scalars.
    Form,
    /// `application/json`.
    #[default]
    Json,
}

impl RestCall {
    /// A request without mappings.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the path's braces do not match.
    pub fn new(method: Method, path: &str) -> Result<Self> {
        Ok(Self {
            method,
            path: PathTemplate::parse(path)?,
            path_parameters: None,
            query: None,
            headers: None,
            data: None,
            body_type: BodyType::Json,
            is_read_only: false,
            response: None,
        })
    }

    /// Builds the request.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when a slot has no value, or a query,
    /// header or form value is not a scalar; and what [`Formula::try_build`] gives for a formula.
    pub fn request(&self, vars: &Vars<'_>, args: &Value, parameters: &Value) -> Result<ApiRequest> {
        // A part that cannot be built is not left out: the request would ask for something else.
        let build = |formula: &Option<Formula>| match formula {
            Some(formula) => formula.try_build(vars),
            None => Ok(None),
        };
        let given = build(&self.path_parameters)?;
        let input = args.get("input").unwrap_or(&Value::Null);
        let slot = |name: &str| {
            let places = [given.as_ref(), Some(input), Some(parameters), Some(args)];
            places.into_iter().flatten().find_map(|place| place.get(name)).filter(|value| !value.is_null())
        };
        let mut request = ApiRequest::new(self.method.clone(), self.path.fill(slot)?);
        request.idempotent |= self.is_read_only;
        if let Some(headers) = build(&self.headers)? {
            for (name, value) in pairs("header", headers)? {
                request = request.header(&name, &value)?;
            }
        }
        if let Some(query) = build(&self.query)? {
            request.query.extend(pairs("query parameter", query)?);
        }
        if self.data.is_some() {
            if let Some(data) = build(&self.data)? {
                request.body = self.body(data)?;
            }
        } else if self.query.is_none() {
            request = match args.get("fields") {
                Some(fields) => self.send(fields.clone(), request)?,
                None => match self.rest_of(input) {
                    // Nothing to say is not an empty object: many apps refuse a body where none belongs.
                    Value::Object(rest) if rest.is_empty() => request,
                    rest => self.send(rest, request)?,
                },
            };
        }
        Ok(request)
    }

    fn body(&self, data: Value) -> Result<ApiBody> {
        Ok(match self.body_type {
            BodyType::Form => ApiBody::Form(pairs("form field", data)?),
            BodyType::Json => ApiBody::Json(data),
        })
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// As [`Formula::try_build`], for the formula that reads it.
    pub fn answer(&self, body: Value, response: &ApiResponse, vars: Vars<'_>) -> Result<Value> {
        let Some(formula) = &self.response else { return Ok(body) };
        let response = response_value(body, response);
        Ok(formula.try_build(&vars.with("response", &response))?.unwrap_or(Value::Null))
    }

    /// What the slots left over.
    fn rest_of(&self, input: &Value) -> Value {
        let Value::Object(input) = input else { return Value::Null };
        let rest = input.iter().filter(|(name, _)| !self.path.slots().any(|slot| slot == name.as_str()));
        Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Puts data where the method puts it.
    fn send(&self, data: Value, mut request: ApiRequest) -> Result<ApiRequest> {
        if data.is_null() {
            return Ok(request);
        }
        if matches!(self.method, Method::GET | Method::HEAD | Method::DELETE) {
            request.query.extend(pairs("query parameter", data)?);
        } else {
            request.body = self.body(data)?;
        }
        Ok(request)
    }
}

/// An answer as formulas see it: `{statusCode, headers, data}`.
pub(crate) fn response_value(body: Value, response: &ApiResponse) -> Value {
    let mut map = Map::with_capacity(3);
    map.insert("statusCode".to_owned(), response.status.as_u16().into());
    let headers: Map<String, Value> = response
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
        .collect();
    map.insert("headers".to_owned(), Value::Object(headers));
    map.insert("data".to_owned(), body);
    Value::Object(map)
}

/// Turns an object into text pairs; arrays of scalars repeat the name, nulls are left out.
pub(crate) fn pairs(what: &str, object: Value) -> Result<Vec<(String, String)>> {
    let Value::Object(object) = object else {
        return Err(Error::invalid_input(format!("each {what} has a name: an object is expected here")));
    };
    let mut pairs = Vec::with_capacity(object.len());
    for (name, value) in object {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for item in items {
                    pairs.push((name.clone(), scalar(what, &name, &item)?));
                }
            }
            value => {
                let text = scalar(what, &name, &value)?;
                pairs.push((name, text));
            }
        }
    }
    Ok(pairs)
}

fn scalar(what: &str, name: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Error::invalid_input(format!(
            "{what} `{name}` must be a text, a number, a boolean or a list of these"
        ))
        .with("field", name)),
    }
}

/// A path with `{slots}`, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Slot(String),
    Text(String),
}

impl PathTemplate {
    /// Parses a path.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when braces do not match or a slot
    /// has no name.
    ///
    /// ```
    /// use membrane_core::connector::PathTemplate;
    ///
    /// let path = PathTemplate::parse("/repos/{owner}/issues/{id}")?;
    /// assert_eq!(path.slots().collect::<Vec<_>>(), ["owner", "id"]);
    /// assert!(PathTemplate::parse("/repos/{owner").is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::configuration(format!("path `{text}`: {why}")).with("path", text);
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            if rest.as_bytes()[open] == b'}' {
                return Err(bad("a `}` without `{`"));
            }
            if open > 0 {
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            let close = rest[open..].find('}').ok_or_else(|| bad("a `{` without `}`"))? + open;
            let name = rest[open + 1..close].trim();
            if name.is_empty() || name.contains('{') {
                return Err(bad("a slot needs a name, as in `{id}`"));
            }
            parts.push(Part::Slot(name.to_owned()));
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The names of the slots.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Fills the slots; each value is escaped as one path segment, so it cannot add a segment.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when a slot's value is missing, is not
    /// a text or a number, is empty, is `.` or `..`, or is a number of more than 64 bits.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v Value>) -> Result<String> {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Slot(name) => {
                    let bad = |why: &str| Error::invalid_input(format!("`{name}` {why}")).with("field", name);
                    let text = match value(name) {
                        None => return Err(bad("is required")),
                        Some(Value::String(text)) => text.clone(),
                        Some(Value::Number(number)) if !is_exact(number) => {
                            return Err(bad("is a number of more than 64 bits: give it as a text"));
                        }
                        Some(Value::Number(number)) => number.to_string(),
                        Some(_) => return Err(bad("must be a text or a number")),
                    };
                    // A lone `.` or `..` would be taken as a step within the path, escaped or not.
                    if text.is_empty() || text == "." || text == ".." {
                        return Err(bad("must not be empty, `.` or `..`"));
                    }
                    path.extend(escape::segment(&text));
                }
            }
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::*;

    fn call(method: Method, path: &str) -> RestCall {
        RestCall::new(method, path).unwrap()
    }

    #[test]
    fn slots_take_input_then_parameters_and_the_rest_follows_the_method() {
        let args = json!({"input": {"repo": "a/b", "title": "x", "labels": ["l"]}});
        let parameters = json!({"owner": "me"});
        let vars = Vars::from(&args);
        let post = call(Method::POST, "/repos/{owner}/{repo}").request(&vars, &args, &parameters).unwrap();
        assert_eq!(post.path, "/repos/me/a%2Fb");
        assert_eq!(post.body, super::super::ApiBody::Json(json!({"title": "x", "labels": ["l"]})));
        let get = call(Method::GET, "/repos/{owner}/{repo}").request(&vars, &args, &parameters).unwrap();
        assert_eq!(get.query, [("title".to_owned(), "x".to_owned()), ("labels".to_owned(), "l".to_owned())]);
    }

    #[test]
    fn fields_are_the_body_and_fill_no_slot() {
        let args = json!({"id": "7", "fields": {"id": "8", "title": "x"}});
        let vars = Vars::from(&args);
        let patch = call(Method::PATCH, "/tasks/{id}").request(&vars, &args, &Value::Null).unwrap();
        assert_eq!(
            (patch.path.as_str(), patch.body),
            ("/tasks/7", ApiBody::Json(json!({"id": "8", "title": "x"})))
        );
    }

    #[test]
    fn a_form_takes_scalars_only() {
        let mut post = call(Method::POST, "/x");
        post.body_type = BodyType::Form;
        let send = |input: Value| post.request(&Vars::new(), &json!({"input": input}), &Value::Null);
        let body = send(json!({"a": 1, "b": "x y"})).unwrap().body;
        assert_eq!(body, ApiBody::Form(vec![("a".into(), "1".into()), ("b".into(), "x y".into())]));
        assert!(send(json!({"a": {"b": 1}})).is_err());
    }

    #[test]
    fn a_number_that_was_not_read_exactly_fills_no_slot() {
        let get = call(Method::GET, "/a/{id}");
        let fill = |id: &str| {
            let args: Value = serde_json::from_str(&format!("{{\"id\": {id}}}")).unwrap();
            get.request(&Vars::new(), &args, &Value::Null)
        };
        assert_eq!(fill("18446744073709551615").unwrap().path, "/a/18446744073709551615");
        let error = fill("123456789012345678901234567890").unwrap_err();
        assert_eq!(error.message(), "`id` is a number of more than 64 bits: give it as a text");
    }

    #[test]
    fn a_missing_slot_says_its_name() {
        let error = call(Method::GET, "/a/{id}").request(&Vars::new(), &json!({}), &Value::Null).unwrap_err();
        assert_eq!(
            (error.kind(), error.context_value("field")),
            (crate::ErrorKind::InvalidInput, Some("id"))
        );
    }

    proptest! {
        #[test]
        fn parsing_any_text_never_panics(text in any::<String>()) {
            let _ = PathTemplate::parse(&text);
        }

        #[test]
        fn a_value_never_adds_a_segment(value in any::<String>()) {
            let template = PathTemplate::parse("/a/{id}/b").unwrap();
            let value = Value::String(value);
            if let Ok(path) = template.fill(|_| Some(&value)) {
                assert_eq!(path.matches('/').count(), 3);
                assert!(!path.contains(['?', '#', '\\']));
            }
        }
    }
}
