//! The routes of the CRM.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{self, FieldError};
use super::state::now;
use super::{App, Company, Contact, Note};
use crate::demo::json::{Params, holds, number, object};
use crate::serve::lock;

type Shared = State<Arc<App>>;

pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/account", get(account))
        .route("/api/companies", get(companies).post(create_company))
        .route("/api/companies/{id}", get(company).put(replace_company).delete(remove_company))
        .route("/api/contacts", get(contacts).post(create_contact))
        .route("/api/contacts/search", get(search))
        .route("/api/contacts/{id}", get(contact).put(replace_contact).delete(remove_contact))
        .route("/api/contacts/{id}/notes", get(notes).post(create_note))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "No such endpoint"))
        .method_not_allowed_fallback(async || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "No such method"))
        .layer(from_fn_with_state(Arc::clone(&app), admit))
        .with_state(app)
}

/// Counts the request, asks for the key, then for the allowance.
async fn admit(State(app): Shared, request: Request, next: Next) -> Response {
    app.gate.count(&request);
    let key = request.headers().get("x-api-key").and_then(|value| value.to_str().ok());
    if !app.gate.opens_to(key) {
        return Refusal::new(StatusCode::UNAUTHORIZED, "API key missing or invalid").into_response();
    }
    let Some(pass) = app.gate.admit() else { return next.run(request).await };
    let mut response = if pass.admitted {
        next.run(request).await
    } else {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded").into_response()
    };
    pass.stamp(&mut response);
    response
}

async fn account() -> Json<Value> {
    Json(json!({
        "id": 1,
        "name": "Contactly Demo",
        "plan": "trial",
        "owner": {"name": "Grace Silva", "email": "grace@contactly.example"},
    }))
}

async fn contacts(State(app): Shared, Query(params): Query<Params>) -> Result<Response, Refusal> {
    Window::of(&params)?.page(lock(&app.state).contacts.iter())
}

async fn search(State(app): Shared, Query(params): Query<Params>) -> Result<Response, Refusal> {
    let window = Window::of(&params)?;
    let words = params.get("q").map(|q| q.trim().to_lowercase()).filter(|q| !q.is_empty());
    let words = words.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "q is missing"))?;
    window.page(lock(&app.state).contacts.iter().filter(|contact| {
        holds(&format!("{} {}", contact.first_name, contact.last_name), &words)
            || holds(&contact.email, &words)
            || contact.phone.as_deref().is_some_and(|phone| phone.contains(&words))
    }))
}

async fn contact(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let state = lock(&app.state);
    let contact = id.parse().ok().and_then(|id| state.contacts.row(id));
    Ok(Json(contact.ok_or_else(Refusal::no_contact)?).into_response())
}

async fn create_contact(State(app): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut state = lock(&app.state);
    let contact = fields::contact(&body, &state)?;
    if state.email_is_taken(&contact.email, 0) {
        return Err(Refusal::email_is_taken());
    }
    let now = now();
    Ok(created(state.contacts.add(|id| Contact { id, created: now, modified: now, ..contact })))
}

async fn replace_contact(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut state = lock(&app.state);
    let id = id.parse().ok().filter(|id| state.contacts.row(*id).is_some());
    let id = id.ok_or_else(Refusal::no_contact)?;
    let contact = fields::contact(&body, &state)?;
    if state.email_is_taken(&contact.email, id) {
        return Err(Refusal::email_is_taken());
    }
    let row = state.contacts.row_mut(id).ok_or_else(Refusal::no_contact)?;
    *row = Contact { id, created: row.created, modified: now(), ..contact };
    Ok(Json(&*row).into_response())
}

async fn remove_contact(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let id = id.parse().ok().filter(|id| lock(&app.state).remove_contact(*id));
    id.map(deleted).ok_or_else(Refusal::no_contact)
}

async fn notes(
    State(app): Shared,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, Refusal> {
    let window = Window::of(&params)?;
    let state = lock(&app.state);
    let id = id.parse().ok().filter(|id| state.contacts.row(*id).is_some());
    let id: u64 = id.ok_or_else(Refusal::no_contact)?;
    window.page(state.notes.iter().filter(|note| note.contact_id == id))
}

async fn create_note(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut state = lock(&app.state);
    let contact_id = id.parse().ok().filter(|id| state.contacts.row(*id).is_some());
    let contact_id = contact_id.ok_or_else(Refusal::no_contact)?;
    let text = fields::note(&body)?;
    Ok(created(state.notes.add(|id| Note { id, contact_id, text, created: now() })))
}

async fn companies(State(app): Shared, Query(params): Query<Params>) -> Result<Response, Refusal> {
    Window::of(&params)?.page(lock(&app.state).companies.iter())
}

async fn company(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let state = lock(&app.state);
    let company = id.parse().ok().and_then(|id| state.companies.row(id));
    Ok(Json(company.ok_or_else(Refusal::no_company)?).into_response())
}

async fn create_company(State(app): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let company = fields::company(&fields_of(&headers, &body)?)?;
    let now = now();
    let row = |id| Company { id, created: now, modified: now, ..company };
    Ok(created(lock(&app.state).companies.add(row)))
}

async fn replace_company(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = fields_of(&headers, &body)?;
    let mut state = lock(&app.state);
    let row = id.parse().ok().and_then(|id| state.companies.row_mut(id));
    let row = row.ok_or_else(Refusal::no_company)?;
    *row = Company { id: row.id, created: row.created, modified: now(), ..fields::company(&body)? };
    Ok(Json(&*row).into_response())
}

async fn remove_company(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let id = id.parse().ok().filter(|id| lock(&app.state).remove_company(*id));
    id.map(deleted).ok_or_else(Refusal::no_company)
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

    fn email_is_taken() -> Self {
        let message = "There is a contact with this email".to_owned();
        Self { status: StatusCode::CONFLICT, message, errors: fields::taken() }
    }

    fn no_company() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Company not found")
    }

    fn no_contact() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Contact not found")
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
