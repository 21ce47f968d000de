use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{Element, ElementKind, PackageSpec, Reference};
use membrane_core::{Error, Paging, Result};

use super::layered::{LayeredKind, missing};
use crate::store::Query;
use crate::{Caller, Engine};

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

    async fn problems(
        engine: &Engine,
        caller: &Caller,
        element: &mut Element<Self>,
        _references: &[Reference],
    ) -> Result<Vec<Error>> {
        let mut problems = Vec::new();
        for part in element.spec.elements.iter().flatten() {
            let (id, uuid) = (part.id.as_deref(), part.uuid.as_deref());
            if !is_there(engine, caller, part.r#type, id, uuid).await? {
                problems.push(missing(&Reference::id(part.r#type, id.or(uuid).unwrap_or_default())));
            }
        }
        Ok(problems)
    }
}

/// Whether an element stands that has this id, or uuid where no id is known.
async fn is_there(
    engine: &Engine,
    caller: &Caller,
    kind: ElementKind,
    id: Option<&str>,
    uuid: Option<&str>,
) -> Result<bool> {
    let (store, scope) = (&engine.parts().store, caller.scope());
    if let Some(id) = id {
        let row = store.row(&scope, kind, &id.into()).await?;
        return Ok(row.is_some_and(|row| row.archived_at.is_none()));
    }
    let fields = uuid.map(|uuid| ("uuid".to_owned(), uuid.into())).into_iter().collect();
    let one = Paging { limit: Some(1), cursor: None };
    let page = store.rows(&scope, kind, &Query { fields, ..Query::default() }, &one).await?;
    Ok(!page.items.is_empty())
}
