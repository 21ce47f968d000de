use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{Element, PackageSpec};
use membrane_core::{Error, Result};

use super::layered::LayeredKind;

#[async_trait]
impl LayeredKind for PackageSpec {
    fn check(element: &mut Element<Self>, _connector: Option<&Connector>) -> Result<()> {
        for (n, part) in element.spec.elements.iter().flatten().enumerate() {
            let field = format!("elements[{n}]");
            if !part.r#type.is_packaged() {
                return Err(Error::invalid_input(format!("`{field}`: a package holds no {}", part.r#type))
                    .with("field", field));
            }
            if part.id.is_none() && part.uuid.is_none() {
                return Err(Error::invalid_input(format!("`{field}` names no element: give its `id`"))
                    .with("field", field));
            }
        }
        Ok(())
    }
}
