use serde_json::Value;

use crate::locator::loose;

/// The names of formulas, without the `$`.
///
/// ```
/// use membrane_core::formula::FormulaKind;
///
/// assert_eq!(FormulaKind::from_key("$concat"), Some(FormulaKind::Concat));
/// assert_eq!(FormulaKind::Concat.as_str(), "concat");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FormulaKind {
    /// Whether all items are truthy.
    And,
    /// The value of the first case whose filter matches.
    Case,
    /// Texts one after another.
    Concat,
    /// A value from elsewhere in the result.
    Copy,
    /// The schema of a data collection or of the app.
    DataSchemaRef,
    /// What follows the `@` of an email address.
    DomainFromEmail,
    /// A comparison.
    Eval,
    /// The date of a point in time.
    ExtractDate,
    /// The time of day of a point in time.
    ExtractTime,
    /// The id of our record for a record of the external app.
    FindAppRecordId,
    /// The id of the external app's record for a record of ours.
    FindExternalRecordId,
    /// The first name of a person's full name.
    FirstName,
    /// The first item that is not `null`.
    FirstNotEmpty,
    /// A formula whose variables are filled in, kept as a formula.
    Formula,
    /// A list made from each item of another.
    Iterate,
    /// A JSONata expression.
    Jsonata,
    /// The last name of a person's full name.
    LastName,
    /// The id of a record found by its fields.
    Lookup,
    /// A value replaced by its partner in a table.
    Map,
    /// Objects laid over each other.
    MergeObjects,
    /// Whether any item is truthy.
    Or,
    /// The argument as it stands.
    Plain,
    /// The id of a record that was picked by hand.
    Record,
    /// A template with slots.
    Tpl,
    /// A variable.
    Var,
}

impl FormulaKind {
    /// The formula with this key, for example `$var`.
    pub fn from_key(key: &str) -> Option<Self> {
        let name = key.strip_prefix('$')?;
        NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The kind and argument when the value is a formula: an object whose first key names one.
    ///
    /// ```
    /// use membrane_core::formula::FormulaKind;
    /// use serde_json::json;
    ///
    /// let value = json!({"$var": "$.name"});
    /// assert_eq!(FormulaKind::of(&value), Some((FormulaKind::Var, &json!("$.name"))));
    /// assert_eq!(FormulaKind::of(&json!({"a": 1, "$var": "$.name"})), None);
    /// assert_eq!(FormulaKind::of(&json!({"$var": "$.name", "1": 1})), None);
    /// ```
    pub fn of(value: &Value) -> Option<(Self, &Value)> {
        let fields = value.as_object()?;
        let (key, argument) = fields.iter().next()?;
        let kind = Self::from_key(key)?;
        // Wherever they stand, the names that are numbers come first in an object of JavaScript.
        let is_first = fields.len() == 1 || !fields.keys().any(|name| loose::list_position(name).is_some());
        is_first.then_some((kind, argument))
    }

    /// The key of the formula without its `$`.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

pub(super) const NAMES: &[(FormulaKind, &str)] = &[
    (FormulaKind::And, "and"),
    (FormulaKind::Case, "case"),
    (FormulaKind::Concat, "concat"),
    (FormulaKind::Copy, "copy"),
    (FormulaKind::DataSchemaRef, "dataSchemaRef"),
    (FormulaKind::DomainFromEmail, "domainFromEmail"),
    (FormulaKind::Eval, "eval"),
    (FormulaKind::ExtractDate, "extractDate"),
    (FormulaKind::ExtractTime, "extractTime"),
    (FormulaKind::FindAppRecordId, "findAppRecordId"),
    (FormulaKind::FindExternalRecordId, "findExternalRecordId"),
    (FormulaKind::FirstName, "firstName"),
    (FormulaKind::FirstNotEmpty, "firstNotEmpty"),
    (FormulaKind::Formula, "formula"),
    (FormulaKind::Iterate, "iterate"),
    (FormulaKind::Jsonata, "jsonata"),
    (FormulaKind::LastName, "lastName"),
    (FormulaKind::Lookup, "lookup"),
    (FormulaKind::Map, "map"),
    (FormulaKind::MergeObjects, "mergeObjects"),
    (FormulaKind::Or, "or"),
    (FormulaKind::Plain, "plain"),
    (FormulaKind::Record, "record"),
    (FormulaKind::Tpl, "tpl"),
    (FormulaKind::Var, "var"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_five() {
        assert_eq!(NAMES.len(), 25);
        for (kind, name) in NAMES {
            assert_eq!(FormulaKind::from_key(&format!("${name}")), Some(*kind));
            assert_eq!(kind.as_str(), *name);
        }
        assert_eq!(FormulaKind::from_key("$Var"), None);
        assert_eq!(FormulaKind::from_key("var"), None);
    }
}
