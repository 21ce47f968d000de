//! Kinds whose elements live at layers: found, listed, placed and followed in one way.
//!
//! A key only says where to begin. From there on elements hang together by id: up by `parentId`, down by who
//! names them as its parent. So a key can change anywhere without breaking what follows what.

mod chain;
mod depend;
mod list;
mod own;
mod place;
mod reset;
mod select;

use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{AppliedTo, Element, Explanation, IntegrationSpec, Layered, Reference, explain};
use membrane_core::op::ListQuery;
use membrane_core::{Error, LayerName, Page, Paging, Result, Selector};
use serde_json::{Map, Value};

pub(crate) use self::chain::{Ground, layers};
pub(crate) use self::depend::{
    at_place, broken, closest, connector_of, content, missing, reference, referred,
};
pub(crate) use self::own::{derive, instances_of};
pub(crate) use self::place::on_connection;
pub(crate) use self::reset::{catch_up, reset};
use super::select::by_id;
use super::{Kind, integration, own_row};
use crate::store::{Query, Write};
use crate::{Caller, Engine};

/// What a layered kind does in its own way. The rest it has in common: it is a [`Kind`] by this.
#[async_trait]
pub(crate) trait LayeredKind: Layered + Default {
    /// Checks the content of an element that is in its place, against the connector of its app where one is given,
    /// and fills in what follows from the rest.
    fn check(element: &mut Element<Self>, connector: Option<&Connector>) -> Result<()>;

    /// The elements this content refers to.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// Notes in content what it refers to, and gives what else keeps it from working.
    async fn problems(
        _engine: &Engine,
        _caller: &Caller,
        _element: &mut Element<Self>,
        _references: &[Reference],
    ) -> Result<Vec<Error>> {
        Ok(Vec::new())
    }

    /// Whether a universal element is of use for an app, so that it counts on connections to it.
    fn is_for(&self, _connector: Option<&Connector>) -> bool {
        true
    }

    /// Fills in what an integration's or a connection's element that follows a universal one gains from the
    /// connector.
    async fn adapt(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }

    /// Adds what only the answer that reads one element carries.
    async fn describe(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }

    /// What gives an element back the content its connector brought along, where it was made of such.
    async fn brought(_engine: &Engine, _element: &Element<Self>) -> Result<Option<Write>> {
        Ok(None)
    }
}

#[async_trait]
impl<S: LayeredKind> Kind for S {
    const FILTERS: &'static [&'static str] = &[
        "layer",
        "isUniversal",
        "integrationId",
        "integrationKey",
        "connectionId",
        "connectionKey",
        "instanceKey",
        "key",
        "parentId",
        "parentKey",
        "universalParentId",
        "enabled",
        "tenantId",
        "userId",
        "externalAppId",
        "intent",
    ];

    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Element<S>> {
        select::select(engine, caller, selector, archived).await
    }

    fn check_cursor(paging: &Paging) -> Result<()> {
        list::check_cursor(paging)
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Element<S>>> {
        list::list(engine, caller, query).await
    }

    async fn prepare(
        engine: &Engine,
        caller: &Caller,
        current: Option<&Element<S>>,
        element: &mut Element<S>,
        fields: &Map<String, Value>,
    ) -> Result<()> {
        match current {
            None => place::place(engine, caller, element, fields).await?,
            Some(current) => place::keep(engine, caller, current, element, fields).await?,
        }
        // What was wrong before, as by a change of the parent, is no reason to refuse what leaves it as it is.
        let is_same = current.is_some_and(|current| element.spec.is_same_content(&current.spec));
        let outcome = S::check(element, connector_of(engine, caller, &element.place).await?);
        if is_same { Ok(()) } else { outcome }
    }

    async fn follow(engine: &Engine, caller: &Caller, element: &mut Element<S>) -> Result<()> {
        own::derive(engine, caller, element).await
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Element<S>) -> Result<()> {
        own::derive(engine, caller, element).await?;
        depend::settle(engine, caller, element).await?;
        let place = element.place.clone();
        element.spec.note_parents(&place);
        element.related.integration =
            integration::beside(engine, caller, element.place.integration_id.as_ref()).await?;
        Ok(())
    }

    async fn detail(engine: &Engine, caller: &Caller, element: &mut Element<S>) -> Result<()> {
        S::describe(engine, caller, element).await?;
        if element.place.layer() != LayerName::Universal {
            return Ok(());
        }
        let query = Query {
            parent: Some(element.id.clone()),
            layer: Some(LayerName::Integration),
            ..Query::default()
        };
        for mut child in list::all::<S>(engine, caller, &query).await? {
            let Some(id) = &child.place.integration_id else { continue };
            let Some(app) = by_id::<IntegrationSpec>(engine, caller, id.as_str(), false).await? else {
                continue;
            };
            own::derive(engine, caller, &mut child).await?;
            element
                .applied_to_integrations
                .push(AppliedTo { element: Box::new(child), integration: Box::new(app) });
        }
        Ok(())
    }

    async fn setup(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
        let mut element = Self::to_write(engine, caller, selector).await?;
        super::refuse_archived(&element)?;
        let connector = connector_of(engine, caller, &element.place).await?;
        // What is wrong with it is shown in it.
        _ = S::check(&mut element, connector);
        let stored = by_id::<S>(engine, caller, element.id.as_str(), true).await?;
        match stored {
            Some(stored) if stored.spec != element.spec || stored.place != element.place => {
                super::put(engine, caller, stored, element, super::row::mark::ALL, None).await
            }
            _ => {
                S::show(engine, caller, &mut element).await?;
                Ok(element)
            }
        }
    }

    async fn own(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
        own::own_copy(engine, caller, selector).await
    }

    async fn to_write(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
        let mut found = match is_below_connection(selector) {
            true => own_row(caller, own::own_copy(engine, caller, selector).await?)?,
            false => super::live_or_archived(engine, caller, selector).await?,
        };
        // A change is made to what the element is now, not to what it was when it last followed its parent; it
        // is still the stored revision that changes.
        let stored = (found.revision.clone(), found.updated_at.clone());
        own::derive(engine, caller, &mut found).await?;
        (found.revision, found.updated_at) = stored;
        Ok(found)
    }

    fn to_archive(selector: &Selector) -> Selector {
        let mut selector = selector.clone();
        if is_below_connection(&selector) {
            selector.layer = Some(membrane_core::LayerName::Connection);
        }
        selector
    }
}

/// Says which layer each value of an element came from.
pub(crate) async fn explained<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<Explanation> {
    let found = S::select(engine, caller, selector, false).await?;
    let ground = Ground::of(engine, caller, selector).await?;
    let chain = layers(engine, caller, &found, &ground).await?;
    let mut explanation =
        explain(chain.universal.as_ref(), chain.integration.as_ref(), chain.connection.as_ref())?;
    let plain = chain.effective()?.spec.into_owned();
    let mut shown = chain.into_closest().unwrap_or(found);
    own::derive(engine, caller, &mut shown).await?;
    explanation.note_derived(&plain, &shown)?;
    Ok(explanation)
}

/// Whether a selector looks within a connection: what it names is the connection's own.
fn is_below_connection(selector: &Selector) -> bool {
    let is_of_app = selector.integration_id.is_some() || selector.integration_key.is_some();
    selector.connection_id.is_some()
        || selector.connection_key.is_some()
        || is_of_app && selector.layer == Some(LayerName::Connection)
}
