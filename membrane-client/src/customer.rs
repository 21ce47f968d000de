use membrane_core::element::{ConnectionSpec, CustomerSpec, Element};
use membrane_core::op::{CreateConnection, GetSelf, List};
use membrane_core::{Page, Result};
use serde_json::Value;

use crate::backend::{Backend, Who};
use crate::client::everything;
use crate::connection::ConnectionHandle;
use crate::{Connection, Customer};

/// One customer of the product.
#[derive(Clone)]
pub struct CustomerHandle {
    backend: Backend,
    who: Who,
}

impl CustomerHandle {
    pub(crate) fn new(backend: Backend, who: Who) -> Self {
        Self { backend, who }
    }

    /// Reads the customer.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`](membrane_core::ErrorKind::AccessDenied) when it was archived.
    pub async fn get(&self) -> Result<Customer> {
        let customer: Element<CustomerSpec> = self.backend.call(&self.who, GetSelf::default()).await?;
        Ok(customer)
    }

    /// The customer's connections.
    ///
    /// # Errors
    /// What reaching the engine gives.
    pub async fn connections(&self) -> Result<Page<Connection>> {
        self.backend.call(&self.who, List::<ConnectionSpec>::from(everything())).await
    }

    /// Connects the customer to an app with what they typed. A connection that is there is connected anew.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the input does not fit the
    /// connector's schema; the app's refusal when it does not take the credentials.
    pub async fn connect(&self, integration: impl Into<String>, input: Value) -> Result<Connection> {
        self.connect_with(CreateConnection::new(integration, input)).await
    }

    /// The same, with every choice there is.
    ///
    /// # Errors
    /// As [`CustomerHandle::connect`].
    pub async fn connect_with(&self, options: CreateConnection) -> Result<Connection> {
        self.backend.call(&self.who, options).await
    }

    /// One connection: by id, by key, or by the key of its integration. Nothing happens until something is
    /// asked of it.
    pub fn connection(&self, selector: impl Into<String>) -> ConnectionHandle {
        ConnectionHandle::new(self.backend.clone(), self.who.clone(), selector.into())
    }
}

impl std::fmt::Debug for CustomerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CustomerHandle").field(&self.who).finish()
    }
}
