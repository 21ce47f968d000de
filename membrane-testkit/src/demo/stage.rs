use membrane_core::Result;
use membrane_core::element::IntegrationSpec;
use membrane_core::op::{CreateConnection, Update};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use serde_json::{Map, json};

use super::{Crm, TaskManager};

/// Both demo apps, and an engine in memory that knows them: what a test or an example of a host stands on.
///
/// The task manager has 120 tasks, the CRM 60 contacts; the customer `acme` has connected both, any other
/// customer connects with the key of the app alone.
///
/// ```
/// use membrane_core::op::RunAction;
/// use membrane_core::Selector;
/// use membrane_testkit::demo::Stage;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// let stage = Stage::start().await?;
/// let acme = stage.engine.customer("acme").await?;
/// let action = Selector::key("create-task").connection("taskly");
/// let run = stage.engine.call(&acme, RunAction::new(action, json!({"title": "Call back"}))).await?;
/// assert_eq!(run.output["name"], "Call back");
/// assert_eq!(stage.tasks.tasks().len(), 121);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Stage {
    /// Taskly.
    pub tasks: TaskManager,
    /// Contactly.
    pub crm: Crm,
    /// The engine that is connected to both.
    pub engine: Engine,
}

impl Stage {
    /// Starts the apps and the engine, and connects `acme`.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when no socket can be opened.
    pub async fn start() -> Result<Self> {
        let (tasks, crm) = (TaskManager::start().await?, Crm::start().await?);
        tasks.seed(120);
        crm.seed(60);
        let engine = Engine::builder()
            .store(SqliteStore::memory().await?)
            .vault(KeyProvider::generate()?)
            .connectors([TaskManager::connector()?, Crm::connector()?])
            .dangerous()
            .allow_private_networks()
            .build()
            .await?;
        let acme = engine.customer("acme").await?;
        let apps = [
            ("taskly", tasks.url(), json!({"token": tasks.api_key()})),
            ("contactly", crm.url(), json!({"apiKey": crm.api_key()})),
        ];
        for (integration, url, credentials) in apps {
            let fields = Map::from_iter([("parameters".to_owned(), json!({"apiUri": url}))]);
            engine
                .call(&engine.manager(), Update::<IntegrationSpec>::new(integration).fields(fields))
                .await?;
            engine.call(&acme, CreateConnection::new(integration, credentials)).await?;
        }
        Ok(Self { tasks, crm, engine })
    }
}
