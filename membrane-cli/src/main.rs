#![doc = include_str!("../README.md")]

mod args;
mod connectors;
mod embedded;
mod rotate;
mod serve;
mod token;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use membrane_core::{Error, ErrorKind, Result};

use crate::args::{Cli, Command};

/// A run is begun on one thread and logged by another; the system's allocators are slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to be done when standard error is gone too.
            let _ = writeln!(std::io::stderr(), "error: {}", shown(&error));
            ExitCode::from(if error.kind() == ErrorKind::Internal { 3 } else { 2 })
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(args).map(|()| ExitCode::SUCCESS),
        Command::Rotate(args) => rotate::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Token(args) => token::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Workspace(command) => workspace::run(&command),
    }
}

/// Writes a line to standard output.
///
/// # Errors
/// `Internal` when standard output is closed.
fn print(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    written.map_err(|error| Error::internal("standard output is closed").with_source(error))
}

/// An error for a person at a terminal: the sentence, where, and the cause.
fn shown(error: &Error) -> String {
    use std::error::Error as _;
    let mut text = error.message().to_owned();
    for (name, value) in error.context() {
        text.push_str(&format!("\n  {name}: {value}"));
    }
    if let Some(source) = error.source() {
        text.push_str(&format!("\n  because: {source}"));
    }
    text
}
