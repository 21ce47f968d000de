use std::cmp::Reverse;

use aws_lc_rs::digest::{SHA256, digest};
use membrane_core::element::layer::{self, Layer};
use membrane_core::element::{At, Connection, Effective, Element, Layered, resolve};
use membrane_core::{
    CustomerId, ElementId, Error, ErrorKind, IntegrationId, LayerName, Paging, Result, Selector,
};

use super::LayeredKind;
use crate::element::customer::{Whose, whose};
use crate::element::select::{by_id, connection_of, default_of, find, integration_of};
use crate::store::Query;
use crate::{Caller, Engine};

/// Where a call looks: below which connection, or below which integration.
#[derive(Default)]
pub(crate) struct Ground {
    pub(crate) connection: Option<Connection>,
    pub(crate) integration: Option<IntegrationId>,
    pub(crate) instance_key: Option<String>,
    /// The customer who is named, or whose connection it is.
    customer: Option<CustomerId>,
}

impl Ground {
    /// The ground a selector names.
    pub(crate) async fn of(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<Self> {
        let (id, key) = (selector.connection_id.as_deref(), selector.connection_key.as_deref());
        let customer =
            match whose(engine, caller, selector.tenant_id.as_deref(), selector.user_id.as_deref()).await? {
                Whose::Anyone => None,
                Whose::One(customer) => Some(customer),
                Whose::Nobody => {
                    return Err(Error::not_found("there is no customer with this `userId` or `tenantId`"));
                }
            };
        if let Some(connection) = connection_of(engine, caller, id, key).await? {
            check_customer(customer.as_ref(), &connection)?;
            return Ok(Self::at(connection, selector.instance_key.clone()));
        }
        let (id, key) = (selector.integration_id.as_deref(), selector.integration_key.as_deref());
        let integration = integration_of(engine, caller, id, key).await?;
        // Who asks for a connection's element and names the app means the default connection.
        if let (Some(LayerName::Connection), Some(app)) = (selector.layer, &integration)
            && let Some(customer) = customer.as_ref().or(caller.customer_id())
            && let Some(connection) = default_of(engine, customer, &app.id.clone().into()).await?
        {
            return Ok(Self::at(connection, selector.instance_key.clone()));
        }
        Ok(Self {
            connection: None,
            integration: integration.map(|integration| integration.id.into()),
            instance_key: selector.instance_key.clone(),
            customer,
        })
    }

    /// The ground of one connection.
    pub(crate) fn at(connection: Connection, instance_key: Option<String>) -> Self {
        let (integration, customer) =
            (connection.place.integration_id.clone(), connection.place.tenant_id.clone());
        Self { connection: Some(connection), integration, instance_key, customer }
    }

    /// Refuses a connection of another customer than the one who is named.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub(crate) fn check_connection(&self, connection: &Connection) -> Result<()> {
        check_customer(self.customer.as_ref(), connection)
    }

    /// Refuses an element of another app, connection or customer than this one: what it does here is not its own.
    pub(super) fn check<S: LayeredKind>(&self, element: &Element<S>) -> Result<()> {
        let place = &element.place;
        let is_other_app = self.is_somewhere()
            && place.integration_id.as_ref().is_some_and(|id| Some(id) != self.integration.as_ref());
        let is_other_connection = self.connection.as_ref().is_some_and(|connection| {
            place.connection_id.as_ref().is_some_and(|id| id.as_str() != connection.id.as_str())
        });
        let is_other_customer =
            self.customer.is_some() && place.tenant_id.is_some() && place.tenant_id != self.customer;
        if !is_other_app && !is_other_connection && !is_other_customer {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "the {} `{}` belongs to another {} than the one that is named",
            S::KIND,
            element.key.as_ref().map_or(element.name.as_str(), |key| key.as_str()),
            match (is_other_app, is_other_connection) {
                (true, _) => "integration",
                (false, true) => "connection",
                (false, false) => "customer",
            }
        ))
        .with("id", &element.id))
    }

    /// Whether it is anywhere at all.
    pub(super) fn is_somewhere(&self) -> bool {
        self.connection.is_some() || self.integration.is_some()
    }
}

