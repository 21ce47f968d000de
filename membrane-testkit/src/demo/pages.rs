use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use membrane_core::{Error, Result};
use serde_json::{Value, json};

use crate::serve::{Server, listen};

/// Serves pages of made-up orders that were written out beforehand, to measure how fast they are read.
///
/// `GET /items?page=N`, from 1, without a key, answers
/// `{"data": […], "page", "total", "has_more", "next_page": N + 1 | null, "next": URL | null}`; a page
/// beyond the last is empty. An order is nested and has about 900 bytes. Handing out a page is a look-up,
/// so what a bench measures is the reader. All pages stay in memory: 100,000 orders take 90 MB.
///
/// Stops when dropped.
///
/// ```
/// use membrane_testkit::demo::Pages;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pages = Pages::start(250, 100).await?;
/// let last = reqwest::get(format!("{}/items?page=3", pages.url())).await?.text().await?;
/// let last: serde_json::Value = serde_json::from_str(&last)?;
/// assert_eq!(last["data"].as_array().map(Vec::len), Some(50));
/// assert_eq!(last["next_page"], serde_json::Value::Null);
/// pages.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pages {
    server: Server,
    bytes: usize,
}

impl Pages {
    /// Writes `total` orders out in pages of `per_page`, and serves them on a free port of loopback.
    ///
    /// # Errors
    /// [`InvalidInput`](membrane_core::ErrorKind::InvalidInput) when a page is to hold nothing,
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when no socket can be opened.
    pub async fn start(total: usize, per_page: usize) -> Result<Self> {
        Self::start_on(0, total, per_page).await
    }

    /// Starts on a port of choice, for readers in other processes.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_on(port: u16, total: usize, per_page: usize) -> Result<Self> {
        if per_page == 0 {
            return Err(Error::invalid_input("a page must hold one order at least").with("field", "per_page"));
        }
        let (listener, url) = listen(port).await?;
        let count = total.div_ceil(per_page);
        let pages: Arc<[Bytes]> = (1..=count).map(|page| written(page, total, per_page, &url)).collect();
        let bytes = pages.iter().map(Bytes::len).sum();
        let router = Router::new().route("/items", get(items)).with_state(pages);
        Ok(Self { server: Server::run(listener, url, router), bytes })
    }

    /// The origin, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// How many bytes all pages have together, for a rate in MB/s.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Stops, and returns when the port is free and requests in flight have ended.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

async fn items(State(pages): State<Arc<[Bytes]>>, Query(params): Query<HashMap<String, String>>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    let page = match params.get("page").map(|page| page.parse::<usize>()) {
        None => 1,
        Some(Ok(page)) if page > 0 => page,
        Some(_) => {
            let body = r#"{"error":"page must be a number from 1"}"#;
            return (StatusCode::BAD_REQUEST, json, body).into_response();
        }
    };
    let empty = || Bytes::from_static(br#"{"data":[],"has_more":false,"next_page":null,"next":null}"#);
    (json, pages.get(page - 1).cloned().unwrap_or_else(empty)).into_response()
}

fn written(page: usize, total: usize, per_page: usize, url: &str) -> Bytes {
    let first = (page - 1) * per_page;
    let end = total.min(first + per_page);
    let next = (end < total).then_some(page + 1);
    let body = json!({
        "data": (first + 1..=end).map(order).collect::<Vec<_>>(),
        "page": page,
        "total": total,
        "has_more": next.is_some(),
        "next_page": next,
        "next": next.map(|next| format!("{url}/items?page={next}")),
    });
    Bytes::from(body.to_string())
}

fn order(id: usize) -> Value {
    const STATUSES: [&str; 4] = ["pending", "paid", "shipped", "returned"];
    let line = |n: usize| {
        json!({
            "sku": format!("SKU-{:05}", (id * 31 + n * 7) % 100_000),
            "title": "Stoneware mug, hand glazed",
            "quantity": (id + n) % 5 + 1,
            "unit_price": (id * 13 + n) % 9_000 + 100,
        })
    };
    json!({
        "id": id,
        "number": format!("SO-{id:08}"),
        "status": STATUSES[id % STATUSES.len()],
        "placed_at": format!("2026-{:02}-{:02}T{:02}:{:02}:00Z", id % 12 + 1, id % 28 + 1, id % 24, id % 60),
        "currency": "EUR",
        "total": id * 17 % 50_000,
        "gift": id.is_multiple_of(9),
        "coupon": null,
        "customer": {
            "id": id % 5_000,
            "name": format!("Customer {}", id % 5_000),
            "email": format!("customer{}@example.com", id % 5_000),
            "tags": [format!("tier-{}", id % 4), "newsletter"],
        },
        "ship_to": {"street": format!("{} Canal Street", id % 400), "city": "Utrecht", "country": "NL"},
        "lines": [line(0), line(1)],
        "comment": "Please leave the parcel with the neighbours on the left if nobody opens. ".repeat(5).trim_end(),
    })
}
