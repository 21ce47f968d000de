use async_trait::async_trait;
use membrane_core::element::ElementKind;
use membrane_core::op::{ActionRun, ActionRunRecord, GetActionRun, ListActionRuns, RunAction, RunStatus};
use membrane_core::{ElementId, Error, Page, Result};

use super::Execute;
use crate::element::customer::{Whose, whose};
use crate::element::select;
use crate::run::{run_action, run_record};
use crate::store::RunQuery;
use crate::{Caller, Engine};

#[async_trait]
impl Execute for RunAction {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ActionRun> {
        // Through all layers the future is too big to lie on a stack.
        Box::pin(run_action(engine, caller, self)).await
    }
}

#[async_trait]
impl Execute for ListActionRuns {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<ActionRunRecord>> {
        self.paging.check_cursor()?;
        if self.external_app_id.is_some() {
            // No run is of an app of a catalogue yet.
            return Ok(Page::default());
        }
        let integration = match &self.integration_id {
            Some(text) => Some(select::integration(engine, caller, text, true).await?.id.into()),
            None => None,
        };
        let connection = match &self.connection_id {
            Some(text) => Some(select::connection_of_any_time(engine, caller, text).await?.id.into()),
            None => None,
        };
        let customer = match whose(engine, caller, self.tenant_id.as_deref(), self.user_id.as_deref()).await?
        {
            Whose::Anyone => None,
            Whose::One(customer) => Some(customer),
            Whose::Nobody => return Ok(Page::default()),
        };
        let query = RunQuery {
            action: self.action_id.as_deref().map(ElementId::from),
            integration,
            connection,
            customer,
            is_success: self.status.map(|status| status == RunStatus::Success),
            from: self.from,
            to: self.to,
        };
        let page = engine.parts().store.runs(&caller.scope(), &query, &self.paging).await?;
        let items = page.items.iter().map(|row| run_record(row, false)).collect::<Result<_>>()?;
        Ok(Page::new(items, page.cursor))
    }
}

#[async_trait]
impl Execute for GetActionRun {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ActionRunRecord> {
        let id = self.id.as_str().into();
        let mut found = engine.parts().store.run(&caller.scope(), &id).await?;
        if found.is_none() {
            // A run that just ended may still be on its way to the store.
            engine.flush().await;
            found = engine.parts().store.run(&caller.scope(), &id).await?;
        }
        let row = found.ok_or_else(|| {
            Error::not_found(format!("there is no {} run `{id}`", ElementKind::Action)).with("id", &id)
        })?;
        run_record(&row, self.details == Some(true))
    }
}