fn check_customer(customer: Option<&CustomerId>, connection: &Connection) -> Result<()> {
    if customer.is_none_or(|customer| connection.place.tenant_id.as_ref() == Some(customer)) {
        return Ok(());
    }
    let message = "the connection belongs to another customer than the one that is named";
    Err(Error::invalid_input(message).with("connectionId", &connection.id))
}

/// The elements of one chain, as far as they are there. Archived parents are among them.
pub(crate) struct Layers<S> {
    pub(super) universal: Option<At<layer::Universal, S>>,
    pub(super) integration: Option<At<layer::Integration, S>>,
    pub(super) connection: Option<At<layer::Connection, S>>,
}

impl<S: Layered> Layers<S> {
    /// The element that counts.
    ///
    /// # Errors
    /// `NotFound` when it follows a parent that is archived.
    pub(crate) fn effective(&self) -> Result<Effective<'_, S>> {
        let chain = [
            self.connection.as_ref().map(|at| (&**at, at.is_own())),
            self.integration.as_ref().map(|at| (&**at, at.is_own())),
            self.universal.as_ref().map(|at| (&**at, at.is_own())),
        ];
        for (element, is_own) in chain.into_iter().flatten() {
            if element.archived_at.is_some() {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!(
                        "the {} `{}` was archived, and with it what follows it; restore it first",
                        S::KIND,
                        element.name
                    ),
                )
                .with("id", &element.id));
            }
            if is_own {
                break;
            }
        }
        self.shown()
    }

    /// The same, also where that follows an archived parent: what is shown, and does not run.
    pub(super) fn shown(&self) -> Result<Effective<'_, S>> {
        resolve(self.universal.as_ref(), self.integration.as_ref(), self.connection.as_ref())
            .ok_or_else(|| Error::internal(format!("{} without layers", S::KIND)))
    }

    /// How each element is known to who looks at it, from the universal one down: one that follows its parent changes
    /// with it.
    pub(super) fn versions(&self) -> Vec<Version> {
        let chain = [
            self.universal.as_ref().map(|at| (&**at, at.is_own())),
            self.integration.as_ref().map(|at| (&**at, at.is_own())),
            self.connection.as_ref().map(|at| (&**at, at.is_own())),
        ];
        let mut versions: Vec<Version> = Vec::new();
        for (element, is_own) in chain.into_iter().flatten() {
            let mut version = Version {
                id: element.id.clone(),
                revision: element.revision.clone(),
                updated_at: element.updated_at.clone(),
            };
            if let Some(above) = versions.last()
                && element.place.parent_id.is_some()
                && element.spec.follows(is_own)
                && element.place.parent_revision.as_ref() != Some(&above.revision)
            {
                version.revision = revision_of(&version.revision, &above.revision);
                version.updated_at = version.updated_at.max(above.updated_at.clone());
            }
            versions.push(version);
        }
        versions
    }

    /// What the universal element's content becomes for the integration, where anything of that follows it.
    pub(super) fn for_integration(&self) -> Option<S> {
        self.universal.as_ref()?;
        if let Some(at) = &self.integration
            && !at.spec.follows(at.is_own())
        {
            return None;
        }
        let content = resolve(self.universal.as_ref(), self.integration.as_ref(), None)?;
        Some(content.spec.into_owned())
    }

    /// The element at one layer.
    pub(super) fn into_layer(self, layer: LayerName) -> Option<Element<S>> {
        match layer {
            LayerName::Connection => self.connection.map(At::into_inner),
            LayerName::Integration => self.integration.map(At::into_inner),
            LayerName::Universal => self.universal.map(At::into_inner),
        }
    }

    /// The element closest to the connection.
    pub(crate) fn into_closest(self) -> Option<Element<S>> {
        let Self { universal, integration, connection } = self;
        let farther = || integration.map(At::into_inner).or_else(|| universal.map(At::into_inner));
        connection.map(At::into_inner).or_else(farther)
    }
}

/// How an element is known to who looks at it.
pub(super) struct Version {
    pub(super) id: ElementId,
    pub(super) revision: String,
    pub(super) updated_at: String,
}

