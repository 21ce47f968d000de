use async_trait::async_trait;
use membrane_core::element::{Element, PackageSpec};
use membrane_core::{Error, Result};

use super::layered::LayeredKind;
use crate::{Caller, Engine};

#[async_trait]
impl LayeredKind for PackageSpec {
    async fn check(_engine: &Engine, _caller: &Caller, element: &mut Element<Self>) -> Result<()> {
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
