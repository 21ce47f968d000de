use membrane_core::mapping::Direction;
use membrane_core::op::RunFieldMapping;
use membrane_core::{Result, Selector};
use serde_json::Value;

use crate::connection::ConnectionHandle;

/// One field mapping as it maps on one connection.
///
/// ```
/// use membrane_core::element::FieldMappingSpec;
/// use membrane_core::op::Create;
/// use serde_json::{Map, json};
/// # use membrane_client::{Client, Result};
/// # use membrane_testkit::demo::Stage;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let stage = Stage::start().await?;
/// # let client = Client::in_process(stage.engine.clone());
/// // Once, as a manager of the workspace:
/// let ticket = Map::from_iter([
///     ("key".to_owned(), json!("ticket")),
///     ("importValue".to_owned(), json!({"what": {"$var": "$.title"}})),
///     ("exportValue".to_owned(), json!({"title": {"$var": "$.what"}})),
/// ]);
/// stage.engine.call(&stage.engine.manager(), Create::<FieldMappingSpec>::new(ticket)).await?;
///
/// let ticket = client.customer("acme").connection("taskly").field_mapping("ticket");
/// assert_eq!(ticket.import(json!({"title": "Bug"})).await?, json!({"what": "Bug"}));
/// assert_eq!(ticket.export(json!({"what": "Bug"})).await?, json!({"title": "Bug"}));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FieldMappingHandle {
    connection: ConnectionHandle,
    selector: Selector,
}

impl FieldMappingHandle {
    pub(crate) fn new(connection: ConnectionHandle, selector: String) -> Self {
        let selector = Selector::from(selector).connection(connection.selector());
        Self { connection, selector }
    }

    /// The product's fields for those of the app.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is no such mapping;
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when it maps the other way only.
    pub async fn import(&self, fields: Value) -> Result<Value> {
        self.run(Direction::Import, fields).await
    }

    /// The app's fields for those of the product.
    ///
    /// # Errors
    /// As [`FieldMappingHandle::import`].
    pub async fn export(&self, fields: Value) -> Result<Value> {
        self.run(Direction::Export, fields).await
    }

    async fn run(&self, direction: Direction, fields: Value) -> Result<Value> {
        let op = RunFieldMapping::new(self.selector.clone(), direction, fields);
        self.connection.call(op).await.map(|outcome| outcome.output)
    }
}
