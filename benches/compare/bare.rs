//! What a product would write without this library.

use std::io::Write;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Failure;

pub(crate) async fn action(
    client: &reqwest::Client,
    app: &str,
    runs: usize,
    input: &Value,
) -> Result<(), Failure> {
    for _ in 0..runs {
        let body = serde_json::to_vec(input)?;
        let request =
            client.post(format!("{app}/echo")).header("content-type", "application/json").body(body);
        let answer: Value = serde_json::from_slice(&request.send().await?.bytes().await?)?;
        assert_eq!(&answer, input);
    }
    Ok(())
}

pub(crate) async fn values(
    client: &reqwest::Client,
    app: &str,
    out: &mut impl Write,
) -> Result<usize, Failure> {
    let mut records = 0;
    let mut page = Some(1);
    while let Some(number) = page {
        let body = client.get(format!("{app}/items?page={number}")).send().await?.bytes().await?;
        let body: Value = serde_json::from_slice(&body)?;
        for record in body["data"].as_array().ok_or("no data")? {
            serde_json::to_writer(&mut *out, record)?;
            out.write_all(b"\n")?;
            records += 1;
        }
        page = body["next_page"].as_u64();
    }
    Ok(records)
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    next_page: Option<u64>,
}

pub(crate) async fn raw_values(
    client: &reqwest::Client,
    app: &str,
    out: &mut impl Write,
) -> Result<usize, Failure> {
    let mut records = 0;
    let mut page = Some(1);
    while let Some(number) = page {
        let body = client.get(format!("{app}/items?page={number}")).send().await?.bytes().await?;
        let body: RawPage<'_> = serde_json::from_slice(&body)?;
        for record in &body.data {
            out.write_all(record.get().as_bytes())?;
            out.write_all(b"\n")?;
            records += 1;
        }
        page = body.next_page;
    }
    Ok(records)
}
