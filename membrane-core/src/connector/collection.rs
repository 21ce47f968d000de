use super::{Function, PageSize, Pagination, RecordMapping};
use crate::filter::Pushdown;
use crate::id::Key;
use crate::locator::Locator;
use crate::schema::DataSchema;

/// A kind of record an app keeps, used like a table. A method that is not there is not supported.
///
/// | method | arguments | result of a [`Function::Native`] |
/// |---|---|---|
/// | list | `{filter, filterValues, cursor}` | `{records, cursor}` |
/// | search | `{query, cursor}` | `{records, cursor}` |
/// | match | `{query}` | the record or null |
/// | find by id | `{id}` | the record or null |
/// | create | `{fields}` | the id, or an object with it |
/// | update | `{id, fields}` | the id, or an object with it |
/// | delete | `{id}` | anything |
///
/// `filter` is the array form of a [`Filter`](crate::Filter); `filterValues` holds what of it is pushed down,
/// by parameter: see [`ListMethod::filter_values`].
///
/// A record is what the app answers for it; [`Collection::record`] says where its id and name are.
///
/// ```
/// use membrane_core::Formula;
/// use membrane_core::connector::{Collection, FindMethod, Function, ListMethod, RestCall, WriteMethod};
/// use serde_json::json;
///
/// let get = |path: &str| Ok::<_, membrane_core::Error>(Function::Rest(RestCall::new(http::Method::GET, path)?.into()));
/// let mut issues = Collection::new("issues", "Issues");
/// issues.record.name = Some(Formula::parse(&json!({"$var": "$.title"}))?);
/// issues.list = Some(ListMethod::new(get("/issues")?));
/// issues.find_by_id = Some(FindMethod::new(get("/issues/{id}")?));
/// issues.create = Some(WriteMethod::new(Function::Rest(RestCall::new(http::Method::POST, "/issues")?.into())));
/// assert!(issues.delete.is_none()); // what is not there is not supported
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Collection {
    /// The key: `issues`.
    pub key: Key,
    /// For people.
    pub name: String,
    /// The schema of the parameters, for example which repository.
    pub parameters_schema: Option<DataSchema>,
    /// The schema of a record's fields.
    pub fields_schema: Option<DataSchema>,
    /// How an answer becomes a record.
    pub record: RecordMapping,
    /// Reads page after page.
    pub list: Option<ListMethod>,
    /// Finds by text.
    pub search: Option<SearchMethod>,
    /// Finds one by fields.
    pub r#match: Option<MatchMethod>,
    /// Reads one.
    pub find_by_id: Option<FindMethod>,
    /// Adds one.
    pub create: Option<WriteMethod>,
    /// Changes one.
    pub update: Option<WriteMethod>,
    /// Removes one.
    pub delete: Option<Function>,
}

impl Collection {
    /// Makes a collection that can do nothing yet.
    pub fn new(key: impl Into<Key>, name: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            parameters_schema: None,
            fields_schema: None,
            record: RecordMapping::default(),
            list: None,
            search: None,
            r#match: None,
            find_by_id: None,
            create: None,
            update: None,
            delete: None,
        }
    }

    /// The functions of its methods.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Function> {
        let reads = [
            self.list.as_ref().map(|list| &list.call),
            self.search.as_ref().map(|search| &search.list.call),
            self.r#match.as_ref().and_then(|find| find.call.as_ref()),
            self.find_by_id.as_ref().map(|find| &find.call),
        ];
        let writes = [
            self.create.as_ref().map(|write| &write.call),
            self.update.as_ref().map(|write| &write.call),
            self.delete.as_ref(),
        ];
        reads.into_iter().chain(writes).flatten()
    }
}

