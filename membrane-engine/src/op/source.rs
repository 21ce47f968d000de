//! The records of a data source on a connection.

use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::connector::Records;
use membrane_core::op::{
    CollectionSpec, CreateSourceRecord, DeleteSourceRecord, Done, FindSourceRecord, FindSourceRecords,
    FoundRecord, GetSourceCollection, ListSourceRecords, MatchSourceRecord, MatchedRecord,
    SearchSourceRecords, SourceList, UnifiedToNative, UpdateSourceRecord, WrittenRecord,
};
use membrane_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::Execute;
use crate::run::{Collections, Source, logged, source};
use crate::store::RunKind;
use crate::{Caller, Engine};

/// Opens the collection of a data source and does one thing with it, which is logged.
async fn with_source<T>(
    engine: &Engine,
    source: &Arc<Source>,
    (method, input): (&'static str, Value),
    work: impl AsyncFnOnce(&Collections<'_>) -> Result<T>,
) -> Result<T> {
    let connected = &source.connected;
    let what = (RunKind::Collection, format!("{}/{method}", source.key));
    logged(engine, connected, what, &input, async |client| {
        let cx = connected.cx(client);
        work(&Collections::open(&cx, &source.key, &source.parameters)?).await
    })
    .await
}

/// The fields of the collection for those of the product.
async fn exported(
    engine: &Engine,
    caller: &Caller,
    source: &Source,
    (fields, unified_fields): (Map<String, Value>, Option<Map<String, Value>>),
    is_change: bool,
) -> Result<Map<String, Value>> {
    let fields = (!fields.is_empty()).then_some(fields);
    let built = json!({"fieldMapping": {"input": fields, "defaultUnifiedValue": unified_fields}});
    let given = || Ok(Map::new());
    Ok(source.map.export(&source.links(engine, caller), (built, is_change), given).await?.unwrap_or_default())
}

#[async_trait]
impl Execute for GetSourceCollection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<CollectionSpec> {
        let source = source(engine, caller, &self.target, None).await?;
        source.connected.connector.collection(&source.key.as_str().into()).map(Into::into)
    }
}

#[async_trait]
impl Execute for ListSourceRecords {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Records> {
        let request = self.request;
        let source = source(engine, caller, &self.target, request.field_mapping.as_ref()).await?;
        let asked = json!({"filter": request.filter, "unifiedFilter": request.unified_filter});
        let filter = source.map.filter(&asked)?;
        let input = json!({"filter": filter, "cursor": request.cursor});
        with_source(engine, &source, ("list", input), async |collection| {
            let cursor = request.cursor.as_deref();
            let page = collection.list(filter.as_ref(), cursor, request.validate == Some(true)).await?;
            source.map.import_page(&source.links(engine, caller), page).await
        })
        .await
    }
}

#[async_trait]
impl Execute for SearchSourceRecords {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Records> {
        let request = self.request;
        let source = source(engine, caller, &self.target, request.field_mapping.as_ref()).await?;
        let input = json!({"query": request.query, "cursor": request.cursor});
        with_source(engine, &source, ("search", input), async |collection| {
            let page = collection.search(&request.query, request.cursor.as_deref()).await?;
            source.map.import_page(&source.links(engine, caller), page).await
        })
        .await
    }
}

#[async_trait]
impl Execute for FindSourceRecords {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Records> {
        let mut list = ListSourceRecords::new(self.target, SourceList::default());
        list.request.filter = (!self.request.query.is_empty()).then(|| Value::Object(self.request.query));
        list.request.cursor = self.request.cursor;
        list.request.field_mapping = self.request.field_mapping;
        list.execute(engine, caller).await
    }
}

#[async_trait]
impl Execute for MatchSourceRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<MatchedRecord> {
        let request = self.request;
        let source = source(engine, caller, &self.target, request.field_mapping.as_ref()).await?;
        let input = json!({"query": request.query});
        with_source(engine, &source, ("match", input), async |collection| {
            let record = match collection.find_match(&request.query).await? {
                Some(record) => Some(source.map.import(&source.links(engine, caller), record).await?),
                None => None,
            };
            Ok(MatchedRecord { record })
        })
        .await
    }
}

#[async_trait]
impl Execute for FindSourceRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<FoundRecord> {
        let request = self.request;
        let source = source(engine, caller, &self.target, request.field_mapping.as_ref()).await?;
        let input = json!({"id": request.id});
        with_source(engine, &source, ("find-by-id", input), async |collection| {
            let found = collection.find_by_id(&request.id).await?;
            Ok(FoundRecord { record: source.map.import(&source.links(engine, caller), found).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for CreateSourceRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WrittenRecord> {
        let request = self.request;
        let source = source(engine, caller, &self.target, request.field_mapping.as_ref()).await?;
        let fields =
            exported(engine, caller, &source, (request.fields, request.unified_fields), false).await?;
        let input = json!({"fields": fields});
        with_source(engine, &source, ("create", input), async |collection| {
            Ok(WrittenRecord { id: collection.create(&fields).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for UpdateSourceRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WrittenRecord> {
        let request = self.request;
        let source = source(engine, caller, &self.target, request.field_mapping.as_ref()).await?;
        let fields =
            exported(engine, caller, &source, (request.fields, request.unified_fields), true).await?;
        let input = json!({"id": request.id, "fields": fields});
        with_source(engine, &source, ("update", input), async |collection| {
            Ok(WrittenRecord { id: collection.update(&request.id, &fields).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for DeleteSourceRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Done> {
        let source = source(engine, caller, &self.target, None).await?;
        let input = json!({"id": self.request.id});
        with_source(engine, &source, ("delete", input), async |collection| {
            collection.delete(&self.request.id).await.map(|()| Done {})
        })
        .await
    }
}

#[async_trait]
impl Execute for UnifiedToNative {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Map<String, Value>> {
        let source = source(engine, caller, &self.target, None).await?;
        let unified = source.map.unified().ok_or_else(|| {
            let name = &source.connected.connector.name;
            Error::configuration(format!(
                "the data source has no unified model that {name} maps onto `{}`",
                source.key
            ))
            .with("field", "udm")
        })?;
        match unified.native(Value::Object(self.fields))? {
            Value::Object(fields) => Ok(fields),
            _ => Err(Error::configuration("the connector maps the unified model onto what is no record")),
        }
    }
}
