use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;
use membrane_core::connector::{ApiBody, ApiClient, ApiRequest};
use membrane_core::op::{Access, ProxyRequest, ProxyResponse};
use membrane_core::{Error, Result};
use serde_json::Value;

use super::logged;
use crate::connect::connected;
use crate::store::RunKind;
use crate::{Caller, Engine};

/// Headers of a caller that do not go on: those of the connection to us, those that say who the caller is to
/// us, and those a browser adds about the page it shows.
const WITHHELD_HEADERS: &[&str] = &[
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "dnt",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "priority",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
];

/// What begins so does not go on either.
const WITHHELD_PREFIXES: &[&str] =
    &["membrane-", "proxy-", "sec-", "x-forwarded", "x-integration-app", "x-membrane", "x-real-ip"];

/// Headers of an answer that are about the exchange between the app and us, or would bind whoever serves the
/// answer on: cookies, and what a browser does with a whole origin.
const HIDDEN_HEADERS: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "date",
    "keep-alive",
    "membrane-origin",
    "server",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "x-content-type-options",
];

impl Engine {
    /// Sends a request to the app as the connection, and hands the answer through.
    ///
    /// # Errors
    /// What finding the connection and reaching the app gives; an error *status* of the app is an answer.
    pub async fn proxy(&self, caller: &Caller, request: ProxyRequest) -> Result<ProxyResponse> {
        proxy(self, caller, request).await.map_err(|error| error.with_operation("connections.proxy"))
    }
}

async fn proxy(engine: &Engine, caller: &Caller, request: ProxyRequest) -> Result<ProxyResponse> {
    engine.check(caller, Access::Customer)?;
    let connected = connected(engine, caller, &request.connection_id).await?;
    // Over REST a whole address arrives behind the slash of the route; it is judged as the address it is.
    let bare = request.path.trim_start_matches('/');
    let is_address = bare.starts_with("https://") || bare.starts_with("http://");
    let path = if is_address { bare.to_owned() } else { request.path };
    let mut api_request = ApiRequest::new(request.method, path);
    api_request.headers = headers(&request.headers)?;
    if let Some((content_type, body)) = request.body {
        api_request.body = ApiBody::Raw(content_type, body);
    }
    let what = (RunKind::Proxy, format!("{} {}", api_request.method, api_request.path));
    // What is sent stands in the exchange.
    let response =
        logged(engine, &connected, what, &Value::Null, async |client| client.send(api_request).await).await?;
    let mut headers = IndexMap::<String, String>::new();
    for (name, value) in &response.headers {
        if is_hidden(name.as_str()) {
            continue;
        }
        // Values of one name stand in one line, as RFC 9110 (section 5.3) has it.
        let line = headers.entry(name.as_str().to_owned()).or_default();
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    Ok(ProxyResponse::new(response.status.as_u16(), headers, response.body))
}

fn is_withheld(name: &str) -> bool {
    WITHHELD_HEADERS.contains(&name) || WITHHELD_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_hidden(name: &str) -> bool {
    HIDDEN_HEADERS.contains(&name) || name.starts_with("access-control-")
}

fn headers(given: &IndexMap<String, String>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let bad = |_| {
            Error::invalid_input(format!("`{name}` cannot be sent as an HTTP header")).with("header", name)
        };
        let Ok(name) = HeaderName::try_from(name.as_str()) else { continue };
        // Many HTTP clients add this by themselves; it asks for nothing.
        let is_any = name == ACCEPT && value == "*/*";
        if !is_any && !is_withheld(name.as_str()) {
            headers.insert(name.clone(), HeaderValue::try_from(value.as_bytes()).map_err(bad)?);
        }
    }
    Ok(headers)
}
