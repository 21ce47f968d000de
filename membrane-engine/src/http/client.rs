//! The client a run is handed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use membrane_core::connector::{ApiBody, ApiClient, ApiRequest, ApiResponse};
use membrane_core::{Error, Result};
use url::form_urlencoded;
use uuid::Uuid;

use super::call::Call;
use super::deadline::Deadline;
use super::gate::Gate;
use super::recorder::Recorder;
use super::stack::Stack;
use super::target::Target;
use super::{fault, join};

/// A time that an `Instant` can be moved by.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Sends requests to the API of one [`Target`] through the [`HttpStack`](super::HttpStack) that made it.
///
/// Cheap to clone. Dropping a future of [`send`](ApiClient::send) ends the exchange, leaves the queue of
/// its rate limit and gives back its place.
#[derive(Clone)]
pub struct AppClient {
    pub(crate) stack: Arc<Stack>,
    pub(crate) target: Arc<Target>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) deadline: Option<Deadline>,
}

impl AppClient {
    /// Gives all that this client and its clones send from now on this much time together, waits and repetitions
    /// included; without, only each attempt is bounded.
    ///
    /// What is not answered by then fails with [`Timeout`](membrane_core::ErrorKind::Timeout), or as its last
    /// attempt failed; a limit of the app that opens later with
    /// [`RateLimited`](membrane_core::ErrorKind::RateLimited), at once.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use membrane_engine::http::{HttpStack, Target};
    ///
    /// let stack = HttpStack::builder().build()?;
    /// let target = Target::builder("https://api.example.com".parse()?).build()?;
    /// let client = stack.client(Arc::new(target), None).within(Duration::from_secs(20));
    /// # let _ = client;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        self.until(Deadline::after(time))
    }

    /// As [`AppClient::within`], for a call that began already.
    pub(crate) fn until(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The target it sends to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    fn call(&self, request: ApiRequest) -> Result<Call<'_>> {
        let ApiRequest { method, path, reach, query, mut headers, body, timeout, idempotent, .. } = request;
        let url = join::join(self.target.base(), (&path, reach), &query)?;
        let (body, media) = encode(body)?;
        let has_type = headers.contains_key(CONTENT_TYPE);
        match media {
            Media::None => {}
            _ if has_type => {}
            // An API that takes JSON under a media type of its own says so for all requests.
            Media::Json if self.target.headers().contains_key(CONTENT_TYPE) => {}
            Media::Json => drop(headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"))),
            Media::Other(media) => drop(headers.insert(CONTENT_TYPE, media)),
        }
        let mut repeatable = idempotent;
        if let Some(name) = self.target.idempotency_header() {
            if !method.is_idempotent() && !headers.contains_key(name) {
                let key = HeaderValue::try_from(Uuid::now_v7().to_string());
                headers.insert(name, key.map_err(|_| Error::internal("a UUID is no header value"))?);
            }
            repeatable |= headers.contains_key(name);
        }
        Ok(Call {
            method,
            url,
            headers,
            body,
            repeatable,
            timeout: timeout.unwrap_or(self.stack.timeout).min(LONGEST_TIMEOUT),
            deadline: self.deadline,
            max_response_bytes: self.stack.max_response_bytes,
            target: &self.target,
            gate: &self.gate,
            recorder: self.recorder.as_deref(),
        })
    }
}

#[async_trait]
impl ApiClient for AppClient {
    async fn send(&self, request: ApiRequest) -> Result<ApiResponse> {
        let call = self.call(request)?;
        let (attempts, answer) = self.stack.layers.send(&call).await?;
        let response = answer.response;
        let url = fault::shown(&call, &answer.request.url);
        let mut response = ApiResponse::new(response.status, response.headers, response.body, url)
            .sent(attempts, call.repeatable);
        response.client_query = self.target.query().iter().map(|(name, _)| name.clone()).collect();
        Ok(response)
    }
}

enum Media {
    Json,
    None,
    Other(HeaderValue),
}

fn encode(body: ApiBody) -> Result<(Bytes, Media)> {
    match body {
        ApiBody::Form(pairs) => {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let media = HeaderValue::from_static("application/x-www-form-urlencoded");
            Ok((text.into(), Media::Other(media)))
        }
        ApiBody::Json(value) => {
            let text = serde_json::to_vec(&value).map_err(|error| {
                Error::invalid_input("the request's body cannot be written as JSON").with_source(error)
            })?;
            Ok((text.into(), Media::Json))
        }
        ApiBody::None => Ok((Bytes::new(), Media::None)),
        ApiBody::Raw(media, bytes) => {
            let media = HeaderValue::try_from(media)
                .map_err(|_| Error::invalid_input("the body's content type cannot stand in a header"))?;
            Ok((bytes, Media::Other(media)))
        }
        _ => Err(Error::unsupported("this kind of request body cannot be sent")),
    }
}
