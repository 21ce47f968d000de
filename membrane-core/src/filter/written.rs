use serde_json::Value;

use super::{Filter, MAX_CONDITIONS, parse_condition};
use crate::error::{Error, Result};
use crate::locator::Step;

/// Conditions as somebody wrote them: one that is wrong matters only when all before it hold.
#[derive(Debug)]
pub(crate) struct Written {
    /// The conditions up to the first that is wrong.
    filter: Filter,
    problem: Option<Error>,
}

impl Written {
    /// Fails for too many conditions only.
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        let conditions = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if conditions.len() > MAX_CONDITIONS {
            return Err(Error::invalid_input(format!("a filter has at most {MAX_CONDITIONS} conditions")));
        }
        let mut known = Vec::new();
        let mut problem = None;
        for (n, condition) in conditions.iter().enumerate() {
            match parse_condition(n, condition) {
                Ok(condition) => known.extend(condition),
                Err(error) => {
                    problem = Some(error);
                    break;
                }
            }
        }
        Ok(Self { filter: Filter::new(known), problem })
    }

    pub(crate) fn conditions(&self) -> &[super::Condition] {
        self.filter.conditions()
    }

    /// What is wrong with the condition after those.
    pub(crate) fn problem(&self) -> Option<&Error> {
        self.problem.as_ref()
    }

    /// Whether those before the wrong one hold.
    pub(crate) fn matches_by(&self, read: impl Fn(&[Step], &mut dyn FnMut(&Value) -> bool) -> bool) -> bool {
        self.filter.matches_by(read)
    }

    /// All of them, if none is wrong.
    pub(super) fn whole(self) -> Result<Filter> {
        match self.problem {
            Some(problem) => Err(problem),
            None => Ok(self.filter),
        }
    }
}
