use membrane_core::element::{ConnectionSpec, CustomerSpec, Element};
use membrane_core::op::{
    ConnectionAttemptRecord, CreateConnection, GetConnectionAttempt, GetSelf, ListConnectionAttempts,
    ListQuery,
};
use membrane_core::{Page, Result};
use serde_json::Value;

use crate::backend::{Backend, Callable, Who};
use crate::connection::ConnectionHandle;
use crate::{Connection, Customer};

/// One customer of the product.
///
/// ```
/// use serde_json::json;
/// # use membrane_client::{Client, Result};
/// # use membrane_testkit::demo::Stage;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let stage = Stage::start().await?;
/// # let client = Client::in_process(stage.engine.clone());
/// let acme = client.customer("acme");
/// let task = acme.connection("taskly").action("create-task").run(json!({"title": "Call back"})).await?;
/// assert_eq!(task.output["name"], "Call back");
/// # Ok(())
/// # }
/// ```
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
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// assert_eq!(client.customer("acme").get().await?.spec.internal_id.as_deref(), Some("acme"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self) -> Result<Customer> {
        let customer: Element<CustomerSpec> = self.backend.call(&self.who, GetSelf::default()).await?;
        Ok(customer)
    }

    /// Makes any operation of the [catalogue](membrane_core::op), as this customer.
    ///
    /// # Errors
    /// What the operation gives; [`ErrorKind::AccessDenied`](membrane_core::ErrorKind::AccessDenied) when it is the
    /// workspace's alone.
    ///
    /// ```
    /// use membrane_client::Selector;
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::{Get, Reset, Update};
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// use serde_json::{Map, json};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let acme = client.customer("acme");
    /// let mut own = Get::<ActionSpec>::new(Selector::key("create-task").connection("taskly"));
    /// own.auto_create = Some(true);
    /// let own = acme.call(own).await?.id;
    ///
    /// let fields = Map::from_iter([("config".to_owned(), json!({"operationKey": "list-projects"}))]);
    /// let changed = acme.call(Update::<ActionSpec>::new(&own).fields(fields)).await?;
    /// assert_eq!(changed.place.is_customized, Some(true));
    /// assert_eq!(acme.call(Reset::<ActionSpec>::new(&own)).await?.place.is_customized, Some(false));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call<T: Callable>(&self, op: T) -> Result<T::Output> {
        self.backend.call(&self.who, op).await
    }

    /// The customer's attempts to connect, newest first: those that made a connection and those that did not, those that
    /// connected one anew, and tests. `cursor` is that of the page before; `None` is the first page.
    ///
    /// # Errors
    /// What reaching the engine gives.
    ///
    /// ```
    /// use serde_json::json;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let acme = client.customer("acme");
    /// acme.connect("taskly", json!({"tokn": "a slip of the finger"})).await.unwrap_err();
    /// # stage.engine.flush().await; // the log is written in batches
    /// let attempt = &acme.attempts(None).await?.items[0];
    /// assert!(attempt.error.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn attempts(&self, cursor: Option<&str>) -> Result<Page<ConnectionAttemptRecord>> {
        let mut query = ListConnectionAttempts::default();
        query.paging.cursor = cursor.map(str::to_owned);
        self.backend.call(&self.who, query).await
    }

    /// One attempt to connect with its raw exchanges, secrets masked.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when the customer has no such attempt.
    pub async fn attempt(&self, id: impl Into<String>) -> Result<ConnectionAttemptRecord> {
        self.backend.call(&self.who, GetConnectionAttempt::new(id)).await
    }

    /// The customer's connections.
    ///
    /// # Errors
    /// What reaching the engine gives.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let connections = client.customer("acme").connections().await?;
    /// assert_eq!(connections.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        self.backend.all::<ConnectionSpec>(&self.who, ListQuery::default()).await
    }

    /// Connects the customer to an app with what they typed. A connection that is there is connected anew.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when the input does not fit the
    /// connector's schema; the app's refusal when it does not take the credentials.
    ///
    /// ```
    /// use serde_json::json;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let globex = client.customer("globex");
    /// globex.connect("taskly", json!({"token": stage.tasks.api_key()})).await?;
    /// assert!(globex.connection("taskly").test().await?);
    ///
    /// assert!(globex.connect("taskly", json!({"token": "wrong"})).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(&self, integration: impl Into<String>, input: Value) -> Result<Connection> {
        self.connect_with(CreateConnection::new(integration, input)).await
    }

    /// The same, with every choice there is.
    ///
    /// # Errors
    /// As [`CustomerHandle::connect`].
    ///
    /// ```
    /// use membrane_client::CreateConnection;
    /// use serde_json::json;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let mut second = CreateConnection::new("taskly", json!({"token": stage.tasks.api_key()}));
    /// second.key = Some("private".to_owned());
    /// second.allow_multiple_connections = Some(true);
    /// client.customer("acme").connect_with(second).await?;
    /// assert!(client.customer("acme").connection("private").test().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_with(&self, options: CreateConnection) -> Result<Connection> {
        self.backend.call(&self.who, options).await
    }

    /// One connection: by id, by key, or by the key of its integration. Nothing happens until something is
    /// asked of it.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// # let acme = client.customer("acme");
    /// let by_integration = acme.connection("taskly").get().await?;
    /// let by_id = acme.connection(by_integration.id.as_str()).get().await?;
    /// assert_eq!(by_id.name, by_integration.name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connection(&self, selector: impl Into<String>) -> ConnectionHandle {
        ConnectionHandle::new(self.backend.clone(), self.who.clone(), selector.into())
    }
}

impl std::fmt::Debug for CustomerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CustomerHandle").field(&self.who).finish()
    }
}
