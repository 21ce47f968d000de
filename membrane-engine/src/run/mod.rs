//! Running things on a connection: actions, data collections, raw requests; and the log of it.

mod action;
mod collection;
mod log;
mod logged;
mod plan;
mod proxy;

pub(crate) use self::action::{run_action, run_operation};
pub(crate) use self::collection::{Collections, parameters};
pub(crate) use self::log::{RunLog, run_record};
pub(crate) use self::logged::logged;
pub(crate) use self::plan::Plan;
