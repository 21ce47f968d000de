use http::Method;
use membrane_core::element::{ActionSpec, ConnectionSpec};
use membrane_core::op::{
    Archive, GetActionRun, GetConnection, List, ListActionRuns, ProxyRequest, ProxyResponse, Restore,
    RunOperation, TestConnection,
};
use membrane_core::{Page, Result};
use serde_json::Value;

use crate::action::ActionHandle;
use crate::backend::{Backend, Callable, Who};
use crate::client::everything;
use crate::collection::CollectionHandle;
use crate::{Action, ActionRunRecord, Connection};

/// One connection of one customer.
#[derive(Clone)]
pub struct ConnectionHandle {
    backend: Backend,
    who: Who,
    selector: String,
}

impl ConnectionHandle {
    pub(crate) fn new(backend: Backend, who: Who, selector: String) -> Self {
        Self { backend, who, selector }
    }

    pub(crate) fn selector(&self) -> &str {
        &self.selector
    }

    pub(crate) async fn call<T: Callable>(&self, op: T) -> Result<T::Output> {
        self.backend.call(&self.who, op).await
    }

    /// Reads the connection.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the customer has none with this
    /// selector.
    pub async fn get(&self) -> Result<Connection> {
        self.call(GetConnection::new(self.selector.as_str())).await
    }

    /// Tries the credentials against the app.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](membrane_core::ErrorKind::Unavailable) and the like when the app cannot be
    /// asked; credentials it does not take are `false`, not an error.
    pub async fn test(&self) -> Result<bool> {
        self.call(TestConnection::new(self.selector.as_str())).await.map(|outcome| outcome.success)
    }

    /// Archives the connection: its actions and records are out of reach until it is restored.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    pub async fn archive(&self) -> Result<Connection> {
        self.call(Archive::<ConnectionSpec>::new(self.selector.as_str())).await
    }

    /// Brings an archived connection back.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    pub async fn restore(&self) -> Result<Connection> {
        self.call(Restore::<ConnectionSpec>::new(self.selector.as_str())).await
    }

    /// What can be run on it.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    pub async fn actions(&self) -> Result<Page<Action>> {
        let mut query = everything();
        query.connection_id = Some(self.selector.clone());
        self.call(List::<ActionSpec>::from(query)).await
    }

    /// One action, by key or id.
    pub fn action(&self, selector: impl Into<String>) -> ActionHandle {
        ActionHandle::new(self.clone(), selector.into())
    }

    /// One data collection, by key.
    pub fn collection(&self, key: impl Into<String>) -> CollectionHandle {
        CollectionHandle::new(self.clone(), key.into())
    }

    /// Runs an operation of the app as its connector describes it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the connector has no such operation;
    /// else what the app gives.
    pub async fn operation(&self, key: impl Into<String>, input: Value) -> Result<Value> {
        self.call(RunOperation::new(self.selector.as_str(), key, input)).await.map(|outcome| outcome.output)
    }

    /// Sends a request to the app as this connection and hands its answer through, whatever its status.
    ///
    /// # Errors
    /// What finding the connection and reaching the app gives.
    pub async fn proxy(
        &self,
        method: Method,
        path: impl Into<String>,
        body: Option<&Value>,
    ) -> Result<ProxyResponse> {
        let mut request = ProxyRequest::new(self.selector.as_str(), method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.backend.proxy(&self.who, request).await
    }

    /// The runs of actions on this connection, newest first.
    ///
    /// # Errors
    /// As [`ConnectionHandle::get`].
    pub async fn runs(&self) -> Result<Page<ActionRunRecord>> {
        let mut query = ListActionRuns::default();
        query.connection_id = Some(self.selector.clone());
        self.call(query).await
    }

    /// One run with its raw exchanges, secrets masked.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the customer has no such run.
    pub async fn run(&self, id: impl Into<String>) -> Result<ActionRunRecord> {
        self.call(GetActionRun::detailed(id)).await
    }
}

impl std::fmt::Debug for ConnectionHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ConnectionHandle").field(&self.who).field(&self.selector).finish()
    }
}
