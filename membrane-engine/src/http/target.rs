//! What is known of one connection's API.

use std::fmt;

use data_encoding::BASE64;
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use membrane_core::connector::RateLimit;
use membrane_core::{Error, Result};
use url::Url;
use zeroize::Zeroizing;

use super::address;
use super::mask::Mask;

const AGENT: &str = concat!("membrane-rust/", env!("CARGO_PKG_VERSION"));

/// What belongs to the connection and not to the request; a caller that could set these could make the
/// app's servers see another request than the guard saw.
pub(crate) const CONNECTION_HEADERS: &[HeaderName] =
    &[CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// What is known of one connection's API: where it is, what authorizes a request, how much it allows.
///
/// Made once for a connection and its credentials, and immutable: new credentials make a new target with
/// the same limit key. Headers are prepared here, so that a request costs only their copy.
///
/// ```
/// use http::header::AUTHORIZATION;
/// use membrane_engine::http::Target;
///
/// let target = Target::builder("https://api.example.com/v2".parse()?)
///     .secret_header(AUTHORIZATION, "Bearer xoxb-123")?
///     .limit_key("connection-1")
///     .build()?;
/// assert_eq!(target.base().path(), "/v2");
/// assert!(!format!("{target:?}").contains("xoxb"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Target {
    base: Url,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    limit_key: String,
    rate: Option<RateLimit>,
    idempotency_header: Option<HeaderName>,
    mask: Mask,
}

impl Target {
    /// Begins a target at a base address; its path is kept before the path of every request.
    pub fn builder(base: Url) -> TargetBuilder {
        TargetBuilder {
            base,
            headers: HeaderMap::new(),
            query: Vec::new(),
            limit_key: None,
            rate: None,
            idempotency_header: None,
            secrets: Vec::new(),
        }
    }

    /// The base address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The key that limits and pauses are shared under.
    pub fn limit_key(&self) -> &str {
        &self.limit_key
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    pub(crate) fn rate(&self) -> Option<RateLimit> {
        self.rate
    }

    pub(crate) fn idempotency_header(&self) -> Option<&HeaderName> {
        self.idempotency_header.as_ref()
    }

    pub(crate) fn mask(&self) -> &Mask {
        &self.mask
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("base", &self.mask.text(self.base.as_str()))
            .field("limit_key", &self.limit_key)
            .finish_non_exhaustive()
    }
}

/// Collects the parts of a [`Target`].
pub struct TargetBuilder {
    base: Url,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    limit_key: Option<String>,
    rate: Option<RateLimit>,
    idempotency_header: Option<HeaderName>,
    secrets: Vec<Zeroizing<String>>,
}

impl TargetBuilder {
    /// Adds headers to every request; those marked sensitive are masked wherever they appear.
    ///
    /// A request's own header of the same name takes precedence.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sets a header that holds a secret, `authorization` for example.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when the value cannot stand in a header.
    pub fn secret_header(mut self, name: HeaderName, value: &str) -> Result<Self> {
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| Error::configuration(format!("the value of `{name}` cannot stand in a header")))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a query pair to every request that does not have one of this name.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a query pair whose value is a secret.
    #[must_use]
    pub fn secret_query(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        self.secret(value.clone()).query(name, value)
    }

    /// Names a further secret to mask, such as a refresh token; values under 4 bytes are not masked.
    #[must_use]
    pub fn secret(mut self, value: impl Into<String>) -> Self {
        self.secrets.push(Zeroizing::new(value.into()));
        self
    }

    /// Sets the key that limits and pauses are shared under, the connection's id; the origin when absent.
    ///
    /// Targets of one key must state the same rate: another one starts the count anew.
    #[must_use]
    pub fn limit_key(mut self, key: impl Into<String>) -> Self {
        self.limit_key = Some(key.into());
        self
    }

    /// Sets how much the app allows; nothing is held back when absent.
    #[must_use]
    pub fn rate(mut self, rate: Option<RateLimit>) -> Self {
        self.rate = rate;
        self
    }

    /// Names the header in which the app takes an idempotency key.
    ///
    /// Every request that is not idempotent of itself then gets a key of its own, and may be repeated.
    #[must_use]
    pub fn idempotency_header(mut self, name: Option<HeaderName>) -> Self {
        self.idempotency_header = name;
        self
    }

    /// Checks the parts and prepares the headers.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when the base address is not plain http
    /// or https, or the rate allows nothing.
    pub fn build(mut self) -> Result<Target> {
        address::judge_form(&self.base)
            .map_err(|reason| Error::configuration(format!("the API's base address is refused: {reason}")))?;
        if let Some(rate) = self.rate {
            let window = rate.per_seconds.is_finite() && rate.per_seconds > 0.0;
            if !window || rate.requests == 0 || rate.concurrency == Some(0) {
                return Err(Error::configuration("the rate limit allows no request"));
            }
        }
        for name in CONNECTION_HEADERS {
            self.headers.remove(name);
        }
        self.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        self.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        let authorization = self.headers.get(AUTHORIZATION).into_iter();
        let sensitive = self.headers.values().filter(|value| value.is_sensitive()).chain(authorization);
        let mut secrets = self.secrets;
        for value in sensitive.filter_map(|value| value.to_str().ok()) {
            secrets.push(value.to_owned().into());
            // `Bearer xoxb-1`: the token alone is what an app echoes; of `Basic`, the password.
            if let Some((scheme, token)) = value.split_once(' ') {
                secrets.extend(scheme.eq_ignore_ascii_case("basic").then(|| password(token)).flatten());
                secrets.push(token.trim().to_owned().into());
            }
        }
        let limit_key = self.limit_key.unwrap_or_else(|| self.base.origin().ascii_serialization());
        Ok(Target {
            base: self.base,
            headers: self.headers,
            query: self.query,
            limit_key,
            rate: self.rate,
            idempotency_header: self.idempotency_header,
            mask: Mask::new(secrets.iter().map(|secret| secret.as_str()))?,
        })
    }
}

impl fmt::Debug for TargetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetBuilder").finish_non_exhaustive()
    }
}

/// The password in the credentials of basic authorization.
fn password(token: &str) -> Option<Zeroizing<String>> {
    let pair = Zeroizing::new(BASE64.decode(token.trim().as_bytes()).ok()?);
    let (_, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}
