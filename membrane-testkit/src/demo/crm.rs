mod api;
mod fields;
mod row;
mod state;

use serde::{Deserialize, Serialize};

use self::state::Contactly;
use super::app::DemoApp;

/// Serves "Contactly", a CRM with an API key in a header and offset paging.
///
/// Below [`url`](DemoApp::url):
///
/// | route | |
/// |---|---|
/// | `GET /api/account` | whose key it is |
/// | `GET`, `POST /api/contacts` | a page; 201 `{"id": …}`; `email` is required and unique |
/// | `GET /api/contacts/search?q=` | a page of those whose name, email or phone holds `q` |
/// | `GET`, `PUT`, `DELETE /api/contacts/{id}` | 200 each |
/// | `GET`, `POST /api/contacts/{id}/notes` | a page; 201 `{"id": …}`; `text` is required |
/// | `GET`, `POST /api/companies` | a page; 201 `{"id": …}`; `name` is required |
/// | `GET`, `PUT`, `DELETE /api/companies/{id}` | 200 each |
///
/// A page is `{"results", "total", "offset", "limit"}`, with `limit` 1–100 (25 unless said), in order of
/// creation. As with any real offset paging, a walk misses a row when an earlier one is deleted meanwhile.
///
/// `PUT` sets the whole row: what the body does not name is cleared. Deleting a contact deletes its notes;
/// deleting a company takes it off its contacts.
///
/// Errors are `{"message"}`, with `"errors": [{"field", "reason"}]` where fields are wrong: 400, 401, 404,
/// 405, 409 (the email is taken), 415, 429.
///
/// ```
/// use membrane_testkit::demo::Crm;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = Crm::start().await?;
/// let created = reqwest::Client::new()
///     .post(format!("{}/api/contacts", app.url()))
///     .header("X-Api-Key", app.api_key())
///     .header("Content-Type", "application/json")
///     .body(r#"{"email": "ada@example.com", "first_name": "Ada"}"#)
///     .send()
///     .await?;
/// assert_eq!((created.status().as_u16(), created.text().await?.as_str()), (201, r#"{"id":1}"#));
/// assert_eq!(app.contacts()[0].email, "ada@example.com");
/// app.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub type Crm = DemoApp<Contactly>;

impl Crm {
    /// The contacts as they stand, in order of creation.
    pub fn contacts(&self) -> Vec<Contact> {
        self.with(|data| data.contacts.iter().cloned().collect())
    }

    /// The companies as they stand, in order of creation.
    pub fn companies(&self) -> Vec<Company> {
        self.with(|data| data.companies.iter().cloned().collect())
    }

    /// The notes of all contacts as they stand, in order of creation.
    pub fn notes(&self) -> Vec<Note> {
        self.with(|data| data.notes.iter().cloned().collect())
    }
}

/// A contact of [`Crm`], as its API shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// Counted from 1; never given twice.
    pub id: u64,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Belongs to one contact only, whatever its case.
    pub email: String,
    /// As it was typed.
    pub phone: Option<String>,
    /// The id of a [`Company`].
    pub company_id: Option<u64>,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub modified: i64,
}

/// A company of [`Crm`], as its API shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Company {
    /// Counted from 1; never given twice.
    pub id: u64,
    /// Not blank.
    pub name: String,
    /// Such as `example.com`.
    pub domain: Option<String>,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub modified: i64,
}

/// A note about a [`Contact`], as the API of [`Crm`] shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// Counted from 1; never given twice.
    pub id: u64,
    /// The contact it is about.
    pub contact_id: u64,
    /// Not blank.
    pub text: String,
    /// Unix seconds.
    pub created: i64,
}
