use async_trait::async_trait;
use membrane_core::connector::{
    ApiRequest, AuthOption, Collection, Connector, Cx, FindMethod, Function, Handler, Implement, ListMethod,
    MatchMethod, Operation, PageSize, Pagination, RestCall, SearchMethod, UniversalAction, WriteMethod,
};
use membrane_core::formula::Formula;
use membrane_core::locator::Locator;
use membrane_core::schema::DataSchema;
use membrane_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Crm;

/// Adds a person to a CRM. A use case of a product's own: not one of [`membrane_core::universal`].
#[derive(Debug, Clone, Copy)]
pub struct CreateContact;

/// What a contact needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewContact {
    /// Where mail reaches them.
    pub email: String,
    /// First and last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As it is dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A contact that was created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactCreated {
    /// The app's id.
    pub id: String,
}

impl UniversalAction for CreateContact {
    type Input = NewContact;
    type Output = ContactCreated;
    const KEY: &'static str = "create-contact";
    const NAME: &'static str = "Create a contact";
    const DESCRIPTION: &'static str = "Adds a person to the CRM.";
}

impl Crm {
    /// The connector of Contactly, written in Rust.
    ///
    /// It needs `{"apiUri": app.url()}` as parameters and `{"apiKey": app.api_key()}` as credentials, has the
    /// collections `contacts`, `companies` and `notes`, and implements [`CreateContact`].
    ///
    /// # Errors
    /// None that a user of this crate could cause.
    ///
    /// ```
    /// let connector = membrane_testkit::demo::Crm::connector()?;
    /// assert!(connector.collections["contacts"].delete.is_some());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn connector() -> Result<Connector> {
        let key = DataSchema::new(json!({
            "type": "object",
            "properties": {"apiKey": {"type": "string", "title": "API key", "isSensitive": true}},
            "required": ["apiKey"],
        }))?;
        let parameters = DataSchema::new(json!({
            "type": "object",
            "properties": {"apiUri": {"type": "string", "title": "Address of the app"}},
        }))?;
        Connector::builder("contactly", "Contactly")
            .description("The CRM of the test kit.")
            .category("CRM")
            .base_uri(json!({"$var": "$.connectorParameters.apiUri"}))
            .headers(json!({"x-api-key": {"$var": "$.credentials.apiKey"}}))
            .auth(
                AuthOption::client_credentials(key)
                    .with_connector_parameters(parameters)
                    .with_test(get("/api/account")?),
            )
            .operation(Operation::new("get-account", "Get the account", get("/api/account")?))
            .operation(
                Operation::new("get-contact", "Get a contact", get("/api/contacts/{id}")?).with_input(id()?),
            )
            .operation(Operation::new(
                "add-note",
                "Add a note",
                rest("POST", "/api/contacts/{contact_id}/notes")?,
            ))
            .collection(contacts()?)
            .collection(companies()?)
            .collection(notes()?)
            .implement::<CreateContact>(Create)
            .build()
    }
}

/// Contactly's way to create a contact: it has the name in two fields.
struct Create;

#[async_trait]
impl Implement<CreateContact> for Create {
    async fn run(&self, cx: &Cx<'_>, input: NewContact) -> Result<ContactCreated> {
        let name = input.name.unwrap_or_default();
        let (first, last) = name.trim().rsplit_once(' ').unwrap_or((name.trim(), ""));
        let request = ApiRequest::post("/api/contacts").json(json!({
            "email": input.email, "first_name": first.trim(), "last_name": last, "phone": input.phone,
        }));
        let created = cx.call(request).await?;
        Ok(ContactCreated { id: created["id"].to_string() })
    }
}

/// Changes some fields of a row in an API that only knows how to replace all of it.
struct Replace {
    path: &'static str,
    writable: &'static [&'static str],
}

#[async_trait]
impl Handler for Replace {
    async fn call(&self, cx: &Cx<'_>, args: &Value) -> Result<Value> {
        let id = args["id"]
            .as_str()
            .ok_or_else(|| Error::invalid_input("`id` is required").with("field", "id"))?;
        let at = json!({"id": id});
        let read = cx.run(&get(self.path)?, &at).await?;
        let mut row = json!({});
        for field in self.writable {
            row[*field] = args["fields"].get(*field).unwrap_or(&read[*field]).clone();
        }
        let replace = rest("PUT", self.path)?;
        cx.run(&replace, &json!({"id": id, "fields": row})).await
    }
}

