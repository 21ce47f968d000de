use std::sync::Arc;

use membrane_core::element::{ActionKind, ActionSpec, Connection, Element, IntegrationSpec, Place};
use membrane_core::{ElementId, Error, ErrorKind, Formula, Result, Selector, Validator};
use serde_json::{Value, json};

use super::record_map::RecordMap;
use super::template::Template;
use crate::connect::{Connected, by_connection_id};
use crate::element::Kind;
use crate::element::customer::{Whose, whose};
use crate::element::layered::{Ground, LayeredKind, layers};
use crate::element::select::{self, by_id};
use crate::{Caller, Engine};

/// An action on a connection, ready to run: layers resolved, formulas parsed, schema compiled.
pub(crate) struct Plan {
    pub(crate) connected: Arc<Connected>,
    pub(crate) name: String,
    pub(crate) kind: ActionKind,
    pub(crate) config: Option<Template>,
    /// Of an action over records: where they are and how their fields map.
    pub(crate) records: Option<RecordMap>,
    pub(crate) output_mapping: Option<Template>,
    pub(crate) input: Option<Validator>,
    /// The universal, the integration's and the connection's element.
    pub(crate) actions: [Option<ElementId>; 3],
    pub(crate) action_instance: Value,
}

/// Finds the plan of a selector, or makes it.
pub(crate) async fn plan(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Arc<Plan>> {
    let cache = &engine.parts().cache;
    let key = cache.key(caller, selector.clone()).await;
    // A plan made late of a connection read early is as old as the connection.
    if let Some(found) = cache.plans.get(&key).await.filter(|found| found.connected.is_fresh()) {
        return Ok(found);
    }
    // Rare, and big: it is kept out of the future of every run.
    let made = async {
        let plan = Arc::new(Box::pin(make(engine, caller, selector)).await?);
        cache.plans.insert(key, Arc::clone(&plan)).await;
        Ok(plan)
    };
    Box::pin(made).await
}

async fn make(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Plan> {
    let action = ActionSpec::select(engine, caller, selector, false).await?;
    let connection = connection_for(engine, caller, selector, &action.place).await?;
    let connection_id = connection.id.clone().into();
    let ground = Ground::at(connection, selector.instance_key.clone());
    let chain = layers(engine, caller, &action, &ground).await?;
    let effective = chain.effective()?;
    let connected = by_connection_id(engine, caller, connection_id).await?;
    let spec = &*effective.spec;
    let Some(kind) = spec.r#type else {
        return Err(Error::unsupported(format!(
            "{} does not implement `{}`: its connector brings no such action and none was added",
            connected.integration.name,
            action.key.as_ref().map_or(effective.name, |key| key.as_str()),
        ))
        .with("integration", connected.integration.key.as_ref().map_or("", |key| key.as_str())));
    };
    let parse = |formula: &Value| {
        Formula::parse(formula)
            .map(Template::new)
            .map_err(|error| Error::configuration(error.message().to_owned()).with("action", &action.id))
    };
    let records = match kind.is_over_records() {
        true => {
            let config = spec.config.as_ref().unwrap_or(&Value::Null);
            let made = Box::pin(RecordMap::new(engine, caller, &connected, config, None)).await;
            Some(made.map_err(|error| error.with("action", &action.id))?)
        }
        false => None,
    };
    let config = records.as_ref().map(RecordMap::config).or(spec.config.as_ref());
    let input = match &spec.input_schema {
        Some(schema) => Some(schema.compile()?),
        None => None,
    };
    let id = effective.connection.or(effective.integration).or(effective.universal);
    Ok(Plan {
        name: effective.name.to_owned(),
        kind,
        config: config.map(parse).transpose()?,
        output_mapping: spec.output_mapping.as_ref().map(parse).transpose()?,
        input,
        action_instance: json!({"id": id, "instanceKey": selector.instance_key}),
        actions: [
            effective.universal.cloned(),
            effective.integration.cloned(),
            effective.connection.cloned(),
        ],
        records,
        connected,
    })
}

/// The connection something is used on: the one that is named, the one it belongs to, or the default one of the
/// customer who is named or asks.
pub(crate) async fn connection_for(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
    place: &Place,
) -> Result<Connection> {
    let mut named = selector.clone();
    named.layer = None;
    let ground = Ground::of(engine, caller, &named).await?;
    if ground.connection.is_none()
        && let Some(id) = &place.connection_id
    {
        let connection = select::connection(engine, caller, id.as_str(), false).await?;
        ground.check_connection(&connection)?;
        return Ok(connection);
    }
    if let Some(connection) = ground.connection {
        return Ok(connection);
    }
    let Some(id) = ground.integration.or_else(|| place.integration_id.clone()) else {
        return Err(Error::invalid_input(
            "say on which connection: `connectionId`, `connectionKey` or `integrationKey`",
        )
        .with("field", "connectionId"));
    };
    let integration =
        by_id::<IntegrationSpec>(engine, caller, id.as_str(), false).await?.ok_or_else(|| {
            Error::not_found("the integration it belongs to is gone").with("integrationId", &id)
        })?;
    let (tenant_id, user_id) = (selector.tenant_id.as_deref(), selector.user_id.as_deref());
    let found = match whose(engine, caller, tenant_id, user_id).await? {
        Whose::One(customer) => select::default_of(engine, &customer, &id).await?,
        Whose::Anyone | Whose::Nobody => {
            select::default_connection(engine, caller, &integration, false).await?
        }
    };
    found.ok_or_else(|| {
        let key = integration.key.as_ref().map_or("", |key| key.as_str());
        Error::new(
            ErrorKind::NotFound,
            format!("the customer has no connection to {}; connect first", integration.name),
        )
        .with("integration", key)
    })
}

/// What a selector names as it is on the connection it is used on, the closest to that, and the connection. A layer
/// the selector says is kept to.
pub(crate) async fn closest_on<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    selector: &Selector,
) -> Result<(Element<S>, Connection)> {
    let named = S::select(engine, caller, selector, false).await;
    let is_of_app = selector.integration_id.is_some() || selector.integration_key.is_some();
    let named = match named {
        Ok(found) => Some(found),
        // The connection may have one of its own that nothing above it has.
        Err(error) if error.kind() == ErrorKind::NotFound && is_of_app && selector.layer.is_none() => None,
        Err(error) => return Err(error),
    };
    let place = named.as_ref().map(|found| found.place.clone()).unwrap_or_default();
    let connection = connection_for(engine, caller, selector, &place).await?;
    let found = match named {
        Some(found) if place.connection_id.is_some() || selector.layer.is_some() => {
            return Ok((found, connection));
        }
        Some(found) if !is_of_app => found,
        _ => S::select(engine, caller, &below(selector, &connection), false).await?,
    };
    if found.place.connection_id.is_some() {
        return Ok((found, connection));
    }
    let ground = Ground::at(connection.clone(), selector.instance_key.clone());
    let closest = layers(engine, caller, &found, &ground).await?.into_closest();
    Ok((closest.unwrap_or(found), connection))
}

/// A selector that looks within a connection.
pub(crate) fn below(selector: &Selector, connection: &Connection) -> Selector {
    let mut below = selector.clone();
    below.connection_id = Some(connection.id.to_string());
    (below.connection_key, below.layer) = (None, None);
    below
}
