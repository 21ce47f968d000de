use std::marker::PhantomData;

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Access, Body, Op, OpInfo, Route};
use crate::element::{Element, ElementKind, Explanation, Spec};
use crate::id::{LayerName, Selector};

/// The query parameters a selector can travel as: what it names, then where that belongs.
pub(super) const SELECTOR: &[&str] = &[
    "id",
    "key",
    "layer",
    "tenantId",
    "integrationKey",
    "integrationId",
    "connectionId",
    "connectionKey",
    "instanceKey",
    "parentId",
    "parentKey",
    "userId",
];

/// What says in a query where a new element belongs.
const BELONGS: &[&str] = SELECTOR.split_at(4).1;

macro_rules! selecting {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* }) => {
        $(#[$doc])*
        #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(bound = "", rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name<S> {
            /// Which one.
            #[serde(flatten)]
            pub selector: Selector,
            $($(#[$field_doc])* #[serde(default)] pub $field: $type,)*
            #[serde(skip)]
            #[schemars(skip)]
            kind: PhantomData<fn() -> S>,
        }

        impl<S> std::fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // Fields may hold what somebody took for the place of a secret.
                f.debug_struct(stringify!($name)).field("selector", &self.selector).finish_non_exhaustive()
            }
        }

        impl<S> $name<S> {
            /// Names the element.
            pub fn new(selector: impl Into<Selector>) -> Self {
                Self { selector: selector.into(), $($field: Default::default(),)* kind: PhantomData }
            }
        }
    };
}

pub(super) use selecting;

selecting! {
    /// Reads one element.
    ///
    /// ```
    /// use membrane_core::Selector;
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::{Get, Op};
    ///
    /// let mut get = Get::<ActionSpec>::new(Selector::key("create-task").connection("github"));
    /// get.auto_create = Some(true);
    /// assert_eq!(Get::<ActionSpec>::info().name, "actions.get");
    /// ```
    Get {
        /// Makes the connection's own copy when there is none.
        auto_create: Option<bool>
    }
}
selecting! {
    /// Merges fields into an element: those given change, `null` clears, the others stay.
    ///
    /// ```
    /// use membrane_core::element::IntegrationSpec;
    /// use membrane_core::op::{Archive, Replace, Restore, Update};
    /// use serde_json::{Map, Value, json};
    ///
    /// let fields = Map::from_iter([("name".to_owned(), json!("GitHub Enterprise"))]);
    /// let rename = Update::<IntegrationSpec>::new("github").fields(fields.clone());
    /// assert_eq!(rename.fields, fields);
    /// // `Replace` clears what is not given; `Archive` hides, `Restore` brings back.
    /// let replace = Replace::<IntegrationSpec>::new("github").fields(fields);
    /// let (hide, show) = (Archive::<IntegrationSpec>::new("github"), Restore::<IntegrationSpec>::new("github"));
    /// # let _ = (replace, hide, show);
    /// ```
    Update {
        /// The fields.
        fields: Map<String, Value>
    }
}
selecting! {
    /// Replaces an element: fields not given are cleared.
    Replace {
        /// The fields.
        fields: Map<String, Value>
    }
}
selecting! {
    /// Archives an element: hidden, unchangeable, and back with [`Restore`].
    Archive {}
}
selecting! {
    /// Brings an archived element back.
    Restore {}
}

selecting! {
    /// Drops what an element has of its own: it follows its parent again.
    Reset {
        /// Which parts, where not all: of a flow `{"name": true, "nodes": {"<key>": true}, "allNodes": true}`.
        parts: Map<String, Value>
    }
}
selecting! {
    /// Brings an element up to date with its parent, and with what it depends on.
    Setup {}
}
selecting! {
    /// Says where each value of an element came from.
    Explain {}
}
selecting! {
    /// Gives an element as a workspace folder has it: what a person may edit, others named by their keys, nothing
    /// secret. [`Replace`] takes it back.
    ///
    /// ```
    /// use membrane_core::element::ActionSpec;
    /// use membrane_core::op::{Access, Export, Op};
    ///
    /// let info = Export::<ActionSpec>::info();
    /// assert_eq!((info.routes[0].path.as_str(), info.access), ("/actions/{selector}/export", Access::Manager));
    /// ```
    Export {}
}

