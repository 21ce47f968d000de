use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, PatternOptions, ValidationError};
use serde_json::Value;

use super::cost::{self, MAX_CHECKS};
use super::dialect;
use crate::error::{Error, Result};
use crate::locator::{Locator, Step, loose};

/// How many violations an error lists.
const SHOWN: usize = 5;

/// What is said where the violations cannot be found in time.
const UNNAMED: &str = "$ must have the shape of the schema, which it has not somewhere";

/// A [`DataSchema`](super::DataSchema) ready to validate data.
///
/// Cheap to clone, and usable from many threads at once.
///
/// ```
/// use membrane_core::DataSchema;
/// use serde_json::json;
///
/// let schema = DataSchema::new(json!({"type": "object", "properties": {"votes": {"type": "integer"}}}))?;
/// let validator = schema.compile()?; // once
/// assert!(validator.is_valid(&json!({"votes": 3})));
/// assert!(validator.validate(&json!({"votes": "many"})).is_err());
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Validator(Arc<Compiled>);

struct Compiled {
    validator: jsonschema::Validator,
    /// Of a schema that comes back to itself in several ways at once: how many, and the schema. To name what is
    /// wrong may then take these ways at each level of the data.
    ways: Option<(u64, Value)>,
}

impl Validator {
    pub(super) fn new(schema: &Value) -> Result<Self> {
        let converted = dialect::to_json_schema(schema)?;
        let cost = cost::judge(&converted)?;
        let validator = build(&converted).map_err(|error| {
            let place = place(error.instance_path().segments());
            Error::configuration(format!("the data schema is wrong at {place}: {}", expectation(&error)))
                .with("place", place)
        })?;
        let ways = (cost.again > 1).then_some((cost.again, converted));
        Ok(Self(Arc::new(Compiled { validator, ways })))
    }

    /// Checks that the data has the shape of the schema.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the first five places that
    /// differ and what was expected there. The offending values are never part of it.
    pub fn validate(&self, value: &Value) -> Result<()> {
        check_depth(value)?;
        if self.0.validator.is_valid(value) {
            return Ok(());
        }
        if self.takes_many_ways(value) {
            return Err(Error::invalid_input(UNNAMED));
        }
        self.violations(value, |_| true)
    }

    /// As [`Validator::validate`], for an object of which only a part is given: properties that are missing at
    /// its top are no fault.
    ///
    /// # Errors
    /// As [`Validator::validate`].
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"votes": {"type": "integer"}}, "required": ["title"]}))?;
    /// assert!(schema.compile()?.validate_part(&json!({"votes": 3})).is_ok());
    /// assert!(schema.compile()?.validate_part(&json!({"votes": "3"})).is_err());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn validate_part(&self, value: &Value) -> Result<()> {
        check_depth(value)?;
        if self.0.validator.is_valid(value) {
            return Ok(());
        }
        if self.takes_many_ways(value) {
            return self
                .without_required()
                .filter(|part| part.is_valid(value))
                .map(drop)
                .ok_or_else(|| Error::invalid_input(UNNAMED));
        }
        let is_missing = |error: &ValidationError<'_>| {
            matches!(error.kind(), ValidationErrorKind::Required { .. })
                && error.instance_path().segments().next().is_none()
        };
        self.violations(value, |error| !is_missing(error))
    }

    /// The violations that count, as an error.
    fn violations(&self, value: &Value, counts: impl Fn(&ValidationError<'_>) -> bool) -> Result<()> {
        let mut errors = self.0.validator.iter_errors(value).filter(|error| counts(error));
        let mut violations: Vec<String> = errors
            .by_ref()
            .take(SHOWN)
            .map(|error| format!("{} {}", place(error.instance_path().segments()), expectation(&error)))
            .collect();
        let more = errors.count();
        if more > 0 {
            violations.push(format!("and {more} more"));
        }
        if violations.is_empty() {
            return Ok(());
        }
        Err(Error::invalid_input(violations.join("; ")))
    }

    /// Whether the data has the shape of the schema.
    pub fn is_valid(&self, value: &Value) -> bool {
        check_depth(value).is_ok() && self.0.validator.is_valid(value)
    }

    /// Whether naming what is wrong takes too long.
    fn takes_many_ways(&self, value: &Value) -> bool {
        let Some((ways, _)) = &self.0.ways else { return false };
        ways.saturating_pow(levels(value)) > MAX_CHECKS
    }

    /// The same without the properties that must be there at the top.
    fn without_required(&self) -> Option<jsonschema::Validator> {
        let (_, mut schema) = self.0.ways.clone()?;
        schema.as_object_mut()?.shift_remove("required");
        build(&schema).ok()
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").finish_non_exhaustive()
    }
}

