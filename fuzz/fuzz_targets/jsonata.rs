//! An expression, and behind a line break its variables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_core::formula::{Jsonata, JsonataCore};

fuzz_target!(|text: &str| {
    let (expression, variables) = text.split_once('\n').unwrap_or((text, ""));
    let (variables, _) = membrane_fuzz::two(variables.as_bytes());
    let _ = JsonataCore::new().evaluate(expression, &variables);
});
