use std::fmt;

/// What happened, named by what the host must do about it.
///
/// | kind | the host | wire `type` / `key` | HTTP |
/// |---|---|---|---|
/// | `InvalidInput` | mends the input | `bad_request` | 400 |
/// | `NotFound` | mends the selector | `bad_request` / `not_found` | 404 |
/// | `AlreadyExists` | takes another key | `bad_request` / `already_exists` | 400 |
/// | `NotAuthenticated` | mints a new token | `bad_request` / `not_authenticated` | 401 |
/// | `AccessDenied` | uses a caller with the right | `bad_request` / `access_denied` | 403 |
/// | `RateLimited` | waits | `bad_request` or `connection` / `rate_limit_exceeded` | 429 |
/// | `Unsupported` | asks something the app can do | `bad_request` | 400 |
/// | `Configuration` | mends its configuration or connector | `configuration` | 400 |
/// | `Blocked` | allows the address, or leaves it | `configuration` | 400 |
/// | `Dependency` | mends the element that is named | `dependency_error` | 400 |
/// | `Connection` | lets the customer look at the connection | `connection` | 400 |
/// | `ConnectionDefunct` | lets the customer connect again | `connection` / `connection_is_defunct` | 400 |
/// | `AccessTokenExpired` | lets the customer connect again | `connection` / `access_token_expired` | 400 |
/// | `Concurrency` | reads again and repeats | `concurrency` | 400 |
/// | `LockTimeout` | waits | `concurrency` / `lock_timeout` | 400 |
/// | `Timeout` | waits | `action_run` | 400 |
/// | `Unavailable` | waits | `action_run` | 400 |
/// | `External` | reads what the app answered | `action_run` | 400 |
/// | `CustomCode` | mends the code | `custom_code` | 400 |
/// | `Internal` | gives up and reports it | `internal` | 500 |
///
/// ```
/// use membrane_core::{Error, ErrorKind};
///
/// /// What a product does about an error.
/// fn answer(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::AccessTokenExpired | ErrorKind::ConnectionDefunct => "ask the customer to connect again",
///         ErrorKind::InvalidInput | ErrorKind::NotFound => "show the message",
///         ErrorKind::RateLimited | ErrorKind::Timeout | ErrorKind::Unavailable => "try later",
///         _ => "report it",
///     }
/// }
///
/// assert_eq!(answer(&Error::invalid_input("`title` is required")), "show the message");
/// assert_eq!(ErrorKind::NotFound.status(), 404);
/// assert_eq!(ErrorKind::all().len(), 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The external app no longer takes the access token.
    AccessTokenExpired,
    /// The caller may not do this.
    AccessDenied,
    /// There is one with this key already.
    AlreadyExists,
    /// The network guard refused the address.
    Blocked,
    /// Somebody else changed the element first.
    Concurrency,
    /// The host or a connector is set up wrong.
    Configuration,
    /// The customer's connection does not work.
    Connection,
    /// The customer's connection is dead and must be made again.
    ConnectionDefunct,
    /// A customer's or connector's own code failed.
    CustomCode,
    /// An element this one depends on has errors.
    Dependency,
    /// The external app answered with an error, or with something that is not what its API promises.
    External,
    /// A defect of this library or its surroundings.
    Internal,
    /// The input breaks its schema or a rule.
    InvalidInput,
    /// A lock was not free in time.
    LockTimeout,
    /// The token is missing, wrong or expired.
    NotAuthenticated,
    /// There is nothing with this selector, or the caller may not know of it.
    NotFound,
    /// Too many requests, here or at the external app.
    RateLimited,
    /// The external app took too long.
    Timeout,
    /// The external app cannot be reached.
    Unavailable,
    /// The connector does not declare this capability.
    Unsupported,
}

