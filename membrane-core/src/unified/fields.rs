use serde_json::{Map, Value};

use super::UnifiedModel;
use super::fill::check_depth;
use crate::error::{Error, Result};
use crate::formula::{Formula, FormulaKind, Vars, transform_variables};
use crate::locator::{Locator, overlap};

/// How the fields of one collection and of one model map onto each other.
///
/// Two ways to use it. *Formulas*: a configuration in terms of the model is turned into one in terms of the
/// collection, once ([`rebase`](Self::rebase), [`rebase_filter`](Self::rebase_filter)). *Data*: what a
/// configuration built is turned, run by run ([`native`](Self::native), [`native_filter`](Self::native_filter));
/// nothing in it is taken for a formula.
///
/// ```
/// use membrane_core::unified::{UnifiedFields, UnifiedModel};
/// use serde_json::json;
///
/// let fields = UnifiedFields::new(
///     UnifiedModel::find("users")?,
///     Some(json!({"id": {"$var": "$.gid"}, "fullName": {"$var": "$.name"}})),
///     Some(json!({"name": {"$var": "$.fullName"}, "email": {"$var": "$.primaryEmail"}})),
/// )?;
/// assert_eq!(fields.import_value().unwrap()["firstName"], json!({"$firstName": {"$var": "$.name"}}));
/// let own = json!({"fullName": {"$var": "$.input.author"}});
/// assert_eq!(fields.rebase(&own)?, Some(json!({"name": {"$var": "$.input.author"}})));
/// assert_eq!(fields.native(json!({"primaryEmail": "ada@x.example"}))?, json!({"email": "ada@x.example"}));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct UnifiedFields {
    pub(super) model: &'static UnifiedModel,
    /// With what the model adds.
    pub(super) from: Option<Value>,
    pub(super) to: Option<ToCollection>,
}

/// The way to the collection: the whole mapping, and the parts it is made of.
#[derive(Debug, Clone)]
pub(super) struct ToCollection {
    formula: Formula,
    pub(super) leaves: Vec<Leaf>,
}

/// One field of the collection.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) place: Locator,
    pub(super) formula: Formula,
    /// What it reads of the model's fields; `None` when that cannot be told.
    pub(super) reads: Option<Vec<Locator>>,
}

impl UnifiedFields {
    /// Takes the mapping from a collection's fields and the one to them.
    ///
    /// # Errors
    /// As [`Formula::parse`].
    pub fn new(model: &'static UnifiedModel, from: Option<Value>, to: Option<Value>) -> Result<Self> {
        if let Some(from) = &from {
            Formula::parse_strict(from).map_err(|error| in_mapping(error, "fieldsFromCollection"))?;
        }
        let from = from.map(|from| model.fill_where(from, &|_| true)).transpose()?;
        let to = to.map(|to| ToCollection::new(&to)).transpose();
        Ok(Self { model, from, to: to.map_err(|error| in_mapping(error, "fieldsToCollection"))? })
    }

