//! The routes of the task manager.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{FieldError, apply};
use super::state::{self, Replay, Taskly};
use super::{Task, TaskStatus};
use crate::demo::app::{self, App, Refused, Vendor};
use crate::demo::json::{Params, holds, number, object};
use crate::serve::lock;

impl Vendor for Taskly {
    const CONNECTOR: (&'static str, &'static str) =
        ("task-manager.yml", include_str!("../../../connectors/task-manager.yml"));
    const KEY: &'static str = "taskly_demo_key";

    fn router() -> Router<Arc<App<Self>>> {
        Router::new()
            .route("/v1/me", get(me))
            .route("/v1/projects", get(projects))
            .route("/v1/tasks", get(list).post(create))
            .route("/v1/tasks/{id}", get(read).patch(update).delete(remove))
            .route("/v1/users", get(users))
            .fallback(no_route)
            .method_not_allowed_fallback(no_method)
    }

    fn presented(headers: &HeaderMap) -> Option<&str> {
        headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
    }

    fn refuse(why: Refused) -> Response {
        let refusal = match why {
            Refused::NoKey => {
                Refusal::new(StatusCode::UNAUTHORIZED, "invalid_token", "The access token is not valid.")
            }
            Refused::TooMany(wait) => {
                let message = format!("Too many requests. Try again in {wait} s.");
                Refusal::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
            }
        };
        refusal.into_response()
    }

    fn seed(&mut self, rows: usize) {
        self.add_seeded(rows);
    }
}

type Shared = app::Shared<Taskly>;

async fn me() -> Json<Value> {
    let [me, ..] = state::users();
    Json(json!(me))
}

async fn users() -> Json<Value> {
    Json(json!({"data": state::users(), "next_cursor": null}))
}

async fn projects() -> Json<Value> {
    Json(json!({"data": state::projects(), "next_cursor": null}))
}

#[derive(Serialize)]
struct TaskPage<'a> {
    data: Vec<&'a Task>,
    next_cursor: Option<String>,
}

async fn list(State(app): Shared, Query(params): Query<Params>) -> Result<Response, Refusal> {
    let limit = number(&params, "limit", 20, 1..=50)
        .ok_or_else(|| Refusal::parameter("`limit` must be a number from 1 to 50."))?;
    let after = match params.get("cursor").map(String::as_str) {
        None | Some("") => 0,
        Some(cursor) => decode(cursor).ok_or_else(|| Refusal::parameter("`cursor` is not one of ours."))?,
    };
    let status = match params.get("status").map(String::as_str) {
        None => None,
        Some("done") => Some(TaskStatus::Done),
        Some("open") => Some(TaskStatus::Open),
        Some(_) => return Err(Refusal::parameter("`status` must be `open` or `done`.")),
    };
    let project = params.get("project_id");
    let words = params.get("q").map(|q| q.to_lowercase());

    let state = lock(&app.data);
    let mut found = state.tasks_after(after).filter(|(_, task)| {
        status.is_none_or(|status| task.status == status)
            && project.is_none_or(|project| task.project_id.as_ref() == Some(project))
            && words.as_deref().is_none_or(|words| {
                holds(&task.title, words)
                    || task.description.as_deref().is_some_and(|text| holds(text, words))
            })
    });
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let next_cursor = found.next().and(page.last()).map(|(number, _)| encode(*number));
    let data = page.into_iter().map(|(_, task)| task).collect();
    Ok(Json(TaskPage { data, next_cursor }).into_response())
}

async fn create(State(app): Shared, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let fields = fields(&headers, &body)?;
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    // One lock from the look-up to the note: two requests with one key make one task.
    let mut state = lock(&app.data);
    if let Some(replay) = key.and_then(|key| state.replay(key)) {
        if replay.body != body {
            let message = "This Idempotency-Key came with another body before.";
            return Err(Refusal::new(StatusCode::CONFLICT, "idempotency_key_reused", message));
        }
        let replayed = [("idempotent-replayed", "true")];
        return Ok((StatusCode::CREATED, replayed, Json(&replay.task)).into_response());
    }
    let mut task = state::blank();
    apply(&fields, &mut task)?;
    let task = state.add(task);
    if let Some(key) = key {
        state.remember(key.to_owned(), Replay { body, task: task.clone() });
    }
    Ok((StatusCode::CREATED, Json(task)).into_response())
}

async fn read(State(app): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let state = lock(&app.data);
    let task = state.task(&id).ok_or_else(|| Refusal::no_task(&id))?;
    Ok(Json(task).into_response())
}

async fn update(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let fields = fields(&headers, &body)?;
    let mut state = lock(&app.data);
    let task = state.task_mut(&id).ok_or_else(|| Refusal::no_task(&id))?;
    apply(&fields, task)?;
    task.updated_at = state::now();
    Ok(Json(&*task).into_response())
}

async fn remove(State(app): Shared, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    if lock(&app.data).remove(&id) { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::no_task(&id)) }
}

async fn no_route(request: Request) -> Refusal {
    let message = format!("There is nothing at {}.", request.uri().path());
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message)
}

async fn no_method(request: Request) -> Refusal {
    let message = format!("{} is not allowed here.", request.method());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    object(headers, body).map_err(|(status, message)| {
        let unsupported = status == StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let code = if unsupported { "unsupported_media_type" } else { "invalid_json" };
        Refusal::new(status, code, message)
    })
}

fn encode(number: u64) -> String {
    BASE64URL_NOPAD.encode(format!("after:{number}").as_bytes())
}

fn decode(cursor: &str) -> Option<u64> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}

/// An error in the vendor's own form.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    fields: Vec<FieldError>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new() }
    }

    fn parameter(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", message)
    }

    fn no_task(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("There is no task {id}."))
    }
}

impl From<Vec<FieldError>> for Refusal {
    fn from(fields: Vec<FieldError>) -> Self {
        let message = "Some fields are not valid.".to_owned();
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, code: "validation_failed", message, fields }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({"code": self.code, "message": self.message});
        if !self.fields.is_empty() {
            error["fields"] = json!(self.fields);
        }
        (self.status, Json(json!({"error": error}))).into_response()
    }
}
