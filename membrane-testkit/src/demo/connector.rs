use membrane_core::Result;
use membrane_core::connector::Connector;

use super::TaskManager;

impl TaskManager {
    /// The connector of Taskly, as it stands in `connectors/task-manager.yml`.
    ///
    /// It needs `{"apiUri": app.url()}` as parameters and `{"token": app.api_key()}` as credentials, has the
    /// collections `tasks`, `users` and `projects`, and implements `create-task`.
    ///
    /// # Errors
    /// None that a user of this crate could cause: the file is part of it.
    ///
    /// ```
    /// let connector = membrane_testkit::demo::TaskManager::connector()?;
    /// assert_eq!(connector.actions["create-task"].name, "Create a task");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn connector() -> Result<Connector> {
        Connector::from_yaml(include_str!("../../connectors/task-manager.yml"), "task-manager.yml")
    }
}
