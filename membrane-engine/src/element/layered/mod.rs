//! Kinds whose elements live at layers: found, listed, placed and followed in one way.
//!
//! A key only says where to begin. From there on elements hang together by id: up by `parentId`, down by who
//! names them as its parent. So a key can change anywhere without breaking what follows what.

mod chain;
mod list;
mod own;
mod place;
mod select;

use async_trait::async_trait;
use membrane_core::element::{Element, Layered};
use membrane_core::op::ListQuery;
use membrane_core::{Page, Paging, Result, Selector};
use serde_json::{Map, Value};

pub(crate) use self::chain::{Ground, layers};
use super::{Kind, integration, own_row};
use crate::{Caller, Engine};

/// What a layered kind does in its own way. The rest it has in common: it is a [`Kind`] by this.
#[async_trait]
pub(crate) trait LayeredKind: Layered + Default {
    /// Checks the content of an element that is in its place, and fills in what follows from the rest.
    async fn check(engine: &Engine, caller: &Caller, element: &mut Element<Self>) -> Result<()>;
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
        "parentId",
        "universalParentId",
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
            Some(current) => place::keep(current, element),
        }
        S::check(engine, caller, element).await
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Element<S>) -> Result<()> {
        own::derive(engine, caller, element).await?;
        element.related.integration =
            integration::beside(engine, caller, element.place.integration_id.as_ref()).await?;
        Ok(())
    }

    async fn own(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
        own::own_copy(engine, caller, selector).await
    }

    async fn to_write(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Element<S>> {
        let mut found = match is_below_connection(selector) {
            true => own_row(caller, own::own_copy(engine, caller, selector).await?)?,
            false => super::live_or_archived(engine, caller, selector).await?,
        };
        // A change is made to what the element is now, not to what it was when it last followed its parent.
        own::derive(engine, caller, &mut found).await?;
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

/// Whether a selector looks within a connection: what it names is the connection's own.
fn is_below_connection(selector: &Selector) -> bool {
    selector.connection_id.is_some() || selector.connection_key.is_some()
}
