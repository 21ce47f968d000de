//! What elements were: list, compare, bring back.

use async_trait::async_trait;
use membrane_core::element::{Element, FieldChange};
use membrane_core::op::{Checkpoint, DiffCheckpoints, ListCheckpoints, Revert};
use membrane_core::{Page, Paging, Result};

use super::Execute;
use crate::element::{Kind, history, live_or_archived};
use crate::{Caller, Engine};

#[async_trait]
impl<S: Kind> Execute for ListCheckpoints<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<Checkpoint>> {
        let element = live_or_archived::<S>(engine, caller, &self.selector).await?;
        let paging = Paging { limit: self.limit, cursor: self.cursor };
        history::list(engine, caller, &element, &paging).await
    }
}

#[async_trait]
impl<S: Kind> Execute for DiffCheckpoints<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Vec<FieldChange>> {
        let element = live_or_archived::<S>(engine, caller, &self.selector).await?;
        history::diff(engine, caller, &element, self.from, self.to).await
    }
}

#[async_trait]
impl<S: Kind> Execute for Revert<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let current = S::to_write(engine, caller, &self.selector).await?;
        history::revert(engine, caller, current, self.checkpoint_number).await
    }
}
