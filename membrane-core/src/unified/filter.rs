//! Filters in terms of a model, turned into filters in terms of a collection.

use serde_json::{Map, Value, json};

use super::UnifiedFields;
use super::fields::Leaf;
use super::fill::check_depth;
use crate::error::{Error, Result};
use crate::filter::{Condition, Filter};
use crate::formula::{Formula, FormulaKind, Vars, transform_variables};
use crate::locator::{Locator, overlap};

impl UnifiedFields {
    /// A filter over the model's fields, which is data, as one over the collection's. Takes both forms: an
    /// object of fields, or a list of `{field, operator, value}`. `None` when it does not narrow anything.
    ///
    /// Constants of the mapping do not narrow, and a field of the collection that is made from several fields
    /// does so only when the filter has them all.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the collection has no field for one the
    /// filter names: without it, more records would be found than were asked for.
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no filter.
    ///
    /// ```
    /// use membrane_core::unified::{UnifiedFields, UnifiedModel};
    /// use serde_json::json;
    ///
    /// let users = UnifiedFields::new(
    ///     UnifiedModel::find("users")?,
    ///     Some(json!({"fullName": {"$var": "$.profile.name"}})),
    ///     Some(json!({"profile": {"name": {"$var": "$.fullName"}}, "active": true})),
    /// )?;
    /// let native = users.native_filter(&json!({"fullName": "Ada"}))?;
    /// assert_eq!(native, Some(json!({"profile": {"name": "Ada"}})));
    /// let native = users.native_filter(&json!([{"field": "fullName", "operator": "contains", "value": "Ad"}]))?;
    /// assert_eq!(native, Some(json!([{"field": "$.profile.name", "operator": "contains", "value": "Ad"}])));
    /// assert_eq!(users.native_filter(&json!({"roleId": 7})).unwrap_err().context_value("field"), Some("$.roleId"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn native_filter(&self, filter: &Value) -> Result<Option<Value>> {
        check_depth(filter)?;
        match filter {
            Value::Null => Ok(None),
            Value::Array(conditions) => self.conditions(filter, conditions.len()),
            Value::Object(_) => {
                let present = |read: &Locator| read.read(filter).is_some();
                let build = |formula: &Formula| formula.try_build(&Vars::from(filter));
                self.narrowing(Some(filter), &present, &build)
            }
            _ => Err(Error::invalid_input(
                "a filter is an object of fields, or a list of `{field, operator, value}`",
            )),
        }
    }

    /// As [`Self::native_filter`], over a filter with formulas in it, or one that is a formula as a whole.
    ///
    /// What a whole formula will build is not known: what it then has for fields the collection does not
    /// have is left out.
    ///
    /// # Errors
    /// As [`Self::native_filter`].
    ///
    /// ```
    /// use membrane_core::unified::{UnifiedFields, UnifiedModel};
    /// use serde_json::json;
    ///
    /// let to = json!({"name": {"$var": "$.fullName"}, "active": true});
    /// let users = UnifiedFields::new(UnifiedModel::find("users")?, None, Some(to))?;
    /// let native = users.rebase_filter(&json!({"$var": "$.input.filter"}))?;
    /// assert_eq!(native, Some(json!({"name": {"$var": "$.input.filter.fullName"}})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn rebase_filter(&self, filter: &Value) -> Result<Option<Value>> {
        if !filter.is_object() {
            return self.native_filter(filter);
        }
        check_depth(filter)?;
        let rebased = |formula: &Value| transform_variables(formula, filter);
        // What fails is there; building says why.
        let present = |read: &Locator| !matches!(rebased(&json!({ "$var": read })), Ok(None));
        let build = |formula: &Formula| rebased(formula.source());
        self.narrowing(Some(filter).filter(|filter| FormulaKind::of(filter).is_none()), &present, &build)
    }

    /// The fields of the collection for those that are present. All places of `known` must be in them.
    fn narrowing(
        &self,
        known: Option<&Value>,
        present: &dyn Fn(&Locator) -> bool,
        build: &dyn Fn(&Formula) -> Result<Option<Value>>,
    ) -> Result<Option<Value>> {
        let to = self.to.as_ref().ok_or_else(|| self.cannot_write())?;
        let mut native = Value::Object(Map::new());
        let mut used: Vec<&Locator> = Vec::new();
        let has_all = |reads: &&Vec<Locator>| !reads.is_empty() && reads.iter().all(present);
        for leaf in &to.leaves {
            let Some(reads) = leaf.reads.as_ref().filter(has_all) else { continue };
            if let Some(value) = build(&leaf.formula)? {
                leaf.place.write(&mut native, Some(value));
                used.extend(reads);
            }
        }
        let mut wanted = Vec::new();
        known.into_iter().for_each(|known| places(known, &Locator::root(), &mut wanted));
        let is_used = |place: &Locator| used.iter().any(|read| overlap(read.steps(), place.steps()));
        if let Some(lost) = wanted.iter().find(|place| !is_used(place)) {
            return Err(self.no_field_for(lost));
        }
        Ok((!used.is_empty()).then_some(native))
    }

    fn conditions(&self, filter: &Value, count: usize) -> Result<Option<Value>> {
        let filter = Filter::parse(filter)?;
        if filter.conditions().len() != count {
            let message =
                "a condition of the filter has an unknown operator; use for example `is` or `contains`";
            return Err(Error::invalid_input(message).with("field", "filter"));
        }
        let conditions = filter.conditions().iter().map(|condition| {
            let field =
                self.native_place(&condition.field)?.ok_or_else(|| self.no_field_for(&condition.field))?;
            Ok(Condition::new(field, condition.operator, condition.value.clone()))
        });
        let conditions = conditions.collect::<Result<Vec<_>>>()?;
        Ok((!conditions.is_empty()).then(|| Filter::new(conditions).to_value()))
    }

    /// Where the collection has a field of the model: where it is read from, else where it is written to.
    fn native_place(&self, field: &Locator) -> Result<Option<Locator>> {
        let variable = json!({ "$var": field });
        let read = self.from.as_ref().map(|from| transform_variables(&variable, from)).transpose()?.flatten();
        if let Some((FormulaKind::Var, place)) = read.as_ref().and_then(FormulaKind::of) {
            return Ok(Locator::from_value(place).ok());
        }
        let is_this = |leaf: &&Leaf| match FormulaKind::of(leaf.formula.source()) {
            Some((FormulaKind::Var, place)) => Locator::from_value(place).ok().as_ref() == Some(field),
            _ => false,
        };
        let leaf = self.to.as_ref().and_then(|to| to.leaves.iter().find(is_this));
        Ok(leaf.map(|leaf| leaf.place.clone()))
    }

    fn no_field_for(&self, field: &Locator) -> Error {
        let key = self.model.key;
        Error::unsupported(format!(
            "the collection has no field for `{field}` of the unified model `{key}`, so it cannot be filtered by it"
        ))
        .with("field", field)
        .with("model", key)
    }
}

