//! Use cases that many apps share, ready to implement and to run.
//!
//! A product states its own the same way: see [`UniversalAction`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connector::UniversalAction;
use crate::schema::DataSchema;

/// A use case as data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UniversalInfo {
    /// The key.
    pub key: &'static str,
    /// For people.
    pub name: &'static str,
    /// For people and for search.
    pub description: &'static str,
    /// The schema of what goes in.
    pub input_schema: DataSchema,
    /// The schema of what comes out.
    pub output_schema: DataSchema,
}

impl UniversalInfo {
    /// Describes a use case.
    pub fn of<A: UniversalAction>() -> Self {
        Self {
            key: A::KEY,
            name: A::NAME,
            description: A::DESCRIPTION,
            input_schema: DataSchema::of::<A::Input>(),
            output_schema: DataSchema::of::<A::Output>(),
        }
    }
}

/// The keys of the use cases of this module.
pub(crate) const KEYS: &[&str] = &[CreateTask::KEY, SendMessage::KEY];

/// The use case of this module with this key.
///
/// ```
/// let create_task = membrane_core::universal::find("create-task").expect("is one of this module");
/// assert_eq!(create_task.name, "Create a task");
/// ```
pub fn find(key: &str) -> Option<UniversalInfo> {
    match key {
        CreateTask::KEY => Some(UniversalInfo::of::<CreateTask>()),
        SendMessage::KEY => Some(UniversalInfo::of::<SendMessage>()),
        _ => None,
    }
}

/// Creates a task: an issue, a ticket, a to-do.
#[derive(Debug, Clone, Copy)]
pub struct CreateTask;

/// What a task needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTask {
    /// One line.
    pub title: String,
    /// Longer text, Markdown where the app takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it goes, in the app's own terms: `owner/repo` at GitHub, a team's id at Linear, a project's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The app's id or name of the person who shall do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
}

/// A task that was created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedTask {
    /// The app's id.
    pub id: String,
    /// The name people use for it: `#12`, `ENG-12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where people see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl UniversalAction for CreateTask {
    type Input = NewTask;
    type Output = CreatedTask;
    const KEY: &'static str = "create-task";
    const NAME: &'static str = "Create a task";
    const DESCRIPTION: &'static str = "Creates a task: an issue, a ticket, a to-do.";
}

/// Sends a message to a channel or a person.
///
/// ```
/// use membrane_core::connector::UniversalAction;
/// use membrane_core::universal::{NewMessage, SendMessage};
///
/// let message = NewMessage { channel: "general".to_owned(), text: "Deployed".to_owned(), ..NewMessage::default() };
/// assert_eq!(SendMessage::KEY, "send-message");
/// # let _ = message;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SendMessage;

/// What a message needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// The app's id or name of the channel or person.
    pub channel: String,
    /// The text.
    pub text: String,
    /// The message it answers, by the app's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// A message that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// The app's id.
    pub id: String,
    /// The app's id of the channel.
    pub channel: String,
}

impl UniversalAction for SendMessage {
    type Input = NewMessage;
    type Output = SentMessage;
    const KEY: &'static str = "send-message";
    const NAME: &'static str = "Send a message";
    const DESCRIPTION: &'static str = "Sends a message to a channel or a person.";
}
