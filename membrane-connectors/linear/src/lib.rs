#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

use async_trait::async_trait;
use membrane_core::connector::{Connector, ConnectorBuilder, Cx, Implement};
use membrane_core::universal::{CreateTask, CreatedTask, NewTask};
use membrane_core::{Error, Result};
use serde_json::{Value, json};

/// The Linear connector: `connector.yml`, and what it takes to find a team by its key.
///
/// # Errors
/// None that a user of this crate could cause: the file is part of it.
///
/// ```
/// let linear = membrane_connector_linear::connector()?;
/// assert_eq!(linear.actions["create-task"].name, "Create a task");
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn connector() -> Result<Connector> {
    let file = Connector::from_yaml(include_str!("../connector.yml"), "linear/connector.yml")?;
    ConnectorBuilder::from(file).implement::<CreateTask>(CreateIssue).build()
}

/// Linear's way to create a task: an issue of the team `project`.
struct CreateIssue;

#[async_trait]
impl Implement<CreateTask> for CreateIssue {
    async fn run(&self, cx: &Cx<'_>, input: NewTask) -> Result<CreatedTask> {
        let team = input.project.as_deref().map(str::trim).filter(|team| !team.is_empty());
        let team =
            team.ok_or_else(|| bad_team("`project` is required: a team's id, or its key such as `ENG`"))?;
        let team = if is_id(team) { team.to_owned() } else { team_of_key(cx, team).await? };
        let mut issue = json!({"teamId": team, "title": input.title});
        if let Some(description) = input.description {
            issue["description"] = description.into();
        }
        if let Some(assignee) = input.assignee {
            issue["assigneeId"] = assignee.into();
        }
        let create = cx.connector().operation(&"create-issue".into())?;
        let issue = cx.run(&create.run, &json!({ "input": issue })).await?;
        let text = |name: &str| issue.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(CreatedTask { id: text("id").unwrap_or_default(), name: text("identifier"), url: text("url") })
    }
}

/// Whether a text is an id of Linear, a UUID.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

async fn team_of_key(cx: &Cx<'_>, key: &str) -> Result<String> {
    let teams = cx.connector().collection(&"teams".into())?;
    let list = teams.list.as_ref().ok_or_else(|| Error::internal("teams can be listed"))?;
    // Keys are upper case, and people write them as they like.
    let args = json!({"filterValues": {"key": key.to_uppercase()}});
    let page = cx.run(&list.call, &args).await?;
    let id = page.pointer("/nodes/0/id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| bad_team("there is no team with this id or key"))
}

fn bad_team(message: &str) -> Error {
    Error::invalid_input(message).with("field", "project")
}
