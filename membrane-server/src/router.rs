use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use bytes::Bytes;
use http::HeaderName;
use http::header::{LINK, LOCATION, RETRY_AFTER};
use membrane_engine::Engine;
use membrane_engine::op::catalogue;
use tower_http::cors::{AllowHeaders, AllowMethods, Any, CorsLayer};

use crate::config::ServerConfig;
use crate::endpoint::Endpoint;
use crate::openapi;
use crate::proxy;
use crate::respond::{self, Failure};
use crate::server::Server;

/// The REST API over an engine, to be served alone or nested in a product's own router.
///
/// ```
/// use axum::Router;
/// use membrane_engine::Engine;
/// use membrane_engine::store::SqliteStore;
/// use membrane_engine::vault::KeyProvider;
/// use membrane_server::{ServerConfig, router};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let engine = Engine::builder()
///     .store(SqliteStore::memory().await?)
///     .vault(KeyProvider::generate()?)
///     .build()
///     .await?;
/// let config = ServerConfig::new("0123456789abcdef0123456789abcdef".to_owned())?;
/// let app: Router = Router::new().nest("/integrations-api", router(engine, config));
/// # let _ = app;
/// # Ok::<(), membrane_core::Error>(()) }).unwrap();
/// ```
///
/// Every route of the [catalogue](membrane_engine::op::catalogue) is mounted, the proxy to the apps, and
/// `GET /openapi.json`. Whatever goes wrong, the body is Membrane's error object.
#[allow(clippy::needless_pass_by_value, reason = "a configuration is given once")]
pub fn router(engine: Engine, config: ServerConfig) -> Router {
    if config.request_timeout <= engine.call_timeout() {
        tracing::warn!(
            target: "membrane::server",
            request_timeout = ?config.request_timeout,
            call_timeout = ?engine.call_timeout(),
            "requests are given up before the engine's calls are: callers will not be told what an app did"
        );
    }
    let server = Arc::new(Server::new(engine, &config));
    let mut paths: BTreeMap<String, (String, MethodRouter)> = BTreeMap::new();
    let mut taken = HashSet::new();
    for entry in catalogue() {
        for route in &entry.info().routes {
            let shape = shape(&route.path);
            let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
            if !taken.insert((shape.clone(), route.method.clone())) {
                continue;
            }
            let endpoint = Arc::new(Endpoint::new(entry, route));
            let server = Arc::clone(&server);
            let handler = move |request: Request| {
                let (server, endpoint) = (Arc::clone(&server), Arc::clone(&endpoint));
                async move { endpoint.answer(&server, request).await }
            };
            let (path, methods) =
                paths.remove(&shape).unwrap_or_else(|| (route.path.clone(), MethodRouter::new()));
            paths.insert(shape, (path, methods.on(filter, handler)));
        }
    }
    let mut router = Router::new();
    for (path, methods) in paths.into_values() {
        router = router.route(&path, methods);
    }
    let any_method = MethodFilter::GET
        .or(MethodFilter::POST)
        .or(MethodFilter::PUT)
        .or(MethodFilter::PATCH)
        .or(MethodFilter::DELETE);
    for (path, methods) in [
        ("/connections/{connectionId}/proxy", any_method),
        ("/connections/{connectionId}/proxy/", any_method),
        (proxy::ROUTE, any_method),
        (proxy::OLD_ROUTE, MethodFilter::POST),
    ] {
        let server = Arc::clone(&server);
        let handler = move |request: Request| {
            let server = Arc::clone(&server);
            async move { proxy::answer(&server, request).await }
        };
        router = router.route(path, on(methods, handler));
    }
    let router = router
        .route("/openapi.json", get(|| async { respond::json(document()) }))
        .fallback({
            let server = Arc::clone(&server);
            move |request: Request| unmatched(Arc::clone(&server), request, Failure::no_route)
        })
        .method_not_allowed_fallback(move |request: Request| {
            unmatched(Arc::clone(&server), request, Failure::no_method)
        });
    if config.cors { router.layer(cors()) } else { router }
}

/// The shape of a path, whatever its slots are called.
pub(crate) fn shape(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| match segment {
            _ if segment.starts_with("{*") => "{*}",
            _ if segment.starts_with('{') => "{}",
            _ => segment,
        })
        .collect();
    segments.join("/")
}

async fn unmatched(
    server: Arc<Server>,
    request: Request,
    failure: fn() -> Failure,
) -> axum::response::Response {
    server.answer(request.method(), "", async { Err(failure()) }).await
}

/// The OpenAPI document as text, written once.
fn document() -> Bytes {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    DOCUMENT.get_or_init(|| Bytes::from(openapi::document().to_string())).clone()
}

/// The official client runs in browsers too, on the pages of the product. No cookie takes part, so any origin
/// may ask: what counts is the token.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([LINK, LOCATION, RETRY_AFTER, HeaderName::from_static("membrane-origin")])
        .max_age(Duration::from_secs(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_operations_share_a_route() {
        let mut seen = HashSet::new();
        for entry in catalogue() {
            for route in &entry.info().routes {
                assert!(MethodFilter::try_from(route.method.clone()).is_ok());
                let key = (route.method.clone(), shape(&route.path));
                assert!(seen.insert(key), "{} {} of {}", route.method, route.path, entry.info().name);
            }
        }
    }
}
