//! The operation catalogue, carried out: one [`Execute`] an operation, one line in [`catalogue`].

mod account;
mod action;
mod attempt;
mod collection;
mod connect;
mod connection;
mod connector;
mod element;
mod field_mapping;
mod history;
mod link;
mod log;
mod source;
mod workspace;

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use async_trait::async_trait;
use bytes::Bytes;
use membrane_core::element::{
    ActionSpec, AppDataSchemaSpec, AppEventSubscriptionSpec, AppEventTypeSpec, AppSpec, ConnectionSpec,
    CustomerSpec, DataLinkTableSpec, DataSourceSpec, FieldMappingSpec, FlowSpec, IntegrationSpec,
    PackageSpec, ScreenSpec,
};
use membrane_core::op::{self, Op, OpInfo};
use membrane_core::{Error, Result};
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::element::layered::LayeredKind;
use crate::element::{Kind, Plain};
use crate::{Caller, Engine};

/// How an operation of the catalogue is carried out.
#[async_trait]
pub trait Execute: Op {
    /// Carries it out. The caller's right to ask at all was checked already.
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Self::Output>;
}

/// One operation with its types forgotten: JSON in, JSON text out.
///
/// ```
/// use membrane_engine::op::catalogue;
/// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> membrane_core::Result<()> {
/// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
/// let Some(health) = catalogue().iter().find(|entry| entry.info().name == "health.get") else { return Ok(()) };
/// let answer = health.call(&engine, &engine.nobody(), json!({})).await?;
/// assert!(answer.starts_with(b"{\"status\":\"ok\""));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Entry {
    id: TypeId,
    info: OpInfo,
    input_schema: Value,
    output_schema: Value,
    /// Of a list the filters its kind takes.
    filters: Option<&'static [&'static str]>,
    call: Call,
}

type Call =
    for<'a> fn(&'a Engine, &'a Caller, Value) -> Pin<Box<dyn Future<Output = Result<Bytes>> + Send + 'a>>;

impl Entry {
    fn of<T: Execute>() -> Self {
        let schema = |generator: schemars::SchemaGenerator, output: bool| {
            let schema = if output {
                generator.into_root_schema_for::<T::Output>()
            } else {
                generator.into_root_schema_for::<T>()
            };
            schema.to_value()
        };
        let settings = SchemaSettings::draft2020_12;
        Self {
            id: TypeId::of::<T>(),
            info: T::info(),
            input_schema: schema(settings().for_deserialize().into_generator(), false),
            output_schema: schema(settings().for_serialize().into_generator(), true),
            filters: None,
            call: |engine, caller, input| Box::pin(call::<T>(engine, caller, input)),
        }
    }

    fn list<S: Kind>() -> Self
    where
        op::List<S>: Execute,
    {
        Self { filters: Some(S::FILTERS), ..Self::of::<op::List<S>>() }
    }

    /// Name, rights and routes.
    pub fn info(&self) -> &OpInfo {
        &self.info
    }

    /// The JSON Schema (2020-12) of the input, definitions under `$defs`.
    pub fn input_schema(&self) -> &Value {
        &self.input_schema
    }

    /// Whether a field of the input means anything. A list takes the filters of its kind and refuses the others,
    /// which its input schema names as well.
    pub fn takes(&self, field: &str) -> bool {
        self.filters.is_none_or(|filters| element::EVERY_LIST.contains(&field) || filters.contains(&field))
    }

    /// The JSON Schema (2020-12) of the output, definitions under `$defs`.
    pub fn output_schema(&self) -> &Value {
        &self.output_schema
    }

    /// Carries the operation out and writes its output as JSON text.
    ///
    /// # Errors
    /// `InvalidInput` when the input does not fit; else what the operation gives.
    pub async fn call(&self, engine: &Engine, caller: &Caller, input: Value) -> Result<Bytes> {
        (self.call)(engine, caller, input).await
    }
}

/// Bytes that most outputs fit in.
const USUAL_OUTPUT: usize = 1024;

async fn call<T: Execute>(engine: &Engine, caller: &Caller, input: Value) -> Result<Bytes> {
    let name = || info::<T>().name.clone();
    let input: T = serde_json::from_value(input).map_err(|error| {
        Error::invalid_input(format!("the input does not fit: {error}")).with_operation(name())
    })?;
    let output = engine.call(caller, input).await?;
    let mut text = Vec::with_capacity(USUAL_OUTPUT);
    serde_json::to_writer(&mut text, &output).map_err(|error| {
        Error::internal("the output cannot be written as JSON").with_operation(name()).with_source(error)
    })?;
    Ok(Bytes::from(text))
}

/// What is known of an operation; that of the catalogue is not made again for each call.
pub(crate) fn info<T: Execute>() -> Cow<'static, OpInfo> {
    static KNOWN: LazyLock<HashMap<TypeId, &'static OpInfo>> =
        LazyLock::new(|| catalogue().iter().map(|entry| (entry.id, &entry.info)).collect());
    match KNOWN.get(&TypeId::of::<T>()) {
        Some(info) => Cow::Borrowed(info),
        None => Cow::Owned(T::info()),
    }
}

