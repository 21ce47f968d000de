use async_trait::async_trait;
use membrane_core::element::{Connection, ConnectionSpec, CustomerSpec, ElementKind, State};
use membrane_core::op::ListQuery;
use membrane_core::{Error, ErrorBody, Page, Result, Selector};
use serde_json::{Map, Value};

use super::customer::{Whose, whose};
use super::layered::broken;
use super::select::{self, by_id, find, integration_of, missing};
use super::{Kind, integration};
use crate::store::Query;
use crate::{Caller, Engine};

#[async_trait]
impl Kind for ConnectionSpec {
    const FILTERS: &'static [&'static str] = &[
        "tenantId",
        "userId",
        "integrationId",
        "integrationKey",
        "connectionKey",
        "connectorId",
        "connectorVersion",
        "connected",
        "disconnected",
        "isTest",
        "externalAppId",
    ];

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
        let found = select::connection(engine, caller, text, archived).await?;
        match whose(engine, caller, selector.tenant_id.as_deref(), selector.user_id.as_deref()).await? {
            Whose::Anyone => Ok(found),
            Whose::One(customer) if found.place.tenant_id.as_ref() == Some(&customer) => Ok(found),
            Whose::One(_) | Whose::Nobody => Err(missing(ElementKind::Connection, selector)),
        }
    }

    async fn list(engine: &Engine, caller: &Caller, query: &ListQuery) -> Result<Page<Connection>> {
        let integration =
            integration_of(engine, caller, query.integration_id.as_deref(), query.integration_key.as_deref())
                .await?;
        let customer =
            match whose(engine, caller, query.tenant_id.as_deref(), query.user_id.as_deref()).await? {
                Whose::Anyone => None,
                Whose::One(customer) => Some(customer),
                Whose::Nobody => return Ok(Page::default()),
            };
        let fields = [
            query.connected.map(|connected| ("connected", connected.into())),
            query.disconnected.map(|disconnected| ("connected", (!disconnected).into())),
            query.is_test.map(|is_test| ("isTest", is_test.into())),
            query.connector_id.clone().map(|id| ("connectorId", id.into())),
            query.connector_version.clone().map(|version| ("connectorVersion", version.into())),
        ];
        let fields: Vec<(String, Value)> =
            fields.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect();
        let store_query = Query {
            integration: integration.map(|integration| integration.id.into()),
            customer,
            key: query.connection_key.clone(),
            search: query.search.clone(),
            fields,
            include_archived: query.include_archived == Some(true),
            ..Query::default()
        };
        find(engine, caller, &store_query, &query.paging).await
    }

    async fn prepare(
        _engine: &Engine,
        _caller: &Caller,
        _current: Option<&Connection>,
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
        let app = integration::beside(engine, caller, element.place.integration_id.as_ref()).await?;
        let is_out_of_use = app.as_ref().is_none_or(|app| app.is_deactivated == Some(true));
        element.is_deactivated = Some(element.archived_at.is_some() || is_out_of_use);
        if let Some(app) = app.as_ref().filter(|app| app.state != State::Ready) {
            let error = ErrorBody::from(&broken(ElementKind::Integration, app.id.as_str()));
            if !element.errors.contains(&error) {
                element.errors.push(error);
            }
            if element.state == State::Ready {
                element.state = State::ConfigurationError;
            }
        }
        element.related.integration = app;
        if let Some(id) = &element.place.tenant_id {
            let found = by_id::<CustomerSpec>(engine, &engine.manager(), id.as_str(), true).await?;
            element.related.user = found.map(|mut customer| {
                customer.key = None;
                Box::new(customer)
            });
            element.spec.is_default = match (&element.place.integration_id, &element.archived_at) {
                _ if element.spec.is_default == Some(true) => Some(true),
                (Some(integration), None) => {
                    let default = select::default_of(engine, id, integration).await?;
                    Some(default.is_some_and(|default| default.id == element.id))
                }
                _ => Some(false),
            };
        }
        Ok(())
    }

    fn archived(element: &mut Connection) {
        // Whoever comes back later finds the seat taken, or takes it when it is connected anew.
        element.spec.is_default = None;
    }
}
