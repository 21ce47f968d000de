#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod repository;

use async_trait::async_trait;
use membrane_core::Result;
use membrane_core::connector::{
    ApiRequest, Connector, ConnectorBuilder, Cx, FindMethod, Function, Implement, PathTemplate,
};
use membrane_core::universal::{CreateTask, CreatedTask, NewTask};
use serde_json::{Value, json};

use self::repository::{FindRepository, Repository};

/// The GitHub connector: `connector.yml`, and what it takes to split `owner/repo`.
///
/// # Errors
/// None that a user of this crate could cause: the file is part of it.
///
/// ```
/// let github = membrane_connector_github::connector()?;
/// assert_eq!(github.actions["create-task"].name, "Create a task");
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn connector() -> Result<Connector> {
    let mut connector = Connector::from_yaml(include_str!("../connector.yml"), "github/connector.yml")?;
    if let Some(repositories) = connector.collections.get_mut("repositories") {
        repositories.find_by_id = Some(FindMethod::new(Function::native(FindRepository)));
    }
    ConnectorBuilder::from(connector).implement::<CreateTask>(CreateIssue).build()
}

/// GitHub's way to create a task: an issue of the repository `project`.
struct CreateIssue;

#[async_trait]
impl Implement<CreateTask> for CreateIssue {
    async fn run(&self, cx: &Cx<'_>, input: NewTask) -> Result<CreatedTask> {
        let repository = Repository::parse("project", input.project.as_deref().unwrap_or_default())?;
        let slots = repository.slots();
        let path = PathTemplate::parse("/repos/{owner}/{repo}/issues")?.fill(|name| slots.get(name))?;
        let mut issue = json!({"title": input.title});
        if let Some(description) = input.description {
            issue["body"] = description.into();
        }
        if let Some(assignee) = input.assignee {
            issue["assignees"] = json!([assignee]);
        }
        let issue = cx.call(ApiRequest::post(path).json(issue)).await?;
        let text = |name: &str| issue.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = issue.get("number").map(Value::to_string).unwrap_or_default();
        Ok(CreatedTask { name: Some(format!("#{number}")), id: number, url: text("html_url") })
    }
}
