//! `membrane workspace`.

mod folder;
mod pull;
mod show;

use std::process::ExitCode;

use membrane_client::{Client, WorkspaceFiles};
use membrane_core::op::WorkspaceImport;
use membrane_core::{Error, ErrorBody, ErrorKind, Result, Retry};
use membrane_engine::Engine;
use serde_json::Value;

use self::show::{notes, problems, safe, tell};
use crate::args::{Folder, Workspace};
use crate::{embedded, print};

const KEY: &str = "\
without `--server` the database is opened, and MEMBRANE_KEY is missing: the key that seals credentials in it. \
Set it to the one `membrane serve` has, or name a server with `--server` and `--token`";

/// Pulls, pushes or compares. The exit code is 1 when a file could not be taken.
pub(crate) fn run(command: &Workspace) -> Result<ExitCode> {
    let (Workspace::Pull(args) | Workspace::Push(args) | Workspace::Diff(args)) = command;
    carry_out(command, args).inspect_err(|error| {
        if args.json {
            // Nothing is left to be done when standard output is closed too.
            let _ = json(&serde_json::json!({"error": ErrorBody::from(error)}));
        }
    })
}

fn carry_out(command: &Workspace, args: &Folder) -> Result<ExitCode> {
    let is_changed = matches!(command, Workspace::Push(_)) && !args.dry_run;
    embedded::runtime("warn")?.block_on(async {
        let (client, engine) = Box::pin(open(args, is_changed)).await?;
        let outcome = match command {
            Workspace::Pull(args) => pull::pull(&client, args).await,
            Workspace::Push(args) => push(&client, args).await,
            Workspace::Diff(args) => diff(&client, args).await,
        };
        if let Some(engine) = engine {
            engine.shutdown().await;
        }
        outcome.map(|is_clean| if is_clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
    })
}

/// A client of the server that is named, else of an engine on the database. A workspace that is only looked at stays
/// as it is: it may be served with other connectors.
async fn open(args: &Folder, is_changed: bool) -> Result<(Client, Option<Engine>)> {
    if let Some(server) = &server(args) {
        let token = args.token.clone().filter(|token| !token.is_empty()).ok_or_else(|| {
            Error::configuration(
                "a token for the server is missing: set MEMBRANE_ACCESS_TOKEN to one that `membrane token --admin` made",
            )
        })?;
        return Ok((Client::remote(server, token)?, None));
    }
    let key = embedded::key(&args.engine)?.ok_or_else(|| Error::configuration(KEY))?;
    let database = args.engine.database();
    if !is_changed && !database.exists() {
        let message = format!(
            "there is no database {}; `membrane serve` and `membrane workspace push` make one",
            database.display()
        );
        return Err(Error::configuration(message));
    }
    let mut builder = embedded::builder(&args.engine, key).await?;
    if !is_changed {
        builder = builder.without_sync();
    }
    let engine = builder.build().await?;
    Ok((Client::in_process(engine.clone()), Some(engine)))
}

/// The server that is meant. A database that is named counts more than the environment.
fn server(args: &Folder) -> Option<String> {
    let of_environment = || std::env::var("MEMBRANE_API_URI").ok().filter(|server| !server.trim().is_empty());
    match &args.engine.database {
        None => args.server.clone().or_else(of_environment),
        Some(_) => None,
    }
}

async fn push(client: &Client, args: &Folder) -> Result<bool> {
    let outcome = import(client, args, args.dry_run).await?;
    if args.json {
        return json(&outcome).map(|()| outcome.report.is_clean());
    }
    problems(&outcome.report.problems)?;
    notes(&outcome.report)?;
    if !outcome.brought.is_empty() {
        let brought: Vec<String> = outcome.brought.iter().map(ToString::to_string).collect();
        let text = format!("no file says them, connectors bring them along: {}", brought.join(", "));
        tell("note", &text)?;
    }
    let verb = if outcome.dry_run { "Would push" } else { "Pushed" };
    print(&format!(
        "{verb}: {} created, {} changed, {} unchanged, {} not taken; {} of the workspace have no file",
        outcome.created.len(),
        outcome.changed.len(),
        outcome.unchanged,
        outcome.report.problems.len(),
        outcome.untouched,
    ))?;
    Ok(outcome.report.is_clean())
}

async fn diff(client: &Client, args: &Folder) -> Result<bool> {
    let outcome = import(client, args, true).await?;
    if args.json {
        return json(&outcome).map(|()| outcome.report.is_clean());
    }
    problems(&outcome.report.problems)?;
    let patch = outcome.diff.unwrap_or_default().to_string();
    if !patch.is_empty() {
        print(safe(&patch).trim_end_matches('\n'))?;
    }
    Ok(outcome.report.is_clean())
}

/// Takes the folder in. What could not even be read is among the problems.
async fn import(client: &Client, args: &Folder, dry_run: bool) -> Result<WorkspaceImport> {
    let read = folder::read(&args.dir)?;
    if !read.is_there {
        return Err(Error::configuration(format!(
            "there is no folder `membrane` in {}; `membrane workspace pull` makes it",
            args.dir.display()
        )));
    }
    let files: WorkspaceFiles = read.files;
    let mut outcome = match dry_run {
        true => client.workspace().dry_run(files).await?,
        false => client.workspace().import(files).await.map_err(unsure)?,
    };
    outcome.report.problems.splice(..0, read.problems);
    Ok(outcome)
}

/// Says of a push without an answer how one finds out.
fn unsure(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Unavailable if error.retry() == Retry::Never => {
            error.map_message(|why| {
                format!("{why}; `membrane workspace diff` tells whether the folder was taken")
            })
        }
        _ => error,
    }
}

/// Prints one JSON document.
fn json(outcome: &impl serde::Serialize) -> Result<()> {
    let document: Value = serde_json::to_value(outcome)
        .map_err(|error| Error::internal("the outcome cannot be written as JSON").with_source(error))?;
    print(&document.to_string())
}
