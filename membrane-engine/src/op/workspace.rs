use async_trait::async_trait;
use membrane_core::Result;
use membrane_core::op::{Export, ExportWorkspace, ImportWorkspace, WorkspaceExport, WorkspaceImport};
use serde_json::{Map, Value};

use super::Execute;
use crate::element::Kind;
use crate::{Caller, Engine, workspace};

#[async_trait]
impl<S: Kind> Execute for Export<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Map<String, Value>> {
        let found = S::select(engine, caller, &self.selector, false).await?;
        Box::pin(workspace::export_one(engine, caller, found)).await
    }
}

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
