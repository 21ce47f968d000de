use http::Method;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::escape;
use crate::id::Selector;

/// One REST route of an operation: where each field of the input travels.
///
/// Fields named in the path travel there. Of the rest, those in `query` travel in the query, and `body` says
/// what the body is. A route without body sends everything else in the query.
///
/// ```
/// use membrane_core::op::Route;
/// use serde_json::json;
///
/// let route = Route::post("/actions/{selector}/run").query(&["connectionId"]);
/// let sent = route.encode(json!({"selector": "create-task", "connectionId": "github", "input": {"title": "Bug"}}))?;
/// assert_eq!(sent.target, "/actions/create-task/run?connectionId=github");
/// assert_eq!(sent.body, Some(json!({"input": {"title": "Bug"}})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path with `{field}` slots. A last slot `{*field}` takes the rest of the path.
    pub path: String,
    /// Fields that travel in the query although there is a body.
    pub query: Vec<&'static str>,
    /// The field that takes every query parameter that is no field, as an object.
    pub query_rest: Option<&'static str>,
    /// What the body is.
    pub body: Body,
    /// Fields this route sets by itself.
    pub fixed: Vec<(&'static str, &'static str)>,
    /// Further names that fields go by in the query: the name there, the field.
    pub aliases: Vec<(&'static str, &'static str)>,
    /// How many bytes a server takes at the least, where that is more than usual.
    pub body_limit: Option<usize>,
}

/// What the body of a route is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// One field of the input, not wrapped.
    Field(&'static str),
    /// No body.
    None,
    /// An object of the fields that travel nowhere else.
    Rest,
}

/// An input, taken apart for the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Path and query.
    pub target: String,
    /// The body.
    pub body: Option<Value>,
}

