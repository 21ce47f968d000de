//! Running things on a connection: actions, data collections, raw requests; and the log of it.

mod action;
mod collection;
mod links;
mod log;
mod logged;
mod plan;
mod proxy;
mod record_map;
mod source;
mod template;
mod unified;

pub(crate) use self::action::{run_action, run_operation};
pub(crate) use self::collection::{Collections, parameters};
pub(crate) use self::links::{Links, place_of};
pub(crate) use self::log::{Attempt, RunLog, attempt_record, run_record};
pub(crate) use self::logged::logged;
pub(crate) use self::plan::{Plan, below, closest_on};
pub(crate) use self::source::{Source, source};
pub(crate) use self::template::Template;
pub(crate) use self::unified::Unified;