/// The places that hold something other than fields. The levels were counted.
fn places(value: &Value, place: &Locator, found: &mut Vec<Locator>) {
    match value {
        Value::Object(fields) if FormulaKind::of(value).is_none() => {
            fields.iter().for_each(|(name, field)| places(field, &place.property(name), found));
        }
        _ => found.push(place.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::unified::UnifiedModel;

    fn users() -> UnifiedFields {
        let from = json!({
            "id": {"$var": "$.gid"}, "primaryEmail": {"$var": "mail"},
            "fullName": {"$concat": [{"$var": "first"}, " ", {"$var": "last"}]},
            "primaryAddress": {"$var": "$.home"},
        });
        let to = json!({
            "gid": {"$var": "$.id"}, "first": {"$var": "$.firstName"}, "active": true,
            "label": {"$concat": [{"$var": "$.firstName"}, " ", {"$var": "$.lastName"}]},
            "title": {"$var": "$.fullName"}, "score": {"$jsonata": "$sum(scores)"},
            "disabled": {"$case": {"cases": [{"filter": {"$eval": {"$var": "$.isActive"}, "is": false}, "value": true}],
                "default": false}},
        });
        UnifiedFields::new(UnifiedModel::find("users").unwrap(), Some(from), Some(to)).unwrap()
    }

    #[test]
    fn constants_and_halves_do_not_narrow() {
        let native = |filter: Value| users().native_filter(&filter).unwrap();
        assert_eq!(native(json!({"id": 7})), Some(json!({"gid": 7})));
        assert_eq!(native(json!({"firstName": "Ann"})), Some(json!({"first": "Ann"})));
        assert_eq!(
            native(json!({"firstName": "Ann", "lastName": "Lee"})),
            Some(json!({"first": "Ann", "label": "Ann Lee"}))
        );
        assert_eq!(native(json!({"isActive": false})), Some(json!({"disabled": true})));
        assert_eq!(native(json!({"id": null})), Some(json!({"gid": null})));
        for nothing in [json!({}), json!([]), json!(null)] {
            assert_eq!(native(nothing), None);
        }
    }

    #[test]
    fn what_has_no_field_is_refused() {
        for (filter, field) in [
            (json!({"id": 7, "lastName": "Lee"}), "$.lastName"),
            (json!({"id": 7, "primaryAddress": {"city": "Oslo"}}), "$.primaryAddress.city"),
            (json!({"roleId": null}), "$.roleId"),
            (json!([{"field": "roleId", "operator": "is", "value": 1}]), "$.roleId"),
        ] {
            let error = users().native_filter(&filter).unwrap_err();
            assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::Unsupported, Some(field)));
        }
        for filter in [json!("x"), json!(1), json!([{"field": "id", "operator": "like"}])] {
            assert_eq!(users().native_filter(&filter).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn conditions_are_about_what_is_read() {
        for (field, place) in [
            ("id", "$.gid"),
            ("primaryEmail", "$.mail"),
            ("emails[0].value", "$.mail"),
            ("primaryAddress.city", "$.home.city"),
            // Made of two fields when read, so only where it is written helps.
            ("fullName", "$.title"),
        ] {
            let filter = json!([{"field": field, "operator": "is_one_of", "value": ["a", {"$var": "b"}]}]);
            let expected = json!([{"field": place, "operator": "is_one_of", "value": ["a", {"$var": "b"}]}]);
            assert_eq!(users().native_filter(&filter).unwrap(), Some(expected));
        }
    }

    #[test]
    fn formulas_are_rebased() {
        let rebased = |filter: Value| users().rebase_filter(&filter);
        assert_eq!(
            rebased(json!({"id": {"$var": "$.input.id"}})).unwrap(),
            Some(json!({"gid": {"$var": "$.input.id"}}))
        );
        let whole = rebased(json!({"$var": "$.input.filter"})).unwrap().unwrap();
        let names: Vec<&String> = whole.as_object().unwrap().keys().collect();
        assert_eq!(names, ["gid", "first", "label", "title", "disabled"]);
        assert_eq!(whole["label"]["$concat"][2], json!({"$var": "$.input.filter.lastName"}));
        assert!(rebased(json!({"roleId": {"$var": "$.input.role"}})).is_err());
    }

    #[test]
    fn data_is_never_built() {
        let evil = json!({"id": {"$var": "$"}, "firstName": {"$concat": ["a", "b"]}});
        assert_eq!(
            users().native_filter(&evil).unwrap(),
            Some(json!({"gid": {"$var": "$"}, "first": {"$concat": ["a", "b"]}}))
        );
    }
}