impl<S> Reset<S> {
    /// Resets these parts only.
    #[must_use]
    pub fn parts(mut self, parts: Map<String, Value>) -> Self {
        self.parts = parts;
        self
    }
}

impl<S> Update<S> {
    /// Sets the fields.
    #[must_use]
    pub fn fields(mut self, fields: Map<String, Value>) -> Self {
        self.fields = fields;
        self
    }
}

impl<S> Replace<S> {
    /// Sets the fields.
    #[must_use]
    pub fn fields(mut self, fields: Map<String, Value>) -> Self {
        self.fields = fields;
        self
    }
}

/// Adds an element.
///
/// ```
/// use membrane_core::element::IntegrationSpec;
/// use membrane_core::op::Create;
/// use serde_json::{Map, json};
///
/// let fields = Map::from_iter([("connectorKey".to_owned(), json!("github"))]);
/// let create = Create::<IntegrationSpec>::new(fields);
/// assert_eq!(create.fields["connectorKey"], "github");
/// ```
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Create<S> {
    /// The fields; what a kind does not let write is dropped.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// The integration it is to belong to, in the place of `fields.integrationId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// The connection it is to belong to, in the place of `fields.connectionId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The layer it must be at. At that of connections, an integration means its customer's default connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerName>,
    /// The integration by its key, in the place of `fields.integrationKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_key: Option<String>,
    /// The connection by its key, in the place of `fields.connectionKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_key: Option<String>,
    /// What it is to follow, in the place of `fields.parentId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// What it is to follow, by its key, in the place of `fields.parentKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_key: Option<String>,
    /// Which of several copies it is to be, in the place of `fields.instanceKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_key: Option<String>,
    /// Whose it is to be, by the customer's own id, in the place of `fields.userId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip)]
    #[schemars(skip)]
    kind: PhantomData<fn() -> S>,
}

impl<S> std::fmt::Debug for Create<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Fields may be secret.
        f.debug_struct("Create").finish_non_exhaustive()
    }
}

impl<S> Create<S> {
    /// Takes the fields.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self {
            fields,
            integration_id: None,
            connection_id: None,
            integration_key: None,
            connection_key: None,
            parent_id: None,
            parent_key: None,
            instance_key: None,
            user_id: None,
            layer: None,
            kind: PhantomData,
        }
    }
}

impl<S: Spec> Op for Create<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let plural = S::KIND.plural();
        let post = |path: String| Route::post(path).body(Body::Field("fields"));
        // Membrane's own client makes an instance by a selector in the query.
        let one = |path: String| with_parent_names::<S>(post(path).query(BELONGS));
        let mut routes = vec![post(format!("/{plural}"))];
        for layer in S::KIND.layers().iter().rev() {
            match layer {
                LayerName::Connection => {
                    routes.push(post(format!("/connections/{{connectionId}}/{plural}")));
                    routes.push(post(format!("/{}-instances", S::KIND)).fixed("layer", "connection"));
                    routes.push(one(format!("/{}-instance", S::KIND)).fixed("layer", "connection"));
                }
                LayerName::Integration => {
                    routes.push(post(format!("/integrations/{{integrationId}}/{plural}")));
                }
                LayerName::Universal => routes[0] = one(format!("/{plural}")),
            }
        }
        match S::KIND {
            ElementKind::AppDataSchema => routes.push(one(format!("/{}-instance", S::KIND))),
            ElementKind::AppEventSubscription => routes.push(one(format!("/{}", S::KIND))),
            _ => {}
        }
        OpInfo::new(
            format!("{}.create", S::KIND.plural()),
            format!("Adds {}.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Get<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let access = reader(S::KIND);
        let routes = routes::<S>(&Method::GET, "", Body::None);
        OpInfo::new(format!("{}.get", S::KIND.plural()), format!("Reads {}.", a(S::KIND)), access, routes)
    }
}

