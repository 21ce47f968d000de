use async_trait::async_trait;
use membrane_core::Result;
use membrane_core::op::{ExportWorkspace, ImportWorkspace, WorkspaceExport, WorkspaceImport};

use super::Execute;
use crate::{Caller, Engine, workspace};

#[async_trait]
impl Execute for ExportWorkspace {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WorkspaceExport> {
        Box::pin(workspace::export(engine, caller)).await
    }
}

#[async_trait]
impl Execute for ImportWorkspace {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WorkspaceImport> {
        Box::pin(workspace::import(engine, caller, self.files, self.dry_run)).await
    }
}
