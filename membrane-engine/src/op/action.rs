use async_trait::async_trait;
use membrane_core::element::ElementKind;
use membrane_core::op::{ActionRun, ActionRunRecord, GetActionRun, ListActionRuns, RunAction, RunStatus};
use membrane_core::{ElementId, Error, Page, Result, RunId};

use super::Execute;
use super::log::{check_id, logged_run, runs_of};
use crate::run::{run_action, run_record};
use crate::store::{RunKind, RunQuery};
use crate::{Caller, Engine};

#[async_trait]
impl Execute for RunAction {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ActionRun> {
        run_action(engine, caller, self).await
    }
}

#[async_trait]
impl Execute for ListActionRuns {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<ActionRunRecord>> {
        self.paging.check_cursor()?;
        let Some(query) = runs_of(engine, caller, self.of).await? else { return Ok(Page::default()) };
        let query = RunQuery {
            kind: Some(RunKind::Action),
            action: self.action_id.as_deref().map(ElementId::from),
            is_success: self.status.map(|status| status == RunStatus::Success),
            ..query
        };
        let page = engine.parts().store.runs(&caller.scope(), &query, &self.paging).await?;
        let items = page.items.iter().map(|row| run_record(row, false)).collect::<Result<_>>()?;
        Ok(Page::new(items, page.cursor))
    }
}

#[async_trait]
impl Execute for GetActionRun {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ActionRunRecord> {
        check_id(&self.id)?;
        let id = RunId::from(self.id.as_str());
        let found = logged_run(engine, caller, &id).await?;
        let row = found.filter(|row| row.kind == RunKind::Action).ok_or_else(|| {
            Error::not_found(format!("there is no {} run `{id}`", ElementKind::Action)).with("id", &id)
        })?;
        run_record(&row, self.details == Some(true))
    }
}
