use membrane_core::{ConnectionId, CustomerId, ElementId, IntegrationId, RunId, WorkspaceId};

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunKind {
    /// Ran an action.
    Action,
    /// Read or wrote records of a data collection.
    Collection,
    /// Tried to connect: made a connection, connected one anew, or tested one.
    ConnectionTest,
    /// Ran an operation of a connector.
    Operation,
    /// Sent a caller's own request to the app.
    Proxy,
}

impl RunKind {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Action, Self::Collection, Self::ConnectionTest, Self::Operation, Self::Proxy];

    /// The name it is stored under.
    ///
    /// ```
    /// use membrane_engine::store::RunKind;
    ///
    /// assert_eq!(RunKind::Collection.as_str(), "data-collection");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Collection => "data-collection",
            Self::ConnectionTest => "connection-test",
            Self::Operation => "operation",
            Self::Proxy => "proxy",
        }
    }
}

/// One run, as it is logged. Secrets are masked before it gets here.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The run: unique in a workspace, and a UUID of version 7, which begins with the milliseconds of `created_at`
    /// ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.7)). By it lists find a time.
    pub id: RunId,
    /// What ran.
    pub kind: RunKind,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The customer.
    pub customer: CustomerId,
    /// The integration.
    pub integration: Option<IntegrationId>,
    /// The connection.
    pub connection: Option<ConnectionId>,
    /// Every element id of the action that took part: universal, integration, connection.
    pub actions: [Option<ElementId>; 3],
    /// Whether it succeeded.
    pub is_success: bool,
    /// ISO 8601, UTC, milliseconds. Of two runs the one with the greater id did not begin earlier.
    pub created_at: String,
    /// How many requests to the app the exchanges show.
    pub requests: u32,
    /// How many of those were not answered with a status from 200 to 299.
    pub requests_failed: u32,
    /// Input, output, error, duration and the like, as JSON text.
    pub record: String,
    /// The raw exchanges with the app, as a JSON array in text.
    pub exchanges: String,
}

/// Requests of a run, by what came of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requests {
    /// Whatever came of them.
    Any,
    /// Not answered with a status from 200 to 299.
    Failed,
    /// Answered with one.
    Succeeded,
}

/// Which runs to list, newest first unless said otherwise.
///
/// ```
/// use membrane_core::Paging;
/// use membrane_engine::store::{Requests, RunQuery, Scope, SqliteStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let store = SqliteStore::memory().await?;
/// let workspace = store.workspace("default", &"w1".into()).await?;
/// // Where the app refused something since the start of the month.
/// let query = RunQuery {
///     requests: Some(Requests::Failed),
///     from: Some("2026-11-01".to_owned()),
///     ..RunQuery::default()
/// };
/// let page = store.runs(&Scope::Workspace(workspace), &query, &Paging::default()).await?;
/// assert!(page.items.is_empty() && page.cursor.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunQuery {
    /// With the exchanges of each; without them a listing reads less.
    pub with_exchanges: bool,
    /// The oldest first.
    pub oldest_first: bool,
    /// Of this kind.
    pub kind: Option<RunKind>,
    /// With this element as action, at any layer.
    pub action: Option<ElementId>,
    /// On this integration.
    pub integration: Option<IntegrationId>,
    /// On this connection.
    pub connection: Option<ConnectionId>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Successes or failures only.
    pub is_success: Option<bool>,
    /// With at least one such request.
    pub requests: Option<Requests>,
    /// From this time on: ISO 8601 with an offset, or a date (UTC). Anything else is `InvalidInput`.
    pub from: Option<String>,
    /// Up to but without this time, in the same form.
    pub to: Option<String>,
}

impl RunQuery {
    /// Whether a run is of the integration, connection and customer that are asked for.
    pub(crate) fn is_about(&self, run: &RunRow) -> bool {
        self.integration.as_ref().is_none_or(|wanted| run.integration.as_ref() == Some(wanted))
            && self.connection.as_ref().is_none_or(|wanted| run.connection.as_ref() == Some(wanted))
            && self.customer.as_ref().is_none_or(|wanted| run.customer == *wanted)
    }
}
