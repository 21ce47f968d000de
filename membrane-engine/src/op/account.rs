use async_trait::async_trait;
use membrane_core::element::{Customer, CustomerSpec, ElementKind};
use membrane_core::op::{GetHealth, GetSelf, Health, UpdateSelf};
use membrane_core::{Error, ErrorKind, Paging, Result};

use super::Execute;
use crate::element::{self, Change, Kind};
use crate::store::Query;
use crate::{Caller, Engine};

#[async_trait]
impl Execute for GetHealth {
    async fn execute(self, engine: &Engine, _caller: &Caller) -> Result<Health> {
        let scope = engine.manager().scope();
        let one = Paging { limit: Some(1), cursor: None };
        engine.parts().store.rows(&scope, ElementKind::Integration, &Query::default(), &one).await?;
        Ok(Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
    }
}

#[async_trait]
impl Execute for GetSelf {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Customer> {
        let mut customer = own(engine, caller).await?;
        CustomerSpec::show(engine, caller, &mut customer).await?;
        Ok(customer)
    }
}

#[async_trait]
impl Execute for UpdateSelf {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Customer> {
        let current = own(engine, caller).await?;
        let mut fields = self.fields;
        // Who a customer is, and whether it is one, is the product's to say.
        fields.retain(|name, _| matches!(name.as_str(), "name" | "fields" | "meta"));
        let mut customer =
            element::update(engine, &engine.manager(), current, &fields, Change::Merge).await?;
        CustomerSpec::show(engine, caller, &mut customer).await?;
        Ok(customer)
    }
}

async fn own(engine: &Engine, caller: &Caller) -> Result<Customer> {
    let Some(id) = caller.customer_id() else {
        return Err(Error::new(ErrorKind::NotFound, "a manager is no customer; use a customer's token"));
    };
    CustomerSpec::select(engine, &engine.manager(), &id.as_str().into(), false).await
}
