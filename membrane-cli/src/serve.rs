//! `membrane serve`.

use std::cell::Cell;
use std::time::{Duration, Instant};

use membrane_core::{Error, Result};
use membrane_engine::vault::KeyProvider;
use membrane_server::{ServerConfig, router, serve};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::args::Serve;
use crate::{embedded, print};

/// How long a stop takes at the most, from the signal to the end of the process.
const STOP: Duration = Duration::from_secs(30);

/// What of that is kept for the engine, after the requests under way: it has the log to write.
const FOR_THE_ENGINE: Duration = Duration::from_secs(6);

const SECRETS: &str = "\
`membrane serve` needs two secrets, and at least one is missing:

  MEMBRANE_WORKSPACE_SECRET   signs the tokens of your customers; your backend needs it too
  MEMBRANE_KEY                seals credentials in the database; without it nobody can open them again

Make them once and keep them where you keep secrets:

  export MEMBRANE_WORKSPACE_SECRET=$(openssl rand -hex 32)
  export MEMBRANE_KEY=$(openssl rand -base64 32)";

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn run(args: Serve) -> Result<()> {
    let (key, config) = secrets(&args)?;
    embedded::runtime("info")?.block_on(serve_until_told(args, key, config))
}

fn secrets(args: &Serve) -> Result<(KeyProvider, ServerConfig)> {
    let mut secrets = args.workspace_secret.iter().filter(|secret| !secret.is_empty()).cloned();
    let (Some(first), Some(key)) = (secrets.next(), embedded::key(&args.engine)?) else {
        return Err(Error::configuration(SECRETS));
    };
    let config = secrets.try_fold(ServerConfig::new(first)?, ServerConfig::with_workspace_secret)?;
    Ok((key, config))
}

async fn serve_until_told(args: Serve, key: KeyProvider, config: ServerConfig) -> Result<()> {
    let days = u64::from(args.keep_runs_days);
    let keep = (days > 0).then(|| Duration::from_secs(days * 86_400));
    let mut builder = embedded::builder(&args.engine, key).await?.keep_runs_for(keep);
    if args.allow_private_networks {
        builder = builder.dangerous().allow_private_networks();
    }
    let engine = builder.build().await?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Error::configuration(format!("cannot listen on {}", args.listen)).with_source(error)
    })?;
    // Before anybody is told that the server is ready, who may then stop it at once.
    let mut signals = Signals::install()?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let keys: Vec<&str> = engine.connectors().map(|connector| connector.key.as_str()).collect();
    if args.json {
        let ready = json!({"url": format!("http://{address}"), "workspaceKey": args.engine.workspace_key, "connectors": keys});
        print(&ready.to_string())?;
    } else {
        print(&format!(
            "Serving workspace `{}` on http://{address} (connectors: {}; Ctrl-C stops)",
            args.engine.workspace_key,
            keys.join(", "),
        ))?;
    }
    let told = Cell::new(None);
    let (stop, mut stopped) = watch::channel(());
    let shutdown = async move {
        // An error says that the sender is gone, and then so is the server.
        let _ = stopped.changed().await;
    };
    let served = serve(listener, router(engine.clone(), config), shutdown);
    let patience = async {
        signals.next().await;
        told.set(Some(Instant::now()));
        stop.send_replace(());
        tokio::time::sleep(STOP.saturating_sub(FOR_THE_ENGINE)).await;
    };
    let outcome = tokio::select! {
        outcome = served => outcome,
        () = patience => Ok(()),
    };
    let taken = told.get().map_or(Duration::ZERO, |at: Instant| at.elapsed());
    engine.shutdown_within(STOP.saturating_sub(taken)).await;
    outcome
}

/// Ctrl-C, and on Unix what asks a process to end.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn install() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let install = |kind| {
            signal(kind).map_err(|error| Error::internal("signals cannot be listened to").with_source(error))
        };
        Ok(Self {
            interrupt: install(SignalKind::interrupt())?,
            terminate: install(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn install() -> Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
