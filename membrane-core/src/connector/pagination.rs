use serde_json::Value;
use url::Url;

use super::{ApiRequest, ApiResponse};
use crate::error::{Error, ErrorKind, Result};
use crate::locator::Locator;
use crate::page::not_ours;

/// How an app hands out a list page by page.
///
/// The cursor the engine hands on is opaque to callers: the app's own cursor, an offset, a page number or
/// the address of the next page.
///
/// ```
/// use membrane_core::Locator;
/// use membrane_core::connector::{ApiRequest, PageSize, Pagination};
///
/// let pages = Pagination::Offset { parameter: "offset".to_owned(), total: Some(Locator::parse("$.total")?) };
/// let size = PageSize { parameter: Some("limit".to_owned()), size: 100 };
/// let mut request = ApiRequest::get("/contacts");
/// pages.apply(&mut request, Some("100"), Some(&size))?;
/// let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
/// assert_eq!(request.query, [pair("limit", "100"), pair("offset", "100")]);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Pagination {
    /// The answer holds a cursor for the next page.
    Cursor {
        /// Where the cursor is in the body; absent, null or empty text there means the last page.
        next: Locator,
        /// Says whether there is more, for apps that answer a cursor on the last page too.
        more: Option<Locator>,
        /// The query parameter that takes it; `None` when the request's own mapping reads `$.cursor`.
        parameter: Option<String>,
    },
    /// The answer has a `Link` header with `rel="next"` ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288)).
    LinkHeader,
    /// The answer holds the address of the next page.
    NextUrl {
        /// Where the address is in the body.
        next: Locator,
    },
    /// One page has it all.
    #[default]
    None,
    /// The request says how many records to skip.
    Offset {
        /// The query parameter.
        parameter: String,
        /// Where the number of all records is in the body; without it a page shorter than the page size
        /// is the last.
        total: Option<Locator>,
    },
    /// The request says which page.
    PageNumber {
        /// The query parameter.
        parameter: String,
        /// The number of the first page.
        first: u64,
        /// Says whether there is more; without it a page shorter than the page size is the last.
        more: Option<Locator>,
    },
}

/// The page size asked for.
///
/// ```
/// use membrane_core::connector::{ApiRequest, PageSize, Pagination};
///
/// let size = PageSize { parameter: Some("per_page".to_owned()), size: 50 };
/// let mut request = ApiRequest::get("/issues");
/// Pagination::LinkHeader.apply(&mut request, None, Some(&size))?;
/// assert_eq!(request.query, [("per_page".to_owned(), "50".to_owned())]);
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSize {
    /// The query parameter that takes it.
    pub parameter: Option<String>,
    /// Records a page.
    pub size: u64,
}

impl Pagination {
    /// Asks for the page after `cursor`. Parameters go into a JSON object or form the request has as its
    /// body, otherwise into the query.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when the cursor is not one this list gave out.
    pub fn apply(
        &self,
        request: &mut ApiRequest,
        cursor: Option<&str>,
        size: Option<&PageSize>,
    ) -> Result<()> {
        if let Some((size, parameter)) = size.and_then(|size| Some((size.size, size.parameter.as_ref()?))) {
            request.set_parameter(parameter, size.into());
        }
        let Some(cursor) = cursor else {
            if let Self::PageNumber { parameter, first, .. } = self {
                request.set_parameter(parameter, (*first).into());
            }
            return Ok(());
        };
        match self {
            Self::Cursor { parameter: Some(parameter), .. } => {
                request.set_parameter(parameter, cursor.into())
            }
            Self::Cursor { parameter: None, .. } => {}
            Self::LinkHeader | Self::NextUrl { .. } => {
                // The address holds the whole query already. It comes from a caller, who may have made it up: that
                // it stays below the API's base address is checked when it is sent, as for every whole address.
                cursor.clone_into(&mut request.path);
                request.query.clear();
            }
            Self::None => return Err(not_ours(cursor)),
            Self::Offset { parameter, .. } | Self::PageNumber { parameter, .. } => {
                let number: u64 = cursor.parse().map_err(|_| not_ours(cursor))?;
                request.set_parameter(parameter, number.into());
            }
        }
        Ok(())
    }

