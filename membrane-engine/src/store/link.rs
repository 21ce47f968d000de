use membrane_core::{CustomerId, ElementId};

/// Which way a link is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkDirection {
    /// From a record of the product to the app's.
    Export,
    /// From a record of the app to the product's.
    Import,
}

impl LinkDirection {
    /// Both of them.
    pub const ALL: &'static [Self] = &[Self::Export, Self::Import];

    /// The name it is stored under.
    ///
    /// ```
    /// use membrane_engine::store::LinkDirection;
    ///
    /// assert_eq!(LinkDirection::Import.as_str(), "import");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
        }
    }
}

/// One link between two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// The id; unique within the workspace. Ids grow with time.
    pub id: String,
    /// The customer the table belongs to.
    pub customer: CustomerId,
    /// The connection's copy of the table.
    pub table: ElementId,
    /// Which way it is looked up.
    pub direction: LinkDirection,
    /// The id the product knows its record by.
    pub app_record: String,
    /// The id the app knows its record by.
    pub external_record: String,
    /// ISO 8601, UTC, milliseconds.
    pub created_at: String,
}

/// Which links of a table: every field that is set narrows.
///
/// ```
/// use membrane_core::Paging;
/// use membrane_engine::store::{LinkQuery, Scope, SqliteStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let store = SqliteStore::memory().await?;
/// let workspace = store.workspace("default", &"w1".into()).await?;
/// let query = LinkQuery { external_record: Some("tsk_7".to_owned()), ..LinkQuery::of("t1") };
/// let page = store.links(&Scope::Workspace(workspace), &query, &Paging::default()).await?;
/// assert!(page.items.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkQuery {
    /// The connection's copy of the table.
    pub table: ElementId,
    /// For this way.
    pub direction: Option<LinkDirection>,
    /// Of this record of the product.
    pub app_record: Option<String>,
    /// Of this record of the app.
    pub external_record: Option<String>,
    /// The newest first.
    pub newest_first: bool,
}

impl LinkQuery {
    /// All links of a table, the oldest first.
    pub fn of(table: impl Into<ElementId>) -> Self {
        Self {
            table: table.into(),
            direction: None,
            app_record: None,
            external_record: None,
            newest_first: false,
        }
    }
}
