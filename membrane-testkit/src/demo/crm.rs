mod api;
mod fields;
mod state;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use membrane_core::Result;
use serde::{Deserialize, Serialize};

use self::state::State;
use super::gate::Gate;
use crate::serve::{Server, listen, lock};

/// Serves "Contactly", a CRM with an API key in a header and offset paging.
///
/// Stops when dropped. Below [`url`](Self::url):
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
#[derive(Debug)]
pub struct Crm {
    server: Server,
    app: Arc<App>,
}

/// What the handle and the handlers share.
#[derive(Debug)]
struct App {
    gate: Gate,
    state: Mutex<State>,
}

impl Crm {
    /// Starts an app without contacts, on a free port of loopback.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when no socket can be opened.
    pub async fn start() -> Result<Self> {
        Self::start_on(0).await
    }

    /// Starts an app on a port of choice, for an address that stays the same.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when the port is taken.
    pub async fn start_on(port: u16) -> Result<Self> {
        let (listener, url) = listen(port).await?;
        let app = Arc::new(App { gate: Gate::new("contactly_demo_key"), state: Mutex::default() });
        let server = Server::run(listener, url, api::router(Arc::clone(&app)));
        Ok(Self { server, app })
    }

    /// Lets only so many requests with a right key pass in each window; the others get 429 with
    /// `Retry-After`. A window opens with its first request.
    #[must_use]
    pub fn with_rate_limit(self, requests: u32, window: Duration) -> Self {
        self.app.gate.limit(requests, window);
        self
    }

    /// Adds so many contacts, and a company for every ten of them; the same ones in each run.
    pub fn seed(&self, contacts: usize) {
        lock(&self.app.state).seed(contacts);
    }

    /// The origin, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The key that works now, at first `contactly_demo_key`.
    pub fn api_key(&self) -> String {
        self.app.gate.key()
    }

    /// Makes a new key and answers it; requests with the old one get 401.
    pub fn rotate_api_key(&self) -> String {
        self.app.gate.rotate()
    }

    /// How many requests came in, refused ones too.
    pub fn requests(&self) -> u64 {
        self.app.gate.requests()
    }

    /// How many requests came in for one route, such as `PUT /api/contacts/{id}`.
    pub fn requests_to(&self, route: &str) -> u64 {
        self.app.gate.requests_to(route)
    }

    /// The contacts as they stand, in order of creation.
    pub fn contacts(&self) -> Vec<Contact> {
        lock(&self.app.state).contacts.iter().cloned().collect()
    }

    /// The companies as they stand, in order of creation.
    pub fn companies(&self) -> Vec<Company> {
        lock(&self.app.state).companies.iter().cloned().collect()
    }

    /// The notes of all contacts as they stand, in order of creation.
    pub fn notes(&self) -> Vec<Note> {
        lock(&self.app.state).notes.iter().cloned().collect()
    }

    /// Stops, and returns when the port is free and requests in flight have ended.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
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
