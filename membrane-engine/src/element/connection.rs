use async_trait::async_trait;
use membrane_core::element::{Connection, ConnectionSpec, CustomerSpec, ElementKind};
use membrane_core::op::ListQuery;
use membrane_core::{CustomerId, Error, Page, Result, Selector};
use serde_json::{Map, Value};

use super::select::{self, by_id, find, integration_of, missing};
use super::{Kind, integration};
use crate::store::Query;
use crate::{Caller, Engine};

#[async_trait]
impl Kind for ConnectionSpec {
    async fn select(
        engine: &Engine,
        caller: &Caller,
        selector: &Selector,
        archived: bool,
    ) -> Result<Connection> {
        let own = selector.id.as_deref().or(selector.selector.as_deref()).or(selector.key.as_deref());
        let text = own
            .or(selector.connection_id.as_deref())
            .or(selector.connection_key.as_deref())
            .or(selector.integration_id.as_deref())
            .or(selector.integration_key.as_deref());
        let text = text.ok_or_else(|| missing(ElementKind::Connection, selector))?;
        select::connection(engine, caller, text, archived).await
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Connection>> {
        let integration =
            integration_of(engine, caller, query.integration_id.as_deref(), query.integration_key.as_deref())
                .await?;
        let connected = query.connected.or(query.disconnected.map(|disconnected| !disconnected));
        let store_query = Query {
            integration: integration.map(|integration| integration.id.into()),
            customer: customer_of(engine, caller, query.tenant_id.as_deref(), query.user_id.as_deref())
                .await?,
            key: query.connection_key.clone(),
            search: query.search.clone(),
            field: connected.map(|connected| ("connected".to_owned(), connected.into())),
            include_archived: query.include_archived == Some(true),
            ..Query::default()
        };
        find(engine, caller, &store_query, &query.paging).await
    }

    async fn prepare(
        _engine: &Engine,
        _caller: &Caller,
        element: &mut Connection,
        fields: &Map<String, Value>,
    ) -> Result<()> {
        for name in ["credentials", "input"] {
            if fields.get(name).is_some_and(|value| !value.is_null()) {
                return Err(Error::invalid_input(format!(
                    "`{name}` is not changed here: connect again with `POST /connections`"
                ))
                .with("field", name));
            }
        }
        element.spec.credentials = None;
        Ok(())
    }

    async fn show(engine: &Engine, caller: &Caller, element: &mut Connection) -> Result<()> {
        element.related.integration =
            integration::beside(engine, caller, element.place.integration_id.as_ref()).await?;
        if let Some(id) = &element.place.tenant_id {
            let found = by_id::<CustomerSpec>(engine, &engine.manager(), id.as_str(), true).await?;
            element.related.user = found.map(|mut customer| {
                customer.key = None;
                Box::new(customer)
            });
        }
        Ok(())
    }
}

/// The customer a query names by either id. A customer may only name itself; another finds nothing.
pub(crate) async fn customer_of(
    engine: &Engine,
    caller: &Caller,
    tenant_id: Option<&str>,
    user_id: Option<&str>,
) -> Result<Option<CustomerId>> {
    let Some(text) = tenant_id.or(user_id) else { return Ok(None) };
    if let Some(own) = caller.customer_id() {
        let is_own = own.as_str() == text || caller.internal_id() == Some(text);
        return Ok(Some(if is_own { own.clone() } else { CustomerId::from("none") }));
    }
    let found = CustomerSpec::select(engine, caller, &text.into(), true).await;
    match found {
        Ok(customer) => Ok(Some(customer.id.into())),
        Err(error) if error.kind() == membrane_core::ErrorKind::NotFound => {
            Ok(Some(CustomerId::from("none")))
        }
        Err(error) => Err(error),
    }
}
