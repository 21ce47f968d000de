//! What a model makes of fields that are there for fields that are not.

use serde_json::Value;

use super::UnifiedModel;
use crate::error::{Error, Result};
use crate::formula::{Formula, FormulaKind, Vars, size_of, transform_variables, variable_places};
use crate::locator::{Locator, loose};

/// What a field can be made from.
#[derive(Debug)]
pub(super) struct Fallback {
    pub(super) place: Locator,
    sources: Vec<Source>,
}

/// One way to make it.
#[derive(Debug)]
struct Source {
    formula: Formula,
    variables: Vec<Locator>,
}

impl Fallback {
    pub(super) fn new(place: &str, formulas: &[Value]) -> Result<Self> {
        let sources = formulas.iter().map(Source::new).collect::<Result<_>>()?;
        Ok(Self { place: Locator::parse(place)?, sources })
    }

    /// The value for a place that has none: from the first source that has a variable and makes something.
    fn value(
        &self,
        fields: &Value,
        may_use: &dyn Fn(&Locator) -> bool,
        make: &dyn Fn(&Formula) -> Result<Option<Value>>,
    ) -> Result<Option<Value>> {
        if self.place.read(fields).is_some() {
            return Ok(None);
        }
        for source in &self.sources {
            let mut present =
                source.variables.iter().filter(|variable| variable.read(fields).is_some()).peekable();
            if present.peek().is_some()
                && present.all(may_use)
                && let Some(value) = make(&source.formula)?
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

impl Source {
    fn new(formula: &Value) -> Result<Self> {
        let at = |place: Locator| Locator::from_value(place.property("$var").at(formula)?).ok();
        let variables = variable_places(formula).into_iter().filter_map(at).collect();
        Ok(Self { formula: Formula::parse(formula)?, variables })
    }
}

impl UnifiedModel {
    /// Adds what the fields there are can stand for, as formulas: to a mapping onto this model, or to a record
    /// of it that is still to be built.
    ///
    /// A field that is absent (`null` is not) gets the first formula that has at least one of its variables,
    /// with what the fields have in the variables' place. Everything is judged by the fields as they came, so
    /// what is added leads to nothing else.
    ///
    /// What is no object of fields, such as a formula for all of them, stays as it is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for fields that nest deeper than 512 levels.
    ///
    /// ```
    /// use membrane_core::unified::UnifiedModel;
    /// use serde_json::json;
    ///
    /// let users = UnifiedModel::find("users")?;
    /// assert_eq!(users.fill(json!({"fullName": {"$var": "name"}}))?, json!({
    ///     "fullName": {"$var": "name"},
    ///     "firstName": {"$firstName": {"$var": "name"}},
    ///     "lastName": {"$lastName": {"$var": "name"}},
    /// }));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn fill(&self, fields: Value) -> Result<Value> {
        if FormulaKind::of(&fields).is_some() {
            return Ok(fields);
        }
        let added = self.added_formulas(&fields, &|_| true)?;
        Ok(with(fields, added))
    }

    /// As [`UnifiedModel::fill`], over a record that is data: what is added is built.
    ///
    /// Activities also take the times they lack from those they have; an empty text is no time.
    ///
    /// # Errors
    /// As [`Formula::try_build`].
    ///
    /// ```
    /// use membrane_core::unified::UnifiedModel;
    /// use serde_json::json;
    ///
    /// let user = UnifiedModel::find("users")?.fill_record(json!({"fullName": "Ada Lovelace"}))?;
    /// assert_eq!(user, json!({"fullName": "Ada Lovelace", "firstName": "Ada", "lastName": "Lovelace"}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn fill_record(&self, record: Value) -> Result<Value> {
        self.fill_record_where(record, &|_| true)
    }

    /// As [`UnifiedModel::fill`] with the times of activities, but adds only what comes from variables that may
    /// be used.
    pub(super) fn fill_where(&self, fields: Value, may_use: &dyn Fn(&Locator) -> bool) -> Result<Value> {
        if FormulaKind::of(&fields).is_some() {
            return Ok(fields);
        }
        let mut added = self.added_formulas(&fields, may_use)?;
        self.populate(&fields, may_use, &mut added);
        Ok(with(fields, added))
    }

    fn added_formulas(
        &self,
        fields: &Value,
        may_use: &dyn Fn(&Locator) -> bool,
    ) -> Result<Vec<(Locator, Value)>> {
        self.added(fields, may_use, &|formula| transform_variables(formula.source(), fields))
    }

    /// Adds only what comes from variables that may be used.
    pub(super) fn fill_record_where(
        &self,
        record: Value,
        may_use: &dyn Fn(&Locator) -> bool,
    ) -> Result<Value> {
        let mut added = self.added(&record, may_use, &|formula| formula.try_build(&Vars::from(&record)))?;
        self.populate(&record, may_use, &mut added);
        Ok(with(record, added))
    }

    fn added(
        &self,
        fields: &Value,
        may_use: &dyn Fn(&Locator) -> bool,
        make: &dyn Fn(&Formula) -> Result<Option<Value>>,
    ) -> Result<Vec<(Locator, Value)>> {
        check_depth(fields)?;
        if !fields.is_object() {
            return Ok(Vec::new());
        }
        let mut added = Vec::new();
        for fallback in &self.fallbacks {
            let value = fallback.value(fields, may_use, make)?;
            added.extend(value.map(|value| (fallback.place.clone(), value)));
        }
        Ok(added)
    }

    /// One field after another, so that a later one sees what an earlier one took.
    fn populate(
        &self,
        fields: &Value,
        may_use: &dyn Fn(&Locator) -> bool,
        added: &mut Vec<(Locator, Value)>,
    ) {
        let root = Locator::root();
        for (name, sources) in self.populate.iter().filter(|_| fields.is_object()) {
            let place = root.property(name);
            let found = |place: &Locator| {
                let earlier = added.iter().find(|(added, _)| added == place).map(|(_, value)| value);
                earlier.or_else(|| place.at(fields)).filter(|value| loose::truthy(value)).cloned()
            };
            let value = match found(&place) {
                Some(_) => None,
                None => {
                    let sources = sources.iter().map(|name| root.property(name)).filter(may_use);
                    sources.into_iter().find_map(|source| found(&source))
                }
            };
            added.extend(value.map(|value| (place, value)));
        }
    }
}

fn with(mut fields: Value, added: Vec<(Locator, Value)>) -> Value {
    for (place, value) in added {
        place.write(&mut fields, Some(value));
    }
    fields
}

/// Refuses what could not be copied on a small stack.
pub(crate) fn check_depth(value: &Value) -> Result<()> {
    if size_of(value).is_some() {
        return Ok(());
    }
    Err(Error::invalid_input(format!("the fields nest deeper than {} levels", loose::MAX_DEPTH)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(model: &str, fields: Value) -> Value {
        UnifiedModel::find(model).unwrap().fill(fields).unwrap()
    }

    #[test]
    fn only_what_is_absent_is_filled() {
        assert_eq!(
            fill("users", json!({"fullName": null, "firstName": "A"})),
            json!({"fullName": null, "firstName": "A", "lastName": {"$lastName": null}})
        );
        assert_eq!(
            fill("contacts", json!({"emails": null})),
            json!({"emails": null}),
            "nothing is at `emails[0].value`"
        );
        assert_eq!(
            fill("contacts", json!({"primaryEmail": null})),
            json!({"primaryEmail": null, "emails": [{"value": null}]})
        );
    }

    #[test]
    fn what_is_added_leads_to_nothing_else() {
        // The first address is added, yet its text is not made from it.
        assert_eq!(
            fill("contacts", json!({"addresses": [{"city": "Oslo"}]})),
            json!({"addresses": [{"city": "Oslo"}], "primaryAddress": {"city": "Oslo"}})
        );
        assert_eq!(
            fill("companies", json!({"primaryAddress": {"city": "Oslo"}})),
            json!({"primaryAddress": {"city": "Oslo", "full": {"$concat": {"values": ["Oslo"], "delimiter": ", "}}}})
        );
    }

    #[test]
    fn formulas_have_no_inside() {
        for fields in [
            json!({"emails": {"$var": "mails"}}),
            json!({"primaryAddress": {"$var": "address"}, "addresses": [{"value": {"$var": "address"}}]}),
            json!({"$var": "$.input"}),
            json!(["fullName"]),
            json!(null),
        ] {
            assert_eq!(fill("users", fields.clone()), fields);
        }
    }

    #[test]
    fn activities_take_times_from_each_other() {
        for (given, expected) in [
            (json!({"endTime": "e"}), json!({"endTime": "e", "dueTime": "e", "startTime": "e"})),
            (json!({"startTime": "s"}), json!({"startTime": "s", "dueTime": "s", "endTime": "s"})),
            (
                json!({"startTime": "s", "endTime": "e"}),
                json!({"startTime": "s", "endTime": "e", "dueTime": "e"}),
            ),
            (
                json!({"dueTime": "d", "endTime": ""}),
                json!({"dueTime": "d", "endTime": "d", "startTime": "d"}),
            ),
            (json!({"dueTime": ""}), json!({"dueTime": ""})),
            (
                json!({"dueTime": {"$var": "deadline"}}),
                json!({"dueTime": {"$var": "deadline"}, "startTime": {"$var": "deadline"}, "endTime": {"$var": "deadline"}}),
            ),
        ] {
            let activities = UnifiedModel::find("activities").unwrap();
            assert_eq!(activities.fill_where(given, &|_| true).unwrap(), expected);
        }
        assert_eq!(fill("tasks", json!({"dueTime": "d"})), json!({"dueTime": "d"}));
    }

    #[test]
    fn records_are_filled_with_data() {
        let candidates = UnifiedModel::find("job-candidates").unwrap();
        let filled =
            candidates.fill_record(json!({"fullName": "Madonna", "emails": [{"value": "m@x"}]})).unwrap();
        assert_eq!(
            filled,
            json!({"fullName": "Madonna", "emails": [{"value": "m@x"}], "lastName": "Madonna"}),
            "one word is a last name; the first email is not taken, as in Membrane"
        );
        let evil = json!({"primaryEmail": {"$var": "$"}});
        let filled = UnifiedModel::find("contacts").unwrap().fill_record(evil).unwrap();
        assert_eq!(filled["emails"], json!([{"value": {"$var": "$"}}]), "data is not built");
    }

    #[test]
    fn deep_fields_are_refused() {
        let mut deep = json!(1);
        for _ in 0..10_000 {
            deep = Value::Object([("emails".to_owned(), deep)].into_iter().collect());
        }
        let users = UnifiedModel::find("users").unwrap();
        let check = check_depth(&deep).unwrap_err();
        assert!(check.message().contains("512"), "{check}");
        assert!(users.added(&deep, &|_| true, &|_| Ok(None)).is_err());
        std::mem::forget(deep);
    }
}
