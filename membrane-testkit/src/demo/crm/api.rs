//! The routes of the CRM.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{self, FieldError};
use super::row::Row;
use super::state::now;
use super::{Company, Contact, Contactly, Note};
use crate::demo::app::{self, App, Refused, Vendor};
use crate::demo::json::{Params, holds, number, object};
use crate::serve::lock;

impl Vendor for Contactly {
    const CONNECTOR: (&'static str, &'static str) = ("crm.yml", include_str!("../../../connectors/crm.yml"));
    const KEY: &'static str = "contactly_demo_key";

    fn router() -> Router<Arc<App<Self>>> {
        Router::new()
            .route("/api/account", get(account))
            .route("/api/companies", get(list::<Company>).post(create::<Company>))
            .route(
                "/api/companies/{id}",
                get(read::<Company>).put(replace::<Company>).delete(remove::<Company>),
            )
            .route("/api/contacts", get(list::<Contact>).post(create::<Contact>))
            .route("/api/contacts/search", get(search))
            .route(
                "/api/contacts/{id}",
                get(read::<Contact>).put(replace::<Contact>).delete(remove::<Contact>),
            )
            .route("/api/contacts/{id}/notes", get(notes).post(create_note))
            .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "No such endpoint"))
            .method_not_allowed_fallback(async || {
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "No such method")
            })
    }

    fn presented(headers: &HeaderMap) -> Option<&str> {
        headers.get("x-api-key")?.to_str().ok()
    }

    fn refuse(why: Refused) -> Response {
        let refusal = match why {
            Refused::NoKey => Refusal::new(StatusCode::UNAUTHORIZED, "API key missing or invalid"),
            Refused::TooMany(_) => Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded"),
        };
        refusal.into_response()
    }

    fn seed(&mut self, rows: usize) {
        self.add_seeded(rows);
    }
}

type Shared = app::Shared<Contactly>;

async fn account() -> Json<Value> {
    Json(json!({
        "id": 1,
        "name": "Contactly Demo",
        "plan": "trial",
        "owner": {"name": "Grace Silva", "email": "grace@contactly.example"},
    }))
}

async fn search(State(app): Shared, Query(params): Query<Params>) -> Result<Response, Refusal> {
    let window = Window::of(&params)?;
    let words = params.get("q").map(|q| q.trim().to_lowercase()).filter(|q| !q.is_empty());
    let words = words.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "q is missing"))?;
    window.page(lock(&app.data).contacts.iter().filter(|contact| {
        holds(&format!("{} {}", contact.first_name, contact.last_name), &words)
            || holds(&contact.email, &words)
            || contact.phone.as_deref().is_some_and(|phone| phone.contains(&words))
    }))
}

async fn list<R: Row>(State(app): Shared, Query(params): Query<Params>) -> Result<Response, Refusal> {
    Window::of(&params)?.page(R::table(&lock(&app.data)).iter())
}

async fn read<R: Row>(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let data = lock(&app.data);
    let row = id.parse().ok().and_then(|id| R::table(&data).row(id));
    Ok(Json(row.ok_or_else(missing::<R>)?).into_response())
}

async fn create<R: Row>(State(app): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut data = lock(&app.data);
    let row = checked::<R>(&body, &data, 0)?;
    let now = now();
    Ok(created(R::table_mut(&mut data).add(|id| row.stamped(id, now, now))))
}

async fn replace<R: Row>(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut data = lock(&app.data);
    let id = known::<R>(&data, &id)?;
    let row = checked::<R>(&body, &data, id)?;
    let old = R::table_mut(&mut data).row_mut(id).ok_or_else(missing::<R>)?;
    *old = row.stamped(id, old.created(), now());
    Ok(Json(&*old).into_response())
}

async fn remove<R: Row>(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let id = id.parse().ok().filter(|id| R::remove(&mut lock(&app.data), *id));
    id.map(deleted).ok_or_else(missing::<R>)
}

async fn notes(
    State(app): Shared,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, Refusal> {
    let window = Window::of(&params)?;
    let data = lock(&app.data);
    let id = known::<Contact>(&data, &id)?;
    window.page(data.notes.iter().filter(|note| note.contact_id == id))
}

async fn create_note(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut data = lock(&app.data);
    let contact_id = known::<Contact>(&data, &id)?;
    let text = fields::note(&body)?;
    Ok(created(data.notes.add(|id| Note { id, contact_id, text, created: now() })))
}

/// The row of a body, which no other row stands in the way of.
fn checked<R: Row>(body: &Map<String, Value>, data: &Contactly, id: u64) -> Result<R, Refusal> {
    let row = R::read(body, data)?;
    match row.conflict(data, id) {
        Some((message, errors)) => {
            Err(Refusal { status: StatusCode::CONFLICT, message: message.to_owned(), errors })
        }
        None => Ok(row),
    }
}

/// The id of a row that is there.
fn known<R: Row>(data: &Contactly, id: &str) -> Result<u64, Refusal> {
    id.parse().ok().filter(|id| R::table(data).row(*id).is_some()).ok_or_else(missing::<R>)
}

fn missing<R: Row>() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("{} not found", R::NAME))
}

fn fields_of(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    object(headers, body).map_err(|(status, message)| Refusal::new(status, message))
}

fn created(id: u64) -> Response {
    (StatusCode::CREATED, Json(json!({"id": id}))).into_response()
}

fn deleted(id: u64) -> Response {
    Json(json!({"id": id, "deleted": true})).into_response()
}

/// Which rows of a listing to show.
struct Window {
    offset: usize,
    limit: usize,
}

impl Window {
    fn of(params: &Params) -> Result<Self, Refusal> {
        let wrong = |message| move || Refusal::new(StatusCode::BAD_REQUEST, message);
        Ok(Self {
            offset: number(params, "offset", 0, 0..).ok_or_else(wrong("offset must be 0 or more"))?,
            limit: number(params, "limit", 25, 1..=100).ok_or_else(wrong("limit must be 1 to 100"))?,
        })
    }

    fn page<'a, T: Serialize + 'a>(&self, rows: impl Iterator<Item = &'a T>) -> Result<Response, Refusal> {
        let rows: Vec<_> = rows.collect();
        let results: Vec<_> = rows.iter().skip(self.offset).take(self.limit).collect();
        let page = json!({
            "results": results, "total": rows.len(), "offset": self.offset, "limit": self.limit,
        });
        Ok(Json(page).into_response())
    }
}

/// An error in the vendor's own form.
struct Refusal {
    status: StatusCode,
    message: String,
    errors: Vec<FieldError>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new() }
    }
}

impl From<Vec<FieldError>> for Refusal {
    fn from(errors: Vec<FieldError>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: "Validation failed".to_owned(), errors }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"message": self.message});
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        (self.status, Json(body)).into_response()
    }
}
