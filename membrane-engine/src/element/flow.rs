use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{Flow, FlowCustomized, FlowSpec, NodeKind, NodeState, Reference, references};
use membrane_core::{Error, ErrorBody, Result};

use super::action::check_parts;
use super::data_source::adapt_config;
use super::layered::{LayeredKind, connector_of};
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
        engine: &Engine,
        caller: &Caller,
        element: &mut Flow,
        found: &[Reference],
    ) -> Result<Vec<Error>> {
        let connector = connector_of(engine, caller, &element.place).await?;
        let spec = &mut element.spec;
        let mut problems: Vec<(String, Vec<Error>)> =
            spec.problems().into_iter().map(|(key, errors)| (key.to_owned(), errors)).collect();
        let mut all = Vec::new();
        for (key, node) in spec.nodes.iter_mut().flatten() {
            let own =
                problems.iter_mut().find(|(known, _)| known == key).map(|(_, errors)| std::mem::take(errors));
            let mut own = own.unwrap_or_default();
            let is_operation = node.kind() == Some(NodeKind::IntegrationSpecificOperation);
            if let Some(connector) = connector
                && let Err(error) = check_parts(connector, is_operation, node.config.as_ref())
            {
                let message = format!("the node `{key}`: {}", error.message());
                own.push(Error::configuration(message).with("node", key).with("field", "config"));
            }
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
            let nodes = element.place.is_customized == Some(true) && spec.has_own_nodes();
            spec.customized = Some(FlowCustomized { name: element.place.has_own("name"), nodes });
        }
        Ok(all)
    }

    async fn adapt(engine: &Engine, caller: &Caller, element: &mut Flow) -> Result<()> {
        for node in element.spec.nodes.iter_mut().flat_map(|nodes| nodes.values_mut()) {
            let is_over_records = node.kind().is_some_and(NodeKind::is_over_records);
            if is_over_records && node.is_customized != Some(true) {
                adapt_config(engine, caller, &element.place, &mut node.config).await?;
            }
        }
        Ok(())
    }
}
