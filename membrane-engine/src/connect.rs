//! A connection ready to be used: its app, its opened credentials, its way out.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue};
use membrane_core::connector::{Connector, Cx, Settings};
use membrane_core::element::{Connection, CustomerSpec, Integration, IntegrationSpec};
use membrane_core::{ConnectionId, DataSchema, Error, ErrorKind, Formula, Result, Secret, WorkspaceId};
use serde_json::{Map, Value, json};
use url::Url;

use crate::cache::STALE;
use crate::element::integration::connector_of;
use crate::element::sealed;
use crate::element::select::{self, by_id};
use crate::http::{AppClient, Deadline, Recorder, Target};
use crate::vault::Part;
use crate::{Caller, Engine};

/// A connection with everything a run needs. Shared, and forgotten when anything changes.
pub(crate) struct Connected {
    pub(crate) workspace: WorkspaceId,
    pub(crate) connection: Connection,
    pub(crate) integration: Integration,
    pub(crate) connector: Arc<Connector>,
    pub(crate) settings: Settings,
    pub(crate) target: Arc<Target>,
    /// When it began to be read.
    read_at: Instant,
}

impl Connected {
    /// Whether nothing of it can have been changed by another process for longer than may go unseen.
    pub(crate) fn is_fresh(&self) -> bool {
        self.read_at.elapsed() < STALE
    }

    /// The way to the app, until a call is over; what passes is recorded.
    pub(crate) fn client(
        &self,
        engine: &Engine,
        recorder: Option<Arc<Recorder>>,
        deadline: Deadline,
    ) -> AppClient {
        engine.parts().http.client(Arc::clone(&self.target), recorder).until(deadline)
    }

    pub(crate) fn cx<'a>(&'a self, client: &'a AppClient) -> Cx<'a> {
        Cx::new(&self.connector, client, &self.settings)
    }
}

/// Finds the connection a caller names and makes it ready.
pub(crate) async fn connected(engine: &Engine, caller: &Caller, selector: &str) -> Result<Arc<Connected>> {
    let parts = engine.parts();
    let key = parts.cache.key(caller, selector.to_owned()).await;
    let id = match parts.cache.selected.get(&key).await {
        Some(id) => id,
        None => {
            // Rare, and big: it is kept out of the future of every call.
            let connection = Box::pin(select::connection(engine, caller, selector, false)).await?;
            let id = ConnectionId::from(connection.id);
            Box::pin(parts.cache.selected.insert(key, id.clone())).await;
            id
        }
    };
    by_connection_id(engine, caller, id).await
}

pub(crate) async fn by_connection_id(
    engine: &Engine,
    caller: &Caller,
    id: ConnectionId,
) -> Result<Arc<Connected>> {
    let cache = &engine.parts().cache;
    let key = cache.key(caller, id.clone()).await;
    if let Some(found) = cache.connected.get(&key).await.filter(|found| found.is_fresh()) {
        return Ok(found);
    }
    let made = async {
        let read_at = Instant::now();
        let connection = select::connection(engine, caller, id.as_str(), false).await?;
        let connected = Arc::new(open(engine, caller, connection, read_at).await?);
        cache.connected.insert(key, Arc::clone(&connected)).await;
        Ok(connected)
    };
    Box::pin(made).await
}

async fn open(
    engine: &Engine,
    caller: &Caller,
    connection: Connection,
    read_at: Instant,
) -> Result<Connected> {
    let broken = |what: &str| {
        Error::new(ErrorKind::Dependency, format!("the connection's {what} is gone"))
            .with("connectionId", &connection.id)
            .with_data(
                json!({"workspaceElementReference": {"type": what, "id": connection.place.integration_id}}),
            )
    };
    let id = connection.place.integration_id.clone().ok_or_else(|| broken("integration"))?;
    let integration = by_id::<IntegrationSpec>(engine, &engine.manager(), id.as_str(), false).await?;
    let mut integration = integration.ok_or_else(|| broken("integration"))?;
    let connector = Arc::clone(connector_of(engine, &integration)?);
    let key = &connector.key;
    if connection.spec.connector_id.as_ref().is_some_and(|connector| *connector != key.as_str()) {
        return Err(Error::new(
            ErrorKind::Dependency,
            format!("the integration now uses the connector `{key}`; the customer must connect again"),
        )
        .with("connectionId", &connection.id)
        .with_data(json!({"workspaceElementReference": {"type": "integration", "id": id}})));
    }
    let owner = sealed::owner(engine, &connection);
    let record = engine.parts().store.sealed(&caller.scope(), &owner.element).await?;
    let record = record.ok_or_else(|| {
        Error::new(ErrorKind::ConnectionDefunct, "this connection has no credentials; connect again")
            .with("connectionId", &connection.id)
    })?;
    let credentials = engine.parts().vault.open(&owner, Part::Credentials, &record).await;
    let credentials = credentials.map_err(|error| error.with("connectionId", &connection.id))?;
    sealed::open(engine, &mut integration).await?;
    let customer = match &owner.customer {
        Some(id) => by_id::<CustomerSpec>(engine, &engine.manager(), id.as_str(), true).await?,
        None => None,
    };
    let user = customer.and_then(|customer| customer.spec.fields).map(Value::Object).unwrap_or(Value::Null);
    let mut settings = settings(&integration, connection.spec.connector_parameters.as_ref(), &credentials);
    sealed::close(&mut integration)?;
    settings.user = user;
    settings.connection = json!({"id": connection.id, "name": connection.name});
    let target = Arc::new(target(&connector, &settings, connection.id.as_str(), &Value::Null)?);
    let workspace = engine.parts().workspace.clone();
    Ok(Connected { workspace, connection, integration, connector, settings, target, read_at })
}

