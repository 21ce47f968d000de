//! The operation catalogue, described: what a caller can ask of the engine.
//!
//! An [`Op`] is a struct: its fields are the input. In-process calls, REST routes, the OpenAPI document and
//! the remote client are all made of these descriptions; the engine adds how each is carried out. (What an
//! *app* can do is another thing: a connector's [`Operation`](crate::connector::Operation).)

mod account;
mod action;
mod attempt;
mod collection;
mod connection;
mod connector;
mod element;
mod field_mapping;
mod flow;
mod history;
mod link;
mod list;
mod log;
mod route;
mod source;
mod workspace;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::account::{GetHealth, GetSelf, Health, UpdateSelf};
pub use self::action::{ActionRun, ActionRunRecord, GetActionRun, ListActionRuns, RunAction, RunStatus};
pub use self::attempt::{ConnectionAttemptRecord, GetConnectionAttempt, ListConnectionAttempts};
pub use self::collection::{
    CollectionTarget, CreateRecord, DeleteRecord, FindRecord, FoundRecord, GetCollection, ListRecords,
    MatchRecord, MatchedRecord, SearchRecords, UpdateRecord, WrittenRecord,
};
pub use self::connection::{
    CreateConnection, ExecuteRequest, GetConnection, GetConnectionOperation, OperationOutput, ProxyRequest,
    ProxyResponse, RunOperation, TestConnection, TestOutcome,
};
pub use self::connector::{
    AuthOptionInfo, CollectionSpec, CollectionSummary, ConnectorInfo, GetConnector, GetIntegrationCollection,
    GetIntegrationConnector, GetIntegrationOperation, ListConnectors, ListIntegrationCollections,
    ListIntegrationOperations, MethodSpec, OperationInfo,
};
pub use self::element::{Archive, Create, Explain, Export, Get, Replace, Reset, Restore, Setup, Update};
pub use self::field_mapping::{GetAppSchema, MappedFields, RunFieldMapping};
pub use self::flow::UpdateToLatestFlow;
pub use self::history::{Actor, Checkpoint, DiffCheckpoints, ListCheckpoints, Revert};
pub use self::link::{CreateDataLink, DataLink, DeleteDataLinks, FindDataLinks};
pub use self::list::{List, ListQuery};
pub use self::log::{ApiLogRecord, GetApiLog, ListApiLogs, LogQuery, SortOrder};
pub use self::route::{Body, Encoded, Route};
pub use self::source::{
    CreateSourceRecord, DeleteSourceRecord, FindSourceRecord, FindSourceRecords, GetSourceCollection,
    ListSourceRecords, MatchSourceRecord, SearchSourceRecords, SourceChange, SourceFields, SourceList,
    SourceMatch, SourceQuery, SourceRecord, SourceSearch, SourceTarget, UnifiedToNative, UpdateSourceRecord,
};
pub use self::workspace::{ExportWorkspace, ImportWorkspace, WorkspaceExport, WorkspaceImport};

/// One operation of the catalogue; the struct is its input.
///
/// ```
/// use membrane_core::op::{Op, RunAction};
///
/// let info = RunAction::info();
/// assert_eq!(info.name, "actions.run");
/// assert_eq!(info.routes[0].path, "/actions/{selector}/run");
/// ```
pub trait Op: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// What it answers.
    type Output: Serialize + DeserializeOwned + JsonSchema + Send + 'static;

    /// Name, rights and routes.
    fn info() -> OpInfo;
}

/// What is known of an operation besides its input and output.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OpInfo {
    /// `area.verb`, for example `actions.run`.
    pub name: String,
    /// One sentence for people and agents.
    pub summary: String,
    /// Who may.
    pub access: Access,
    /// The routes that lead to it; the remote client speaks the first.
    pub routes: Vec<Route>,
}

impl OpInfo {
    /// Describes an operation.
    pub fn new(
        name: impl Into<String>,
        summary: impl Into<String>,
        access: Access,
        routes: Vec<Route>,
    ) -> Self {
        Self { name: name.into(), summary: summary.into(), access, routes }
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Access {
    /// Anybody, even without a token.
    Anyone,
    /// A customer for their own things; a manager for everything.
    Customer,
    /// A manager of the workspace.
    Manager,
}

/// The answer of an operation that has nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {}
