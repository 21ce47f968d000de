use async_trait::async_trait;
use membrane_core::element::{DataLinkTableSpec, ElementKind, Place, Reference};
use membrane_core::formula::{Request, RequestKind, Resolver};
use membrane_core::{Paging, Result};
use serde_json::Value;

use crate::connect::Connected;
use crate::element::layered::{missing, referred};
use crate::store::{LinkDirection, LinkQuery};
use crate::{Caller, Engine};

/// Answers formulas which record belongs to which, out of the data link tables of a connection.
pub(crate) struct Links<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) caller: &'a Caller,
    pub(crate) connected: &'a Connected,
}

#[async_trait]
impl Resolver for Links<'_> {
    fn answers(&self, kind: RequestKind) -> bool {
        matches!(kind, RequestKind::FindAppRecordId | RequestKind::FindExternalRecordId)
    }

    async fn answer(&self, request: &Request) -> Result<Option<Value>> {
        let (table, record, direction) = match request {
            Request::FindAppRecordId { table, record_id } => (table, record_id, LinkDirection::Import),
            Request::FindExternalRecordId { table, record_id } => (table, record_id, LinkDirection::Export),
            _ => return Ok(None),
        };
        let (Some(key), Some(record)) = (table.as_str(), record_id(record)) else { return Ok(None) };
        let reference = Reference::key(ElementKind::DataLinkTable, key);
        let place = place_of(self.connected);
        let found = referred::<DataLinkTableSpec>(self.engine, self.caller, &place, &reference).await?;
        let table = found.ok_or_else(|| missing(&reference))?;
        if table.place.connection_id.is_none() {
            // No record of this connection was linked yet.
            return Ok(None);
        }
        let mut query =
            LinkQuery { direction: Some(direction), newest_first: true, ..LinkQuery::of(table.id) };
        match direction {
            LinkDirection::Export => query.app_record = Some(record),
            LinkDirection::Import => query.external_record = Some(record),
        }
        let newest = Paging { limit: Some(1), cursor: None };
        let links = self.engine.parts().store.links(&self.caller.scope(), &query, &newest).await?;
        let other = |link: crate::store::LinkRow| match direction {
            LinkDirection::Export => link.external_record,
            LinkDirection::Import => link.app_record,
        };
        Ok(links.items.into_iter().next().map(|link| other(link).into()))
    }
}

/// Where what is used on a connection is looked for.
pub(crate) fn place_of(connected: &Connected) -> Place {
    let mut place = Place::default();
    place.integration_id.clone_from(&connected.connection.place.integration_id);
    place.connection_id = Some(connected.connection.id.clone().into());
    place
}

fn record_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
