//! The operations every kind of element has.

use async_trait::async_trait;
use membrane_core::element::{Element, Explanation, Flow, FlowSpec};
use membrane_core::op::{
    Archive, Create, Explain, Get, List, ListQuery, Replace, Reset, Restore, Setup, Update,
    UpdateToLatestFlow,
};
use membrane_core::{Error, LayerName, Page, Result, Selector};
use serde_json::Value;

use super::Execute;
use crate::element::layered::{self, LayeredKind};
use crate::element::{self, Change, Kind, Plain, sealed};
use crate::{Caller, Engine};

#[async_trait]
impl<S: Kind> Execute for List<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<Element<S>>> {
        refuse_other_filters::<S>(&self.query)?;
        S::check_cursor(&self.query.paging)?;
        if self.query.external_app_id.is_some() {
            // No element belongs to an app of a catalogue yet.
            return Ok(Page::default());
        }
        let caller = &caller.remembering();
        let mut page = S::list(engine, caller, &self.query).await?;
        sealed::show(engine, caller, &mut page.items).await?;
        for item in &mut page.items {
            S::show(engine, caller, item).await?;
        }
        Ok(page)
    }
}

/// What every list takes.
pub(super) const EVERY_LIST: &[&str] = &["limit", "cursor", "search", "includeArchived"];

/// A filter that is passed over would show more than was asked for.
fn refuse_other_filters<S: Kind>(query: &ListQuery) -> Result<()> {
    let given = serde_json::to_value(query)
        .map_err(|error| Error::internal("a query cannot be written as JSON").with_source(error))?;
    let Value::Object(given) = given else { return Ok(()) };
    let is_taken = |name: &str| EVERY_LIST.contains(&name) || S::FILTERS.contains(&name);
    match given.keys().find(|name| !is_taken(name)) {
        None => Ok(()),
        Some(name) => Err(Error::invalid_input(format!(
            "`{name}` does not narrow {}; what does: `search`, `includeArchived`, `{}`",
            S::KIND.plural(),
            S::FILTERS.join("`, `")
        ))
        .with("field", name)),
    }
}

#[async_trait]
impl<S: Plain> Execute for Create<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let mut fields = self.fields;
        for (name, named) in [
            ("integrationId", self.integration_id),
            ("integrationKey", self.integration_key),
            ("connectionId", self.connection_id),
            ("connectionKey", self.connection_key),
            ("parentId", self.parent_id),
            ("parentKey", self.parent_key),
            ("instanceKey", self.instance_key),
            ("userId", self.user_id),
        ] {
            if let Some(named) = named {
                fields.insert(name.to_owned(), named.into());
            }
        }
        if self.layer == Some(LayerName::Connection) {
            layered::on_connection(engine, caller, &mut fields).await?;
        }
        element::create(engine, caller, &fields).await
    }
}

#[async_trait]
impl<S: Plain> Execute for Get<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let mut found = match self.auto_create {
            Some(true) => S::own(engine, caller, &self.selector).await?,
            _ => S::select(engine, caller, &self.selector, false).await?,
        };
        sealed::show(engine, caller, [&mut found]).await?;
        S::show(engine, caller, &mut found).await?;
        S::detail(engine, caller, &mut found).await?;
        Ok(found)
    }
}

#[async_trait]
impl<S: LayeredKind> Execute for Reset<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let current = S::to_write(engine, caller, &self.selector).await?;
        layered::reset(engine, caller, current, &self.parts).await
    }
}

#[async_trait]
impl<S: Kind> Execute for Setup<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        S::setup(engine, caller, &self.selector).await
    }
}

#[async_trait]
impl Execute for UpdateToLatestFlow {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Flow> {
        let current = FlowSpec::to_write(engine, caller, &self.selector).await?;
        layered::catch_up(engine, caller, current).await
    }
}

#[async_trait]
impl<S: LayeredKind> Execute for Explain<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Explanation> {
        layered::explained::<S>(engine, caller, &self.selector).await
    }
}

#[async_trait]
impl<S: Kind> Execute for Update<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let current = S::to_write(engine, caller, &self.selector).await?;
        element::update(engine, caller, current, &self.fields, Change::Merge).await
    }
}

#[async_trait]
impl<S: Kind> Execute for Replace<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let current = S::to_write(engine, caller, &self.selector).await?;
        if S::KIND.is_layered() && self.fields.is_empty() && current.place.connection_id.is_some() {
            // Membrane's own client makes the connection's copy by a PUT without body.
            let mut own = S::select(engine, caller, &Selector::from(&current.id), true).await?;
            S::show(engine, caller, &mut own).await?;
            return Ok(own);
        }
        element::update(engine, caller, current, &self.fields, Change::Replace).await
    }
}

#[async_trait]
impl<S: Kind> Execute for Archive<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let current = element::live_or_archived(engine, caller, &S::to_archive(&self.selector)).await?;
        element::archive(engine, caller, current, true).await
    }
}

#[async_trait]
impl<S: Kind> Execute for Restore<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<S>> {
        let current = S::select(engine, caller, &S::to_archive(&self.selector), true).await?;
        element::archive(engine, caller, element::own_row(caller, current)?, false).await
    }
}
