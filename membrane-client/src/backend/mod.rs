//! The two ways an operation can be carried out: by an engine in this process, or by a server.

#[cfg(feature = "in-process")]
pub(crate) mod in_process;
#[cfg(feature = "remote")]
pub(crate) mod remote;

use membrane_core::element::{Element, Spec};
use membrane_core::op::{List, ListQuery, Op, ProxyRequest, ProxyResponse};
use membrane_core::{Page, Paging, Result};

/// Whom a call is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The workspace itself.
    Manager,
    /// A customer, by the product's own id.
    Customer(String),
}

/// An operation a client can make: each of the [catalogue](membrane_core::op).
#[cfg(feature = "in-process")]
pub trait Callable: membrane_engine::op::Execute {}
#[cfg(feature = "in-process")]
impl<T: membrane_engine::op::Execute> Callable for T {}
/// An operation a client can make: each of the [catalogue](membrane_core::op).
#[cfg(not(feature = "in-process"))]
pub trait Callable: membrane_core::op::Op {}
#[cfg(not(feature = "in-process"))]
impl<T: membrane_core::op::Op> Callable for T {}

#[derive(Clone)]
pub(crate) enum Backend {
    #[cfg(feature = "in-process")]
    InProcess(in_process::InProcess),
    #[cfg(feature = "remote")]
    Remote(remote::Remote),
}

impl Backend {
    pub(crate) async fn call<T: Callable>(&self, who: &Who, op: T) -> Result<T::Output> {
        match self {
            #[cfg(feature = "in-process")]
            Self::InProcess(backend) => backend.call(who, op).await,
            #[cfg(feature = "remote")]
            Self::Remote(backend) => backend.call(who, op).await,
            #[cfg(not(any(feature = "in-process", feature = "remote")))]
            _ => none(who, op),
        }
    }

    /// Lists elements, page after page.
    pub(crate) async fn all<S: Spec>(&self, who: &Who, mut query: ListQuery) -> Result<Vec<Element<S>>>
    where
        List<S>: Callable + Op<Output = Page<Element<S>>>,
    {
        query.paging = Paging { limit: Some(Paging::MAX_LIMIT), cursor: None };
        let mut all = Vec::new();
        loop {
            let page: Page<Element<S>> = self.call(who, List::<S>::from(query.clone())).await?;
            all.extend(page.items);
            match page.cursor {
                Some(cursor) => query.paging.cursor = Some(cursor),
                None => return Ok(all),
            }
        }
    }

    pub(crate) async fn proxy(&self, who: &Who, request: ProxyRequest) -> Result<ProxyResponse> {
        match self {
            #[cfg(feature = "in-process")]
            Self::InProcess(backend) => backend.proxy(who, request).await,
            #[cfg(feature = "remote")]
            Self::Remote(backend) => backend.proxy(who, request).await,
            #[cfg(not(any(feature = "in-process", feature = "remote")))]
            _ => none(who, request),
        }
    }
}

/// Without a backend there is no client that could call.
#[cfg(not(any(feature = "in-process", feature = "remote")))]
fn none<T, O>(_who: &Who, _op: T) -> Result<O> {
    Err(membrane_core::Error::configuration("membrane-client needs the feature `in-process` or `remote`"))
}
