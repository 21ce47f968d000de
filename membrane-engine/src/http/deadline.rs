//! The time of a call of the engine, shared by all that it sends.

use std::time::Duration;

use tokio::time::Instant;

/// A time that an `Instant` can be moved by.
const LONGEST: Duration = Duration::from_secs(86_400);

/// When a call is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// The moment.
    pub(super) at: Instant,
    /// How long before that the call began.
    pub(super) span: Duration,
}

impl Deadline {
    /// The time of a call that begins now.
    pub(crate) fn after(span: Duration) -> Self {
        let span = span.min(LONGEST);
        Self { at: Instant::now() + span, span }
    }

    /// What is left of it.
    pub(super) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}
