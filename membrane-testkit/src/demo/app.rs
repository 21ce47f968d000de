//! What the demo apps have in common: a server, a gate, data behind a lock.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use membrane_core::Result;
use membrane_core::connector::Connector;

use super::gate::Gate;
use crate::serve::{Server, listen, lock};

/// A demo app that is being served. Stops when dropped.
#[derive(Debug)]
pub struct DemoApp<V: Vendor> {
    server: Server,
    app: Arc<App<V>>,
}

/// What is particular to one vendor: its data, its routes, how it takes a key and refuses.
pub trait Vendor: fmt::Debug + Default + Send + 'static {
    /// The file of its connector, and what is in it.
    const CONNECTOR: (&'static str, &'static str);
    /// The key that works at first.
    const KEY: &'static str;

    /// The routes, without what stands before them.
    fn router() -> Router<Arc<App<Self>>>;

    /// The key a request presents.
    fn presented(headers: &HeaderMap) -> Option<&str>;

    /// Answers a request that the gate stopped, in the vendor's own form.
    fn refuse(why: Refused) -> Response;

    /// Adds so many rows.
    fn seed(&mut self, rows: usize);
}

/// Why the gate stopped a request.
#[derive(Debug, Clone, Copy)]
pub enum Refused {
    /// The key is missing or wrong.
    NoKey,
    /// The rate limit is used up for so many seconds.
    TooMany(u64),
}

/// What the handle and the handlers share.
#[derive(Debug)]
pub struct App<V> {
    gate: Gate,
    pub(super) data: Mutex<V>,
}

/// The state of a handler.
pub(super) type Shared<V> = State<Arc<App<V>>>;

impl<V: Vendor> DemoApp<V> {
    /// Starts an app without rows, on a free port of loopback.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when no socket can be opened.
    ///
    /// ```
    /// use membrane_testkit::demo::{Crm, TaskManager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let (tasks, crm) = (TaskManager::start().await?, Crm::start().await?);
    /// tasks.seed(3);
    /// assert_eq!((tasks.tasks().len(), crm.contacts().len()), (3, 0));
    /// assert_ne!(tasks.url(), crm.url());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start() -> Result<Self> {
        Self::start_on(0).await
    }

    /// Starts an app on a port of choice, for an address that stays the same.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when the port is taken.
    pub async fn start_on(port: u16) -> Result<Self> {
        let (listener, url) = listen(port).await?;
        let app = Arc::new(App { gate: Gate::new(V::KEY), data: Mutex::<V>::default() });
        let router = V::router().layer(from_fn_with_state(Arc::clone(&app), admit::<V>));
        let server = Server::run(listener, url, router.with_state(Arc::clone(&app)));
        Ok(Self { server, app })
    }

    /// The connector of the app, as it stands in `connectors/*.yml` of this crate.
    ///
    /// It needs `{"apiUri": app.url()}` as connector parameters, and as credentials the key: Taskly takes
    /// `{"token": app.api_key()}`, Contactly `{"apiKey": app.api_key()}`.
    ///
    /// # Errors
    /// None that a user of this crate could cause: the file is part of it.
    ///
    /// ```
    /// use membrane_testkit::demo::{Crm, TaskManager};
    ///
    /// assert_eq!(TaskManager::connector()?.actions["create-task"].name, "Create a task");
    /// assert!(Crm::connector()?.collections["contacts"].delete.is_some());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn connector() -> Result<Connector> {
        let (file, text) = V::CONNECTOR;
        Connector::from_yaml(text, file)
    }

    /// Lets only so many requests with a right key pass in each window; the others get 429 with
    /// `Retry-After`. A window opens with its first request.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use membrane_testkit::demo::Crm;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = Crm::start().await?.with_rate_limit(1, Duration::from_secs(60));
    /// let ask = || reqwest::Client::new().get(format!("{}/api/account", app.url())).header("x-api-key", app.api_key()).send();
    /// assert_eq!(ask().await?.status(), 200);
    /// assert_eq!(ask().await?.status(), 429);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_rate_limit(self, requests: u32, window: Duration) -> Self {
        self.app.gate.limit(requests, window);
        self
    }

    /// Adds so many tasks or contacts (and a company for every ten contacts); the same ones in each run.
    pub fn seed(&self, rows: usize) {
        self.with(|data| data.seed(rows));
    }

    /// The origin, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The key that works now, at first `taskly_demo_key` or `contactly_demo_key`.
    pub fn api_key(&self) -> String {
        self.app.gate.key()
    }

    /// Makes a new key and answers it; requests with the old one get 401.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let app = membrane_testkit::demo::Crm::start().await?;
    /// let old = app.api_key();
    /// let new = app.rotate_api_key();
    /// assert!(new != old && new == app.api_key());
    /// # Ok(())
    /// # }
    /// ```
    pub fn rotate_api_key(&self) -> String {
        self.app.gate.rotate()
    }

    /// How many requests came in, refused ones too.
    pub fn requests(&self) -> u64 {
        self.app.gate.requests()
    }

    /// How many requests came in for one route, such as `PATCH /v1/tasks/{id}`.
    pub fn requests_to(&self, route: &str) -> u64 {
        self.app.gate.requests_to(route)
    }

    /// Stops, and returns when the port is free and requests in flight have ended.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut V) -> T) -> T {
        look(&mut lock(&self.app.data))
    }
}

/// Counts the request, asks for the key, then for the allowance.
async fn admit<V: Vendor>(State(app): Shared<V>, request: Request, next: Next) -> Response {
    app.gate.count(&request);
    if !app.gate.opens_to(V::presented(request.headers())) {
        return V::refuse(Refused::NoKey);
    }
    let Some(pass) = app.gate.admit() else { return next.run(request).await };
    let mut response =
        if pass.admitted { next.run(request).await } else { V::refuse(Refused::TooMany(pass.wait())) };
    pass.stamp(&mut response);
    response
}
