//! The log: what its lists have in common, and the requests to apps, read out of the runs they were a part of.

use std::time::Duration;

use async_trait::async_trait;
use membrane_core::op::{ApiLogRecord, GetApiLog, ListApiLogs, LogQuery, SortOrder};
use membrane_core::{Error, Page, Paging, Result, RunId};
use serde::Deserialize;
use serde_json::Value;

use super::Execute;
use crate::element::customer::{Whose, whose};
use crate::element::select;
use crate::store::{Requests, RunQuery, RunRow};
use crate::{Caller, Engine};

/// A run that began longer ago than any takes was written, if it ended.
const RECENT: Duration = Duration::from_secs(86_400);

/// Runs that are read at a time; each may hold a megabyte of exchanges.
const STEP: u32 = 16;

#[async_trait]
impl Execute for ListApiLogs {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Page<ApiLogRecord>> {
        let limit = self.paging.limit()? as usize;
        let place = self.paging.start().map(Place::parse).transpose()?;
        let Some(query) = runs_of(engine, caller, self.of).await? else { return Ok(Page::default()) };
        let oldest_first = self.sort_order == Some(SortOrder::Asc);
        // Every run that is read shows at least one request, so what is read is what is shown.
        let requests = match self.is_success {
            None => Requests::Any,
            Some(false) => Requests::Failed,
            Some(true) => Requests::Succeeded,
        };
        let query = RunQuery { oldest_first, with_exchanges: true, requests: Some(requests), ..query };
        let is_wanted =
            |record: &ApiLogRecord| self.is_success.is_none_or(|wanted| record.is_success == wanted);
        let (store, scope) = (&engine.parts().store, caller.scope());
        let mut items = Vec::new();
        // The rest of the run the page before ended in.
        if let Some(at) = &place
            && let Some(row) = store.run(&scope, &at.run).await?
            && query.is_about(&row)
        {
            let is_left = |n: usize| if oldest_first { n > at.number } else { n < at.number };
            let rest = records(&row, oldest_first)?.filter(|(n, _)| is_left(*n)).map(|(_, record)| record);
            items.extend(rest.filter(is_wanted));
        }
        let mut paging = Paging { limit: Some(STEP), cursor: place.map(|place| place.run.to_string()) };
        while items.len() <= limit {
            let page = store.runs(&scope, &query, &paging).await?;
            for row in &page.items {
                items.extend(records(row, oldest_first)?.map(|(_, record)| record).filter(is_wanted));
            }
            match page.cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => break,
            }
        }
        let cursor = items.get(limit - 1).filter(|_| items.len() > limit).map(|last| last.id.clone());
        items.truncate(limit);
        Ok(Page::new(items, cursor))
    }
}

#[async_trait]
impl Execute for GetApiLog {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<ApiLogRecord> {
        let unknown =
            || Error::not_found(format!("there is no API log record `{}`", self.id)).with("id", &self.id);
        check_id(&self.id)?;
        let place = Place::parse(&self.id).map_err(|_| unknown())?;
        let row = logged_run(engine, caller, &place.run).await?.ok_or_else(unknown)?;
        let (_, mut record) = records(&row, true)?.nth(place.number).ok_or_else(unknown)?;
        let exchanges: Vec<Value> = serde_json::from_str(&row.exchanges).map_err(unreadable)?;
        record.exchange = exchanges.into_iter().nth(place.number);
        Ok(record)
    }
}

/// A request within its run.
struct Place {
    run: RunId,
    number: usize,
}

impl Place {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            let text: String = text.chars().take(60).collect();
            Error::invalid_input(format!("`{text}` is not a cursor of this list")).with("field", "cursor")
        };
        let (run, number) = text.rsplit_once('.').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        let paging = Paging { limit: None, cursor: Some(run.to_owned()) };
        // `0` would be the beginning.
        if paging.start().is_none() || paging.check_cursor().is_err() {
            return Err(wrong());
        }
        Ok(Self { run: run.into(), number })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.run, self.number)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    request: Request,
    response: Option<Response>,
    started_at: String,
    duration_ms: u64,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
}

/// The requests of a run with their numbers, in the order of the list and without what was sent and answered.
fn records(row: &RunRow, oldest_first: bool) -> Result<impl Iterator<Item = (usize, ApiLogRecord)>> {
    let whole: Whole = serde_json::from_str(&row.record).map_err(unreadable)?;
    let parts: Vec<Part> = serde_json::from_str(&row.exchanges).map_err(unreadable)?;
    let mut records = Vec::with_capacity(parts.len());
    for (number, part) in parts.into_iter().enumerate() {
        let status = part.response.map(|response| response.status);
        let mut record = ApiLogRecord::new(
            Place { run: row.id.clone(), number }.to_string(),
            row.id.clone(),
            row.kind.as_str(),
            part.request.method,
            part.request.url,
        );
        record.user_id.clone_from(&whole.user_id);
        record.tenant_id = Some(row.customer.to_string());
        record.integration_id = row.integration.as_ref().map(ToString::to_string);
        record.connection_id = row.connection.as_ref().map(ToString::to_string);
        record.status_code = status;
        record.is_success = status.is_some_and(|status| (200..300).contains(&status));
        record.duration = part.duration_ms;
        record.created_at = part.started_at;
        records.push((number, record));
    }
    if !oldest_first {
        records.reverse();
    }
    Ok(records.into_iter())
}

/// The runs a list of the log is about; nothing when none can be meant.
pub(super) async fn runs_of(engine: &Engine, caller: &Caller, of: LogQuery) -> Result<Option<RunQuery>> {
    if of.external_app_id.is_some() {
        // No run is of an app of a catalogue yet.
        return Ok(None);
    }
    let integration = match &of.integration_id {
        Some(text) => Some(select::integration(engine, caller, text, true).await?.id.into()),
        None => None,
    };
    let connection = match &of.connection_id {
        Some(text) => Some(select::connection_of_any_time(engine, caller, text).await?.id.into()),
        None => None,
    };
    let customer = match whose(engine, caller, of.tenant_id.as_deref(), of.user_id.as_deref()).await? {
        Whose::Anyone => None,
        Whose::One(customer) => Some(customer),
        Whose::Nobody => return Ok(None),
    };
    Ok(Some(RunQuery { integration, connection, customer, from: of.from, to: of.to, ..RunQuery::default() }))
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("a logged run cannot be read").with_source(error)
}

/// Refuses an id that cannot stand in an address.
pub(super) fn check_id(id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::invalid_input("`id` is required").with("field", "id"));
    }
    Ok(())
}

/// One logged run of any kind with its exchanges.
pub(super) async fn logged_run(engine: &Engine, caller: &Caller, id: &RunId) -> Result<Option<RunRow>> {
    let store = &engine.parts().store;
    if let Some(found) = store.run(&caller.scope(), id).await? {
        return Ok(Some(found));
    }
    // A run that just ended may still be on its way to the store. Other ids hurry nobody.
    if !crate::clock::is_recent_id(id.as_str(), RECENT) {
        return Ok(None);
    }
    engine.flush().await;
    store.run(&caller.scope(), id).await
}