    /// The model.
    pub fn model(&self) -> &'static UnifiedModel {
        self.model
    }

    /// The formula over the collection's fields that builds the model's, with what the model adds
    /// ([`UnifiedModel::fill`]).
    pub fn import_value(&self) -> Option<&Value> {
        self.from.as_ref()
    }

    /// The formula over the model's fields that builds the collection's.
    pub fn export_value(&self) -> Option<&Value> {
        self.to.as_ref().map(|to| to.formula.source())
    }

    /// A formula over the model's fields as one over the collection's: `{"$var": "$"}` is everything.
    /// `None` when nothing is left of it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a formula that nests too deep; else as
    /// [`transform_variables`].
    pub fn import_of(&self, formula: &Value) -> Result<Option<Value>> {
        check_depth(formula)?;
        Ok(self.from.as_ref().map(|from| transform_variables(formula, from)).transpose()?.flatten())
    }

    /// A unified value, with formulas, as a value in terms of the collection. `None` when nothing is left of
    /// it, or the connector does not say how to write such records.
    ///
    /// Fields the value lacks are filled in as in [`Self::native`]. Values for fields that cannot be written
    /// stay in: what a method does not take it leaves out.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a value that nests too deep; else as
    /// [`transform_variables`].
    pub fn rebase(&self, unified: &Value) -> Result<Option<Value>> {
        check_depth(unified)?;
        let Some(to) = &self.to else { return Ok(None) };
        let filled = self.model.fill_where(unified.clone(), &|variable| !to.reads(variable))?;
        transform_variables(to.formula.source(), &filled)
    }

    /// A unified record, which is data, as fields of the collection; empty when none of it can be mapped.
    ///
    /// Where the collection has no place for a field, the model's fallbacks count: a full name becomes first
    /// and last name. They never write what the record itself does not say in another field: an email that
    /// is mapped does not become the list of all emails as well.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the connector does not say how to write
    /// such records; else as [`Formula::try_build`].
    pub fn native(&self, record: Value) -> Result<Value> {
        self.to_collection(record).map(|(_, fields)| fields)
    }

    /// The same for a change of a record: a field of the collection is left out when it is made of fields none of
    /// which the record has, so that what a formula comes to without them overwrites nothing.
    ///
    /// # Errors
    /// As [`Self::native`].
    ///
    /// ```
    /// use membrane_core::unified::{UnifiedFields, UnifiedModel};
    /// use serde_json::json;
    ///
    /// let to = json!({"phone": {"$concat": ["+", {"$var": "$.primaryPhone"}]}, "name": {"$var": "$.fullName"}});
    /// let contacts = UnifiedFields::new(UnifiedModel::find("contacts")?, None, Some(to))?;
    /// assert_eq!(contacts.native_change(json!({"fullName": "Ada"}))?, json!({"name": "Ada"}));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn native_change(&self, record: Value) -> Result<Value> {
        let (record, mut fields) = self.to_collection(record)?;
        for leaf in self.to.iter().flat_map(|to| &to.leaves) {
            let is_missing = leaf.reads.as_ref().is_some_and(|reads| are_missing(reads, &record));
            if is_missing && leaf.place.peek(&fields).is_some() {
                leaf.place.write(&mut fields, None);
            }
        }
        Ok(fields)
    }

    /// A record with what the model adds, and the fields it comes to.
    fn to_collection(&self, record: Value) -> Result<(Value, Value)> {
        let to = self.to.as_ref().ok_or_else(|| self.cannot_write())?;
        let record = self.model.fill_record_where(record, &|variable| !to.reads(variable))?;
        let built = to.formula.try_build(&Vars::from(&record))?;
        Ok((record, built.unwrap_or_else(|| Value::Object(Map::new()))))
    }

    pub(super) fn cannot_write(&self) -> Error {
        let key = self.model.key;
        Error::unsupported(format!(
            "the collection has no `fieldsToCollection` for the unified model `{key}`"
        ))
        .with("model", key)
    }
}

impl ToCollection {
    fn new(source: &Value) -> Result<Self> {
        let formula = Formula::parse_strict(source)?;
        let mut leaves = Vec::new();
        add_leaves(source, &Locator::root(), &mut leaves)?;
        Ok(Self { formula, leaves })
    }

    /// Whether it makes anything of a field of the model; yes when that cannot be told.
    fn reads(&self, field: &Locator) -> bool {
        self.leaves.iter().any(|leaf| match &leaf.reads {
            Some(reads) => reads.iter().any(|read| overlap(read.steps(), field.steps())),
            None => true,
        })
    }
}

/// Whether something is read, and none of it is there.
pub(crate) fn are_missing(reads: &[Locator], values: &Value) -> bool {
    !reads.is_empty() && reads.iter().all(|read| read.peek(values).is_none())
}

/// Goes into plain objects only. The formula was parsed, so the levels are few.
fn add_leaves(source: &Value, place: &Locator, leaves: &mut Vec<Leaf>) -> Result<()> {
    match source {
        Value::Object(fields) if !fields.is_empty() && FormulaKind::of(source).is_none() => {
            fields.iter().try_for_each(|(name, field)| add_leaves(field, &place.property(name), leaves))
        }
        _ => {
            let formula = Formula::parse_strict(source)?;
            let reads = formula.shape().map(|shape| {
                let mut reads = Vec::new();
                shape.reads(&mut reads);
                reads.into_iter().map(|steps| Locator::from_steps(steps.to_vec())).collect()
            });
            leaves.push(Leaf { place: place.clone(), formula, reads });
            Ok(())
        }
    }
}

