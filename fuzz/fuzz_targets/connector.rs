//! Any text is a connector, or an error that names its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_core::connector::Connector;

fuzz_target!(|text: &str| {
    if let Err(error) = Connector::from_yaml(text, "connector.yml") {
        assert!(error.message().starts_with("connector.yml"), "{error}");
    }
});