fn build(schema: &Value) -> Result<jsonschema::Validator, ValidationError<'_>> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(schema)
}

/// How many levels the data has; [`check_depth`] comes first.
fn levels(value: &Value) -> u32 {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

/// A schema may refer to itself, so only the data bounds how deep the check goes.
fn check_depth(value: &Value) -> Result<()> {
    fn fits(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left > 0 && items.iter().all(|item| fits(item, left - 1)),
            Value::Object(fields) => left > 0 && fields.values().all(|field| fits(field, left - 1)),
            _ => true,
        }
    }
    if fits(value, loose::MAX_DEPTH) {
        return Ok(());
    }
    Err(Error::invalid_input(format!("the data nests deeper than {} levels", loose::MAX_DEPTH)))
}

fn place<'a>(segments: impl Iterator<Item = LocationSegment<'a>>) -> Locator {
    let step = |segment| match segment {
        LocationSegment::Index(index) => Step::Index(index),
        LocationSegment::Property(name) => Step::Property(name.into_owned()),
    };
    Locator::from_steps(segments.map(step).collect())
}

/// What was expected, without the value that was found.
fn expectation(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. } => {
            "has a property the schema does not know".to_owned()
        }
        ValidationErrorKind::AnyOf { .. } => "must match one of the allowed shapes".to_owned(),
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let shown: Vec<_> =
                options.iter().filter(|o| !o.is_null()).take(10).map(ToString::to_string).collect();
            let more = if options.len() > 10 { ", …" } else { "" };
            format!("must be one of {}{more}", shown.join(", "))
        }
        ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}"),
        ValidationErrorKind::MaxItems { limit } => format!("must have at most {limit} items"),
        ValidationErrorKind::MaxLength { limit } => format!("must have at most {limit} characters"),
        ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}"),
        ValidationErrorKind::MinItems { limit } => format!("must have at least {limit} items"),
        ValidationErrorKind::MinLength { limit } => format!("must have at least {limit} characters"),
        ValidationErrorKind::OneOfMultipleValid { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            "must match exactly one of the allowed shapes".to_owned()
        }
        ValidationErrorKind::Pattern { pattern } => format!("must match the pattern {pattern}"),
        ValidationErrorKind::Required { property } => format!("must have the property {property}"),
        ValidationErrorKind::Type { kind } => {
            let names: Vec<_> = match kind {
                jsonschema::error::TypeKind::Single(name) => vec![name.to_string()],
                jsonschema::error::TypeKind::Multiple(names) => {
                    names.into_iter().map(|name| name.to_string()).filter(|name| name != "null").collect()
                }
            };
            format!("must be of type {}", names.join(" or "))
        }
        _ => error.masked().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::schema::DataSchema;

    #[allow(clippy::needless_pass_by_value)]
    fn error(schema: serde_json::Value, value: serde_json::Value) -> Option<String> {
        let validator = DataSchema::new(schema).unwrap().compile().unwrap();
        let error = validator.validate(&value).err();
        assert_eq!(error.is_none(), validator.is_valid(&value));
        error.map(|error| error.message().to_owned())
    }

    #[test]
    fn names_the_place_and_not_the_value() {
        let schema = json!({"type": "object", "required": ["token"], "properties": {
            "token": {"type": "string", "minLength": 30},
            "assignees": {"type": "array", "items": {"type": "string"}},
            "state": {"type": "string", "enum": ["open", "closed"]},
        }});
        let message =
            error(schema, json!({"token": "s3cret", "assignees": ["a", {"k": "s3cret"}], "state": "s3cret"}))
                .unwrap();
        assert!(message.contains("$.token must have at least 30 characters"), "{message}");
        assert!(message.contains("$.assignees[1] must be of type string"), "{message}");
        assert!(message.contains("$.state must be one of \"open\", \"closed\""), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }

    #[test]
    fn at_most_five_violations_are_listed() {
        let message = error(json!({"items": {"type": "string"}}), json!([1, 2, 3, 4, 5, 6, 7])).unwrap();
        assert_eq!(message.matches("must be").count(), 5);
        assert!(message.ends_with("and 2 more"), "{message}");
    }

    #[test]
    fn optional_properties_may_be_null() {
        let schema = json!({"properties": {
            "a": {"type": "string"}, "b": {"enum": ["x"]}, "c": {"anyOf": [{"type": "number"}]}, "d": {"type": "string"},
        }, "required": ["d"]});
        assert_eq!(error(schema.clone(), json!({"a": null, "b": null, "c": null, "d": ""})), None);
        assert!(error(schema.clone(), json!({"d": null})).is_some());
        assert_eq!(error(schema, json!({})).unwrap(), "$ must have the property \"d\"");
    }

    #[test]
    fn what_is_not_json_schema_restricts_nothing() {
        let schema = json!({"type": "nonsense", "required": "x", "minLength": -1, "$ref": "schemas/task",
            "properties": {"a": {"$var": "b"}, "b": {"enum": {"$var": "c"}, "type": "string"},
                           "c": {"enum": ["x"], "allowCustom": true}}});
        assert_eq!(error(schema, json!({"a": 1, "b": "any", "c": "y", "zz": 1})), None);
        assert_eq!(error(json!(true), json!(1)), None);
        assert!(error(json!(false), json!(1)).is_some());
    }

    #[test]
    fn references_into_the_data_may_come_back() {
        let tree = json!({"$defs": {"node": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "left": {"$ref": "#/$defs/node"}, "right": {"$ref": "#/$defs/node"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
        }}}, "$ref": "#/$defs/node"});
        let mut data = json!({"name": "a"});
        for _ in 0..40 {
            data = json!({"name": "b", "left": data, "children": [{"name": "c"}]});
        }
        assert_eq!(error(tree.clone(), data.clone()), None);
        data["children"][0]["name"] = json!(1);
        assert_eq!(error(tree, data).unwrap(), "$.children[0].name must be of type string");
    }

    #[test]
    fn what_takes_many_ways_is_refused_without_naming_it() {
        let kind = |name: &str| {
            json!({"type": "object", "required": ["of"], "properties": {
            "kind": {"const": name}, "of": {"$ref": "#/$defs/any"}, "name": {"type": "string"}}})
        };
        let schema = json!({"$defs": {"any": {"anyOf": [{"type": "string"}, kind("a"), kind("b"), kind("c")]}},
            "properties": {"tree": {"$ref": "#/$defs/any"}}, "required": ["title"]});
        let nested = |levels: usize, last: serde_json::Value| {
            (0..levels).fold(last, |inner, _| json!({"kind": "b", "of": inner}))
        };
        assert_eq!(error(schema.clone(), json!({"title": 1, "tree": nested(40, json!("x"))})), None);
        let said = error(schema.clone(), json!({"title": 1, "tree": nested(1, json!(1))})).unwrap();
        assert_eq!(said, "$.tree must match one of the allowed shapes");
        let said = error(schema.clone(), json!({"title": 1, "tree": nested(40, json!(1))})).unwrap();
        assert_eq!(said, super::UNNAMED);

        let validator = DataSchema::new(schema).unwrap().compile().unwrap();
        let part = |last| validator.validate_part(&json!({"tree": nested(40, last)}));
        assert_eq!(part(json!("x")), Ok(()));
        assert_eq!(part(json!(1)).unwrap_err().message(), super::UNNAMED);
    }

    #[test]
    fn wrong_patterns_and_deep_schemas_are_errors() {
        assert!(DataSchema::new(json!({"pattern": "("})).unwrap().compile().is_err());
        let mut deep = json!({});
        for _ in 0..200 {
            deep = json!({"items": deep});
        }
        assert!(DataSchema::new(deep).unwrap().compile().is_err());
    }
}
