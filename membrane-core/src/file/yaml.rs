//! YAML read within bounds: of bytes, of levels, of what aliases repeat.

use std::cell::Cell;

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

use super::located::Spot;
use super::one_of;
use super::origin::Origin;
use super::weight::Weight;
use crate::error::{Error, Result};

/// Bytes of a file. The largest hand-written ones have 200 KB.
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Levels of a file, more than any formula or schema in one needs.
pub(crate) const MAX_DEPTH: usize = 64;

/// Stack for that many levels, three times over.
const STACK: usize = 10 * 1024 * 1024;

/// Reads on a thread of its own. Reading recurses, and a level takes up to 50 KB of stack in a debug build: more
/// than the thread of a caller may have left for the deepest file that is allowed.
pub(crate) fn on_deep_stack<T: Send>(read: impl FnOnce() -> T + Send) -> Result<T> {
    let reader = std::thread::Builder::new().name("file-reader".to_owned()).stack_size(STACK);
    std::thread::scope(|scope| {
        let reading = reader.spawn_scoped(scope, read);
        let reading =
            reading.map_err(|error| Error::internal("no thread to read files with").with_source(error))?;
        reading.join().map_err(|_| Error::internal("reading a file panicked"))
    })
}

/// Why a text is not read, and where.
pub(crate) struct Refusal {
    pub(crate) at: Spot,
    pub(crate) message: String,
}

/// Reads one document of the file `origin`.
pub(super) fn parse<T: DeserializeOwned>(text: &str, origin: Origin<'_>) -> Result<T> {
    read(text).map_err(|Refusal { at, message }| origin.error(at, message))
}

/// Reads one document.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> std::result::Result<T, Refusal> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has more than {} MB", MAX_BYTES >> 20);
        return Err(Refusal { at: Spot::default(), message });
    }
    // The reader bounds what aliases repeat by its parts, of which one may be all that a file can hold.
    if text.contains('&') && text.contains('*') {
        let bytes = Cell::new(0);
        let weighed = serde_saphyr::with_deserializer_from_str_with_options(text, options(), |document| {
            Weight(&bytes).deserialize(document)
        });
        // Any other fault is told by who reads the file in earnest.
        if let Some(error) = weighed.err().filter(|_| bytes.get() > MAX_BYTES) {
            return Err(refusal(&error));
        }
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| refusal(&error))
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
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
    }
}

fn refusal(error: &serde_saphyr::Error) -> Refusal {
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
            "a file is one document; a second one begins here".to_owned()
        }
        Refused::Eof { .. } => "the file ends where a value is expected".to_owned(),
        Refused::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            format!("the file nests deeper than {MAX_DEPTH} levels")
        }
        Refused::Budget { breach, .. } => format!("the file is too large: {breach:?}"),
        other => DefaultMessageFormatter.format_message(other).into_owned(),
    };
    Refusal { at, message }
}
