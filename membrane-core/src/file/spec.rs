//! The file as it is written: one struct an object, nothing parsed further. `FORMAT.md` explains the keys.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::located::{Entries, Located, Node, Text, TextOr};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConnectorSpec {
    pub(super) key: Text,
    pub(super) name: String,
    pub(super) version: Option<Text>,
    pub(super) description: Option<String>,
    pub(super) logo_uri: Option<Text>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    pub(super) parameters_schema: Option<Node>,
    pub(super) auth: Option<Located<AuthSpec>>,
    pub(super) options: Option<Located<Entries<Located<AuthSpec>>>>,
    pub(super) api: Located<ApiSpec>,
    #[serde(default)]
    pub(super) operations: Entries<Located<TextOr<OperationSpec>>>,
    #[serde(default)]
    pub(super) collections: Entries<CollectionSpec>,
    #[serde(default)]
    pub(super) udm: Entries<ModelMappingSpec>,
    #[serde(default)]
    pub(super) actions: Entries<Located<ActionFileSpec>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AuthSpec {
    pub(super) r#type: Text,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) input_schema: Option<Node>,
    pub(super) connector_parameters_schema: Option<Node>,
    pub(super) credentials: Option<Node>,
    pub(super) test: Option<FunctionSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApiSpec {
    pub(super) base_uri: Node,
    pub(super) headers: Option<Node>,
    pub(super) query: Option<Node>,
    pub(super) basic: Option<Node>,
    pub(super) body_type: Option<Text>,
    pub(super) rate_limit: Option<Located<RateLimitSpec>>,
    pub(super) idempotency_header: Option<Text>,
    #[serde(default)]
    pub(super) responses: Vec<Located<ResponseSpec>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RateLimitSpec {
    pub(super) requests: u32,
    pub(super) per_seconds: f64,
    pub(super) concurrency: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResponseSpec {
    pub(super) r#match: Node,
    #[serde(default)]
    pub(super) is_success: bool,
    pub(super) data: Option<Node>,
    pub(super) error: Option<ResponseErrorSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResponseErrorSpec {
    pub(super) key: Option<Text>,
    pub(super) message: Option<Node>,
}

/// `METHOD /path`, `not-supported`, or one of the kinds at length.
pub(super) type FunctionSpec = Located<TextOr<FunctionKinds>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FunctionKinds {
    pub(super) graphql: Option<GraphQlSpec>,
    pub(super) mapping: Option<Node>,
    pub(super) operation: Option<Located<TextOr<OperationCallSpec>>>,
    pub(super) rest: Option<RestSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RestSpec {
    pub(super) method: Text,
    pub(super) path: Text,
    pub(super) body_type: Option<Text>,
    pub(super) request_mapping: Option<RequestSpec>,
    pub(super) response_mapping: Option<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RequestSpec {
    pub(super) path_parameters: Option<Node>,
    pub(super) query: Option<Node>,
    pub(super) headers: Option<Node>,
    pub(super) data: Option<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GraphQlSpec {
    pub(super) path: Option<Text>,
    pub(super) document: Text,
    pub(super) variables: Option<Node>,
    pub(super) result: Option<Text>,
    pub(super) response_mapping: Option<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OperationCallSpec {
    pub(super) operation_key: Text,
    pub(super) input_mapping: Option<Node>,
    pub(super) output_mapping: Option<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OperationSpec {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) is_read_only: Option<bool>,
    pub(super) input_schema: Option<Node>,
    pub(super) output_schema: Option<Node>,
    pub(super) run: FunctionSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CollectionSpec {
    pub(super) name: Option<String>,
    pub(super) parameters_schema: Option<Node>,
    pub(super) fields_schema: Option<Node>,
    pub(super) record: Option<RecordSpec>,
    pub(super) list: Option<Located<TextOr<ListSpec>>>,
    pub(super) search: Option<SearchSpec>,
    pub(super) r#match: Option<MatchSpec>,
    pub(super) find_by_id: Option<Located<TextOr<FindSpec>>>,
    pub(super) create: Option<Located<TextOr<WriteSpec>>>,
    pub(super) update: Option<Located<TextOr<WriteSpec>>>,
    pub(super) delete: Option<Located<TextOr<DeleteSpec>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RecordSpec {
    pub(super) id: Option<Node>,
    pub(super) name: Option<Node>,
    pub(super) uri: Option<Node>,
    pub(super) created_time: Option<Node>,
    pub(super) updated_time: Option<Node>,
    pub(super) fields: Option<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListSpec {
    pub(super) run: FunctionSpec,
    pub(super) records: Option<Text>,
    pub(super) pagination: Option<Located<TextOr<PaginationSpec>>>,
    pub(super) page_size: Option<PageSizeSpec>,
    #[serde(default)]
    pub(super) filter: Entries<Located<TextOr<Entries<Text>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SearchSpec {
    pub(super) run: FunctionSpec,
    pub(super) parameter: Option<String>,
    pub(super) records: Option<Text>,
    pub(super) pagination: Option<Located<TextOr<PaginationSpec>>>,
    pub(super) page_size: Option<PageSizeSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PaginationSpec {
    pub(super) r#type: Text,
    pub(super) next: Option<Text>,
    pub(super) more: Option<Text>,
    pub(super) parameter: Option<Text>,
    pub(super) total: Option<Text>,
    pub(super) first: Option<Located<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PageSizeSpec {
    pub(super) parameter: Option<String>,
    pub(super) size: Located<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MatchSpec {
    #[serde(default)]
    pub(super) fields: Vec<Text>,
    pub(super) run: Option<FunctionSpec>,
    pub(super) record: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FindSpec {
    pub(super) run: FunctionSpec,
    pub(super) record: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WriteSpec {
    pub(super) run: FunctionSpec,
    pub(super) id: Option<Text>,
    #[serde(default)]
    pub(super) fields: Vec<Text>,
    #[serde(default)]
    pub(super) required_fields: Vec<Text>,
    #[serde(default)]
    pub(super) excluded_fields: Vec<Text>,
    pub(super) replaces: Option<Located<bool>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeleteSpec {
    pub(super) run: FunctionSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ActionFileSpec {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) implements: Option<Text>,
    pub(super) operation: Option<Text>,
    pub(super) input: Option<Node>,
    pub(super) output: Option<Node>,
    pub(super) r#type: Option<Text>,
    pub(super) config: Option<Node>,
    pub(super) input_schema: Option<Node>,
    pub(super) output_mapping: Option<Node>,
    pub(super) output_schema: Option<Node>,
    pub(super) custom_output_schema: Option<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ModelMappingSpec {
    pub(super) default_collection: Option<Text>,
    pub(super) root_directory: Option<String>,
    #[serde(default)]
    pub(super) collection_mappings: Vec<CollectionMappingSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CollectionMappingSpec {
    pub(super) key: Text,
    pub(super) parameters: Option<Map<String, Value>>,
    pub(super) fields_from_collection: Option<Node>,
    pub(super) fields_to_collection: Option<Node>,
}
