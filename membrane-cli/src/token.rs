//! `membrane token`.

use std::time::{SystemTime, UNIX_EPOCH};

use membrane_core::{Error, Result, Secret};
use membrane_server::AccessToken;
use serde_json::json;

use crate::args::Token;
use crate::print;

/// Makes a token and prints it.
pub(crate) fn run(args: &Token) -> Result<()> {
    let secret = args.workspace_secret.first().filter(|secret| !secret.is_empty()).ok_or_else(|| {
        Error::configuration(
            "the secret of the workspace is missing: set MEMBRANE_WORKSPACE_SECRET to the one the server has",
        )
    })?;
    let token = token(args)?.sign(&args.workspace_key, &Secret::new(secret.clone()))?;
    if !args.json {
        return print(&token);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires_at = now.saturating_add(args.expires_in).as_secs();
    print(&json!({"token": token, "expiresAt": expires_at}).to_string())
}

fn token(args: &Token) -> Result<AccessToken> {
    let mut token = match &args.customer {
        Some(customer) => AccessToken::customer(customer),
        None => AccessToken::manager(),
    };
    token = token.with_lifetime(args.expires_in);
    if let Some(name) = &args.name {
        token = token.with_name(name);
    }
    if let Some(fields) = &args.fields {
        let fields = serde_json::from_str(fields)
            .map_err(|error| Error::invalid_input(format!("--fields is not JSON: {error}")))?;
        token = token.with_fields(fields);
    }
    Ok(token)
}