/// Reads a collection page by page.
///
/// ```
/// use membrane_core::connector::{ApiRequest, Connector, Cx, Settings};
/// use membrane_core::{Filter, Result};
/// use serde_json::json;
/// # struct App;
/// # #[async_trait::async_trait]
/// # impl membrane_core::connector::ApiClient for App {
/// #     async fn send(&self, request: ApiRequest) -> Result<membrane_core::connector::ApiResponse> {
/// #         let first = request.query.iter().all(|(name, _)| name != "cursor");
/// #         let body = if first { json!({"data": [{"id": 1}], "next": "c2"}) } else { json!({"data": [{"id": 2}]}) };
/// #         Ok(membrane_core::connector::ApiResponse::new(http::StatusCode::OK, http::HeaderMap::new(), body.to_string(), "https://demo.example"))
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let connector = Connector::from_yaml(
///     "
/// key: demo
/// name: Demo
/// auth: {type: client-credentials}
/// api: {baseUri: 'https://demo.example'}
/// collections:
///   issues:
///     list:
///       run: GET /issues
///       records: $.data
///       pagination: {type: cursor, next: $.next, parameter: cursor}
/// ",
///     "connector.yml",
/// )?;
/// let settings = Settings::default();
/// let cx = Cx::new(&connector, &App, &settings);
/// let issues = &connector.collections["issues"];
/// let Some(list) = &issues.list else { return Ok(()) };
/// let (records, next) = list.page(&cx, issues, &Filter::default(), None).await?;
/// assert_eq!((&records[0].fields, next.as_deref()), (&json!({"id": 1}), Some("c2")));
/// let (records, next) = list.page(&cx, issues, &Filter::default(), next.as_deref()).await?;
/// assert_eq!((records[0].id.as_str(), next), ("2", None));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListMethod {
    /// The request of one page.
    pub call: Function,
    /// Where the records are in the answer.
    pub records: Locator,
    /// How the next page is found.
    pub pagination: Pagination,
    /// How many records a page.
    pub page_size: Option<PageSize>,
    /// The conditions the app itself can filter by, and the parameter of each. Others are tried here, on what
    /// the app answers.
    pub filter: Pushdown,
}

impl ListMethod {
    /// Reads one page that is an array.
    pub fn new(call: Function) -> Self {
        Self {
            call,
            records: Locator::root(),
            pagination: Pagination::None,
            page_size: None,
            filter: Pushdown::new(),
        }
    }
}

/// Finds records by text.
///
/// ```
/// use membrane_core::connector::{Function, ListMethod, RestCall, SearchMethod};
///
/// let found = ListMethod::new(Function::Rest(RestCall::new(http::Method::GET, "/search")?.into()));
/// assert_eq!(SearchMethod::new(found, "q").parameter.as_deref(), Some("q"));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SearchMethod {
    /// The list that answers the search; its request reads `$.query`, or takes it as `parameter`.
    pub list: ListMethod,
    /// The query parameter that takes the text.
    pub parameter: Option<String>,
}

impl SearchMethod {
    /// Reads this list with the text in a query parameter.
    pub fn new(list: ListMethod, parameter: impl Into<String>) -> Self {
        Self { list, parameter: Some(parameter.into()) }
    }
}

/// Finds one record by fields.
///
/// ```
/// use membrane_core::connector::MatchMethod;
///
/// assert_eq!(MatchMethod::new(["email", "phone"]).fields.len(), 2);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MatchMethod {
    /// The fields it can find by; any field when empty.
    pub fields: Vec<String>,
    /// The request; it reads `$.query`. Without one the list is read with the fields as filter.
    pub call: Option<Function>,
    /// Where the record is in the answer.
    pub record: Locator,
}

impl MatchMethod {
    /// Reads the list with one of these fields as filter; with any field when there are none.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(fields: I) -> Self {
        Self { fields: fields.into_iter().map(Into::into).collect(), call: None, record: Locator::root() }
    }
}

/// Reads one record.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::connector::{FindMethod, Function, RestCall};
///
/// let mut find = FindMethod::new(Function::Rest(RestCall::new(http::Method::GET, "/issues/{id}")?.into()));
/// find.record = Locator::parse("$.issue")?; // for an app that answers `{"issue": {…}}`
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FindMethod {
    /// The request.
    pub call: Function,
    /// Where the record is in the answer.
    pub record: Locator,
}

impl FindMethod {
    /// The answer is the record.
    pub fn new(call: Function) -> Self {
        Self { call, record: Locator::root() }
    }
}

/// Adds or changes one record.
///
/// ```
/// use membrane_core::connector::{Function, RestCall, WriteMethod};
///
/// let mut create = WriteMethod::new(Function::Rest(RestCall::new(http::Method::POST, "/issues")?.into()));
/// create.required_fields = vec!["title".to_owned()];
/// create.excluded_fields = vec!["state".to_owned()]; // set by an update only
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteMethod {
    /// The request. Where it maps neither query nor body, the fields are its body.
    pub call: Function,
    /// Where the id is in the answer; where [`RecordMapping::id`] finds it when absent.
    pub id: Option<Locator>,
    /// The fields it takes; all that can be written when empty.
    pub fields: Vec<String>,
    /// The fields it must have.
    pub required_fields: Vec<String>,
    /// Fields it does not take.
    pub excluded_fields: Vec<String>,
}

impl WriteMethod {
    /// Takes every field.
    pub fn new(call: Function) -> Self {
        Self { call, id: None, fields: Vec::new(), required_fields: Vec::new(), excluded_fields: Vec::new() }
    }
}
