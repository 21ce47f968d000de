//! Where an answer sends its request on to, and what the request keeps on the way.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, HeaderMap,
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION, RANGE, USER_AGENT,
};
use http::{Method, StatusCode};
use url::Url;

use super::call::Call;
use super::transport::{TransportError, TransportErrorKind, TransportRequest, TransportResponse};
use super::{address, join};

/// What another origin may see. All else may be a credential under a name of the app's own.
const HARMLESS: &[HeaderName] =
    &[ACCEPT, ACCEPT_LANGUAGE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE, USER_AGENT];

/// What belongs to a body, or to a write.
const OF_A_BODY: &[HeaderName] =
    &[CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, IF_MATCH];

/// The request to send next; nothing when the answer is to be handed out as it is.
///
/// | status | of a read | of a write |
/// |---|---|---|
/// | 303 | read there | what came of it is read there, without the body |
/// | 307, 308 | read there | repeated there, within the origin: its body may hold a secret |
/// | 301, 302 | read there | handed out: whether to read or to write there is not said |
///
/// The guard judges the new address like the first one.
pub(crate) fn next(
    call: &Call<'_>,
    request: &TransportRequest,
    response: &TransportResponse,
) -> Result<Option<TransportRequest>, TransportError> {
    use StatusCode as Status;
    if !matches!(
        response.status,
        Status::MOVED_PERMANENTLY
            | Status::FOUND
            | Status::SEE_OTHER
            | Status::TEMPORARY_REDIRECT
            | Status::PERMANENT_REDIRECT
    ) {
        return Ok(None);
    }
    let location = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(mut url) = location.and_then(|location| request.url.join(location).ok()) else {
        return Ok(None);
    };
    let same_origin = url.origin() == request.url.origin();
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    let sees_other = response.status == Status::SEE_OTHER;
    let repeats =
        same_origin && matches!(response.status, Status::TEMPORARY_REDIRECT | Status::PERMANENT_REDIRECT);
    if !reads && !repeats && !sees_other {
        return Ok(None);
    }
    let host = url.host_str().unwrap_or_default();
    address::judge_form(&url).map_err(|reason| TransportError::blocked(host, reason))?;
    if request.url.scheme() == "https" && url.scheme() == "http" {
        return Err(TransportError::new(
            TransportErrorKind::Blocked,
            format!("`{host}` is refused: the redirect leads from https to http"),
        ));
    }
    let mut next = request.clone();
    if sees_other && !reads {
        next.method = Method::GET;
        next.body = Bytes::new();
        for name in OF_A_BODY.iter().chain(call.target.idempotency_header()) {
            next.headers.remove(name);
        }
    }
    if same_origin {
        // Only what the request still carries: a hop back from elsewhere stays without credentials.
        let carried = |pair: &&(String, String)| {
            request.url.query_pairs().any(|(name, value)| name == pair.0 && value == pair.1)
        };
        call.target.query().iter().filter(carried).for_each(|pair| join::add_pair(&mut url, pair));
    } else {
        next.headers = harmless(&request.headers);
        next.body = Bytes::new();
        strip_query(&mut url, call.target.query());
    }
    next.url = url;
    Ok(Some(next))
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, value)| HARMLESS.contains(name) && !value.is_sensitive());
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Takes out what the app copied from the target's query into the new address.
fn strip_query(url: &mut Url, pairs: &[(String, String)]) {
    let known = |name: &str, value: &str| pairs.iter().any(|(n, v)| n == name && v == value);
    if !url.query_pairs().any(|(name, value)| known(&name, &value)) {
        return;
    }
    let kept: Vec<_> =
        url.query_pairs().filter(|(n, v)| !known(n, v)).map(|(n, v)| (n.into(), v.into())).collect();
    url.set_query(None);
    join::append(url, &kept);
}
