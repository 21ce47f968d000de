//! The operations every kind of element has.

use async_trait::async_trait;
use membrane_core::element::{
    ActionSpec, ConnectionSpec, CustomerSpec, Element, ElementKind, IntegrationSpec, Spec,
};
use membrane_core::op::{Archive, Create, Get, List, Replace, Restore, Update};
use membrane_core::{Error, ErrorKind, LayerName, Page, Result, Selector};

use super::Execute;
use crate::element::{self, Change, Kind, action};
use crate::{Caller, Engine, sync};

#[async_trait]
impl<S: Kind> Execute for List<S> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<Element<S>>> {
        let mut page = S::list(engine, caller, &self.query).await?;
        for item in &mut page.items {
            S::show(engine, caller, item).await?;
        }
        Ok(page)
    }
}

#[async_trait]
impl Execute for Create<CustomerSpec> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<CustomerSpec>> {
        element::create(engine, caller, &self.fields).await
    }
}

#[async_trait]
impl Execute for Create<IntegrationSpec> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<IntegrationSpec>> {
        let created: Element<IntegrationSpec> = element::create(engine, caller, &self.fields).await?;
        let key = created.spec.connector_key.clone().unwrap_or_default();
        let connector = std::sync::Arc::clone(engine.connector(&key)?);
        sync::actions(engine, &connector, &created.id.clone().into()).await?;
        Ok(created)
    }
}

#[async_trait]
impl Execute for Create<ActionSpec> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<ActionSpec>> {
        element::create(engine, caller, &self.fields).await
    }
}

macro_rules! get {
    ($($spec:ty),*) => {$(
        #[async_trait]
        impl Execute for Get<$spec> {
            async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<$spec>> {
                let mut found = <$spec>::select(engine, caller, &self.selector, false).await?;
                <$spec>::show(engine, caller, &mut found).await?;
                Ok(found)
            }
        }
    )*};
}

get!(CustomerSpec, IntegrationSpec);

#[async_trait]
impl Execute for Get<ActionSpec> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<ActionSpec>> {
        if self.auto_create == Some(true) {
            let mut selector = self.selector;
            selector.layer = None;
            return action::own_copy(engine, caller, &selector).await;
        }
        let mut found = ActionSpec::select(engine, caller, &self.selector, false).await?;
        ActionSpec::show(engine, caller, &mut found).await?;
        Ok(found)
    }
}

/// Finds what is to be written. Below a connection that is the connection's own copy, made when there is
/// none, so that a customer's change never reaches another customer.
async fn target<S: Kind>(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
    let found = match S::select(engine, caller, selector, false).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            S::select(engine, caller, selector, true).await?
        }
        outcome => outcome?,
    };
    refuse_others(caller, &found)?;
    Ok(found)
}

/// Finds what is to be archived or restored. Below a connection that is the connection's own copy only.
async fn to_archive<S: Kind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
    archived: bool,
) -> Result<Element<S>> {
    let mut selector = selector.clone();
    if S::KIND == ElementKind::Action
        && (selector.connection_id.is_some() || selector.connection_key.is_some())
    {
        selector.layer = Some(LayerName::Connection);
    }
    if !archived {
        return target(engine, caller, &selector).await;
    }
    let found = S::select(engine, caller, &selector, true).await?;
    refuse_others(caller, &found)?;
    Ok(found)
}

async fn own_action(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<ActionSpec>> {
    let found = if selector.connection_id.is_some() || selector.connection_key.is_some() {
        let mut below = selector.clone();
        below.layer = None;
        action::own_copy(engine, caller, &below).await?
    } else {
        target::<ActionSpec>(engine, caller, selector).await?
    };
    refuse_others(caller, &found)?;
    Ok(found)
}

/// A customer writes its own elements only. The store holds this too; here the message says what to do.
fn refuse_others<S: Spec>(caller: &Caller, element: &Element<S>) -> Result<()> {
    if caller.is_manager() || element.place.tenant_id.as_ref() == caller.customer_id() {
        return Ok(());
    }
    let layer = match (S::KIND, element.place.layer()) {
        (ElementKind::Action, LayerName::Integration) => "the integration's",
        _ => "the workspace's",
    };
    Err(Error::new(
        ErrorKind::AccessDenied,
        format!(
            "this {} is {layer}; a customer changes its own copies only, below `/connections/…`",
            S::KIND
        ),
    )
    .with("id", &element.id))
}

macro_rules! write {
    ($($spec:ty, $target:path);* $(;)?) => {$(
        #[async_trait]
        impl Execute for Update<$spec> {
            async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<$spec>> {
                let current: Element<$spec> = $target(engine, caller, &self.selector).await?;
                element::update(engine, caller, current, &self.fields, Change::Merge).await
            }
        }

        #[async_trait]
        impl Execute for Archive<$spec> {
            async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<$spec>> {
                let current: Element<$spec> = to_archive(engine, caller, &self.selector, false).await?;
                element::archive(engine, caller, current, true).await
            }
        }

        #[async_trait]
        impl Execute for Restore<$spec> {
            async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<$spec>> {
                let current: Element<$spec> = to_archive(engine, caller, &self.selector, true).await?;
                element::archive(engine, caller, current, false).await
            }
        }
    )*};
}

write! {
    CustomerSpec, target;
    IntegrationSpec, target;
    ConnectionSpec, target;
    ActionSpec, own_action;
}

macro_rules! replace {
    ($($spec:ty),*) => {$(
        #[async_trait]
        impl Execute for Replace<$spec> {
            async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<$spec>> {
                let current: Element<$spec> = target(engine, caller, &self.selector).await?;
                element::update(engine, caller, current, &self.fields, Change::Replace).await
            }
        }
    )*};
}

replace!(CustomerSpec, IntegrationSpec, ConnectionSpec);

#[async_trait]
impl Execute for Replace<ActionSpec> {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Element<ActionSpec>> {
        let current = own_action(engine, caller, &self.selector).await?;
        if self.fields.is_empty() && current.place.connection_id.is_some() {
            // Membrane's own client makes the connection's copy by a PUT without body.
            let mut current = current;
            ActionSpec::show(engine, caller, &mut current).await?;
            return Ok(current);
        }
        element::update(engine, caller, current, &self.fields, Change::Replace).await
    }
}
