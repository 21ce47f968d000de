use async_trait::async_trait;
use membrane_core::op::{ConnectionAttemptRecord, GetConnectionAttempt, ListConnectionAttempts, RunStatus};
use membrane_core::{Error, Page, Result, RunId};

use super::Execute;
use super::log::{check_id, logged_run, runs_of};
use crate::run::attempt_record;
use crate::store::{RunKind, RunQuery};
use crate::{Caller, Engine};

#[async_trait]
impl Execute for ListConnectionAttempts {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<ConnectionAttemptRecord>> {
        self.paging.check_cursor()?;
        let Some(query) = runs_of(engine, caller, self.of).await? else { return Ok(Page::default()) };
        let query = RunQuery {
            kind: Some(RunKind::ConnectionTest),
            is_success: self.status.map(|status| status == RunStatus::Success),
            ..query
        };
        let page = engine.parts().store.runs(&caller.scope(), &query, &self.paging).await?;
        let items = page.items.iter().map(|row| attempt_record(row, false)).collect::<Result<_>>()?;
        Ok(Page::new(items, page.cursor))
    }
}

#[async_trait]
impl Execute for GetConnectionAttempt {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ConnectionAttemptRecord> {
        check_id(&self.id)?;
        let id = RunId::from(self.id.as_str());
        let found = logged_run(engine, caller, &id).await?;
        let row = found.filter(|row| row.kind == RunKind::ConnectionTest).ok_or_else(|| {
            Error::not_found(format!("there is no attempt to connect `{id}`")).with("id", &id)
        })?;
        attempt_record(&row, true)
    }
}
