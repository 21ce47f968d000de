//! Links between records of the product and of an app.

use async_trait::async_trait;
use membrane_core::element::{DataLinkTableSpec, Element};
use membrane_core::mapping::Direction;
use membrane_core::op::{CreateDataLink, DataLink, DeleteDataLinks, Done, FindDataLinks};
use membrane_core::{Error, ErrorKind, Page, Paging, Result, Selector};

use super::Execute;
use crate::clock::{new_id, now};
use crate::element::Kind;
use crate::run::{below, closest_on};
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
        let table = match table(engine, caller, &self.table).await? {
            (Some(table), _) => table,
            (None, below) => DataLinkTableSpec::own(engine, caller, &below).await?,
        };
        let customer = table.place.tenant_id.clone().ok_or_else(|| {
            Error::internal("a connection's data link table belongs to no customer").with("id", &table.id)
        })?;
        let asked = self.direction.unwrap_or(Direction::Both);
        let created_at = now();
        let mut writes = Vec::new();
        for direction in ways(Some(asked)) {
            let link = LinkRow {
                id: new_id(),
                customer: customer.clone(),
                table: table.id.clone(),
                direction,
                app_record: self.app_record_id.clone(),
                external_record: self.external_record_id.clone(),
                created_at: created_at.clone(),
            };
            writes.extend(as_the_last(engine, caller, link).await?);
        }
        if !writes.is_empty() {
            engine.write(caller, writes).await?;
        }
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
        let (Some(table), _) = table(engine, caller, &self.table).await? else { return Ok(Page::default()) };
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
        if let (Some(table), _) = table(engine, caller, &self.table).await? {
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

/// The connection's copy of a table, where it has one, and the selector that looks for it on the connection.
async fn table(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<(Option<Element<DataLinkTableSpec>>, Selector)> {
    match DataLinkTableSpec::select(engine, caller, selector, false).await {
        Ok(found) if found.place.connection_id.is_some() => return Ok((Some(found), selector.clone())),
        // One that is not there may still be the connection's own.
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let (found, connection) = closest_on::<DataLinkTableSpec>(engine, caller, selector).await?;
    let own = Some(found).filter(|found| found.place.connection_id.is_some());
    Ok((own, below(selector, &connection)))
}

/// What makes a link the last one of its record: that is the one that counts when the record is looked up.
async fn as_the_last(engine: &Engine, caller: &Caller, link: LinkRow) -> Result<Vec<Write>> {
    let of_record = LinkQuery { direction: Some(link.direction), ..LinkQuery::of(link.table.clone()) };
    let (app_record, external_record) = (link.app_record.clone(), link.external_record.clone());
    let mut looked_up = LinkQuery { newest_first: true, ..of_record.clone() };
    match link.direction {
        LinkDirection::Export => looked_up.app_record = Some(app_record.clone()),
        LinkDirection::Import => looked_up.external_record = Some(external_record.clone()),
    }
    let one = Paging { limit: Some(1), cursor: None };
    let last = engine.parts().store.links(&caller.scope(), &looked_up, &one).await?.items.pop();
    Ok(match last {
        Some(last) if last.app_record == app_record && last.external_record == external_record => Vec::new(),
        Some(_) => {
            let same = LinkQuery {
                app_record: Some(app_record),
                external_record: Some(external_record),
                ..of_record
            };
            vec![Write::Unlink(same), Write::Link(link)]
        }
        None => vec![Write::Link(link)],
    })
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
