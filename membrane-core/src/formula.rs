//! Stub.
use crate::error::Result;
use serde_json::Value;
/// x
#[derive(Clone, Debug)]
pub struct Formula(Value);
impl Formula {
    /// x
    pub fn parse(v: &Value) -> Result<Self> {
        Ok(Self(v.clone()))
    }
    /// x
    pub fn null() -> Self {
        Self(Value::Null)
    }
    /// x
    pub fn build_with(&self, _v: &Vars<'_>) -> Option<Value> {
        Some(self.0.clone())
    }
}
/// x
#[derive(Clone, Debug, Default)]
pub struct Vars<'a>(Vec<(&'a str, &'a Value)>);
impl<'a> Vars<'a> {
    /// x
    pub fn new() -> Self {
        Self::default()
    }
    /// x
    pub fn with(mut self, n: &'a str, v: &'a Value) -> Self {
        self.0.push((n, v));
        self
    }
}
impl<'a> From<&'a Value> for Vars<'a> {
    fn from(v: &'a Value) -> Self {
        Self(vec![("$", v)])
    }
}
