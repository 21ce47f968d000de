use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::IntegrationSpec;
use membrane_core::op::{
    CollectionSpec, CollectionSummary, ConnectorInfo, GetConnector, GetIntegrationCollection,
    GetIntegrationConnector, GetIntegrationOperation, ListConnectors, ListIntegrationCollections,
    ListIntegrationOperations, OperationInfo,
};
use membrane_core::{Page, Result, Selector};

use super::Execute;
use crate::element::{Kind, integration};
use crate::{Caller, Engine};

#[async_trait]
impl Execute for ListConnectors {
    async fn execute(self, engine: &Engine, _caller: &Caller) -> Result<Page<ConnectorInfo>> {
        let limit = self.paging.limit()? as usize;
        let wanted = self.search.as_deref().unwrap_or_default().to_lowercase();
        let fits = |connector: &Connector| {
            connector.name.to_lowercase().contains(&wanted) || connector.key.as_str().contains(&wanted)
        };
        let start = self.paging.start();
        let mut connectors: Vec<_> = engine.connectors().filter(|connector| fits(connector)).collect();
        connectors.sort_by(|a, b| a.key.cmp(&b.key));
        let rest =
            connectors.iter().filter(|connector| start.is_none_or(|start| connector.key.as_str() > start));
        let items: Vec<ConnectorInfo> =
            rest.clone().take(limit).map(|c| ConnectorInfo::from(&***c)).collect();
        let cursor = (rest.count() > limit).then(|| items.last().map(|last| last.key.clone())).flatten();
        Ok(Page::new(items, cursor))
    }
}

#[async_trait]
impl Execute for GetConnector {
    async fn execute(self, engine: &Engine, _caller: &Caller) -> Result<ConnectorInfo> {
        engine.connector(&self.selector).map(|connector| ConnectorInfo::from(&**connector))
    }
}

async fn connector_of<'e>(engine: &'e Engine, caller: &Caller, selector: &Selector) -> Result<&'e Connector> {
    let integration = IntegrationSpec::select(engine, caller, selector, false).await?;
    integration::connector_of(engine, &integration).map(|connector| &**connector)
}

#[async_trait]
impl Execute for GetIntegrationConnector {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ConnectorInfo> {
        connector_of(engine, caller, &self.selector).await.map(Into::into)
    }
}

#[async_trait]
impl Execute for ListIntegrationOperations {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Vec<OperationInfo>> {
        let connector = connector_of(engine, caller, &self.selector).await?;
        Ok(connector.operations.values().map(|operation| OperationInfo::from(operation).summary()).collect())
    }
}

#[async_trait]
impl Execute for GetIntegrationOperation {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<OperationInfo> {
        let connector = connector_of(engine, caller, &self.selector).await?;
        connector.operation(&self.operation_key.into()).map(Into::into)
    }
}

#[async_trait]
impl Execute for ListIntegrationCollections {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Vec<CollectionSummary>> {
        let connector = connector_of(engine, caller, &self.selector).await?;
        Ok(connector.collections.values().map(Into::into).collect())
    }
}

#[async_trait]
impl Execute for GetIntegrationCollection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<CollectionSpec> {
        let connector = connector_of(engine, caller, &self.selector).await?;
        connector.collection(&self.collection_key.into()).map(Into::into)
    }
}
