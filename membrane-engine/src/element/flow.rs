use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{Flow, FlowCustomized, FlowSpec, NodeState, Reference, references};
use membrane_core::{Error, ErrorBody, Result};

use super::layered::LayeredKind;
use crate::{Caller, Engine};

#[async_trait]
impl LayeredKind for FlowSpec {
    fn check(element: &mut Flow, _connector: Option<&Connector>) -> Result<()> {
        for node in element.spec.nodes.iter_mut().flat_map(|nodes| nodes.values_mut()) {
            // What follows from the rest is not the caller's to say.
            let is_customized = node.is_customized;
            *node = node.content();
            node.is_customized = is_customized;
        }
        element.spec.check()
    }

    fn references(&self) -> Vec<Reference> {
        FlowSpec::references(self)
    }

    async fn problems(
        _engine: &Engine,
        _caller: &Caller,
        element: &mut Flow,
        found: &[Reference],
    ) -> Result<Vec<Error>> {
        let spec = &mut element.spec;
        let mut problems: Vec<(String, Vec<Error>)> =
            spec.problems().into_iter().map(|(key, errors)| (key.to_owned(), errors)).collect();
        let mut all = Vec::new();
        for (key, node) in spec.nodes.iter_mut().flatten() {
            let own =
                problems.iter_mut().find(|(known, _)| known == key).map(|(_, errors)| std::mem::take(errors));
            let own = own.unwrap_or_default();
            node.state = Some(if own.is_empty() { NodeState::Ready } else { NodeState::SetupFailed });
            node.errors = Some(own.iter().map(ErrorBody::from).collect());
            let named = node.config.as_ref().map(references).unwrap_or_default();
            let is_named = |known: &&Reference| {
                named.iter().any(|named| named.r#type == known.r#type && named.key == known.key)
            };
            node.dependencies = found.iter().filter(is_named).cloned().collect();
            all.extend(own);
        }
        spec.dependencies = found.to_vec();
        if element.place.parent_id.is_some() {
            let nodes = element.place.is_customized == Some(true);
            spec.customized = Some(FlowCustomized { name: false, nodes });
        }
        Ok(all)
    }
}
