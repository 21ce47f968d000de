use serde_json::Value;

use super::Function;
use crate::error::Result;
use crate::formula::{Formula, Vars};
use crate::id::Key;
use crate::schema::DataSchema;

/// One thing an app can do, as the app names it.
///
/// The function's arguments are `{"input": …}`, its result is the output.
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::connector::{Function, Operation, RestCall};
/// use serde_json::json;
///
/// let run = Function::Rest(RestCall::new(http::Method::GET, "/issues/{id}")?.into());
/// let id = DataSchema::new(json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}))?;
/// let operation = Operation::new("get-issue", "Get an issue", run).with_input(id).with_output(DataSchema::any());
/// assert_eq!(operation.key.as_str(), "get-issue");
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Operation {
    /// The key: `create-issue`.
    pub key: Key,
    /// For people.
    pub name: String,
    /// For people and for search.
    pub description: Option<String>,
    /// Words to group by.
    pub tags: Vec<String>,
    /// Changes nothing.
    pub is_read_only: bool,
    /// The schema of the input.
    pub input_schema: Option<DataSchema>,
    /// The schema of the output.
    pub output_schema: Option<DataSchema>,
    /// How it is done.
    pub run: Function,
}

impl Operation {
    /// Makes an operation without schemas.
    pub fn new(key: impl Into<Key>, name: impl Into<String>, run: Function) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            description: None,
            tags: Vec::new(),
            is_read_only: false,
            input_schema: None,
            output_schema: None,
            run,
        }
    }

    /// States the schema of the input.
    #[must_use]
    pub fn with_input(mut self, schema: DataSchema) -> Self {
        self.input_schema = Some(schema);
        self
    }

    /// States the schema of the output.
    #[must_use]
    pub fn with_output(mut self, schema: DataSchema) -> Self {
        self.output_schema = Some(schema);
        self
    }
}

/// A call of another operation as data: which, and formulas between the two.
///
/// ```
/// use membrane_core::Formula;
/// use membrane_core::connector::{Function, OperationCall};
/// use serde_json::json;
///
/// let mut call = OperationCall::new("get-user");
/// call.input_mapping = Some(Formula::parse(&json!({"id": {"$var": "$.id"}}))?);
/// let find_by_id = Function::Operation(call.into());
/// # let _ = find_by_id;
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OperationCall {
    /// The operation.
    pub operation_key: Key,
    /// A formula for its input; the input itself when absent.
    pub input_mapping: Option<Formula>,
    /// A formula for the result over `output`; the output itself when absent.
    pub output_mapping: Option<Formula>,
}

impl OperationCall {
    /// Hands input and output through.
    pub fn new(operation_key: impl Into<Key>) -> Self {
        Self { operation_key: operation_key.into(), input_mapping: None, output_mapping: None }
    }

    pub(crate) fn input(&self, vars: &Vars<'_>, args: &Value) -> Result<Value> {
        Ok(match &self.input_mapping {
            Some(formula) => formula.try_build(vars)?.unwrap_or_default(),
            None => args.get("input").cloned().unwrap_or_default(),
        })
    }

    pub(crate) fn output(&self, output: Value, vars: Vars<'_>) -> Result<Value> {
        Ok(match &self.output_mapping {
            Some(formula) => formula.try_build(&vars.with("output", &output))?.unwrap_or_default(),
            None => output,
        })
    }
}
