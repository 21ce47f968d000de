use async_trait::async_trait;
use membrane_core::Result;
use membrane_core::connector::Connector;
use membrane_core::element::{DataLinkTableSpec, Element};

use super::layered::LayeredKind;

#[async_trait]
impl LayeredKind for DataLinkTableSpec {
    fn check(_element: &mut Element<Self>, _connector: Option<&Connector>) -> Result<()> {
        Ok(())
    }
}