fn contacts() -> Result<Collection> {
    let mut contacts = collection("contacts", "/api/contacts")?;
    contacts.fields_schema = Some(DataSchema::new(json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer", "readOnly": true},
            "email": {"type": "string", "format": "email"},
            "first_name": {"type": "string"},
            "last_name": {"type": "string"},
            "phone": {"type": "string"},
            "company_id": {"type": "integer", "referenceCollection": {"key": "companies"}},
            "created": {"type": "integer", "readOnly": true},
            "modified": {"type": "integer", "readOnly": true},
        },
    }))?);
    let name =
        json!({"$concat": {"values": [{"$var": "$.first_name"}, {"$var": "$.last_name"}], "delimiter": " "}});
    contacts.record.name = Some(Formula::parse(&name)?);
    contacts.search = Some(SearchMethod::new(list("/api/contacts/search")?, "q"));
    contacts.r#match = Some(MatchMethod::new(["email"]));
    if let Some(create) = &mut contacts.create {
        create.required_fields.push("email".to_owned());
    }
    let writable = &["email", "first_name", "last_name", "phone", "company_id"];
    contacts.update = Some(replace("/api/contacts/{id}", writable));
    Ok(contacts)
}

fn companies() -> Result<Collection> {
    let mut companies = collection("companies", "/api/companies")?;
    companies.fields_schema = Some(DataSchema::new(json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer", "readOnly": true},
            "name": {"type": "string"},
            "domain": {"type": "string"},
            "created": {"type": "integer", "readOnly": true},
            "modified": {"type": "integer", "readOnly": true},
        },
    }))?);
    companies.update = Some(replace("/api/companies/{id}", &["name", "domain"]));
    Ok(companies)
}

/// The notes of one contact: a collection with a parameter, which can be listed and added to.
fn notes() -> Result<Collection> {
    let mut notes = Collection::new("notes", "Notes");
    notes.parameters_schema = Some(DataSchema::new(json!({
        "type": "object",
        "properties": {"contactId": {"type": "string", "referenceCollection": {"key": "contacts"}}},
        "required": ["contactId"],
    }))?);
    notes.fields_schema = Some(DataSchema::new(json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer", "readOnly": true},
            "text": {"type": "string"},
            "created": {"type": "integer", "readOnly": true},
        },
        "required": ["text"],
    }))?);
    notes.record.name = Some(Formula::parse(&json!({"$var": "$.text"}))?);
    notes.list = Some(list("/api/contacts/{contactId}/notes")?);
    notes.create = Some(WriteMethod::new(rest("POST", "/api/contacts/{contactId}/notes")?));
    Ok(notes)
}

/// What contacts and companies have in common.
fn collection(key: &'static str, path: &str) -> Result<Collection> {
    let mut collection = Collection::new(key, if key == "contacts" { "Contacts" } else { "Companies" });
    let one = format!("{path}/{{id}}");
    collection.record.created_time = Some(Formula::parse(&json!({"$var": "$.created"}))?);
    collection.record.updated_time = Some(Formula::parse(&json!({"$var": "$.modified"}))?);
    collection.list = Some(list(path)?);
    collection.find_by_id = Some(FindMethod::new(get(&one)?));
    collection.create = Some(WriteMethod::new(rest("POST", path)?));
    collection.delete = Some(rest("DELETE", &one)?);
    Ok(collection)
}

fn list(path: &str) -> Result<ListMethod> {
    let mut list = ListMethod::new(get(path)?);
    list.records = Locator::parse("$.results")?;
    list.pagination =
        Pagination::Offset { parameter: "offset".to_owned(), total: Some(Locator::parse("$.total")?) };
    list.page_size = Some(PageSize { parameter: Some("limit".to_owned()), size: 100 });
    Ok(list)
}

fn replace(path: &'static str, writable: &'static [&'static str]) -> WriteMethod {
    let mut method = WriteMethod::new(Function::native(Replace { path, writable }));
    method.fields = writable.iter().map(|field| (*field).to_owned()).collect();
    method
}

fn get(path: &str) -> Result<Function> {
    rest("GET", path)
}

fn rest(method: &str, path: &str) -> Result<Function> {
    let method = method.parse().map_err(|_| Error::internal("an unknown method"))?;
    Ok(Function::Rest(RestCall::new(method, path)?.into()))
}

fn id() -> Result<DataSchema> {
    DataSchema::new(json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}))
}
