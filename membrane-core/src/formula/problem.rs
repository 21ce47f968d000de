//! What is wrong in a part of a formula, told when the part is reached.

use crate::error::Error;
use crate::locator::{Locator, Step};

/// Steps of a place that are told.
const MAX_STEPS: usize = 20;

/// A part that cannot be evaluated.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    place: Locator,
    reason: String,
}

impl Problem {
    pub(super) fn new(place: &[Step], reason: &str) -> Self {
        let place = Locator::from_steps(place.iter().take(MAX_STEPS).cloned().collect());
        Self { place, reason: reason.to_owned() }
    }

    /// The error of whoever wrote the formula just now.
    pub(super) fn error(&self) -> Error {
        Error::invalid_input(self.message()).with("place", &self.place)
    }

    /// The error of a run that reached the part: its caller gave other input, not this formula.
    pub(super) fn fault(&self) -> Error {
        Error::configuration(self.message()).with("place", &self.place)
    }

    fn message(&self) -> String {
        format!("formula at {}: {}", self.place, self.reason)
    }
}
