use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use membrane_core::{Error, ErrorKind, Result};
use membrane_engine::Engine;
use tracing::Instrument;
use tracing::field::Empty;

use crate::config::ServerConfig;
use crate::respond::Failure;
use crate::session::{Session, Sessions};

/// What every route shares.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) sessions: Sessions,
    pub(crate) body_limit: usize,
    request_timeout: Duration,
}

impl Server {
    pub(crate) fn new(engine: Engine, config: &ServerConfig) -> Self {
        let sessions = Sessions::new(&engine, config);
        let (body_limit, request_timeout) = (config.body_limit, config.request_timeout);
        Self { engine, sessions, body_limit, request_timeout }
    }

    /// Answers one request: traced, in time, and whatever happens with an answer.
    ///
    /// Neither the path nor the query are traced: a path names a customer's things, a query may hold a token.
    pub(crate) async fn answer(
        &self,
        method: &Method,
        route: &str,
        work: impl Future<Output = Result<Response, Failure>>,
    ) -> Response {
        let span = tracing::info_span!(target: "membrane::server", "request", %method, route, status = Empty);
        let work = AssertUnwindSafe(work).catch_unwind().instrument(span.clone());
        let outcome = match tokio::time::timeout(self.request_timeout, work).await {
            Ok(Ok(outcome)) => outcome,
            // What was panicked with may hold anything; it went to the panic hook and goes no further.
            Ok(Err(_)) => Err(Error::internal("the server failed to answer this request").into()),
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the request took longer than {:?} and was given up", self.request_timeout),
            )
            .into()),
        };
        let response = span.in_scope(|| outcome.into_response());
        span.record("status", response.status().as_u16());
        response
    }

    /// The session of the token that came in the header or, for what cannot set headers, in the query.
    pub(crate) async fn session(&self, token: Option<&str>) -> Result<Session> {
        let token = token.ok_or_else(|| {
            Error::new(
                ErrorKind::NotAuthenticated,
                "an access token is required: `Authorization: Bearer <token>`",
            )
            .with("reason", "missing")
        })?;
        self.sessions.open(&self.engine, token).await
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// The token of the header `Authorization`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The values of the last `count` slots of the path, percent-decoded. Slots before these are the host's, who
/// may mount the router below some of its own.
pub(crate) async fn slots(parts: &mut Parts, count: usize) -> Result<Vec<String>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let params = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| Error::invalid_input("the path is not UTF-8 once percent-decoded"))?;
    let values: Vec<String> = params.iter().map(|(_, value)| value.to_owned()).collect();
    let skip = values.len().saturating_sub(count);
    Ok(values.into_iter().skip(skip).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_bearer_in_any_case() {
        let header = |value: &'static str| HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(bearer(&header("Bearer a.b.c")), Some("a.b.c"));
        assert_eq!(bearer(&header("bearer  a.b.c ")), Some("a.b.c"));
        for other in ["Basic abc", "Bearer", "Bearer  ", "a.b.c"] {
            assert_eq!(bearer(&header(other)), None);
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
