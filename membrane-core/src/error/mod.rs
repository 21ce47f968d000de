//! One opaque [`Error`] for the whole library.
//!
//! [`Error::kind`] says what the host must do, [`Error::retry`] what may be done about it now. The same
//! error travels over REST as Membrane's error object ([`ErrorBody`]), so a remote caller sees an error
//! that is equal to the one an in-process caller sees.

mod body;
mod kind;
mod retry;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

pub use self::body::ErrorBody;
pub use self::kind::ErrorKind;
pub use self::retry::Retry;

/// The result of every fallible call of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, what the host must do, and where it happened.
///
/// One machine word wide. Two errors are equal when kind, retry, message, operation, context, data and
/// cause are; the `source` (a foreign error of this process) does not take part.
///
/// Secrets and bodies never go into a message or a context value: only names, ids and reasons do.
///
/// ```
/// use membrane_core::{Error, ErrorKind, Retry};
///
/// let error = Error::not_found("there is no connection `github` of customer `acme`")
///     .with_operation("connections.get")
///     .with("selector", "github");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.retry(), Retry::Never);
/// assert_eq!(
///     error.to_string(),
///     "not_found at connections.get { selector: github } => \
///      there is no connection `github` of customer `acme`",
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    retry: Retry,
    message: String,
    operation: Option<Cow<'static, str>>,
    context: Vec<(Cow<'static, str>, String)>,
    data: Option<Value>,
    cause: Option<Error>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of a kind. It is [`Retry::Never`] unless said otherwise.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            retry: Retry::Never,
            message: message.into(),
            operation: None,
            context: Vec::new(),
            data: None,
            cause: None,
            source: None,
        }))
    }

    /// The caller sent something wrong: [`ErrorKind::InvalidInput`].
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// The thing asked for is not there: [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The connector does not declare this capability: [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// The host or a connector is set up wrong: [`ErrorKind::Configuration`].
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// A defect of this library or its surroundings: [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Says whether and when the same call may be tried again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        // The wire carries milliseconds; an error is equal on both sides of it.
        self.0.retry = match retry {
            Retry::After(wait) => {
                Retry::After(Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
            }
            other => other,
        };
        self
    }

    /// Names the operation that failed. The innermost name stays: a second call changes nothing.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation.get_or_insert(operation.into());
        self
    }

    /// Adds a pair that says where: an id, a key, a path. Never a secret, never a body.
    ///
    /// A key that is already there keeps its first value.
    ///
    /// ```
    /// use membrane_core::Error;
    ///
    /// let error = Error::invalid_input("`title` is required").with("field", "title");
    /// assert_eq!(error.context_value("field"), Some("title"));
    /// assert_eq!(error.context().len(), 1);
    /// ```
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        let key = key.into();
        if !self.0.context.iter().any(|(known, _)| *known == key) {
            self.0.context.push((key, value.to_string()));
        }
        self
    }

    /// Says the message in another way; everything else stays.
    #[must_use]
    pub fn map_message(mut self, map: impl FnOnce(&str) -> String) -> Self {
        self.0.message = map(&self.0.message);
        self
    }

    /// Attaches machine-readable detail, Membrane's `data`; for a failed call of an external app
    /// `{"request": {…}, "response": {…}}`.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.0.data = Some(data);
        self
    }

    /// Attaches the error of ours that led to this one, Membrane's `causedByError`.
    ///
    /// ```
    /// use membrane_core::{Error, ErrorKind};
    ///
    /// let cause = Error::new(ErrorKind::AccessTokenExpired, "the token is no longer taken");
    /// let error = Error::new(ErrorKind::ConnectionDefunct, "connect GitHub again").with_cause(cause);
    /// assert_eq!(error.cause().map(Error::kind), Some(ErrorKind::AccessTokenExpired));
    /// ```
    #[must_use]
    pub fn with_cause(mut self, cause: Error) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// Attaches the foreign error behind this one. It stays in this process.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Passes every text of the error through `mask`: message, context, data, causes. What it was made of
    /// may hold a secret the app echoed.
    ///
    /// ```
    /// use std::borrow::Cow;
    ///
    /// use membrane_core::Error;
    ///
    /// let error = Error::internal("token t0ps3cret is no token").masked(|text| match text.contains("t0ps3cret") {
    ///     true => Cow::Owned(text.replace("t0ps3cret", "***")),
    ///     false => Cow::Borrowed(text),
    /// });
    /// assert_eq!(error.message(), "token *** is no token");
    /// ```
    #[must_use]
    pub fn masked(mut self, mask: impl for<'t> Fn(&'t str) -> Cow<'t, str> + Copy) -> Self {
        let replace = |text: &mut String| {
            let masked = match mask(text) {
                Cow::Owned(masked) => Some(masked),
                Cow::Borrowed(_) => None,
            };
            if let Some(masked) = masked {
                *text = masked;
            }
        };
        replace(&mut self.0.message);
        self.0.context.iter_mut().for_each(|(_, value)| replace(value));
        if let Some(data) = &mut self.0.data {
            mask_value(data, &replace);
        }
        self.0.cause = self.0.cause.take().map(|cause| cause.masked(mask));
        self
    }

    /// What happened, named by what the host must do.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether and when the same call may be tried again.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The sentence for a person: what, where, what to do.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that failed, for example `actions.run`.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The pairs that say where, in the order they were added.
    pub fn context(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.context.iter().map(|(key, value)| (&**key, value.as_str()))
    }

    /// One value of the context.
    pub fn context_value(&self, key: &str) -> Option<&str> {
        self.context().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Machine-readable detail.
    pub fn data(&self) -> Option<&Value> {
        self.0.data.as_ref()
    }

    /// The error of ours that led to this one.
    pub fn cause(&self) -> Option<&Error> {
        self.0.cause.as_ref()
    }
}

fn mask_value(value: &mut Value, replace: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => replace(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_value(item, replace)),
        Value::Object(map) => map.values_mut().for_each(|value| mask_value(value, replace)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        a.kind == b.kind
            && a.retry == b.retry
            && a.message == b.message
            && a.operation == b.operation
            && a.context == b.context
            && a.data == b.data
            && a.cause == b.cause
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.as_str())?;
        if let Some(operation) = self.operation() {
            write!(f, " at {operation}")?;
        }
        for (n, (key, value)) in self.context().enumerate() {
            write!(f, "{} {key}: {value}", if n == 0 { " {" } else { "," })?;
        }
        if !self.0.context.is_empty() {
            f.write_str(" }")?;
        }
        write!(f, " => {}", self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{self}")?;
        writeln!(f, "  retry: {:?}", self.0.retry)?;
        if let Some(cause) = self.cause() {
            writeln!(f, "  caused by: {cause}")?;
        }
        if let Some(source) = &self.0.source {
            writeln!(f, "  source: {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn innermost_operation_and_first_context_value_stay() {
        let error = Error::internal("x")
            .with_operation("inner")
            .with_operation("outer")
            .with("id", "1")
            .with("id", "2");
        assert_eq!(error.operation(), Some("inner"));
        assert_eq!(error.context().collect::<Vec<_>>(), [("id", "1")]);
    }
}