impl Route {
    /// A route of any method.
    pub fn new(method: Method, path: impl Into<String>, body: Body) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            query_rest: None,
            body,
            fixed: Vec::new(),
            aliases: Vec::new(),
            body_limit: None,
        }
    }

    /// `GET`, without body.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Body::None)
    }

    /// `POST` with the rest of the fields as body.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path, Body::Rest)
    }

    /// `DELETE`, without body.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, Body::None)
    }

    /// Says what the body is.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Sends these fields in the query.
    #[must_use]
    pub fn query(mut self, fields: &[&'static str]) -> Self {
        self.query.extend(fields);
        self
    }

    /// Takes bodies of so many bytes, whatever is usual.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Takes every other query parameter as an entry of this field.
    #[must_use]
    pub fn query_rest(mut self, field: &'static str) -> Self {
        self.query_rest = Some(field);
        self
    }

    /// Sets a field by itself.
    #[must_use]
    pub fn fixed(mut self, field: &'static str, value: &'static str) -> Self {
        self.fixed.push((field, value));
        self
    }

    /// Takes a field under another name in the query, too.
    ///
    /// ```
    /// use membrane_core::op::Route;
    ///
    /// let route = Route::get("/flow-instance").alias("flowKey", "parentKey");
    /// assert_eq!(route.field("flowKey"), "parentKey");
    /// assert_eq!(route.field("id"), "id");
    /// ```
    #[must_use]
    pub fn alias(mut self, name: &'static str, field: &'static str) -> Self {
        self.aliases.push((name, field));
        self
    }

    /// The field a name in the query stands for.
    pub fn field<'n>(&self, name: &'n str) -> &'n str {
        self.aliases.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, field)| field)
    }

    /// The names of the slots, in order.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter_map(slot)
    }

    /// Puts an input together from a request: path, query, then body; a field that stands in several takes
    /// the first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when a body that must be an object is
    /// something else.
    pub fn decode(
        &self,
        path: Vec<(String, String)>,
        query: Map<String, Value>,
        is_field: impl Fn(&str) -> bool,
        body: Option<Value>,
    ) -> Result<Value> {
        let mut input = Map::new();
        for (name, value) in &self.fixed {
            input.insert((*name).to_owned(), (*value).into());
        }
        for (name, value) in path {
            input.insert(name, value.into());
        }
        let mut rest = Map::new();
        for (name, value) in query {
            if is_field(&name) {
                input.entry(name).or_insert(value);
            } else if self.query_rest.is_some() {
                rest.insert(name, value);
            }
        }
        match (self.body, body) {
            (Body::Field(field), Some(body)) => {
                input.insert(field.to_owned(), body);
            }
            (Body::Rest, Some(Value::Object(body))) => {
                for (name, value) in body {
                    input.entry(name).or_insert(value);
                }
            }
            (Body::Rest, Some(Value::Null) | None) | (Body::Field(_) | Body::None, _) => {}
            (Body::Rest, Some(_)) => {
                return Err(Error::invalid_input("the body must be a JSON object").with("field", "body"));
            }
        }
        if let Some(field) = self.query_rest.filter(|_| !rest.is_empty()) {
            match input.entry(field).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(object) => {
                    for (name, value) in rest {
                        object.entry(name).or_insert(value);
                    }
                }
                other => *other = Value::Object(rest),
            }
        }
        Ok(Value::Object(input))
    }

    /// Takes an input apart; the reverse of [`Route::decode`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when a field that must stand in the path
    /// is missing, or one that travels in the query is not a scalar;
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when the rest of a path climbs out of it;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for what is called `.` or `..`: nothing is, and no
    /// address could name it.
    pub fn encode(&self, input: Value) -> Result<Encoded> {
        let Value::Object(mut input) = input else {
            return Err(Error::internal(format!("the input of {} is no object", self.path)));
        };
        for (name, _) in &self.fixed {
            input.shift_remove(*name);
        }
        let mut target = String::with_capacity(self.path.len() + 32);
        for segment in self.path.split('/').skip(1) {
            target.push('/');
            match slot(segment) {
                None => target.push_str(segment),
                Some(name) => {
                    let value = input.shift_remove(name).as_ref().and_then(text).unwrap_or_default();
                    if value.is_empty() && !segment.starts_with("{*") {
                        return Err(Error::invalid_input(format!("`{name}` is required")).with("field", name));
                    }
                    if segment.starts_with("{*") {
                        let rest = value.trim_start_matches('/');
                        if climbs(rest) {
                            return Err(Error::new(
                                ErrorKind::Blocked,
                                "the request's address is refused: its path climbs above the API's base address",
                            ));
                        }
                        target.push_str(rest);
                    } else if matches!(value.as_str(), "." | "..") {
                        return Err(self.nothing_called(name, &value, &input));
                    } else {
                        target.extend(escape::segment(&value));
                    }
                }
            }
        }
        let body = match self.body {
            Body::Field(field) => input.shift_remove(field),
            Body::None => None,
            Body::Rest => {
                let names: Vec<String> =
                    input.keys().filter(|name| !self.query.contains(&name.as_str())).cloned().collect();
                let fields = names.into_iter().filter_map(|name| input.shift_remove_entry(&name)).collect();
                Some(Value::Object(fields))
            }
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &input {
            if value.is_null() {
                continue;
            }
            let value = text(value).ok_or_else(|| {
                Error::invalid_input(format!("`{name}` must be a text, a number or a boolean here"))
                    .with("field", name)
            })?;
            query.append_pair(name, &value);
        }
        let query = query.finish();
        if !query.is_empty() {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&query);
        }
        Ok(Encoded { target, body })
    }

    /// The error for a slot that is a dot segment: an address parser takes it away, escaped or not.
    fn nothing_called(&self, slot_name: &str, value: &str, input: &Map<String, Value>) -> Error {
        let before = self.path.split('/').take_while(|segment| slot(segment) != Some(slot_name));
        let kind = before.filter(|segment| slot(segment).is_none()).last().unwrap_or_default();
        let selector = match slot_name {
            "selector" => serde_json::from_value(Value::Object(input.clone())).unwrap_or_default(),
            _ => Selector::default(),
        };
        Selector { selector: Some(value.to_owned()), ..selector }.not_found(kind.trim_end_matches('s'))
    }
}

