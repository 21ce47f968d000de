//! A product's own axum app with the REST API mounted below `/integrations`: its browser side uses Membrane's
//! JavaScript packages with `apiUri: "/integrations"` and a token from `/token`.
//!
//! ```text
//! cargo run --example axum_host            # serves until Ctrl-C
//! cargo run --example axum_host -- --once  # asks itself once and ends
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use membrane_client::{Client, Secret};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_server::{AccessToken, ServerConfig};

/// What the product's handlers share.
#[derive(Clone)]
struct Product {
    client: Client,
    workspace_secret: Secret<String>,
}

/// The product's own page: what this customer has connected. No HTTP lies between it and the engine.
async fn connected_apps(
    State(product): State<Product>,
    Path(customer): Path<String>,
) -> Result<String, (StatusCode, String)> {
    let connections = product.client.customer(customer).connections().await.map_err(refuse)?;
    let names: Vec<String> = connections.into_iter().map(|connection| connection.name).collect();
    Ok(if names.is_empty() { "nothing connected yet\n".to_owned() } else { names.join("\n") })
}

/// The token the product's browser side asks for. A real product takes the customer from its own session.
async fn token(
    State(product): State<Product>,
    Path(customer): Path<String>,
) -> Result<String, (StatusCode, String)> {
    AccessToken::customer(customer).sign("default", &product.workspace_secret).map_err(refuse)
}

#[allow(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
fn refuse(error: membrane_client::Error) -> (StatusCode, String) {
    let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, error.message().to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace_secret = Secret::new("a secret of at least 32 bytes, only for this example".to_owned());
    let engine = Engine::builder()
        .store(SqliteStore::memory().await?)
        .vault(KeyProvider::generate()?)
        .connectors(membrane_connectors::all()?)
        .build()
        .await?;
    let product =
        Product { client: Client::in_process(engine.clone()), workspace_secret: workspace_secret.clone() };
    let app = Router::new()
        .route("/customers/{id}/apps", get(connected_apps))
        .route("/customers/{id}/token", get(token))
        .with_state(product)
        .nest("/integrations", membrane_server::router(engine.clone(), ServerConfig::new(workspace_secret)?));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("product at      {url}/customers/acme/apps");
    println!("integrations at {url}/integrations");
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    if std::env::args().any(|argument| argument == "--once") {
        let remote = Client::remote(
            &format!("{url}/integrations"),
            AccessToken::manager().sign(
                "default",
                &Secret::new("a secret of at least 32 bytes, only for this example".to_owned()),
            )?,
        )?;
        for integration in remote.integrations().await? {
            println!("offers          {}", integration.name);
        }
        engine.shutdown().await;
        return Ok(());
    }
    server.await??;
    Ok(())
}
