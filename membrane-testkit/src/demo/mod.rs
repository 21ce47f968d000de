//! Small apps with believable vendor APIs, served over real HTTP on loopback.
//!
//! Nobody needs an account to try a connector: each app starts in a millisecond, holds its data in memory,
//! and shows it to Rust for assertions. The two differ wherever real vendors differ:
//!
//! | | [`TaskManager`] "Taskly" | [`Crm`] "Contactly" |
//! |---|---|---|
//! | key | `Authorization: Bearer KEY` | `X-Api-Key: KEY` |
//! | paging | opaque cursor, `next_cursor` | `offset`, `limit`, `total` |
//! | ids | text, `tsk_000001` | numbers |
//! | time | RFC 3339 | Unix seconds |
//! | create | 201 and the whole task | 201 and `{"id": …}` only |
//! | update | `PATCH`, `null` clears | `PUT`, what is absent is cleared |
//! | delete | 204 | 200 `{"id": …, "deleted": true}` |
//! | wrong input | 422 `{"error": {"code", "message", "fields"}}` | 400 `{"message", "errors"}` |
//! | repeats | honours `Idempotency-Key` | refuses a second contact with one email: 409 |
//!
//! The connector of each is a `connector.yml` in the folder `connectors` of this crate, also at hand as
//! [`DemoApp::connector`]; both take the app's address as `connectorParameters.apiUri`.
//!
//! [`Pages`] is the third: read-only, unauthenticated and fast, for measuring readers.

mod app;
mod crm;
mod gate;
mod json;
mod pages;
#[cfg(feature = "engine")]
mod stage;
mod task_manager;

pub use self::app::DemoApp;
pub use self::crm::{Company, Contact, Crm, Note};
pub use self::pages::Pages;
#[cfg(feature = "engine")]
#[cfg_attr(docsrs, doc(cfg(feature = "engine")))]
pub use self::stage::Stage;
pub use self::task_manager::{Project, Task, TaskManager, TaskStatus, User};
