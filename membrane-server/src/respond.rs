//! Answers: JSON text as the engine wrote it, and errors as Membrane's error object.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use membrane_core::{Error, ErrorBody, ErrorKind, Retry};

use crate::request::Unread;

/// An error on its way out, and its status where that says more than the kind's.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    status: Option<StatusCode>,
}

impl Failure {
    /// There is nothing at this path.
    pub(crate) fn no_route() -> Self {
        Error::not_found("there is no such path; `/openapi.json` lists them all").into()
    }

    /// There is something at this path, but not for this method.
    pub(crate) fn no_method() -> Self {
        let error = Error::invalid_input("this path does not take this method; see the header `allow`");
        Self { error, status: Some(StatusCode::METHOD_NOT_ALLOWED) }
    }

    /// The body was not read.
    pub(crate) fn unread(reason: &Unread, limit: usize) -> Self {
        match reason {
            Unread::Broken => Error::invalid_input("the body broke off").with("field", "body").into(),
            Unread::TooLarge => {
                let error = Error::invalid_input(format!("the body has more than {limit} bytes"));
                Self { error: error.with("field", "body"), status: Some(StatusCode::PAYLOAD_TOO_LARGE) }
            }
        }
    }

    /// Names the operation that failed.
    pub(crate) fn at(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.error = self.error.with_operation(operation);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, status: None }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let kind = self.error.kind();
        if kind == ErrorKind::Internal {
            tracing::error!(target: "membrane::server", error = ?self.error, "a request failed");
        }
        let status = self.status.unwrap_or_else(|| {
            StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        });
        let body = serde_json::to_vec(&ErrorBody::from(&self.error)).unwrap_or_default();
        let mut response = json(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Retry::After(wait) = self.error.retry() {
            headers.insert(
                RETRY_AFTER,
                wait.as_millis()
                    .div_ceil(1000)
                    .min(86_400)
                    .to_string()
                    .parse()
                    .unwrap_or(HeaderValue::from_static("1")),
            );
        }
        response
    }
}

/// Answers JSON text.
pub(crate) fn json(text: Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::*;

    async fn parts(failure: Failure) -> (StatusCode, HeaderMap, Error) {
        let (parts, body) = failure.into_response().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body: ErrorBody = serde_json::from_slice(&body).unwrap();
        (parts.status, parts.headers, body.into())
    }

    #[tokio::test]
    async fn every_kind_goes_out_with_its_status_and_comes_back_equal() {
        for kind in ErrorKind::all() {
            let error = || Error::new(kind, "what").with_operation("actions.run").with("id", "1");
            let (status, headers, back) = parts(error().into()).await;
            assert_eq!(status.as_u16(), kind.status());
            assert_eq!(headers.contains_key(WWW_AUTHENTICATE), kind == ErrorKind::NotAuthenticated);
            assert_eq!(back, error());
        }
    }

    #[tokio::test]
    async fn a_wait_is_rounded_up_to_seconds() {
        let wait = Retry::After(Duration::from_millis(1200));
        let error = Error::new(ErrorKind::RateLimited, "slow down").with_retry(wait);
        let (status, headers, _) = parts(error.into()).await;
        assert_eq!((status.as_u16(), headers[RETRY_AFTER].to_str().unwrap()), (429, "2"));
    }

    #[tokio::test]
    async fn a_source_stays_inside() {
        let source = std::io::Error::other("password=hunter2");
        let response = Failure::from(Error::internal("the store failed").with_source(source)).into_response();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }
}
