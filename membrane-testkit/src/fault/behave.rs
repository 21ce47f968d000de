//! What each path does.

use std::io;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, sleep};

use super::wire::{Answer, head};
use super::{Seen, State};
use crate::serve::lock;

const CHUNK: usize = 64 * 1024;
const MEGABYTE: usize = 1024 * 1024;
const PAGE: &str =
    "<!doctype html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>\n";

/// Answers a request, or does whatever its path does instead.
pub(super) async fn behave(stream: &mut TcpStream, seen: &Seen, state: &Mutex<State>) -> io::Result<()> {
    match act(stream, seen, state).await? {
        Some(answer) => answer.send(stream, seen.method == Method::HEAD).await,
        None => Ok(()),
    }
}

/// Gives the answer of a path; `None` where the path has had its way with the connection already.
async fn act(stream: &mut TcpStream, seen: &Seen, state: &Mutex<State>) -> io::Result<Option<Answer>> {
    let plan = match plan(seen, state) {
        Ok(plan) => plan,
        Err(refusal) => return Ok(Some(refusal)),
    };
    match plan {
        Plan::Answer(answer) => return Ok(Some(answer)),
        Plan::Big { bytes, announce } => big(stream, bytes, announce).await?,
        Plan::Hang => hang(stream).await?,
        Plan::Reset => stream.set_zero_linger()?,
        Plan::Slow(pause) => {
            sleep(pause).await;
            return Ok(Some(ok()));
        }
        Plan::Trickle(pause) => trickle(stream, pause).await?,
    }
    Ok(None)
}

/// What is going to happen to a request.
enum Plan {
    Answer(Answer),
    Big { bytes: usize, announce: bool },
    Hang,
    Reset,
    Slow(Duration),
    Trickle(Duration),
}