/// Every operation, in the order documents show them.
pub fn catalogue() -> &'static [Entry] {
    static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let parts = [
            vec![Entry::of::<op::GetHealth>(), Entry::of::<op::GetSelf>(), Entry::of::<op::UpdateSelf>()],
            kind::<CustomerSpec>(),
            kind::<AppSpec>(),
            vec![Entry::of::<op::ListConnectors>(), Entry::of::<op::GetConnector>()],
            kind::<IntegrationSpec>(),
            vec![
                Entry::of::<op::Setup<IntegrationSpec>>(),
                Entry::of::<op::GetIntegrationConnector>(),
                Entry::of::<op::ListIntegrationOperations>(),
                Entry::of::<op::GetIntegrationOperation>(),
                Entry::of::<op::ListIntegrationCollections>(),
                Entry::of::<op::GetIntegrationCollection>(),
                Entry::list::<ConnectionSpec>(),
                Entry::of::<op::CreateConnection>(),
                Entry::of::<op::GetConnection>(),
                Entry::of::<op::Export<ConnectionSpec>>(),
                Entry::of::<op::Update<ConnectionSpec>>(),
                Entry::of::<op::Replace<ConnectionSpec>>(),
                Entry::of::<op::Archive<ConnectionSpec>>(),
                Entry::of::<op::Restore<ConnectionSpec>>(),
                Entry::of::<op::ListCheckpoints<ConnectionSpec>>(),
                Entry::of::<op::DiffCheckpoints<ConnectionSpec>>(),
                Entry::of::<op::Revert<ConnectionSpec>>(),
                Entry::of::<op::TestConnection>(),
                Entry::of::<op::GetConnectionOperation>(),
                Entry::of::<op::RunOperation>(),
                Entry::of::<op::ExecuteRequest>(),
                Entry::of::<op::GetCollection>(),
                Entry::of::<op::ListRecords>(),
                Entry::of::<op::SearchRecords>(),
                Entry::of::<op::MatchRecord>(),
                Entry::of::<op::FindRecord>(),
                Entry::of::<op::CreateRecord>(),
                Entry::of::<op::UpdateRecord>(),
                Entry::of::<op::DeleteRecord>(),
            ],
            layered::<ActionSpec>(),
            vec![Entry::of::<op::RunAction>()],
            layered::<DataLinkTableSpec>(),
            vec![
                Entry::of::<op::CreateDataLink>(),
                Entry::of::<op::FindDataLinks>(),
                Entry::of::<op::DeleteDataLinks>(),
            ],
            layered::<DataSourceSpec>(),
            vec![
                Entry::of::<op::GetSourceCollection>(),
                Entry::of::<op::ListSourceRecords>(),
                Entry::of::<op::SearchSourceRecords>(),
                Entry::of::<op::FindSourceRecords>(),
                Entry::of::<op::MatchSourceRecord>(),
                Entry::of::<op::FindSourceRecord>(),
                Entry::of::<op::CreateSourceRecord>(),
                Entry::of::<op::UpdateSourceRecord>(),
                Entry::of::<op::DeleteSourceRecord>(),
                Entry::of::<op::UnifiedToNative>(),
            ],
            layered::<FieldMappingSpec>(),
            vec![Entry::of::<op::RunFieldMapping>(), Entry::of::<op::GetAppSchema>()],
            layered::<FlowSpec>(),
            vec![Entry::of::<op::UpdateToLatestFlow>()],
            layered::<PackageSpec>(),
            kind::<AppDataSchemaSpec>(),
            vec![Entry::of::<op::Setup<AppDataSchemaSpec>>()],
            kind::<AppEventSubscriptionSpec>(),
            kind::<AppEventTypeSpec>(),
            kind::<ScreenSpec>(),
            vec![
                Entry::of::<op::ListActionRuns>(),
                Entry::of::<op::GetActionRun>(),
                Entry::of::<op::ListApiLogs>(),
                Entry::of::<op::GetApiLog>(),
                Entry::of::<op::ListConnectionAttempts>(),
                Entry::of::<op::GetConnectionAttempt>(),
                Entry::of::<op::ExportWorkspace>(),
                Entry::of::<op::ImportWorkspace>(),
            ],
        ];
        parts.into_iter().flatten().collect()
    });
    &CATALOGUE
}

/// What every kind of element has.
fn kind<S: Plain>() -> Vec<Entry> {
    vec![
        Entry::list::<S>(),
        Entry::of::<op::Create<S>>(),
        Entry::of::<op::Get<S>>(),
        Entry::of::<op::Export<S>>(),
        Entry::of::<op::Update<S>>(),
        Entry::of::<op::Replace<S>>(),
        Entry::of::<op::Archive<S>>(),
        Entry::of::<op::Restore<S>>(),
        Entry::of::<op::ListCheckpoints<S>>(),
        Entry::of::<op::DiffCheckpoints<S>>(),
        Entry::of::<op::Revert<S>>(),
    ]
}

/// What every kind with layers has.
fn layered<S: LayeredKind>() -> Vec<Entry> {
    let mut entries = kind::<S>();
    entries.extend([Entry::of::<op::Reset<S>>(), Entry::of::<op::Setup<S>>(), Entry::of::<op::Explain<S>>()]);
    entries
}
