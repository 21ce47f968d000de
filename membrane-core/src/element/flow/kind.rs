/// What a node of a flow does.
///
/// ```
/// use membrane_core::element::NodeKind;
///
/// let kind = NodeKind::from_name("data-record-created-trigger").unwrap();
/// assert!(kind.is_trigger() && kind.needs_data_source());
/// assert_eq!(NodeKind::ALL.len(), 32);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeKind {
    /// Sends one request anywhere; the old name of `custom-http-request`.
    ApiRequest,
    /// Sends one request to the app.
    ApiRequestToExternalApp,
    /// Sends one request to the product's own API.
    ApiRequestToYourApp,
    /// Starts the flow when a caller asks.
    ApiTrigger,
    /// Starts the flow when the product sends an event.
    AppEventTrigger,
    /// Starts the flow when the app sends an event.
    ConnectorEventTrigger,
    /// Notes which records belong together.
    CreateDataLink,
    /// Creates a record.
    CreateDataRecord,
    /// Sends one request to the app; the old name of `api-request-to-external-app`.
    CustomApiRequest,
    /// Sends one request anywhere.
    CustomHttpRequest,
    /// Starts the flow when a record was created.
    DataRecordCreatedTrigger,
    /// Starts the flow when a record was deleted.
    DataRecordDeletedTrigger,
    /// Starts the flow when a record was changed.
    DataRecordUpdatedTrigger,
    /// Forgets which records belong together.
    DeleteDataLink,
    /// Deletes a record.
    DeleteDataRecord,
    /// Goes on with what matches.
    Filter,
    /// Finds which record belongs to one.
    FindDataLink,
    /// Reads one record by its id.
    FindDataRecordById,
    /// Reads records; the old name of `list-data-records`.
    FindDataRecords,
    /// Finds a record by fields, or creates it.
    FindOrCreateDataRecord,
    /// Runs a sub-flow for each item; the old name of `for-each-v2`.
    ForEach,
    /// Runs a sub-flow for each item.
    ForEachV2,
    /// Sends one request to the product's own API; the old name of `api-request-to-your-app`.
    HttpRequest,
    /// Runs an operation of the connector.
    IntegrationSpecificOperation,
    /// Reads records.
    ListDataRecords,
    /// Finds one record by fields.
    LookupDataRecord,
    /// Runs an action.
    RunAction,
    /// Runs JavaScript.
    RunJavascript,
    /// Starts the flow at its times.
    ScheduleTrigger,
    /// Finds records by text.
    SearchDataRecords,
    /// Builds a value.
    TransformData,
    /// Changes a record.
    UpdateDataRecord,
}

impl NodeKind {
    /// Every kind, A–Z.
    pub const ALL: [Self; 32] = [
        Self::ApiRequest,
        Self::ApiRequestToExternalApp,
        Self::ApiRequestToYourApp,
        Self::ApiTrigger,
        Self::AppEventTrigger,
        Self::ConnectorEventTrigger,
        Self::CreateDataLink,
        Self::CreateDataRecord,
        Self::CustomApiRequest,
        Self::CustomHttpRequest,
        Self::DataRecordCreatedTrigger,
        Self::DataRecordDeletedTrigger,
        Self::DataRecordUpdatedTrigger,
        Self::DeleteDataLink,
        Self::DeleteDataRecord,
        Self::Filter,
        Self::FindDataLink,
        Self::FindDataRecordById,
        Self::FindDataRecords,
        Self::FindOrCreateDataRecord,
        Self::ForEach,
        Self::ForEachV2,
        Self::HttpRequest,
        Self::IntegrationSpecificOperation,
        Self::ListDataRecords,
        Self::LookupDataRecord,
        Self::RunAction,
        Self::RunJavascript,
        Self::ScheduleTrigger,
        Self::SearchDataRecords,
        Self::TransformData,
        Self::UpdateDataRecord,
    ];

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind as it is written: `list-data-records`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiRequest => "api-request",
            Self::ApiRequestToExternalApp => "api-request-to-external-app",
            Self::ApiRequestToYourApp => "api-request-to-your-app",
            Self::ApiTrigger => "api-trigger",
            Self::AppEventTrigger => "app-event-trigger",
            Self::ConnectorEventTrigger => "connector-event-trigger",
            Self::CreateDataLink => "create-data-link",
            Self::CreateDataRecord => "create-data-record",
            Self::CustomApiRequest => "custom-api-request",
            Self::CustomHttpRequest => "custom-http-request",
            Self::DataRecordCreatedTrigger => "data-record-created-trigger",
            Self::DataRecordDeletedTrigger => "data-record-deleted-trigger",
            Self::DataRecordUpdatedTrigger => "data-record-updated-trigger",
            Self::DeleteDataLink => "delete-data-link",
            Self::DeleteDataRecord => "delete-data-record",
            Self::Filter => "filter",
            Self::FindDataLink => "find-data-link",
            Self::FindDataRecordById => "find-data-record-by-id",
            Self::FindDataRecords => "find-data-records",
            Self::FindOrCreateDataRecord => "find-or-create-data-record",
            Self::ForEach => "for-each",
            Self::ForEachV2 => "for-each-v2",
            Self::HttpRequest => "http-request",
            Self::IntegrationSpecificOperation => "integration-specific-operation",
            Self::ListDataRecords => "list-data-records",
            Self::LookupDataRecord => "lookup-data-record",
            Self::RunAction => "run-action",
            Self::RunJavascript => "run-javascript",
            Self::ScheduleTrigger => "schedule-trigger",
            Self::SearchDataRecords => "search-data-records",
            Self::TransformData => "transform-data",
            Self::UpdateDataRecord => "update-data-record",
        }
    }

    /// Whether it starts a flow.
    pub fn is_trigger(self) -> bool {
        matches!(
            self,
            Self::ApiTrigger
                | Self::AppEventTrigger
                | Self::ConnectorEventTrigger
                | Self::DataRecordCreatedTrigger
                | Self::DataRecordDeletedTrigger
                | Self::DataRecordUpdatedTrigger
                | Self::ScheduleTrigger
        )
    }

    /// Whether its config names a data source and a field mapping.
    ///
    /// ```
    /// use membrane_core::element::NodeKind;
    ///
    /// assert!(NodeKind::SearchDataRecords.is_over_records() && !NodeKind::RunAction.is_over_records());
    /// ```
    pub fn is_over_records(self) -> bool {
        self.needs_data_source() || self == Self::SearchDataRecords
    }

    /// Whether it works on the records of a data source, which must lead to a collection.
    pub fn needs_data_source(self) -> bool {
        matches!(
            self,
            Self::CreateDataRecord
                | Self::DataRecordCreatedTrigger
                | Self::DataRecordDeletedTrigger
                | Self::DataRecordUpdatedTrigger
                | Self::DeleteDataRecord
                | Self::FindDataRecordById
                | Self::FindDataRecords
                | Self::FindOrCreateDataRecord
                | Self::ListDataRecords
                | Self::LookupDataRecord
                | Self::UpdateDataRecord
        )
    }
}