    /// Finds the cursor of the next page; `None` when this was the last.
    ///
    /// # Errors
    /// [`ErrorKind::External`] when the answer names the page just read as the next one: going on would
    /// never end.
    pub fn next(
        &self,
        response: &ApiResponse,
        body: &Value,
        records: usize,
        cursor: Option<&str>,
        size: Option<&PageSize>,
    ) -> Result<Option<String>> {
        let is_short = |size: Option<&PageSize>| size.is_some_and(|size| (records as u64) < size.size);
        let next = match self {
            Self::Cursor { next, more, .. } => {
                if more.as_ref().is_some_and(|more| !says_more(more, body)) {
                    None
                } else {
                    text(next.at(body))
                }
            }
            Self::LinkHeader => next_link(response)?,
            Self::NextUrl { next } => match text(next.at(body)) {
                Some(address) => Some(absolute(response, &address)?),
                None => None,
            },
            Self::None => None,
            Self::Offset { total, .. } => {
                let at = cursor.and_then(|cursor| cursor.parse::<u64>().ok()).unwrap_or(0);
                let next = at.saturating_add(records as u64);
                let ended = match total.as_ref().and_then(|total| total.at(body)?.as_u64()) {
                    Some(total) => next >= total,
                    None => is_short(size),
                };
                (!ended && records > 0).then(|| next.to_string())
            }
            Self::PageNumber { first, more, .. } => {
                let at = cursor.and_then(|cursor| cursor.parse::<u64>().ok()).unwrap_or(*first);
                let ended = match more {
                    Some(more) => !says_more(more, body),
                    None => records == 0 || is_short(size),
                };
                (!ended).then(|| at.saturating_add(1).to_string())
            }
        };
        if next.is_some() && next.as_deref() == cursor {
            return Err(Error::new(
                ErrorKind::External,
                "the app names the page it just answered as the next one; reading on would never end",
            )
            .with("url", &response.url));
        }
        Ok(next)
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a "there is more" flag: `true`, or any text or number that is not empty or 0 (a next page).
fn says_more(place: &Locator, body: &Value) -> bool {
    match place.at(body) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|n| n != 0.0),
        Some(Value::String(text)) => !text.is_empty() && text != "false",
        _ => false,
    }
}

fn absolute(response: &ApiResponse, address: &str) -> Result<String> {
    let bad = |_| {
        Error::new(ErrorKind::External, "the app answered a next page that is not an address")
            .with("url", &response.url)
    };
    let mut url = Url::parse(&response.url).map_err(bad)?.join(address).map_err(bad)?;
    let is_clients = |name: &str| response.client_query.iter().any(|own| own == name);
    // Only then is it written anew, since that may spell it otherwise.
    if url.query_pairs().any(|(name, _)| is_clients(&name)) {
        let pairs = url.query_pairs().into_owned().filter(|(name, _)| !is_clients(name));
        let pairs: Vec<(String, String)> = pairs.collect();
        url.set_query(None);
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
    }
    Ok(url.into())
}

/// Finds `rel="next"` in the `Link` headers.
fn next_link(response: &ApiResponse) -> Result<Option<String>> {
    for header in response.headers.get_all(http::header::LINK) {
        let Ok(header) = header.to_str() else { continue };
        if let Some(address) = parse_links(header).find_map(|(address, rel)| {
            rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next")).then_some(address)
        }) {
            return absolute(response, address).map(Some);
        }
    }
    Ok(None)
}