impl<S: Spec> Op for Update<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::PATCH, "", Body::Field("fields"));
        OpInfo::new(
            format!("{}.update", S::KIND.plural()),
            format!("Changes {}.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Replace<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::PUT, "", Body::Field("fields"));
        OpInfo::new(
            format!("{}.replace", S::KIND.plural()),
            format!("Replaces {}.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Archive<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::DELETE, "", Body::None);
        OpInfo::new(
            format!("{}.archive", S::KIND.plural()),
            format!("Archives {}.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Restore<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::POST, "/restore", Body::None);
        OpInfo::new(
            format!("{}.restore", S::KIND.plural()),
            format!("Brings {} back from the archive.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Reset<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::POST, "/reset", Body::Field("parts"));
        OpInfo::new(
            format!("{}.reset", S::KIND.plural()),
            format!("Makes {} follow its parent again.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Setup<S> {
    type Output = Element<S>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::POST, "/setup", Body::None);
        OpInfo::new(
            format!("{}.setup", S::KIND.plural()),
            format!("Brings {} up to date with what it depends on.", a(S::KIND)),
            writer(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Explain<S> {
    type Output = Explanation;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::GET, "/explain", Body::None);
        OpInfo::new(
            format!("{}.explain", S::KIND.plural()),
            format!("Says which layer each value of {} came from.", a(S::KIND)),
            reader(S::KIND),
            routes,
        )
    }
}

impl<S: Spec> Op for Export<S> {
    type Output = Map<String, Value>;

    fn info() -> OpInfo {
        let routes = routes::<S>(&Method::GET, "/export", Body::None);
        OpInfo::new(
            format!("{}.export", S::KIND.plural()),
            format!("Gives {} as a workspace folder has it.", a(S::KIND)),
            Access::Manager,
            routes,
        )
    }
}

/// Who may read a kind.
pub(super) fn reader(kind: ElementKind) -> Access {
    if kind == ElementKind::Customer { Access::Manager } else { Access::Customer }
}

/// Who may write a kind: customers their connections and what belongs to these; the engine checks the rest.
pub(super) fn writer(kind: ElementKind) -> Access {
    let is_theirs = kind.is_of_customer() || kind == ElementKind::Connection;
    let can_be = kind.layers().contains(&LayerName::Connection);
    if is_theirs || can_be { Access::Customer } else { Access::Manager }
}

fn a(kind: ElementKind) -> String {
    let article = if kind.as_str().starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// Both spellings of a selector, and for layered kinds those below an integration and a connection.
pub(super) fn routes<S: Spec>(method: &Method, verb: &str, body: Body) -> Vec<Route> {
    let (plural, segment) = (S::KIND.plural(), S::KIND.segment());
    let mut routes = vec![
        Route::new(method.clone(), format!("/{plural}/{{selector}}{verb}"), body).query(SELECTOR),
        Route::new(method.clone(), format!("/{segment}{verb}"), body).query(SELECTOR),
    ];
    let below =
        |parent: &str| Route::new(method.clone(), format!("{parent}/{plural}/{{selector}}{verb}"), body);
    let instance = || {
        let one = Route::new(method.clone(), format!("/{segment}-instance{verb}"), body);
        one.query(SELECTOR).query(&["autoCreate"])
    };
    let instances = || {
        let path = format!("/{segment}-instances/{{selector}}{verb}");
        Route::new(method.clone(), path, body).query(SELECTOR)
    };
    for layer in S::KIND.layers().iter().rev() {
        match layer {
            LayerName::Connection => {
                routes.push(below("/connections/{connectionId}").query(&["instanceKey", "autoCreate"]));
                routes.push(instance().fixed("layer", "connection"));
                routes.push(instances().fixed("layer", "connection"));
            }
            LayerName::Integration => {
                routes.push(below("/integrations/{integrationId}").fixed("layer", "integration"));
            }
            LayerName::Universal => {}
        }
    }
    if S::KIND == ElementKind::AppDataSchema {
        routes.push(instance().fixed("layer", "connection"));
        routes.push(instances().fixed("layer", "connection"));
    }
    routes.into_iter().map(|route| with_parent_names::<S>(route)).collect()
}

/// Takes a parent in the query by the kind's own names for it.
pub(super) fn with_parent_names<S: Spec>(route: Route) -> Route {
    S::PARENT_ALIASES.iter().fold(route, |route, (name, field)| route.alias(name, field))
}
