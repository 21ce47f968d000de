//! `connector.yml`: a whole connector as one text.

mod action;
mod collection;
mod formula;
mod function;
mod located;
mod origin;
mod pagination;
mod parts;
mod schema;
mod spec;
mod unified;

use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

use self::function::Functions;
use self::origin::Origin;
use self::spec::ConnectorSpec;
use crate::connector::{Connector, ConnectorBuilder};
use crate::error::{Error, Result};

/// Bytes of a file. The largest hand-written ones have 200 KB.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Levels of a file, more than any formula or schema in one needs.
const MAX_DEPTH: usize = 64;

/// Stack for that many levels, three times over.
const STACK: usize = 10 * 1024 * 1024;

impl Connector {
    #[doc = include_str!("FORMAT.md")]
    pub fn from_yaml(text: &str, origin: &str) -> Result<Self> {
        let origin = Origin::new(origin);
        if text.len() > MAX_BYTES {
            return Err(origin.whole(format!("the file has more than {} MB", MAX_BYTES >> 20)));
        }
        // Reading recurses, and a level takes up to 50 KB of stack in a debug build: more than the thread
        // of a caller may have left for the deepest file that is allowed.
        let reader = std::thread::Builder::new().name("connector-file".to_owned()).stack_size(STACK);
        std::thread::scope(|scope| {
            let reading = reader.spawn_scoped(scope, || build(parse(text, origin)?, origin));
            let reading = reading
                .map_err(|error| origin.whole("no thread to read the file with").with_source(error))?;
            reading.join().unwrap_or_else(|_| Err(Error::internal("reading a connector file panicked")))
        })
    }
}

fn parse(text: &str, origin: Origin<'_>) -> Result<ConnectorSpec> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        // Aliases are for saying a schema once, not for growing: what they repeat is bounded too.
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 1_000,
        },
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_nodes: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_merge_keys: 1_000,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| refusal(&error, origin))
}

fn refusal(error: &serde_saphyr::Error, origin: Origin<'_>) -> Error {
    use serde_saphyr::Error as Refused;
    use serde_saphyr::budget::BudgetBreach;

    let at = error.location().map(Into::into).unwrap_or_default();
    let error = match error {
        Refused::AliasError { error, .. } => error,
        error => error,
    };
    let message = match error.without_snippet() {
        Refused::SerdeUnknownField { field, expected, .. } => {
            format!("unknown field `{field}`, expected {}", one_of(expected))
        }
        Refused::DuplicateMappingKey { key, .. } => {
            format!("`{}` stands twice", key.as_deref().unwrap_or("a key"))
        }
        Refused::MultipleDocuments { .. }
        | Refused::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            "a connector is one document; a second one begins here".to_owned()
        }
        Refused::Eof { .. } => "the file ends where a value is expected".to_owned(),
        Refused::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            format!("the file nests deeper than {MAX_DEPTH} levels")
        }
        Refused::Budget { breach, .. } => format!("the file is too large: {breach:?}"),
        other => DefaultMessageFormatter.format_message(other).into_owned(),
    };
    origin.error(at, message)
}

fn build(spec: ConnectorSpec, origin: Origin<'_>) -> Result<Connector> {
    let key = origin.key(&spec.key)?;
    let operations: Vec<&str> = spec.operations.0.iter().map(|(key, _)| key.value.as_str()).collect();
    let operations: Vec<String> = operations.into_iter().map(str::to_owned).collect();
    let functions = Functions::new(origin, &operations, spec.api.value.body_type.as_ref())?;
    let mut builder = Connector::builder(key, spec.name);
    if let Some(version) = spec.version {
        builder = builder.version(version.value);
    }
    if let Some(description) = spec.description {
        builder = builder.description(description);
    }
    if let Some(uri) = spec.logo_uri {
        builder = builder.logo_uri(uri.value);
    }
    for category in spec.categories {
        builder = builder.category(category);
    }
    if let Some(schema) = &spec.parameters_schema {
        builder = builder.parameters(origin.schema(schema)?);
    }
    for option in parts::auth(origin, &functions, spec.auth, spec.options)? {
        builder = builder.auth(option);
    }
    for (key, operation) in spec.operations.0 {
        builder = builder.operation(parts::operation(origin, &functions, &key, operation)?);
    }
    for (key, collection) in spec.collections.0 {
        builder = builder.collection(collection::collection(origin, &functions, &key, collection)?);
    }
    let mut connector = builder.build().map_err(|error| origin.whole(error.message()))?;
    connector.api = parts::api(origin, spec.api)?;
    let mut builder = ConnectorBuilder::from(connector);
    let udm = unified::udm(origin, &builder.connector().collections, spec.udm)?;
    builder = builder.udm(udm);
    for (key, action) in spec.actions.0 {
        let action = action::action(origin, builder.connector(), &key, action)?;
        builder = builder.action(action);
    }
    builder.build().map_err(|error| origin.whole(error.message()))
}

/// `one of `a`, `b``, for messages.
fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "nothing: there are none".to_owned(),
        1 => names.concat(),
        _ => format!("one of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