/// The addresses and relations of one `Link` header, in order. What does not parse ends the walk.
fn parse_links(mut rest: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        let open = rest.find('<')?;
        let close = rest[open..].find('>')? + open;
        let address = rest[open + 1..close].trim();
        rest = &rest[close + 1..];
        let mut rel = "";
        while let Some(after) = rest.trim_start().strip_prefix(';') {
            let after = after.trim_start();
            let name_end = after.find(['=', ';', ',']).unwrap_or(after.len());
            let name = after[..name_end].trim();
            let mut value = "";
            rest = &after[name_end..];
            if let Some(given) = rest.strip_prefix('=') {
                let given = given.trim_start();
                if let Some(quoted) = given.strip_prefix('"') {
                    let end = quoted.find('"')?;
                    value = &quoted[..end];
                    rest = &quoted[end + 1..];
                } else {
                    let end = given.find([';', ',']).unwrap_or(given.len());
                    value = given[..end].trim();
                    rest = &given[end..];
                }
            }
            if rel.is_empty() && name.eq_ignore_ascii_case("rel") {
                rel = value;
            }
        }
        Some((address, rel))
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::*;
    use crate::connector::ApiBody;

    fn response(link: Option<&str>) -> ApiResponse {
        let mut headers = HeaderMap::new();
        if let Some(link) = link {
            headers.insert(http::header::LINK, HeaderValue::from_str(link).unwrap());
        }
        ApiResponse::new(StatusCode::OK, headers, Bytes::new(), "https://api.example/v1/items")
    }

    fn locator(text: &str) -> Locator {
        Locator::parse(text).unwrap()
    }

    #[test]
    fn link_header_takes_next_among_others_and_resolves_it() {
        let link = r#"<https://api.example/?page=1>; rel="prev", </v1/items?page=3&q=a,b>; title="x"; rel="next last""#;
        let next = Pagination::LinkHeader.next(&response(Some(link)), &Value::Null, 30, None, None).unwrap();
        assert_eq!(next.as_deref(), Some("https://api.example/v1/items?page=3&q=a,b"));
        assert_eq!(Pagination::LinkHeader.next(&response(None), &Value::Null, 30, None, None).unwrap(), None);
    }

    #[test]
    fn an_address_is_handed_out_without_what_the_client_adds() {
        let place = Pagination::NextUrl { next: locator("$.next") };
        for (address, cursor) in [
            ("?page=2&api_key=s3cr3t", "https://api.example/v1/items?page=2"),
            ("/v2?api_key=s3cr3t", "https://api.example/v2"),
            ("?q=a%20b&page=2", "https://api.example/v1/items?q=a%20b&page=2"),
        ] {
            let mut answer = response(Some(&format!("<{address}>; rel=next")));
            answer.client_query.push("api_key".to_owned());
            let next = place.next(&answer, &json!({ "next": address }), 1, None, None).unwrap();
            assert_eq!(next.as_deref(), Some(cursor));
            let next = Pagination::LinkHeader.next(&answer, &Value::Null, 1, None, None).unwrap();
            assert_eq!(next.as_deref(), Some(cursor));
        }
    }

    #[test]
    fn cursor_ends_at_empty_text_null_or_no_more() {
        let plain = Pagination::Cursor { next: locator("$.meta.next"), more: None, parameter: None };
        let next = |body: Value| plain.next(&response(None), &body, 1, Some("a"), None);
        assert_eq!(next(json!({"meta": {"next": "b"}})).unwrap().as_deref(), Some("b"));
        assert_eq!(next(json!({"meta": {"next": ""}})).unwrap(), None);
        assert_eq!(next(json!({"meta": {"next": null}})).unwrap(), None);
        assert_eq!(next(json!({})).unwrap(), None);
        assert!(next(json!({"meta": {"next": "a"}})).is_err());
        let flagged =
            Pagination::Cursor { next: locator("$.id"), more: Some(locator("$.more")), parameter: None };
        let body = json!({"id": "z", "more": false});
        assert_eq!(flagged.next(&response(None), &body, 1, None, None).unwrap(), None);
    }

    #[test]
    fn offset_and_page_number_count() {
        let size = PageSize { parameter: Some("limit".into()), size: 2 };
        let offset = Pagination::Offset { parameter: "offset".into(), total: Some(locator("$.total")) };
        let body = json!({"total": 5});
        let next =
            |records, cursor| offset.next(&response(None), &body, records, cursor, Some(&size)).unwrap();
        assert_eq!(next(2, None).as_deref(), Some("2"));
        assert_eq!(next(2, Some("2")).as_deref(), Some("4"));
        assert_eq!(next(1, Some("4")), None);
        assert_eq!(next(0, Some("2")), None);
        let pages = Pagination::PageNumber { parameter: "page".into(), first: 1, more: None };
        let next = |records, cursor| pages.next(&response(None), &Value::Null, records, cursor, Some(&size));
        assert_eq!(next(2, None).unwrap().as_deref(), Some("2"));
        assert_eq!(next(1, Some("2")).unwrap(), None);
        let mut request = ApiRequest::get("/items").query("page", "9");
        pages.apply(&mut request, Some("2"), Some(&size)).unwrap();
        assert_eq!(request.query, [("limit".into(), "2".into()), ("page".into(), "2".into())]);
        assert!(pages.apply(&mut request, Some("x"), None).is_err());
        let mut request = ApiRequest::post("/search").json(json!({"q": "a"}));
        pages.apply(&mut request, Some("2"), Some(&size)).unwrap();
        assert_eq!(request.body, ApiBody::Json(json!({"q": "a", "limit": 2, "page": 2})));
    }

    proptest! {
        #[test]
        fn any_link_header_is_read_without_panic(text in any::<String>()) {
            let _ = parse_links(&text).take(1000).count();
        }
    }
}
