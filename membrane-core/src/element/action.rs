use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ElementKind, Layered, Reference, Spec};
use crate::schema::DataSchema;

/// One operation a product runs on an app.
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::element::{ActionKind, ActionSpec};
///
/// let spec = ActionSpec::of_operation("close-issue").with_input(DataSchema::any());
/// assert_eq!(spec.r#type, Some(ActionKind::ConnectorOperation));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionSpec {
    /// The schema an input must fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<DataSchema>,
    /// What it does; a universal action that only states the use case has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ActionKind>,
    /// How, in the terms of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// A formula over the raw output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_mapping: Option<Value>,
    /// The schema of the output as the author states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_output_schema: Option<DataSchema>,
    /// The schema of the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<DataSchema>,
    /// The elements it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Reference>,
}

impl ActionSpec {
    /// Runs an operation of the connector on the action's input.
    pub fn of_operation(key: impl Into<String>) -> Self {
        Self {
            r#type: Some(ActionKind::ConnectorOperation),
            config: Some(serde_json::json!({"operationKey": key.into()})),
            ..Self::default()
        }
    }

    /// States the schema of the input.
    #[must_use]
    pub fn with_input(mut self, schema: DataSchema) -> Self {
        self.input_schema = Some(schema);
        self
    }
}

impl Spec for ActionSpec {
    const KIND: ElementKind = ElementKind::Action;
    const EDITABLE: &'static [&'static str] =
        &["inputSchema", "type", "config", "outputMapping", "customOutputSchema"];
    const DERIVED: &'static [&'static str] = &["dependencies"];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] =
        &[("actionId", "parentId"), ("actionKey", "parentKey")];
}

impl Layered for ActionSpec {}

/// What an action does.
///
/// ```
/// use membrane_core::element::ActionKind;
///
/// assert_eq!(ActionKind::ConnectorOperation.as_str(), "connector-operation");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ActionKind {
    /// Sends one request to the app.
    ApiRequestToExternalApp,
    /// Sends one request to the product's own API.
    ApiRequestToYourApp,
    /// Runs an operation of the connector.
    ConnectorOperation,
    /// Creates a record.
    CreateDataRecord,
    /// Deletes a record.
    DeleteDataRecord,
    /// Reads one record by its id.
    FindDataRecordById,
    /// Finds a record by fields, or creates it.
    FindOrCreateDataRecord,
    /// Sends one request anywhere.
    HttpRequest,
    /// Reads a page of records.
    ListDataRecords,
    /// Finds one record by fields.
    MatchDataRecord,
    /// Runs JavaScript.
    RunJavascript,
    /// Finds records by text.
    SearchDataRecord,
    /// Changes a record.
    UpdateDataRecord,
}

impl ActionKind {
    /// Whether it reads or writes records of a data collection, through a data source and a field mapping.
    ///
    /// ```
    /// use membrane_core::element::ActionKind;
    ///
    /// assert!(ActionKind::ListDataRecords.is_over_records());
    /// assert!(!ActionKind::ConnectorOperation.is_over_records());
    /// ```
    pub const fn is_over_records(self) -> bool {
        matches!(
            self,
            Self::CreateDataRecord
                | Self::DeleteDataRecord
                | Self::FindDataRecordById
                | Self::ListDataRecords
                | Self::MatchDataRecord
                | Self::SearchDataRecord
                | Self::UpdateDataRecord
        )
    }

    /// The type as it is written: `list-data-records`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiRequestToExternalApp => "api-request-to-external-app",
            Self::ApiRequestToYourApp => "api-request-to-your-app",
            Self::ConnectorOperation => "connector-operation",
            Self::CreateDataRecord => "create-data-record",
            Self::DeleteDataRecord => "delete-data-record",
            Self::FindDataRecordById => "find-data-record-by-id",
            Self::FindOrCreateDataRecord => "find-or-create-data-record",
            Self::HttpRequest => "http-request",
            Self::ListDataRecords => "list-data-records",
            Self::MatchDataRecord => "match-data-record",
            Self::RunJavascript => "run-javascript",
            Self::SearchDataRecord => "search-data-record",
            Self::UpdateDataRecord => "update-data-record",
        }
    }
}
