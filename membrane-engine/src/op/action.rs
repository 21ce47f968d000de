use async_trait::async_trait;
use membrane_core::element::ElementKind;
use membrane_core::op::{ActionRun, ActionRunRecord, GetActionRun, ListActionRuns, RunAction, RunStatus};
use membrane_core::{ElementId, Error, Page, Result, RunId};

use super::Execute;
use super::log::{Narrowed, check_id, logged_run};
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
        let narrowed = Narrowed {
            external_app_id: self.external_app_id,
            integration_id: self.integration_id,
            connection_id: self.connection_id,
            tenant_id: self.tenant_id,
            user_id: self.user_id,
        };
        let Some(query) = narrowed.query(engine, caller).await? else { return Ok(Page::default()) };
        let query = RunQuery {
            kind: Some(RunKind::Action),
            action: self.action_id.as_deref().map(ElementId::from),
            is_success: self.status.map(|status| status == RunStatus::Success),
            from: self.from,
            to: self.to,
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
