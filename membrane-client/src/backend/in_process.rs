use std::sync::Arc;
use std::time::{Duration, Instant};

use membrane_core::Result;
use membrane_core::op::{ProxyRequest, ProxyResponse};
use membrane_engine::op::Execute;
use membrane_engine::{Caller, Engine};
use std::collections::HashMap;
use std::sync::Mutex;

use super::Who;

/// For how long a customer that was found is not looked up again. An archived one is refused after that.
const KNOWN_FOR: Duration = Duration::from_secs(30);

/// Customers remembered at the most.
const MAX_KNOWN: usize = 10_000;

/// An engine in this process; nothing is serialized.
#[derive(Clone)]
pub(crate) struct InProcess {
    engine: Engine,
    known: Arc<Mutex<HashMap<String, (Instant, Caller)>>>,
}

impl InProcess {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, known: Arc::default() }
    }

    pub(crate) async fn call<T: Execute>(&self, who: &Who, op: T) -> Result<T::Output> {
        let caller = self.caller(who).await?;
        self.engine.call(&caller, op).await
    }

    pub(crate) async fn proxy(&self, who: &Who, request: ProxyRequest) -> Result<ProxyResponse> {
        let caller = self.caller(who).await?;
        self.engine.proxy(&caller, request).await
    }

    async fn caller(&self, who: &Who) -> Result<Caller> {
        let Who::Customer(id) = who else { return Ok(self.engine.manager()) };
        if let Ok(known) = self.known.lock()
            && let Some((since, caller)) = known.get(id)
            && since.elapsed() < KNOWN_FOR
        {
            return Ok(caller.clone());
        }
        let caller = self.engine.customer(id).await?;
        if let Ok(mut known) = self.known.lock() {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(id.clone(), (Instant::now(), caller.clone()));
        }
        Ok(caller)
    }
}