/// One row of the table that the wire form, the status and the text form are read from.
type Row = (ErrorKind, &'static str, &'static str, Option<&'static str>, u16);

const TABLE: &[Row] = &[
    (ErrorKind::InvalidInput, "invalid_input", "bad_request", None, 400),
    (ErrorKind::NotFound, "not_found", "bad_request", Some("not_found"), 404),
    (ErrorKind::AlreadyExists, "already_exists", "bad_request", Some("already_exists"), 400),
    (ErrorKind::NotAuthenticated, "not_authenticated", "bad_request", Some("not_authenticated"), 401),
    (ErrorKind::AccessDenied, "access_denied", "bad_request", Some("access_denied"), 403),
    (ErrorKind::RateLimited, "rate_limited", "bad_request", Some("rate_limit_exceeded"), 429),
    (ErrorKind::Unsupported, "unsupported", "bad_request", None, 400),
    (ErrorKind::Configuration, "configuration", "configuration", None, 400),
    (ErrorKind::Blocked, "blocked", "configuration", None, 400),
    (ErrorKind::Dependency, "dependency", "dependency_error", None, 400),
    (ErrorKind::Connection, "connection", "connection", None, 400),
    (ErrorKind::ConnectionDefunct, "connection_defunct", "connection", Some("connection_is_defunct"), 400),
    (ErrorKind::AccessTokenExpired, "access_token_expired", "connection", Some("access_token_expired"), 400),
    (ErrorKind::Concurrency, "concurrency", "concurrency", None, 400),
    (ErrorKind::LockTimeout, "lock_timeout", "concurrency", Some("lock_timeout"), 400),
    (ErrorKind::Timeout, "timeout", "action_run", None, 400),
    (ErrorKind::Unavailable, "unavailable", "action_run", None, 400),
    (ErrorKind::External, "external", "action_run", None, 400),
    (ErrorKind::CustomCode, "custom_code", "custom_code", None, 400),
    (ErrorKind::Internal, "internal", "internal", None, 500),
];

impl ErrorKind {
    /// Every kind, in the order of the table above.
    pub fn all() -> impl ExactSizeIterator<Item = ErrorKind> {
        TABLE.iter().map(|row| row.0)
    }

    /// The kind's own name, `snake_case`.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status a server answers with.
    pub fn status(self) -> u16 {
        self.row().4
    }

    /// Membrane's error `type`.
    pub(super) fn wire_type(self) -> &'static str {
        self.row().2
    }

    /// Membrane's error `key`.
    pub(super) fn wire_key(self) -> Option<&'static str> {
        self.row().3
    }

    /// The kind with this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The first kind with this wire `type` and `key`; for a foreign server that sends no `kind`.
    pub(super) fn from_wire(kind: &str, key: Option<&str>) -> Self {
        if key == Some("rate_limit_exceeded") {
            return Self::RateLimited;
        }
        let exact = TABLE.iter().find(|row| row.2 == kind && row.3 == key);
        // `action_run` alone says that a run failed, not why: that is the app's answer.
        let exact = exact.filter(|row| row.2 != "action_run").map(|row| row.0);
        exact.unwrap_or(match kind {
            "bad_request" => Self::InvalidInput,
            "configuration" => Self::Configuration,
            "connection" => Self::Connection,
            "concurrency" => Self::Concurrency,
            "action_run" | "unit_run" | "flow_run" => Self::External,
            _ => Self::Internal,
        })
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[TABLE.len() - 1])
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_table_once() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.1).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
        // The compiler checks this match: a new variant must be added here and to the table.
        for kind in ErrorKind::all() {
            match kind {
                ErrorKind::AccessTokenExpired
                | ErrorKind::AccessDenied
                | ErrorKind::AlreadyExists
                | ErrorKind::Blocked
                | ErrorKind::Concurrency
                | ErrorKind::Configuration
                | ErrorKind::Connection
                | ErrorKind::ConnectionDefunct
                | ErrorKind::CustomCode
                | ErrorKind::Dependency
                | ErrorKind::External
                | ErrorKind::Internal
                | ErrorKind::InvalidInput
                | ErrorKind::LockTimeout
                | ErrorKind::NotAuthenticated
                | ErrorKind::NotFound
                | ErrorKind::RateLimited
                | ErrorKind::Timeout
                | ErrorKind::Unavailable
                | ErrorKind::Unsupported => {}
            }
        }
        assert_eq!(TABLE.len(), 20);
    }
}
