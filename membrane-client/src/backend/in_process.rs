use membrane_core::Result;
use membrane_core::op::{ProxyRequest, ProxyResponse};
use membrane_engine::op::Execute;
use membrane_engine::{Caller, Engine};

use super::Who;

/// An engine in this process; nothing is serialized.
#[derive(Clone)]
pub(crate) struct InProcess(Engine);

impl InProcess {
    pub(crate) fn new(engine: Engine) -> Self {
        Self(engine)
    }

    pub(crate) async fn call<T: Execute>(&self, who: &Who, op: T) -> Result<T::Output> {
        let caller = self.caller(who).await?;
        self.0.call(&caller, op).await
    }

    pub(crate) async fn proxy(&self, who: &Who, request: ProxyRequest) -> Result<ProxyResponse> {
        let caller = self.caller(who).await?;
        self.0.proxy(&caller, request).await
    }

    async fn caller(&self, who: &Who) -> Result<Caller> {
        match who {
            Who::Customer(id) => self.0.customer(id).await,
            Who::Manager => Ok(self.0.manager()),
        }
    }
}
