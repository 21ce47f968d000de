//! An attempt to connect: what is known of it before a connection is there.

use std::sync::{Arc, OnceLock};

use membrane_core::element::{Connection, Integration, Place};
use membrane_core::{ConnectionId, Result, WorkspaceId};
use serde_json::Value;

use super::running::{Running, Subject};
use crate::{Caller, Engine};

/// An attempt to connect. Nothing of it is secret: credentials, and what they are made of, are never a part.
pub(crate) struct Attempt {
    pub(super) operation: &'static str,
    pub(super) workspace: WorkspaceId,
    /// The customer and the integration.
    pub(super) place: Place,
    connection: OnceLock<ConnectionId>,
    pub(super) connector_id: Option<String>,
    pub(super) connector_version: Option<String>,
    pub(super) auth_option_key: Option<String>,
}

impl Attempt {
    /// To connect a customer, by one of the connector's ways.
    pub(crate) fn to_connect(
        engine: &Engine,
        caller: &Caller,
        integration: &Integration,
        auth_option_key: Option<&str>,
    ) -> Arc<Self> {
        let mut place = Place::default();
        place.tenant_id = caller.customer_id().cloned();
        place.user_id = caller.internal_id().map(str::to_owned);
        place.integration_id = Some(integration.id.clone().into());
        let key = integration.spec.connector_key.as_deref();
        let connector = key.and_then(|key| engine.connector(key).ok());
        Arc::new(Self {
            operation: "connections.create",
            workspace: engine.parts().workspace.clone(),
            place,
            connection: OnceLock::new(),
            connector_id: key.map(str::to_owned),
            connector_version: connector.map(|connector| connector.version.clone()),
            auth_option_key: auth_option_key.map(str::to_owned),
        })
    }

    /// To find out whether a connection works.
    pub(crate) fn to_test(engine: &Engine, connection: &Connection) -> Arc<Self> {
        Arc::new(Self {
            operation: "connections.test",
            workspace: engine.parts().workspace.clone(),
            place: connection.place.clone(),
            connection: ConnectionId::from(connection.id.clone()).into(),
            connector_id: connection.spec.connector_id.clone(),
            connector_version: connection.spec.connector_version.clone(),
            auth_option_key: connection.spec.auth_option_key.clone(),
        })
    }

    /// Begins it: whatever becomes of it is logged.
    ///
    /// # Errors
    /// As [`RunLog::begin`](super::RunLog::begin).
    pub(crate) async fn begin(self: &Arc<Self>, engine: &Engine) -> Result<Running> {
        let subject = Subject::Attempt(Arc::clone(self));
        engine.parts().log.begin(subject, &Value::Null, None).await
    }

    /// Says which connection it is about, once that is known.
    pub(crate) fn is_about(&self, connection: ConnectionId) {
        // The first to say so is right: a connection that is connected anew stays the one it is.
        let _ = self.connection.set(connection);
    }

    pub(super) fn connection(&self) -> Option<&str> {
        self.connection.get().map(ConnectionId::as_str)
    }
}
