//! `$copy`: values taken from elsewhere in the finished result.

use serde_json::Value;

use super::eval::size_within;
use super::kind::FormulaKind;
use super::variables::{formula_places, has_copy, removal};
use crate::error::{Error, Result};
use crate::locator::Locator;

/// How much all copies together may add.
const BUDGET: u64 = 1_000_000;

/// Replaces each copy, in document order.
///
/// A copy of a place that holds a copy itself works only when that one was replaced before. A copy of nothing
/// goes, and in a list what follows moves up: a copy that is no longer where it was found fails.
pub(super) fn replace(value: &mut Value) -> Result<()> {
    let mut left = BUDGET;
    let too_much = || Error::invalid_input("the copies in the formula add up to too much data");
    for place in formula_places(value, FormulaKind::Copy) {
        let Some((kind, source)) = place.at(value).and_then(FormulaKind::of) else {
            let message = format!("the copy at {place} moved when one before it in its list came to nothing");
            return Err(Error::configuration(message).with("place", place));
        };
        let source = match (kind, source) {
            (FormulaKind::Copy | FormulaKind::Var, Value::Array(_)) => Some(Locator::from_value(source)?),
            (FormulaKind::Copy | FormulaKind::Var, source) => Locator::from_value(source).ok(),
            _ => None,
        };
        let copied = source.as_ref().and_then(|source| source.peek(value));
        if let (Some(source), Some(copied)) = (&source, &copied) {
            let size = size_within(copied, left).map_err(|_| too_much())?;
            left -= size;
            if has_copy(copied) {
                return Err(Error::configuration(format!(
                    "{place} is copying {source}, which contains a copy formula"
                ))
                .with("place", place));
            }
        }
        let copied = copied.map(std::borrow::Cow::into_owned);
        if copied.is_none() {
            left = left.checked_sub(removal(&place, value)).ok_or_else(too_much)?;
        }
        if !place.is_root() {
            place.write(value, copied);
        }
    }
    Ok(())
}