fn plan(seen: &Seen, state: &Mutex<State>) -> Result<Plan, Answer> {
    let answer = match seen.path.as_str() {
        "/big" => {
            let megabytes: usize = parameter(seen, "mb", 10)?;
            let bytes = megabytes.saturating_mul(MEGABYTE);
            return Ok(Plan::Big { bytes, announce: parameter(seen, "announce", false)? });
        }
        "/cut-once" => return Ok(cut_once(seen, &mut lock(state))),
        "/empty" => Answer::bare(StatusCode::NO_CONTENT),
        "/fail-first" => {
            let status = parameter(seen, "status", StatusCode::SERVICE_UNAVAILABLE)?;
            if turn(seen, state) <= parameter(seen, "times", 1)? { failure(status) } else { ok() }
        }
        "/hang" => return Ok(Plan::Hang),
        "/html" => Answer::html(StatusCode::OK, PAGE),
        "/ok" => ok(),
        "/rate-limited" => {
            let after: u64 = parameter(seen, "after", 1)?;
            if turn(seen, state) <= parameter(seen, "times", 1)? {
                too_many().header("retry-after", after.to_string())
            } else {
                ok()
            }
        }
        "/redirect" => {
            let status = parameter(seen, "status", StatusCode::FOUND)?;
            let to = value(seen, "to").filter(|to| !to.contains(['\r', '\n']));
            let to = to.ok_or_else(|| Answer::refuse(StatusCode::BAD_REQUEST, "`to` must be an address"))?;
            Answer::bare(status).header("location", to)
        }
        "/redirect-loop" => Answer::bare(StatusCode::FOUND).header("location", "/redirect-loop"),
        "/reset" => return Ok(Plan::Reset),
        "/slow" => return Ok(Plan::Slow(pause(seen)?)),
        "/trickle" => return Ok(Plan::Trickle(pause(seen)?)),
        "/truncated" => Answer::json(StatusCode::OK, r#"{"data":[{"id":1,"name":"#).promising(1000),
        "/truncated-json" => Answer::json(StatusCode::OK, r#"{"data":[{"id":1},{"id":2,"na"#),
        path => path
            .strip_prefix("/status/")
            .and_then(|code| code.parse().ok())
            // A client waits on after a 1xx, and `/hang` is there for that.
            .filter(|status: &StatusCode| (200..600).contains(&status.as_u16()))
            .map(with_retry_after)
            .ok_or_else(|| Answer::refuse(StatusCode::NOT_FOUND, "no such fault"))?,
    };
    Ok(Plan::Answer(answer))
}

fn ok() -> Answer {
    Answer::json(StatusCode::OK, r#"{"ok":true}"#)
}

fn too_many() -> Answer {
    failure(StatusCode::TOO_MANY_REQUESTS)
}

fn with_retry_after(status: StatusCode) -> Answer {
    let answer = failure(status);
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => answer.header("retry-after", "1"),
        _ => answer,
    }
}

/// The body that vendors send with a status; 502 comes from a proxy, so it is a web page.
fn failure(status: StatusCode) -> Answer {
    let (code, message) = match status.as_u16() {
        200..=203 => return Answer::json(status, r#"{"ok":true}"#),
        204 | 205 | 300..=399 => return Answer::bare(status),
        502 => {
            return Answer::html(
                status,
                "<html><body><center><h1>502 Bad Gateway</h1></center></body></html>\n",
            );
        }
        400 => ("bad_request", "The request could not be understood."),
        401 => ("invalid_token", "The access token expired or was revoked."),
        402 => ("payment_required", "The plan of this account does not include this."),
        403 => ("insufficient_scope", "The token lacks the scope items:write."),
        404 => ("not_found", "There is no such item."),
        409 => ("conflict", "The item was changed meanwhile."),
        410 => ("gone", "The item was deleted."),
        422 => ("validation_failed", "Some fields are not valid."),
        429 => ("rate_limited", "Too many requests."),
        503 => ("unavailable", "Down for maintenance."),
        500..=599 => ("internal", "Something went wrong on our side."),
        _ => ("error", "The request failed."),
    };
    let mut error = json!({"code": code, "message": message, "request_id": "req_8f3a1c"});
    if status == StatusCode::UNPROCESSABLE_ENTITY {
        error["fields"] = json!([{"field": "name", "message": "is required"}]);
    }
    Answer::json(status, json!({"error": error}).to_string())
}

fn cut_once(seen: &Seen, state: &mut State) -> Plan {
    let key = value(seen, "key").unwrap_or_default();
    let first = !state.writes.contains_key(key);
    let idempotency_key = seen.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let name = idempotency_key.map(|name| format!("{key} {name}"));
    let known = name.as_ref().and_then(|name| state.written.get(name).copied());
    let number = known.unwrap_or_else(|| {
        let writes = state.writes.entry(key.to_owned()).or_default();
        *writes += 1;
        *writes
    });
    if let Some(name) = name {
        state.written.insert(name, number);
    }
    if first {
        return Plan::Reset;
    }
    Plan::Answer(Answer::json(StatusCode::OK, json!({"id": format!("{key}-{number}")}).to_string()))
}

/// Which request of its path and `key` this is, from 1.
fn turn(seen: &Seen, state: &Mutex<State>) -> u64 {
    let key = value(seen, "key").unwrap_or_default().to_owned();
    let mut state = lock(state);
    let turn = state.turns.entry((seen.path.clone(), key)).or_default();
    *turn += 1;
    *turn
}

fn pause(seen: &Seen) -> Result<Duration, Answer> {
    // An interval of nothing is refused by the timer.
    parameter(seen, "ms", 1000).map(|millis: u64| Duration::from_millis(millis.max(1)))
}

fn value<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    seen.query.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
}

fn parameter<T: FromStr>(seen: &Seen, name: &str, default: T) -> Result<T, Answer> {
    let Some(text) = value(seen, name) else { return Ok(default) };
    let reason = || format!("`{name}` cannot be `{text}`");
    text.parse().map_err(|_| Answer::refuse(StatusCode::BAD_REQUEST, &reason()))
}

/// Sends `{"data":"xxx…"}` of exactly so many bytes.
async fn big(stream: &mut TcpStream, bytes: usize, announce: bool) -> io::Result<()> {
    const OPEN: &[u8] = br#"{"data":""#;
    const CLOSE: &[u8] = br#""}"#;
    let headers = [("content-type", "application/json".to_owned())];
    // Without a length the end of the connection is the end of the body.
    let head = head(StatusCode::OK, &headers, announce.then_some(bytes));
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(OPEN).await?;
    let filler = vec![b'x'; CHUNK];
    let mut left = bytes.saturating_sub(OPEN.len() + CLOSE.len());
    while left > 0 {
        let part = left.min(CHUNK);
        stream.write_all(&filler[..part]).await?;
        left -= part;
    }
    stream.write_all(CLOSE).await?;
    stream.shutdown().await
}

/// Waits until the caller has had enough.
async fn hang(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// Sends spaces, which JSON allows before a document, so that a reader has no reason to give up but time.
async fn trickle(stream: &mut TcpStream, pause: Duration) -> io::Result<()> {
    let headers = [("content-type", "application/json".to_owned())];
    stream.write_all(head(StatusCode::OK, &headers, None).as_bytes()).await?;
    let mut ticks = interval(pause);
    loop {
        ticks.tick().await;
        stream.write_all(b" ").await?;
    }
}
