//! The connector contract.

mod api;
mod limits;

pub use self::api::{ApiBody, ApiClient, ApiRequest, ApiResponse};
pub use self::limits::RateLimit;