fn in_mapping(error: Error, part: &'static str) -> Error {
    error.map_message(|why| format!("{part}: {why}")).with("mapping", part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(model: &str, to: Value) -> UnifiedFields {
        UnifiedFields::new(UnifiedModel::find(model).unwrap(), None, Some(to)).unwrap()
    }

    #[test]
    fn nested_objects_and_lists_are_rebased() {
        let users = fields(
            "users",
            json!({
                "name": {"given": {"$var": "$.firstName"}, "family": {"$var": "lastName"}},
                "mails": {"$iterate": {"source": {"$var": "$.emails"}, "item": {"address": {"$var": "$.item.value"}}}},
                "roles": [{"$var": "$.roleId"}], "settings": {}, "isAdmin": false,
            }),
        );
        assert_eq!(
            users.rebase(&json!({"$var": "$.input"})).unwrap().unwrap(),
            json!({
                "name": {"given": {"$var": "$.input.firstName"}, "family": {"$var": "$.input.lastName"}},
                "mails": {"$iterate": {
                    "source": {"$var": "$.input.emails"}, "item": {"address": {"$var": "$.item.value"}},
                }},
                "roles": [{"$var": "$.input.roleId"}], "settings": {}, "isAdmin": false,
            })
        );
        assert_eq!(
            users.rebase(&json!({"roleId": "r1"})).unwrap().unwrap(),
            json!({"roles": ["r1"], "settings": {}, "isAdmin": false})
        );
    }

    #[test]
    fn fallbacks_write_only_what_has_no_place_of_its_own() {
        let names = json!({"first": {"$var": "firstName"}, "last": {"$var": "lastName"}});
        let record = json!({"fullName": "Ada Lovelace"});
        assert_eq!(
            fields("users", names.clone()).native(record.clone()).unwrap(),
            json!({"first": "Ada", "last": "Lovelace"})
        );
        assert_eq!(
            fields("users", names.clone()).rebase(&json!({"fullName": {"$var": "n"}})).unwrap(),
            Some(json!({"first": {"$firstName": {"$var": "n"}}, "last": {"$lastName": {"$var": "n"}}}))
        );
        let mut with_full = names;
        with_full["full"] = json!({"$var": "fullName"});
        assert_eq!(fields("users", with_full).native(record).unwrap(), json!({"full": "Ada Lovelace"}));
        let mails = json!({"mail": {"$var": "primaryEmail"}, "others": {"$var": "emails"}});
        assert_eq!(
            fields("users", mails).native(json!({"primaryEmail": "a@b"})).unwrap(),
            json!({"mail": "a@b"})
        );
        let times =
            json!({"from": {"$var": "startTime"}, "until": {"$var": "endTime"}, "due": {"$var": "dueTime"}});
        assert_eq!(fields("activities", times).native(json!({"dueTime": "d"})).unwrap(), json!({"due": "d"}));
        let times = json!({"from": {"$var": "startTime"}, "until": {"$var": "endTime"}});
        assert_eq!(
            fields("activities", times).native(json!({"dueTime": "d"})).unwrap(),
            json!({"from": "d", "until": "d"})
        );
    }

    #[test]
    fn data_is_never_built() {
        let users = fields("users", json!({"name": {"$var": "fullName"}}));
        let evil = json!({"fullName": {"$var": "$"}});
        assert_eq!(users.native(evil).unwrap(), json!({"name": {"$var": "$"}}));
        assert_eq!(users.native(json!({"$var": "$"})).unwrap(), json!({}));
    }

    #[test]
    fn without_a_way_to_write() {
        let users = UnifiedFields::new(UnifiedModel::find("users").unwrap(), None, None).unwrap();
        assert_eq!(users.rebase(&json!({"$var": "$"})).unwrap(), None);
        let error = users.native(json!({})).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
        assert_eq!(error.context_value("model"), Some("users"));
    }
}
