//! The one place where faults of sqlx and SQLite become errors of ours.

use std::time::{Duration, Instant};

use membrane_core::{Error, ErrorKind, Retry};
use sqlx::Error as Fault;

/// Primary result codes, <https://www.sqlite.org/rescode.html>.
const SQLITE_ERROR: i64 = 1;
const SQLITE_PERM: i64 = 3;
const SQLITE_BUSY: i64 = 5;
const SQLITE_LOCKED: i64 = 6;
const SQLITE_READONLY: i64 = 8;
const SQLITE_IOERR: i64 = 10;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_FULL: i64 = 13;
const SQLITE_CANTOPEN: i64 = 14;
const SQLITE_PROTOCOL: i64 = 15;
const SQLITE_NOTADB: i64 = 26;

/// Why work on the database stopped.
pub(super) enum Stop {
    /// The database failed, and with it the whole transaction; perhaps it is only busy.
    Fault(Fault),
    /// This may not or cannot be done; other work can.
    Refused(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Turns a fault into an error that names the operation and no content.
pub(super) fn error(operation: &'static str, fault: Fault) -> Error {
    if is_busy(&fault) {
        return locked(operation).with_source(fault);
    }
    match fault {
        Fault::PoolClosed => closed(operation),
        fault => Error::internal(reason(&fault)).with_operation(operation).with_source(fault),
    }
}

/// Turns a fault of opening into an error: what is wrong with the file, the host can mend.
pub(super) fn open_error(operation: &'static str, fault: Fault) -> Error {
    match primary(&fault) {
        Some(SQLITE_CANTOPEN | SQLITE_NOTADB | SQLITE_PERM | SQLITE_READONLY) => {
            Error::configuration(format!("cannot open the database: {}", reason(&fault)))
                .with_operation(operation)
                .with_source(fault)
        }
        _ => error(operation, fault),
    }
}

/// The error of a call that waited for a lock in vain.
pub(super) fn locked(operation: &'static str) -> Error {
    Error::new(
        ErrorKind::LockTimeout,
        "the database stayed busy; try again, or give the store a longer lock timeout",
    )
    .with_retry(Retry::Backoff)
    .with_operation(operation)
}

/// The error of every call after `close`.
pub(super) fn closed(operation: &'static str) -> Error {
    Error::internal("the store is closed").with_operation(operation)
}

/// Whether somebody else holds a lock, so that waiting can help.
pub(super) fn is_busy(fault: &Fault) -> bool {
    // PROTOCOL: processes raced for the lock of the write-ahead log's index.
    matches!(fault, Fault::PoolTimedOut)
        || matches!(primary(fault), Some(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_PROTOCOL))
}

/// Whether an id or a key is taken.
pub(super) fn is_taken(fault: &Fault) -> bool {
    matches!(fault, Fault::Database(database) if database.is_unique_violation())
}

/// Whether the tables were never made.
pub(super) fn is_no_such_table(fault: &Fault) -> bool {
    primary(fault) == Some(SQLITE_ERROR)
        && matches!(fault, Fault::Database(database) if database.message().starts_with("no such table"))
}

fn primary(fault: &Fault) -> Option<i64> {
    let Fault::Database(database) = fault else { return None };
    database.code()?.parse::<i64>().ok().map(|code| code & 0xff)
}

fn reason(fault: &Fault) -> &'static str {
    match primary(fault) {
        Some(SQLITE_CANTOPEN) => "the database file cannot be opened; check its path and its folder",
        Some(SQLITE_CORRUPT) => "the database file is damaged; restore it from a backup",
        Some(SQLITE_FULL) => "the disk with the database is full",
        Some(SQLITE_IOERR) => "the disk with the database failed to read or write",
        Some(SQLITE_NOTADB) => "the file is not a SQLite database",
        Some(SQLITE_PERM | SQLITE_READONLY) => "the database file may not be written; check its rights",
        _ => "the database failed",
    }
}

/// How long to go on waiting for a lock.
pub(super) struct Patience {
    until: Instant,
    tries: u32,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        let now = Instant::now();
        Self { until: now.checked_add(limit).unwrap_or(now), tries: 0 }
    }

    /// Waits a little and says `true` when the fault is a lock and there is time left.
    ///
    /// The waits are short and uneven on purpose: SQLite's own grow to 100 ms, and a process that writes
    /// without a pause would then keep every other one out.
    pub(super) async fn again(&mut self, fault: &Fault) -> bool {
        if !is_busy(fault) || Instant::now() >= self.until {
            return false;
        }
        self.tries = self.tries.wrapping_add(1);
        tokio::time::sleep(Duration::from_micros(500 + u64::from(self.tries % 7) * 450)).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_faults_say_what_the_caller_may_do() {
        let timed_out = error("elements.get", Fault::PoolTimedOut);
        assert_eq!((timed_out.kind(), timed_out.retry()), (ErrorKind::LockTimeout, Retry::Backoff));
        assert_eq!(timed_out.operation(), Some("elements.get"));
        let closed = error("elements.get", Fault::PoolClosed);
        assert_eq!((closed.kind(), closed.retry()), (ErrorKind::Internal, Retry::Never));
    }

    #[tokio::test]
    async fn only_a_lock_is_waited_for() {
        assert!(!Patience::new(Duration::from_secs(1)).again(&Fault::RowNotFound).await);
    }
}