/// The revision of an element that was last written as `own`, and follows what is now `above`.
fn revision_of(own: &str, above: &str) -> String {
    let hash = digest(&SHA256, format!("{own}/{above}").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The chain an element belongs to: down to what names it as its parent on this ground, and up by its own
/// parents.
pub(crate) async fn layers<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
    ground: &Ground,
) -> Result<Layers<S>> {
    layers_with(engine, caller, element, ground, false).await
}

/// The same; `archived` looks for archived children too.
pub(super) async fn layers_with<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    element: &Element<S>,
    ground: &Ground,
    archived: bool,
) -> Result<Layers<S>> {
    let (mut universal, mut of_app, mut own) = (None, None, None);
    match element.place.layer() {
        LayerName::Connection => own = Some(element.clone()),
        LayerName::Integration => of_app = Some(element.clone()),
        LayerName::Universal => universal = Some(element.clone()),
    }
    let below = Down { engine, caller, ground, archived };
    if own.is_none() {
        if let Some(parent) = &universal {
            of_app = below.of_app(parent, ground.integration.as_ref()).await?;
        }
        for parent in [&of_app, &universal].into_iter().flatten() {
            if own.is_none() {
                own = below.own(parent).await?;
            }
        }
    }
    for child in [own.clone(), of_app.clone()].into_iter().flatten() {
        let Some(parent) = parent_of(engine, caller, &child).await? else { continue };
        match parent.place.layer() {
            LayerName::Integration if of_app.is_none() => {
                universal = parent_of(engine, caller, &parent).await?.or(universal);
                of_app = Some(parent);
            }
            LayerName::Universal if universal.is_none() => universal = Some(parent),
            _ => {}
        }
    }
    // A copy that was made of the universal element, before its app had one of its own.
    if let (None, Some(parent), Some(own)) = (&of_app, &universal, &own) {
        of_app = below.of_app(parent, own.place.integration_id.as_ref()).await?;
    }
    Ok(Layers { universal: at(universal)?, integration: at(of_app)?, connection: at(own)? })
}

fn at<L: Layer, S: Layered>(element: Option<Element<S>>) -> Result<Option<At<L, S>>> {
    element.map(At::new).transpose()
}

/// The element one layer up, archived or not.
pub(super) async fn parent_of<S: LayeredKind>(
    engine: &Engine,
    caller: &Caller,
    child: &Element<S>,
) -> Result<Option<Element<S>>> {
    match &child.place.parent_id {
        Some(id) => by_id(engine, caller, id.as_str(), true).await,
        None => Ok(None),
    }
}

/// Looks for children.
struct Down<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    ground: &'a Ground,
    archived: bool,
}

impl Down<'_> {
    /// The integration's child of a universal element.
    async fn of_app<S: LayeredKind>(
        &self,
        parent: &Element<S>,
        integration: Option<&IntegrationId>,
    ) -> Result<Option<Element<S>>> {
        let Some(integration) = integration else { return Ok(None) };
        let query = Query {
            integration: Some(integration.clone()),
            layer: Some(LayerName::Integration),
            ..Query::default()
        };
        self.child(parent, query).await
    }

    /// The connection's child of an element.
    async fn own<S: LayeredKind>(&self, parent: &Element<S>) -> Result<Option<Element<S>>> {
        let Some(connection) = &self.ground.connection else { return Ok(None) };
        let query = Query {
            connection: Some(connection.id.clone().into()),
            instance_key: Some(self.ground.instance_key.clone().unwrap_or_default()),
            layer: Some(LayerName::Connection),
            ..Query::default()
        };
        self.child(parent, query).await
    }

    /// Of several children: a living one, the one with the parent's key, the oldest; of archived ones the one
    /// archived last.
    async fn child<S: LayeredKind>(&self, parent: &Element<S>, query: Query) -> Result<Option<Element<S>>> {
        let query = Query { parent: Some(parent.id.clone()), include_archived: self.archived, ..query };
        let paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
        let found = find::<S>(self.engine, self.caller, &query, &paging).await?.items;
        let rank = |child: &Element<S>| {
            let archived_at = child.archived_at.clone();
            (archived_at.is_some(), Reverse(archived_at), child.key != parent.key)
        };
        Ok(found.into_iter().min_by_key(rank))
    }
}
