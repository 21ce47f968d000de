//! The connector contract.

mod api;

pub use self::api::{ApiBody, ApiClient, ApiRequest, ApiResponse};
