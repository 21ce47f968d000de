//! The one route that is no operation of the catalogue: requests to the app itself.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use membrane_core::op::{Access, ProxyRequest, ProxyResponse};
use membrane_core::{Error, ErrorKind, Result};

use crate::request::read;
use crate::respond::Failure;
use crate::server::{Server, bearer, slots};

/// The route as traces show it.
pub(crate) const ROUTE: &str = "/connections/{connectionId}/proxy/{*path}";

/// The older spelling of a `POST` to the app.
pub(crate) const OLD_ROUTE: &str = "/connections/{connectionId}/api/{*path}";

/// On every answer that is the app's own, and on none of ours: `app`.
const ORIGIN: HeaderName = HeaderName::from_static("membrane-origin");

/// Sends a request to the app as the connection, and hands its answer through.
pub(crate) async fn answer(server: &Server, request: Request) -> Response {
    let method = request.method().clone();
    server
        .answer(&method, ROUTE, async {
            forward(server, request).await.map_err(|f| f.at("connections.proxy"))
        })
        .await
}

async fn forward(server: &Server, request: Request) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let (session, query) = match bearer(&parts.headers) {
        Some(token) => (server.session(Some(token)).await?, query.to_owned()),
        None => {
            let (token, query) = take_token(query);
            (server.session(token.as_deref()).await?, query)
        }
    };
    let session = session.narrowed(&server.engine, &parts.headers).await?;
    let caller = session.caller(Access::Customer)?;
    let path = target(parts.uri.path(), &query);
    let count = if has_rest(parts.uri.path()) { 2 } else { 1 };
    let connection = slots(&mut parts, count).await?.into_iter().next();
    let connection = connection.ok_or_else(|| Error::internal("the route has no connection"))?;
    let limit = server.body_limit;
    let body = read(&parts.headers, body, limit).await.map_err(|reason| Failure::unread(&reason, limit))?;
    let mut request = ProxyRequest::new(connection, parts.method, path);
    if !body.is_empty() {
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        request.body = Some((kind.unwrap_or("application/octet-stream").to_owned(), body));
    }
    // The engine passes on what is a caller's to say.
    request.headers = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let answer = server.engine.proxy(caller, request).await?;
    Ok(pass_on(answer)?)
}

fn pass_on(answer: ProxyResponse) -> Result<Response> {
    let status = StatusCode::from_u16(answer.status).ok().filter(|status| !status.is_informational());
    let status = status.ok_or_else(|| {
        Error::new(ErrorKind::External, format!("the app answered with status {}", answer.status))
    })?;
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.insert(name, value);
        }
    }
    headers.insert(ORIGIN, HeaderValue::from_static("app"));
    // An app's page would run as a page of the host, whose origin this is.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn has_rest(path: &str) -> bool {
    path.splitn(5, '/').nth(4).is_some_and(|rest| !rest.is_empty())
}

/// The path below the app's base address, as it was sent, and the query. The engine refuses what leaves that
/// address; a path that begins with two slashes would be a host there.
fn target(path: &str, query: &str) -> String {
    let rest = path.splitn(5, '/').nth(4).unwrap_or_default().trim_start_matches('/');
    if query.is_empty() { format!("/{rest}") } else { format!("/{rest}?{query}") }
}

/// Takes our token out of a query, and leaves the rest as it is.
fn take_token(query: &str) -> (Option<String>, String) {
    let is_token = |pair: &&str| pair.split('=').next() == Some("token");
    let token = query.split('&').find(is_token).and_then(|pair| {
        let (_, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(value.into_owned())
    });
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_token(pair)).collect();
    (token, rest.join("&"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn keeps_the_path_as_it_was_sent() {
        let cases = [
            ("/connections/c/proxy/users/me", "", "/users/me"),
            ("/connections/c/proxy/a%2Fb/c%20d", "x=%20&y", "/a%2Fb/c%20d?x=%20&y"),
            ("/connections/c%2Fd/proxy/x/proxy/y", "", "/x/proxy/y"),
            ("/connections/c/proxy", "", "/"),
            ("/connections/c/proxy/", "a=1", "/?a=1"),
            ("/connections/c/proxy//evil.example/x", "", "/evil.example/x"),
            ("/connections/c/proxy/https://evil.example/x", "", "/https://evil.example/x"),
            ("/connections/c/proxy/a..b/...", "", "/a..b/..."),
        ];
        for (path, query, expected) in cases {
            assert_eq!(target(path, query), expected, "{path}");
        }
    }

    #[test]
    fn our_token_does_not_reach_the_app() {
        assert_eq!(take_token("a=1&token=x%2Ey&b=%20"), (Some("x.y".to_owned()), "a=1&b=%20".to_owned()));
        assert_eq!(take_token("token=x"), (Some("x".to_owned()), String::new()));
        assert_eq!(take_token("a=1"), (None, "a=1".to_owned()));
        assert_eq!(take_token(""), (None, String::new()));
    }

    #[test]
    fn says_whose_answer_it_is_and_keeps_pages_apart() {
        let headers = [("content-type".to_owned(), "text/html".to_owned())].into_iter().collect();
        let response = pass_on(ProxyResponse::new(418, headers, Bytes::from_static(b"<b>"))).unwrap();
        assert_eq!(response.status().as_u16(), 418);
        let headers = response.headers();
        assert_eq!(headers[CONTENT_TYPE], "text/html");
        assert_eq!(headers[ORIGIN], "app");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "sandbox; default-src 'none'");
        assert!(pass_on(ProxyResponse::new(101, Default::default(), Bytes::new())).is_err());
        assert!(pass_on(ProxyResponse::new(7, Default::default(), Bytes::new())).is_err());
    }
}
