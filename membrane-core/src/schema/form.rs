//! Forms: the fields a schema asks for, and what may be put into them.

use serde::Serialize;
use serde_json::{Value, json};

use super::{DataSchema, header_case};
use crate::locator::{Locator, Step, loose};

/// A form for data of a schema, filled with values or with formulas over variables.
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::schema::DataForm;
/// use serde_json::json;
///
/// let schema = DataSchema::new(json!({"type": "object", "properties": {
///     "dueDate": {"type": "string"}, "state": {"type": "string", "title": "Status", "default": "open"},
/// }}))?;
/// let variables = DataSchema::new(json!({"type": "object", "properties": {"day": {"type": "string"}}}))?;
/// let mut form = DataForm::new(schema, Some(json!({"dueDate": {"$var": "day"}})), variables);
/// let fields = form.fields();
/// assert_eq!((fields[0].name.as_str(), fields[1].name.as_str()), ("Due Date", "Status"));
///
/// let options = form.options(&fields[0]);
/// assert_eq!((options[0].name.as_str(), options[0].is_selected), ("Day", true));
/// form.set(&fields[1], form.options(&fields[1])[0].value.clone());
/// assert_eq!(form.value(), Some(&json!({"dueDate": {"$var": "day"}, "state": "open"})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataForm {
    schema: DataSchema,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    variables_schema: DataSchema,
}

/// One field of a [`DataForm`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FormField {
    /// For people.
    pub name: String,
    /// Where in the value; nothing for the value itself.
    pub locator: Option<Locator>,
    /// What it takes.
    pub schema: DataSchema,
    /// What it holds, possibly a formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// Something that may be put into a [`FormField`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ValueOption {
    /// For people.
    pub name: String,
    /// A value, or the formula of a variable.
    pub value: Value,
    /// Whether the field holds just this.
    #[serde(rename = "selected")]
    pub is_selected: bool,
}

impl DataForm {
    /// Makes a form.
    #[must_use]
    pub fn new(schema: DataSchema, value: Option<Value>, variables_schema: DataSchema) -> Self {
        Self { schema, value, variables_schema }
    }

    /// What was filled in.
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// The fields: one a property of an object, one without locator for a scalar, none for a list.
    pub fn fields(&self) -> Vec<FormField> {
        match self.schema.0.get("type").and_then(Value::as_str) {
            Some("array") => Vec::new(),
            Some("object") => {
                let field = |(name, schema): (&String, &Value)| {
                    let locator = Locator::root().property(name);
                    FormField {
                        name: title(schema).unwrap_or_else(|| header_case(name)),
                        value: self.value.as_ref().and_then(|value| locator.at(value)).cloned(),
                        locator: Some(locator),
                        schema: DataSchema::new(schema.clone()).unwrap_or_default(),
                    }
                };
                properties(&self.schema).map(field).collect()
            }
            _ => vec![FormField {
                name: title(&self.schema.0).unwrap_or_default(),
                locator: None,
                schema: self.schema.clone(),
                value: self.value.clone(),
            }],
        }
    }

    /// What may be put into a field: the default of its schema first, then the variables.
    pub fn options(&self, field: &FormField) -> Vec<ValueOption> {
        let option = |name: String, value: Value| {
            let is_selected = field.value.as_ref().is_some_and(|held| loose::deep_equal(held, &value));
            ValueOption { name, value, is_selected }
        };
        let default = field.schema.keyword("default").map(|default| {
            let name =
                if default.is_null() { String::new() } else { loose::text(Some(default)).into_owned() };
            option(name, default.clone())
        });
        let variables = properties(&self.variables_schema).map(|(name, schema)| {
            let locator = Locator::from_steps(vec![Step::Property(name.clone())]).to_string();
            let formula = json!({"$var": locator.strip_prefix("$.").unwrap_or(&locator)});
            option(title(schema).unwrap_or_else(|| header_case(name)), formula)
        });
        default.into_iter().chain(variables).collect()
    }

    /// Fills a field in, or empties it.
    pub fn set(&mut self, field: &FormField, value: impl Into<Option<Value>>) {
        let value = value.into();
        match &field.locator {
            None => self.value = value,
            Some(locator) => locator.write(self.value.get_or_insert_default(), value),
        }
    }
}

fn properties(schema: &DataSchema) -> impl Iterator<Item = (&String, &Value)> {
    let properties =
        schema.keyword("properties").filter(|_| schema.keyword("type").is_some_and(|kind| kind == "object"));
    properties.and_then(Value::as_object).into_iter().flatten()
}

fn title(schema: &Value) -> Option<String> {
    schema.get("title").and_then(Value::as_str).filter(|title| !title.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(schema: Value, value: Value) -> DataForm {
        let variables = json!({"type": "object", "properties": {
            "name": {"type": "string", "title": "N"}, "firstName": {}, "a.b": {},
        }});
        DataForm::new(DataSchema::new(schema).unwrap(), Some(value), DataSchema::new(variables).unwrap())
    }

    #[test]
    fn objects_have_a_field_for_each_property() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "title": "Count"}, "we.ird": null}});
        let form = form(schema, json!({"n": 5}));
        let expected = json!([
            {"name": "Count", "locator": "$.n", "schema": {"type": "integer", "title": "Count"}, "value": 5},
            {"name": "We Ird", "locator": "$.we\\.ird", "schema": {}},
        ]);
        assert_eq!(json!(form.fields()), expected);
    }

    #[test]
    fn lists_have_no_fields_and_scalars_one() {
        assert!(form(json!({"type": "array"}), json!([1])).fields().is_empty());
        let mut form = form(json!({"type": "string", "title": "S"}), json!("q"));
        let fields = form.fields();
        let expected =
            json!([{"name": "S", "locator": null, "schema": {"type": "string", "title": "S"}, "value": "q"}]);
        assert_eq!(json!(fields), expected);
        form.set(&fields[0], json!("r"));
        assert_eq!(form.value(), Some(&json!("r")));
    }

    #[test]
    fn options_are_the_default_and_the_variables() {
        let schema = json!({"type": "object", "properties": {"a": {"default": {"b": 1}}, "c": {"default": null}, "d": {}}});
        let form = form(schema, json!({"a": {"b": 1.0}, "c": {"$var": "name"}, "d": {"$var": "$.name"}}));
        let options = |n: usize| -> Vec<(String, Value, bool)> {
            let options = form.options(&form.fields()[n]).into_iter();
            options.map(|option| (option.name, option.value, option.is_selected)).collect()
        };
        let variables = |selected: bool| {
            [("N", "name", selected), ("First Name", "firstName", false), ("A B", "a\\.b", false)]
                .map(|(name, place, is_selected)| (name.to_owned(), json!({"$var": place}), is_selected))
        };
        assert_eq!(options(0)[0], ("[object Object]".to_owned(), json!({"b": 1}), true));
        assert_eq!(options(0)[1..], variables(false));
        assert_eq!(options(1)[0], (String::new(), Value::Null, false));
        assert_eq!(options(1)[1..], variables(true));
        assert_eq!(options(2), variables(false));
    }

    #[test]
    fn fields_are_filled_in_and_emptied() {
        let mut form = DataForm::new(
            DataSchema::new(json!({"type": "object", "properties": {"a": {}}})).unwrap(),
            None,
            DataSchema::any(),
        );
        let field = form.fields().remove(0);
        form.set(&field, json!(1));
        assert_eq!(form.value(), Some(&json!({"a": 1})));
        form.set(&field, None);
        assert_eq!(form.value(), Some(&json!({})));
    }
}
