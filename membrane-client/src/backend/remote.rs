use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use indexmap::IndexMap;
use membrane_core::op::{Encoded, Op, ProxyRequest, ProxyResponse, Route};
use membrane_core::{Error, ErrorBody, ErrorKind, Result, Retry};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use url::Url;

use super::Who;
use crate::token::TokenSource;

/// The version of Membrane's API this client speaks.
const API_VERSION: &str = "2025-10-21";

/// How long a call may take; a little more than the server gives itself.
const TIMEOUT: Duration = Duration::from_secs(65);

/// How long a connection is kept for another call; less than the server keeps it, which would close it under a call.
const IDLE: Duration = Duration::from_secs(20);

/// A server, over REST.
#[derive(Clone)]
pub(crate) struct Remote {
    base: Url,
    http: reqwest::Client,
    tokens: Arc<dyn TokenSource>,
}

impl Remote {
    pub(crate) fn new(url: &str, tokens: Arc<dyn TokenSource>) -> Result<Self> {
        let wrong = |why: &str| Error::configuration(format!("`{url}` is no address of a server: {why}"));
        let base = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(wrong("it begins with http:// or https://"));
        }
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("membrane-client-rust/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::configuration("the HTTP client cannot be set up").with_source(error))?;
        Ok(Self { base, http, tokens })
    }

    pub(crate) async fn call<T: Op>(&self, who: &Who, op: T) -> Result<T::Output> {
        let info = T::info();
        self.by_route(who, &info.routes, op).await.map_err(|error| error.with_operation(info.name.clone()))
    }

    async fn by_route<T: Op>(&self, who: &Who, routes: &[Route], op: T) -> Result<T::Output> {
        let input = serde_json::to_value(op)
            .map_err(|error| Error::internal("the input cannot be written as JSON").with_source(error))?;
        let (route, encoded) = encoded(routes, &input)?;
        let mut request = self.request(who, route.method.clone(), &encoded.target).await?;
        if let Some(body) = encoded.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let (status, _, body) = self.send(request).await?;
        if !status.is_success() {
            return Err(refusal(status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                format!("the server answered something else than agreed: {error}"),
            )
        })
    }

    pub(crate) async fn proxy(&self, who: &Who, request: ProxyRequest) -> Result<ProxyResponse> {
        self.proxied(who, request).await.map_err(|error| error.with_operation("connections.proxy"))
    }

    async fn proxied(&self, who: &Who, request: ProxyRequest) -> Result<ProxyResponse> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let route = Route::get("/connections/{connectionId}/proxy/{*path}");
        let mut target =
            route.encode(serde_json::json!({"connectionId": request.connection_id, "path": path}))?.target;
        if !query.is_empty() {
            target.push('?');
            target.push_str(query);
        }
        let mut sent = self.request(who, request.method, &target).await?;
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some((content_type, body)) = request.body {
            sent = sent.header(CONTENT_TYPE, content_type).body(body);
        }
        let (status, mut headers, body) = self.send(sent).await?;
        // The server says which answers are the app's own.
        if headers.shift_remove("membrane-origin").as_deref() != Some("app") {
            return Err(refusal(status, &body));
        }
        headers.retain(|name, _| !is_servers(name));
        Ok(ProxyResponse::new(status.as_u16(), headers, body))
    }

    async fn request(&self, who: &Who, method: Method, target: &str) -> Result<RequestBuilder> {
        let token = match who {
            Who::Customer(id) => self.tokens.token(Some(id)).await?,
            Who::Manager => self.tokens.token(None).await?,
        };
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}{target}"))
            .map_err(|error| Error::invalid_input(format!("this call has no address: {error}")))?;
        if !is_below(&self.base, &url, target) {
            return Err(Error::new(
                ErrorKind::Blocked,
                "the call's address is refused: it is another call's",
            ));
        }
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(token.expose())
            .header(HeaderName::from_static("membrane-api-version"), API_VERSION);
        if let Who::Customer(id) = who {
            // Whatever the token is, the server acts for this customer or refuses.
            let id = utf8_percent_encode(id, NON_ALPHANUMERIC).to_string();
            request = request.header(HeaderName::from_static("membrane-customer"), id);
        }
        Ok(request)
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, IndexMap<String, String>, Bytes)> {
        let failed = |error: reqwest::Error| {
            let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Unavailable };
            // A connection that was never made did nothing; what else broke may have.
            let (retry, what) = match (error.is_connect(), error.is_timeout()) {
                (true, _) => (Retry::Backoff, "the server cannot be reached"),
                (_, true) => (
                    Retry::Never,
                    "the server did not answer in time; what was asked may be done all the same",
                ),
                _ => {
                    (Retry::Never, "the server broke off its answer; what was asked may be done all the same")
                }
            };
            Error::new(kind, what).with_retry(retry).with_source(error.without_url())
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let body = response.bytes().await.map_err(failed)?;
        Ok((status, headers, body))
    }
}

/// Whether an address is the one that was written: parsed, it may have climbed to another operation, which
/// would be called with the host's token.
fn is_below(base: &Url, url: &Url, target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    // Up to the rest of the proxy's path, which is the app's to read, every segment stays as it was.
    let own = match path.match_indices('/').nth(3) {
        Some((at, _)) if path.starts_with("/connections/") && path[..at].ends_with("/proxy") => &path[..=at],
        _ => path,
    };
    let root = base.path().trim_end_matches('/');
    url.origin() == base.origin() && url.path().strip_prefix(root).is_some_and(|path| path.starts_with(own))
}

/// Whether a header is the server's own and not the app's.
fn is_servers(name: &str) -> bool {
    const OWN: &[&str] = &[
        "connection",
        "content-length",
        "content-security-policy",
        "date",
        "transfer-encoding",
        "vary",
        "x-content-type-options",
    ];
    OWN.contains(&name) || name.starts_with("access-control-")
}

/// The first route that takes this input: a selector of several fields travels in the query, not in the path.
fn encoded<'r>(routes: &'r [Route], input: &Value) -> Result<(&'r Route, Encoded)> {
    let mut refused = None;
    for route in routes {
        match route.encode(input.clone()) {
            Ok(encoded) => return Ok((route, encoded)),
            Err(error) => _ = refused.get_or_insert(error),
        }
    }
    Err(refused.unwrap_or_else(|| Error::internal("an operation without route")))
}

/// The error a server answered.
fn refusal(status: StatusCode, body: &[u8]) -> Error {
    serde_json::from_slice::<ErrorBody>(body).map(Error::from).unwrap_or_else(|_| {
        let kind = if status.is_server_error() { ErrorKind::Unavailable } else { ErrorKind::Internal };
        Error::new(kind, format!("the server answered {status} without a reason; is this a Membrane server?"))
    })
}
