use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Op, OpInfo, Route};
use crate::workspace::{Diff, EntryKey, Report, WorkspaceFiles};

/// Gives the elements of the workspace as the files of a folder: all but connections, what customers have of their
/// own, what is archived, and secrets.
///
/// What follows its parent is given as it is now.
///
/// ```
/// use membrane_core::op::{Access, ExportWorkspace, Op};
///
/// let info = ExportWorkspace::info();
/// assert_eq!((info.routes[0].path.as_str(), info.access), ("/export", Access::Manager));
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ExportWorkspace {}

/// A workspace as a folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkspaceExport {
    /// Texts by path.
    pub files: WorkspaceFiles,
    /// Which elements could not be given, and why.
    pub report: Report,
}

impl WorkspaceExport {
    /// Takes the files and what there is to say.
    pub fn new(files: WorkspaceFiles, report: Report) -> Self {
        Self { files, report }
    }
}

impl Op for ExportWorkspace {
    type Output = WorkspaceExport;

    fn info() -> OpInfo {
        OpInfo::new(
            "workspace.export",
            "Gives the elements of the workspace as the files of a folder.",
            Access::Manager,
            vec![Route::get("/export")],
        )
    }
}

/// Takes the files of a folder into the workspace.
///
/// Elements are matched by kind, key and integration. One that is there is changed where its file says otherwise, and
/// left as it is where not; a field that its file does not say is cleared. Elements without a file stay as they are.
/// All that can be taken is written at once or not at all; what cannot be taken is named in the report and stops
/// nothing else.
///
/// ```
/// use membrane_core::op::ImportWorkspace;
/// use membrane_core::workspace::WorkspaceFiles;
///
/// let mut files = WorkspaceFiles::new();
/// files.insert("membrane/actions/create-task/spec.yaml", "key: create-task\n")?;
/// let mut import = ImportWorkspace::new(files);
/// import.dry_run = true;
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImportWorkspace {
    /// Texts by path. All together may have [`ImportWorkspace::MAX_BYTES`].
    pub files: WorkspaceFiles,
    /// Changes nothing, and says what would change.
    #[serde(default)]
    pub dry_run: bool,
}

impl ImportWorkspace {
    /// How many bytes the files may have together. As JSON they may have twice as many: line ends and quotes take two.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    /// Takes the files.
    pub fn new(files: WorkspaceFiles) -> Self {
        Self { files, dry_run: false }
    }
}

impl std::fmt::Debug for ImportWorkspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Parameters of an integration may be in the texts.
        let (files, dry_run) = (self.files.len(), self.dry_run);
        f.debug_struct("ImportWorkspace").field("files", &files).field("dry_run", &dry_run).finish()
    }
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkspaceImport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Elements that were not there.
    pub created: Vec<EntryKey>,
    /// Elements that were otherwise.
    pub changed: Vec<EntryKey>,
    /// Which of these no file says: a connector brings them along with its integration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brought: Vec<EntryKey>,
    /// How many elements are as their files say.
    pub unchanged: usize,
    /// How many elements of the workspace have no file. They stay as they are.
    pub untouched: usize,
    /// What would change, of a dry run: from the workspace to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Diff>,
    /// What could not be taken, what is odd, and which fields are unknown or not for a caller to write.
    pub report: Report,
}

impl Op for ImportWorkspace {
    type Output = WorkspaceImport;

    fn info() -> OpInfo {
        OpInfo::new(
            "workspace.import",
            "Takes the files of a folder into the workspace; elements without a file stay as they are.",
            Access::Manager,
            vec![Route::post("/import").body_limit(2 * Self::MAX_BYTES)],
        )
    }
}
