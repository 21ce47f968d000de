//! The other processes of a comparison: the app that is called, and the servers under load.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use cpu_time::ProcessTime;
use membrane_testkit::demo::Pages;
use tokio::net::TcpListener;

use crate::{Failure, ours};

/// A process that ends when this is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again in a role and waits for its address.
pub(crate) fn start(role: &[&str]) -> Result<Running, Failure> {
    let mut child =
        Command::new(std::env::current_exe()?).arg("--role").args(role).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok(Running { child, url: line.trim().to_owned() })
}

/// Plays a role until killed.
pub(crate) async fn play(role: &str, argument: Option<String>) -> Result<(), Failure> {
    let argument = || argument.clone().ok_or("the role needs an argument");
    match role {
        "pages" => {
            let pages = Pages::start(argument()?.parse()?, 100).await?;
            say(pages.url())?;
            std::future::pending().await
        }
        "echo" => serve(Router::new().route("/echo", post(echo))).await,
        "forwarder" => {
            let to = format!("{}/echo", argument()?);
            let client = reqwest::Client::new();
            serve(Router::new().route("/run", post(forward)).with_state((client, to))).await
        }
        "membrane" => serve(ours::router(&argument()?).await?).await,
        other => Err(format!("no role `{other}`").into()),
    }
}

async fn echo(body: Bytes) -> ([(&'static str, &'static str); 1], Bytes) {
    ([("content-type", "application/json")], body)
}

async fn forward(
    State((client, to)): State<(reqwest::Client, String)>,
    body: Bytes,
) -> Result<([(&'static str, &'static str); 1], Bytes), String> {
    let sent = client.post(to).header("content-type", "application/json").body(body).send().await;
    let answer = sent.map_err(|error| error.to_string())?.bytes().await.map_err(|error| error.to_string())?;
    Ok(([("content-type", "application/json")], answer))
}

/// Where a server says how much CPU it took so far, in microseconds.
pub(crate) const CPU: &str = "/cpu";

async fn serve(router: Router) -> Result<(), Failure> {
    let cpu = || async { ProcessTime::now().as_duration().as_micros().to_string() };
    let router = router.route(CPU, get(cpu));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("http://{}", listener.local_addr()?))?;
    axum::serve(listener, router).await?;
    Ok(())
}

fn say(url: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    writeln!(out, "{url}")?;
    out.flush()?;
    Ok(())
}