/// What formulas see of an integration, which must be opened, and a connection. What the product set on the integration wins: a
/// customer cannot redirect the product's own parameters.
pub(crate) fn settings(
    integration: &Integration,
    own: Option<&Value>,
    credentials: &Secret<Value>,
) -> Settings {
    let mut parameters = match own {
        Some(Value::Object(own)) => own.clone(),
        _ => Map::new(),
    };
    if let Some(Value::Object(set)) = &integration.spec.parameters {
        for (name, value) in set {
            parameters.insert(name.clone(), value.clone());
        }
    }
    let mut settings = Settings::new(credentials.expose().clone(), Value::Object(parameters));
    settings.integration = json!({"id": integration.id, "key": integration.key, "name": integration.name});
    settings
}

/// Evaluates the connector's API description for one connection.
///
/// Credentials are masked wherever they show, and so are the parameters that are secret. `input` is what a customer typed, where the credentials are still to be made of it: as secret as they are.
pub(crate) fn target(
    connector: &Connector,
    settings: &Settings,
    limit_key: &str,
    input: &Value,
) -> Result<Target> {
    let api = &connector.api;
    let wrong = |what: &str, why: &str| {
        Error::configuration(format!("{}: `{what}` {why}", connector.name)).with("connector", &connector.key)
    };
    let build = |formula: &Formula| formula.try_build(&settings.vars());
    let base = build(&api.base_uri)?;
    let base = base.as_ref().and_then(Value::as_str).filter(|base| !base.is_empty());
    // What it is may hold a secret.
    let wrong_base = |why: &str| {
        Error::configuration(format!("the base URL of {} (`baseUri`) {why}", connector.name))
            .with("connector", &connector.key)
            .with("field", "baseUri")
    };
    let base = base.ok_or_else(|| wrong_base("comes to nothing for this connection"))?;
    let base = Url::parse(base)
        .map_err(|error| wrong_base(&format!("comes to no URL for this connection: {error}")))?;
    let mut builder = Target::builder(base)
        .limit_key(limit_key)
        .rate(api.rate_limit)
        .idempotency_header(api.idempotency_header.clone());
    for (name, value) in object(api.headers.as_ref().map(build).transpose()?.flatten(), || {
        wrong("headers", "must be an object")
    })? {
        let Some(text) = scalar(&value) else { continue };
        let header =
            HeaderName::try_from(name.as_str()).map_err(|_| wrong(&name, "cannot be a header's name"))?;
        // The value may hold a credential that a header cannot; it must not stand in the message.
        HeaderValue::try_from(text.as_str())
            .map_err(|_| wrong(&name, "cannot be sent as a header's value"))?;
        builder = builder.secret_header(header, &text)?;
    }
    for (name, value) in
        object(api.query.as_ref().map(build).transpose()?.flatten(), || wrong("query", "must be an object"))?
    {
        if let Some(text) = scalar(&value) {
            builder = builder.secret_query(name, text);
        }
    }
    if let Some(basic) = &api.basic {
        let pair = build(basic)?.unwrap_or_default();
        let part = |name: &str| pair.get(name).and_then(scalar).unwrap_or_default();
        let text =
            data_encoding::BASE64.encode(format!("{}:{}", part("username"), part("password")).as_bytes());
        builder = builder.secret_header(http::header::AUTHORIZATION, &format!("Basic {text}"))?;
    }
    let anything = DataSchema::any();
    let schema = connector.parameters_schema.as_ref().unwrap_or(&anything);
    let parameters = schema.sensitive_values(&settings.connector_parameters);
    let parts = [&settings.credentials, input].into_iter().chain(parameters);
    for secret in parts.flat_map(secrets) {
        builder = builder.secret(secret);
    }
    builder.build()
}

fn object(value: Option<Value>, wrong: impl Fn() -> Error) -> Result<Map<String, Value>> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(wrong()),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Every text within a secret.
fn secrets(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(secrets).collect(),
        Value::Object(map) => map.values().flat_map(secrets).collect(),
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}
