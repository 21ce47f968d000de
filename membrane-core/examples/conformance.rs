//! Runs case files of the data language and counts what differs.
//!
//! `cargo run -p membrane-core --example conformance -- FILE…`: one JSON object a line, with
//! the function (`fn`), its arguments and the expected `result`, `result_undefined` or `error`. Exits with 1
//! when a case fails.

#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "conformance/cases.rs"]
mod cases;
#[path = "conformance/functions.rs"]
mod functions;
#[path = "conformance/schemas.rs"]
mod schemas;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut has_failed = false;
    for path in std::env::args().skip(1) {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{path}: {error}");
                has_failed = true;
                continue;
            }
        };
        let (mut passed, mut failed) = (0, 0);
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match cases::run(line) {
                Ok(()) => passed += 1,
                Err(difference) => {
                    failed += 1;
                    println!("{path}:{}: {difference}", n + 1);
                }
            }
        }
        println!("{path}: {passed} passed, {failed} failed");
        has_failed |= failed > 0;
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
