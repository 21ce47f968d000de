//! What elements were: list, compare, bring back.

use async_trait::async_trait;
use membrane_core::element::{Element, FieldChange};
use membrane_core::op::{Checkpoint, DiffCheckpoints, ListCheckpoints, Revert};
use membrane_core::{ErrorKind, Page, Paging, Result, Selector};

use super::Execute;
use crate::element::{Kind, history, live_or_archived};
use crate::{Caller, Engine};

#[async_trait]
impl<S: Kind> Execute for ListCheckpoints<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<Checkpoint>> {
        let element = own_or_named::<S>(engine, caller, &self.selector).await?;
        let paging = Paging { limit: self.limit, cursor: self.cursor };
        history::list(engine, caller, &element, &paging).await
    }
}

#[async_trait]
impl<S: Kind> Execute for DiffCheckpoints<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Vec<FieldChange>> {
        let element = own_or_named::<S>(engine, caller, &self.selector).await?;
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

/// The element a selector names; below a connection its own copy, archived or not, where it has one.
async fn own_or_named<S: Kind>(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
    match live_or_archived(engine, caller, &S::to_archive(selector)).await {
        Err(error) if error.kind() == ErrorKind::NotFound => live_or_archived(engine, caller, selector).await,
        outcome => outcome,
    }
}
