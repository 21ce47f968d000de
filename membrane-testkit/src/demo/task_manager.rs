mod api;
mod fields;
mod state;

use serde::{Deserialize, Serialize};

use self::state::Taskly;
use super::app::DemoApp;

/// Serves "Taskly", a task manager with a bearer token and cursor paging.
///
/// Below [`url`](DemoApp::url):
///
/// | route | |
/// |---|---|
/// | `GET /v1/me` | who the token belongs to |
/// | `GET /v1/users`, `GET /v1/projects` | `{"data": […], "next_cursor": null}` |
/// | `GET /v1/tasks` | `limit` (1–50, 20 unless said), `cursor`, `status`, `project_id`, `q` |
/// | `POST /v1/tasks` | 201; needs `title`; honours `Idempotency-Key` |
/// | `GET`, `PATCH`, `DELETE /v1/tasks/{id}` | 200, 200, 204 |
///
/// Tasks are listed in order of creation. A cursor names the last task that was handed over, so a walk
/// meets each task that stays exactly once, whatever is created or deleted meanwhile.
///
/// Errors are `{"error": {"code", "message"}}`: 400 `invalid_json` and `invalid_parameter`, 401
/// `invalid_token`, 404 `not_found`, 405 `method_not_allowed`, 409 `idempotency_key_reused` (same key,
/// other body), 415 `unsupported_media_type`, 422 `validation_failed` with `fields`, 429 `rate_limited`.
///
/// ```
/// use membrane_testkit::demo::TaskManager;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = TaskManager::start().await?;
/// app.seed(30);
/// let first = reqwest::Client::new()
///     .get(format!("{}/v1/tasks?limit=2", app.url()))
///     .bearer_auth(app.api_key())
///     .send()
///     .await?;
/// let page: serde_json::Value = serde_json::from_str(&first.text().await?)?;
/// assert_eq!(page["data"][0]["id"], "tsk_000001");
/// assert!(page["next_cursor"].is_string());
/// assert_eq!(app.requests_to("GET /v1/tasks"), 1);
/// app.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub type TaskManager = DemoApp<Taskly>;

impl TaskManager {
    /// The tasks as they stand, in order of creation.
    pub fn tasks(&self) -> Vec<Task> {
        self.with(|data| data.tasks().cloned().collect())
    }
}

/// A task of [`TaskManager`], as its API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// Such as `tsk_000001`.
    pub id: String,
    /// Not blank, at most 200 characters.
    pub title: String,
    /// Free text.
    pub description: Option<String>,
    /// Open or done.
    pub status: TaskStatus,
    /// The id of a [`User`].
    pub assignee: Option<String>,
    /// The id of a [`Project`].
    pub project_id: Option<String>,
    /// RFC 3339.
    pub due_at: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub updated_at: String,
    /// Where a person would look at it.
    pub url: String,
}

/// Whether a [`Task`] is still to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// It is done.
    Done,
    /// It is to be done.
    #[default]
    Open,
}

/// A project of [`TaskManager`]. There are always the same three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Project {
    /// Such as `prj_1`.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// A person of [`TaskManager`]. There are always the same three; the token belongs to the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Such as `usr_1`.
    pub id: String,
    /// First and last name.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
}