/// Whether an address parser would leave the path this text is appended to. It takes `\\` for `/`, `%2e` for
/// `.`, and drops tabs and line breaks, see <https://url.spec.whatwg.org/#path-state>.
fn climbs(rest: &str) -> bool {
    let path: String = rest.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut depth = 0_usize;
    for segment in path.split(['/', '\\']) {
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => {}
            ".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

fn slot(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_prefix('*').unwrap_or(name))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_comes_back_from_the_wire_as_it_was() {
        let route = Route::post("/actions/{selector}/run").query(&["connectionId"]);
        let input = json!({"selector": "a b/c", "connectionId": "c", "input": {"x": 1}});
        let sent = route.encode(input.clone()).unwrap();
        assert_eq!(sent.target, "/actions/a%20b%2Fc/run?connectionId=c");
        assert_eq!(sent.body, Some(json!({"input": {"x": 1}})));
        let query = Map::from_iter([("connectionId".to_owned(), json!("c"))]);
        let path = vec![("selector".to_owned(), "a b/c".to_owned())];
        assert_eq!(route.decode(path, query, |_| true, sent.body).unwrap(), input);
    }

    #[test]
    fn the_rest_of_a_path_stays_below_it() {
        let route = Route::get("/connections/{connectionId}/proxy/{*path}");
        let encode = |path: &str| route.encode(json!({"connectionId": "c", "path": path}));
        for path in [
            "..",
            "/../../../self",
            "%2e%2e/x",
            "a/.%2E/../x",
            "a/%2E./%2e./x",
            "\\..\\..\\x",
            ".\t./x",
            "./..",
            "/..?a=b",
            "..#x",
        ] {
            let error = encode(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Blocked, "{path}");
        }
        for path in ["v1/me", "a/../b", "...", "a..b/..c", "x?y=/../../..", "%252e%252e/x", ""] {
            let target = encode(path).unwrap().target;
            let url = url::Url::parse(&format!("http://h{target}")).unwrap();
            assert!(url.path().starts_with("/connections/c/proxy/"), "{path}: {url}");
        }
    }

    #[test]
    fn nothing_is_called_like_a_dot_segment() {
        let route = Route::post("/actions/{selector}/run").query(&["connectionId"]);
        for name in [".", ".."] {
            let error = route.encode(json!({"selector": name, "connectionId": "taskly"})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert_eq!(error.message(), format!("there is no action `{name}` on connection `taskly`"));
        }
        let sent = route.encode(json!({"selector": "%2e%2e", "connectionId": "c"})).unwrap();
        assert_eq!(sent.target, "/actions/%252e%252e/run?connectionId=c");
    }

    #[test]
    fn a_raw_body_is_one_field_and_the_path_wins() {
        let route =
            Route::post("/connections/{connectionId}/actions/{selector}/run").body(Body::Field("input"));
        let path = vec![("connectionId".to_owned(), "c".to_owned()), ("selector".to_owned(), "a".to_owned())];
        let query = Map::from_iter([("connectionId".to_owned(), json!("other"))]);
        let input = route.decode(path, query, |_| true, Some(json!([1]))).unwrap();
        assert_eq!(input, json!({"connectionId": "c", "selector": "a", "input": [1]}));
    }

    #[test]
    fn other_query_parameters_go_where_the_route_says() {
        let route = Route::post("/data/{key}/list").query_rest("parameters");
        let query = Map::from_iter([("owner".to_owned(), json!("me"))]);
        let body = json!({"parameters": {"repo": "r"}});
        let input = route.decode(Vec::new(), query, |name| name != "owner", Some(body)).unwrap();
        assert_eq!(input, json!({"parameters": {"repo": "r", "owner": "me"}}));
    }
}
