//! Links between records of the product and of an app.

use async_trait::async_trait;
use membrane_core::element::{DataLinkTableSpec, Element};
use membrane_core::mapping::Direction;
use membrane_core::op::{CreateDataLink, DataLink, DeleteDataLinks, Done, FindDataLinks};
use membrane_core::{Error, Page, Paging, Result, Selector};

use super::Execute;
use crate::clock::{new_id, now};
use crate::element::Kind;
use crate::element::layered::{Ground, layers};
use crate::store::{LinkDirection, LinkQuery, LinkRow, Write};
use crate::{Caller, Engine};

/// Bytes of a record's id at the most.
const MAX_ID: usize = 1000;

#[async_trait]
impl Execute for CreateDataLink {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<DataLink> {
        check("appRecordId", &self.app_record_id)?;
        check("externalRecordId", &self.external_record_id)?;
        // The first link on a connection makes its copy of the table.
        let table = DataLinkTableSpec::own(engine, caller, &self.table).await?;
        let customer = match (&table.place.connection_id, &table.place.tenant_id) {
            (Some(_), Some(customer)) => customer.clone(),
            _ => return Err(where_is_it()),
        };
        let asked = self.direction.unwrap_or(Direction::Both);
        let created_at = now();
        let links: Vec<LinkRow> = ways(Some(asked))
            .map(|direction| LinkRow {
                id: new_id(),
                customer: customer.clone(),
                table: table.id.clone(),
                direction,
                app_record: self.app_record_id.clone(),
                external_record: self.external_record_id.clone(),
                created_at: created_at.clone(),
            })
            .collect();
        engine.write(caller, links.into_iter().map(Write::Link).collect()).await?;
        // Who linked them before gave the link its id.
        let query = LinkQuery {
            direction: one_way(Some(asked)),
            app_record: Some(self.app_record_id),
            external_record: Some(self.external_record_id),
            ..LinkQuery::of(table.id)
        };
        let found = engine.parts().store.links(&caller.scope(), &query, &Paging::default()).await?;
        let link = found.items.into_iter().max_by_key(|link| link.direction == LinkDirection::Import);
        let mut link = shown(link.ok_or_else(|| Error::not_found("the link was removed at once again"))?);
        link.direction = asked;
        Ok(link)
    }
}

#[async_trait]
impl Execute for FindDataLinks {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<DataLink>> {
        self.paging.check_cursor()?;
        let Some(table) = table(engine, caller, &self.table).await? else { return Ok(Page::default()) };
        let query = LinkQuery {
            direction: one_way(self.direction),
            app_record: self.app_record_id,
            external_record: self.external_record_id,
            ..LinkQuery::of(table.id)
        };
        let page = engine.parts().store.links(&caller.scope(), &query, &self.paging).await?;
        Ok(page.map(shown))
    }
}

#[async_trait]
impl Execute for DeleteDataLinks {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Done> {
        if self.app_record_id.is_none() && self.external_record_id.is_none() {
            return Err(Error::invalid_input("say whose links: `appRecordId` or `externalRecordId`")
                .with("field", "appRecordId"));
        }
        if let Some(table) = table(engine, caller, &self.table).await? {
            let query = LinkQuery {
                direction: one_way(self.direction),
                app_record: self.app_record_id,
                external_record: self.external_record_id,
                ..LinkQuery::of(table.id)
            };
            engine.write(caller, vec![Write::Unlink(query)]).await?;
        }
        Ok(Done {})
    }
}

/// The connection's copy of a table, where it has one.
async fn table(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<Option<Element<DataLinkTableSpec>>> {
    let found = DataLinkTableSpec::select(engine, caller, selector, false).await?;
    if found.place.connection_id.is_some() {
        return Ok(Some(found));
    }
    let ground = Ground::of(engine, caller, selector).await?;
    if ground.connection.is_none() {
        return Err(where_is_it());
    }
    Ok(layers(engine, caller, &found, &ground).await?.into_own())
}

fn where_is_it() -> Error {
    Error::invalid_input("links belong to a connection: say `connectionId` or `connectionKey`")
        .with("field", "connectionId")
}

fn check(field: &'static str, id: &str) -> Result<()> {
    match id.len() {
        1..=MAX_ID => Ok(()),
        length => {
            Err(Error::invalid_input(format!("`{field}` has 1 to {MAX_ID} bytes, this one has {length}"))
                .with("field", field))
        }
    }
}

/// The one way that is asked for, unless it is either.
fn one_way(direction: Option<Direction>) -> Option<LinkDirection> {
    match direction? {
        Direction::Export => Some(LinkDirection::Export),
        Direction::Import => Some(LinkDirection::Import),
        _ => None,
    }
}

fn ways(direction: Option<Direction>) -> impl Iterator<Item = LinkDirection> {
    let one = one_way(direction);
    LinkDirection::ALL.iter().copied().filter(move |way| one.is_none_or(|one| one == *way))
}

fn shown(link: LinkRow) -> DataLink {
    let direction = match link.direction {
        LinkDirection::Export => Direction::Export,
        LinkDirection::Import => Direction::Import,
    };
    DataLink::new(link.id, link.table, (link.external_record, link.app_record), direction)
}
