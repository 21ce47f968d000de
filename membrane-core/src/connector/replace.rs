use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Cx, FindMethod, Function, Handler};
use crate::error::{Error, Result};
use crate::formula::{Formula, Vars};

/// Changes some fields of a record in an app that only knows how to replace all of it: reads the record, lays
/// the changes over it, and sends the whole. What somebody else changes between the two requests is lost.
pub(crate) struct Replace {
    /// Reads the record.
    pub(crate) find: FindMethod,
    /// The fields, out of what is read; what is read when absent.
    pub(crate) mapping: Option<Formula>,
    /// The fields that are sent.
    pub(crate) fields: Vec<String>,
    /// The request that replaces.
    pub(crate) call: Function,
}

#[async_trait]
impl Handler for Replace {
    async fn call(&self, cx: &Cx<'_>, args: &Value) -> Result<Value> {
        let mut answer = cx.run(&self.find.call, &json!({"id": args["id"]})).await?;
        let read = self.find.record.take(&mut answer).filter(|record| !record.is_null());
        let mut read =
            read.ok_or_else(|| Error::not_found("the app has no such record").with("id", &args["id"]))?;
        if let Some(mapping) = &self.mapping {
            read = mapping.try_build(&Vars::from(&read).equipped())?.unwrap_or_default();
        }
        let whole: Map<String, Value> = self
            .fields
            .iter()
            .filter_map(|name| {
                Some((name.clone(), args["fields"].get(name).or_else(|| read.get(name))?.clone()))
            })
            .collect();
        cx.run(&self.call, &json!({"id": args["id"], "fields": whole})).await
    }
}
