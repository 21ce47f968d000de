//! What can be typed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand};

/// Integrations for your product's customers: Membrane's API over the Rust engine.
#[derive(Parser)]
#[command(name = "membrane", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serves the REST API.
    Serve(Serve),
    /// Puts what is sealed in the database under a new key. Servers may go on meanwhile, with both keys.
    Rotate(Rotate),
    /// Makes an access token and prints it.
    Token(Token),
    /// Keeps a workspace in a folder of files.
    #[command(subcommand)]
    Workspace(Workspace),
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) engine: Embedded,
    /// The secret tokens are signed with; several with commas between, for the time of a rotation. Better
    /// given in the environment: a command line can be seen by others on this machine.
    #[arg(long, env = "MEMBRANE_WORKSPACE_SECRET", hide_env_values = true, value_delimiter = ',')]
    pub(crate) workspace_secret: Vec<String>,
    /// Lets connectors reach private networks and this machine.
    #[arg(long)]
    pub(crate) allow_private_networks: bool,
    /// How many days the log keeps runs, requests to apps and attempts to connect; 0 keeps them for ever.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) keep_runs_days: u32,
    /// Prints one line of JSON when ready, with the address.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Rotate {
    /// The database file.
    #[arg(long, default_value = "membrane.db")]
    pub(crate) database: PathBuf,
    /// The new key, 32 bytes in base64; older keys behind it with commas between.
    #[arg(long, env = "MEMBRANE_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
}

/// The engine of this process.
#[derive(Args)]
pub(crate) struct Embedded {
    /// The database file; made when it is not there. [default: membrane.db]
    #[arg(long)]
    pub(crate) database: Option<PathBuf>,
    /// The key of the workspace, as tokens name it.
    #[arg(long, default_value = "default")]
    pub(crate) workspace_key: String,
    /// The key that seals credentials, 32 bytes in base64; older keys behind it with commas between.
    #[arg(long, env = "MEMBRANE_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// A folder of further connectors: `*.yml` files, and folders with a `connector.yml`.
    #[arg(long, value_name = "DIR")]
    pub(crate) connectors: Option<PathBuf>,
}

impl Embedded {
    /// The database file.
    pub(crate) fn database(&self) -> &Path {
        self.database.as_deref().unwrap_or_else(|| Path::new("membrane.db"))
    }
}

#[derive(Subcommand)]
pub(crate) enum Workspace {
    /// Writes what the workspace has into the folder. No file is removed.
    Pull(Folder),
    /// Takes the folder into the workspace. Elements without a file stay as they are.
    Push(Folder),
    /// Shows what a push would change, as a patch.
    Diff(Folder),
}

/// A folder, and the workspace it is of.
#[derive(Args)]
pub(crate) struct Folder {
    /// The folder: the files are below `DIR/membrane`.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Changes nothing, and says what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
    /// The address of a server; MEMBRANE_API_URI where neither this nor a database is said. Without one the database is
    /// opened.
    #[arg(long, value_name = "URL", conflicts_with = "database")]
    pub(crate) server: Option<String>,
    /// A token for the server that manages the workspace; `membrane token --admin` makes one.
    #[arg(long, env = "MEMBRANE_ACCESS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) engine: Embedded,
}

#[derive(Args)]
#[command(group = ArgGroup::new("who").required(true).args(["customer", "admin"]))]
pub(crate) struct Token {
    /// The customer, by your product's own id.
    #[arg(long, value_name = "ID")]
    pub(crate) customer: Option<String>,
    /// A token that manages the workspace. Not for a customer's device.
    #[arg(long)]
    pub(crate) admin: bool,
    /// The customer's name, stored when the token is used.
    #[arg(long, conflicts_with = "admin")]
    pub(crate) name: Option<String>,
    /// The customer's fields, a JSON object, stored when the token is used.
    #[arg(long, value_name = "JSON", conflicts_with = "admin")]
    pub(crate) fields: Option<String>,
    /// How long it works: `45s`, `30m`, `1h`, `7d`.
    #[arg(long, default_value = "1h", value_parser = duration)]
    pub(crate) expires_in: Duration,
    /// The key of the workspace.
    #[arg(long, default_value = "default")]
    pub(crate) workspace_key: String,
    /// The secret tokens are signed with; the first, where there are several with commas between.
    #[arg(long, env = "MEMBRANE_WORKSPACE_SECRET", hide_env_values = true, value_delimiter = ',')]
    pub(crate) workspace_secret: Vec<String>,
    /// Prints JSON: the token and when it expires.
    #[arg(long)]
    pub(crate) json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().filter(char::is_ascii_alphabetic);
    let number = unit.map_or(text, |unit| &text[..text.len() - unit.len_utf8()]);
    let seconds = match unit {
        None | Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        Some(_) => 0,
    };
    let amount = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds));
    match amount.filter(|amount| *amount > 0) {
        Some(amount) => Ok(Duration::from_secs(amount)),
        None => Err("a duration is a number and `s`, `m`, `h` or `d`, like `1h`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_folder_is_named() {
        let parse = |args: &[&str]| Cli::try_parse_from(["membrane", "workspace"].iter().chain(args));
        for verb in ["pull", "push", "diff"] {
            assert!(parse(&[verb, ".", "--dry-run", "--json", "--database", "x.db"]).is_ok());
            assert!(parse(&[verb, ".", "--server", "http://localhost:3000", "--token", "t"]).is_ok());
            assert!(parse(&[verb, ".", "--server", "http://localhost:3000", "--database", "x.db"]).is_err());
            assert!(parse(&[verb]).is_err());
        }
        assert!(parse(&[]).is_err());
    }

    #[test]
    fn durations() {
        for (text, seconds) in [("45", 45), ("45s", 45), ("30m", 1800), ("1h", 3600), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "h", "1w", "-1h", "1.5h", "0s", "é", "99999999999999999999d", "9999999999999999999d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_is_somebodys() {
        let parse = |args: &[&str]| Cli::try_parse_from(["membrane", "token"].iter().chain(args));
        assert!(parse(&["--customer", "acme", "--name", "Acme"]).is_ok());
        assert!(parse(&["--admin"]).is_ok());
        assert!(parse(&[]).is_err());
        assert!(parse(&["--admin", "--customer", "acme"]).is_err());
        assert!(parse(&["--admin", "--name", "Acme"]).is_err());
    }
}
