use async_trait::async_trait;
use membrane_core::Result;
use membrane_core::element::{DataLinkTableSpec, Element};

use super::layered::LayeredKind;
use crate::{Caller, Engine};

#[async_trait]
impl LayeredKind for DataLinkTableSpec {
    async fn check(_engine: &Engine, _caller: &Caller, _element: &mut Element<Self>) -> Result<()> {
        Ok(())
    }
}
