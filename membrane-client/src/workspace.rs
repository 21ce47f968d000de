use membrane_core::Result;
use membrane_core::op::{ExportWorkspace, ImportWorkspace, WorkspaceExport, WorkspaceImport};
use membrane_core::workspace::{Diff, WorkspaceFiles};

use crate::backend::{Backend, Who};

/// The workspace as a folder of files, as one keeps it in a repository.
///
/// ```
/// use membrane_client::WorkspaceFiles;
/// # use membrane_client::{Client, Result};
/// # use membrane_testkit::demo::Stage;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let stage = Stage::start().await?;
/// # let client = Client::in_process(stage.engine.clone());
/// let workspace = client.workspace();
/// let mut files = WorkspaceFiles::new();
/// files.insert("membrane/data-sources/contacts/spec.yaml", "key: contacts\nudm: contacts\n")?;
///
/// let patch = workspace.diff(files.clone()).await?.to_string();
/// assert!(patch.contains("+++ b/membrane/data-sources/contacts/spec.yaml"));
/// assert_eq!(workspace.import(files.clone()).await?.created.len(), 1);
/// assert!(workspace.diff(files).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WorkspaceHandle {
    backend: Backend,
}

impl WorkspaceHandle {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// Gives the elements of the workspace as files.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`](membrane_core::ErrorKind::AccessDenied) when the token is not a manager's.
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let export = client.workspace().export().await?;
    /// assert!(export.report.is_clean());
    /// assert!(export.files.get("membrane/actions/create-task/spec.yaml").is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn export(&self) -> Result<WorkspaceExport> {
        self.backend.call(&Who::Manager, ExportWorkspace::default()).await
    }

    /// Takes files into the workspace, as [`ImportWorkspace`] says. Elements without a file stay as they are.
    ///
    /// # Errors
    /// As [`WorkspaceHandle::export`]; [`ErrorKind::InvalidInput`](membrane_core::ErrorKind::InvalidInput) when there is
    /// more than can be taken at once; [`ErrorKind::Concurrency`](membrane_core::ErrorKind::Concurrency) when somebody
    /// else changed an element meanwhile. A file that cannot be taken is no error but a problem of the report.
    ///
    /// ```
    /// use membrane_client::WorkspaceFiles;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let mut files = WorkspaceFiles::new();
    /// files.insert("membrane/flows/sync/spec.yaml", "key: sync\nname: Sync\n")?;
    /// files.insert("membrane/flows/broken/spec.yaml", "key: [")?;
    /// let outcome = client.workspace().import(files).await?;
    /// assert_eq!(outcome.created.len(), 1);
    /// assert_eq!(outcome.report.problems[0].file, "membrane/flows/broken/spec.yaml");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import(&self, files: WorkspaceFiles) -> Result<WorkspaceImport> {
        self.backend.call(&Who::Manager, ImportWorkspace::new(files)).await
    }

    /// Says what an import would do, and changes nothing.
    ///
    /// # Errors
    /// As [`WorkspaceHandle::import`].
    ///
    /// ```
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let files = client.workspace().export().await?.files;
    /// let outcome = client.workspace().dry_run(files).await?;
    /// assert!(outcome.created.is_empty() && outcome.changed.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn dry_run(&self, files: WorkspaceFiles) -> Result<WorkspaceImport> {
        let mut import = ImportWorkspace::new(files);
        import.dry_run = true;
        self.backend.call(&Who::Manager, import).await
    }

    /// Says what in the files is otherwise than in the workspace. Displayed it is a patch for people.
    ///
    /// Elements without a file are no difference, and neither is a file that cannot be taken:
    /// [`WorkspaceHandle::dry_run`] tells of both.
    ///
    /// # Errors
    /// As [`WorkspaceHandle::import`].
    ///
    /// ```
    /// use membrane_client::WorkspaceFiles;
    /// # use membrane_client::{Client, Result};
    /// # use membrane_testkit::demo::Stage;
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let stage = Stage::start().await?;
    /// # let client = Client::in_process(stage.engine.clone());
    /// let mut files = client.workspace().export().await?.files;
    /// assert!(client.workspace().diff(files.clone()).await?.is_empty());
    /// files.insert("membrane/integrations/taskly/spec.yaml", "key: taskly\nname: My tasks\n")?;
    /// assert!(client.workspace().diff(files).await?.to_string().contains("+My tasks"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn diff(&self, files: WorkspaceFiles) -> Result<Diff> {
        Ok(self.dry_run(files).await?.diff.unwrap_or_default())
    }
}

impl std::fmt::Debug for WorkspaceHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkspaceHandle").finish_non_exhaustive()
    }
}
