use membrane_core::mapping::Direction;
use membrane_core::op::{CreateDataLink, DeleteDataLinks, FindDataLinks};
use membrane_core::{Page, Paging, Result, Selector};

use crate::DataLink;
use crate::connection::ConnectionHandle;

/// Which record of the product belongs to which of the app, on one connection.
///
/// ```
/// use membrane_core::element::DataLinkTableSpec;
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
/// let tickets = Map::from_iter([("key".to_owned(), json!("tickets"))]);
/// stage.engine.call(&stage.engine.manager(), Create::<DataLinkTableSpec>::new(tickets)).await?;
///
/// let tickets = client.customer("acme").connection("taskly").data_link_table("tickets");
/// tickets.create("ticket-7", "tsk_000001").await?;
/// assert_eq!(tickets.app_record_id("tsk_000001").await?.as_deref(), Some("ticket-7"));
/// assert_eq!(tickets.external_record_id("ticket-7").await?.as_deref(), Some("tsk_000001"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DataLinkTableHandle {
    connection: ConnectionHandle,
    table: Selector,
}

impl DataLinkTableHandle {
    pub(crate) fn new(connection: ConnectionHandle, selector: String) -> Self {
        let table = Selector::key(selector).connection(connection.selector());
        Self { connection, table }
    }

    /// Links a record of the product with one of the app, for both ways. Twice is the same as once.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is no such table;
    /// [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) for an id that is empty or has more
    /// than 1000 bytes.
    pub async fn create(
        &self,
        app_record_id: impl Into<String>,
        external_record_id: impl Into<String>,
    ) -> Result<DataLink> {
        self.create_one_way(app_record_id, external_record_id, Direction::Both).await
    }

    /// The same for one way only: `import` leads from the app's record to the product's, `export` back.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::create`].
    pub async fn create_one_way(
        &self,
        app_record_id: impl Into<String>,
        external_record_id: impl Into<String>,
        direction: Direction,
    ) -> Result<DataLink> {
        let mut op = CreateDataLink::new(self.table.clone(), app_record_id, external_record_id);
        op.direction = Some(direction);
        self.connection.call(op).await
    }

    /// The product's record of one of the app; the link made last counts.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::find`].
    pub async fn app_record_id(&self, external_record_id: impl Into<String>) -> Result<Option<String>> {
        let mut query = self.query(Direction::Import);
        query.external_record_id = Some(external_record_id.into());
        Ok(self.newest(query).await?.map(|link| link.app_record_id))
    }

    /// The app's record of one of the product; the link made last counts.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::find`].
    pub async fn external_record_id(&self, app_record_id: impl Into<String>) -> Result<Option<String>> {
        let mut query = self.query(Direction::Export);
        query.app_record_id = Some(app_record_id.into());
        Ok(self.newest(query).await?.map(|link| link.external_record_id))
    }

    /// A page of the links, the oldest first; `cursor` is that of the page before, `None` is the first page.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::find`].
    pub async fn list(&self, cursor: Option<&str>) -> Result<Page<DataLink>> {
        let mut query = self.query(Direction::Both);
        query.paging.cursor = cursor.map(str::to_owned);
        self.find(query).await
    }

    /// The links that fit; which table is meant is settled by this handle.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](membrane_core::ErrorKind::NotFound) when there is no such table.
    pub async fn find(&self, mut query: FindDataLinks) -> Result<Page<DataLink>> {
        query.table = self.table.clone();
        self.connection.call(query).await
    }

    /// Removes the links of a record of the product, for both ways.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::find`].
    pub async fn delete_app_record(&self, app_record_id: impl Into<String>) -> Result<()> {
        let mut op = DeleteDataLinks::default();
        op.app_record_id = Some(app_record_id.into());
        self.delete(op).await
    }

    /// Removes the links of a record of the app, for both ways.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::find`].
    pub async fn delete_external_record(&self, external_record_id: impl Into<String>) -> Result<()> {
        let mut op = DeleteDataLinks::default();
        op.external_record_id = Some(external_record_id.into());
        self.delete(op).await
    }

    /// Removes the links that fit; which table is meant is settled by this handle.
    ///
    /// # Errors
    /// As [`DataLinkTableHandle::find`]; [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput)
    /// without any record.
    pub async fn delete(&self, mut which: DeleteDataLinks) -> Result<()> {
        which.table = self.table.clone();
        self.connection.call(which).await.map(|_| ())
    }

    fn query(&self, direction: Direction) -> FindDataLinks {
        let mut query = FindDataLinks::new(self.table.clone());
        query.direction = Some(direction);
        query.paging.limit = Some(Paging::MAX_LIMIT);
        query
    }

    async fn newest(&self, mut query: FindDataLinks) -> Result<Option<DataLink>> {
        loop {
            let page = self.find(query.clone()).await?;
            match page.cursor {
                Some(cursor) => query.paging.cursor = Some(cursor),
                None => return Ok(page.items.into_iter().next_back()),
            }
        }
    }
}
