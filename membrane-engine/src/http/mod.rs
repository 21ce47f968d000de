//! The HTTP stack: how requests reach an app, one layer a file.
//!
//! ```text
//! AppClient ► log ► retry ► rate limit ► auth ► guard ► transport
//! ```
//!
//! | layer | does |
//! |---|---|
//! | log | one event a request, target `membrane::http`, name `http.request` |
//! | retry | sends again what may be sent again; the only place that does ([`RetryPolicy`]) |
//! | rate limit | waits for what the app allows a connection, and as long as the app asks to |
//! | auth | puts the headers and the query of the [`Target`] on the request |
//! | guard | refuses addresses that are not public, follows redirects, bounds time and size |
//! | transport | carries one request ([`Transport`]) |
//!
//! The order is the meaning. Retry is outside the rate limit: each attempt waits for its turn, and none
//! keeps a place while it backs off. The guard is inside auth: the target of a redirect is judged, and
//! loses the credentials, though auth has put them on. Were retry inside auth, a retry could not carry a
//! new credential; were the guard outside retry, a name that resolves anew for the second attempt would
//! not be judged.
//!
//! What one call of the engine sends shares the call's time ([`AppClient::within`]): what is left of it bounds
//! each attempt, the wait for a limit and the wait before another attempt.
//!
//! An error status is an answer ([`ApiResponse`](membrane_core::connector::ApiResponse)), except a refusal
//! for too many requests that outlasts the retries.

mod address;
mod auth;
mod budget;
mod call;
mod client;
mod deadline;
mod fault;
mod field;
mod gate;
mod guard;
mod join;
mod limit;
mod log;
pub(crate) mod mask;
mod recorder;
mod redirect;
mod resolve;
mod retry;
mod spelling;
mod stack;
mod target;
mod transport;
mod wait;
mod window;
mod wire;

pub use self::budget::RetryBudget;
pub use self::client::AppClient;
pub(crate) use self::deadline::Deadline;
pub use self::recorder::{Exchange, ExchangeRequest, ExchangeResponse, Recorder, Recording};
pub use self::resolve::Resolver;
pub use self::retry::RetryPolicy;
pub use self::stack::{Dangerous, HttpStack, HttpStackBuilder};
pub use self::target::{Target, TargetBuilder};
pub use self::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
