//! The address of a request: a path below the base, or an address of the same origin.

use membrane_core::connector::Reach;
use membrane_core::{Error, ErrorKind, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::address;

/// All but RFC 3986's unreserved characters; `%20` for a space, which every server understands.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Joins `path` to `base` and appends the query pairs. The result is of the origin of `base`, always, and below
/// `base` unless `path` is a whole address that may lead further.
pub(crate) fn join(base: &Url, (path, reach): (&str, Reach), query: &[(String, String)]) -> Result<Url> {
    let mut url = if is_absolute(path) { same_origin(base, path, reach)? } else { below(base, path)? };
    append(&mut url, query);
    Ok(url)
}

/// Appends pairs to the query.
pub(crate) fn append(url: &mut Url, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, ENCODED));
        query.push('=');
        query.extend(utf8_percent_encode(value, ENCODED));
    }
    url.set_query(Some(&query));
}

/// Adds a query pair unless one of its name is there.
pub(crate) fn add_pair(url: &mut Url, pair: &(String, String)) {
    if !url.query_pairs().any(|(name, _)| name == pair.0) {
        append(url, std::slice::from_ref(pair));
    }
}

fn is_absolute(path: &str) -> bool {
    // `https:/x` and `https:\\x` are not taken here: below the base they do no harm.
    path.starts_with("//")
        || path.split_once("://").is_some_and(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        })
}

fn same_origin(base: &Url, address: &str, reach: Reach) -> Result<Url> {
    // Parsed on its own: joined, what only resembles an address would be taken as a relative path.
    let whole = if address.starts_with("//") {
        Url::parse(&format!("{}:{address}", base.scheme()))
    } else {
        Url::parse(address)
    };
    let mut url = whole.map_err(|_| Error::invalid_input("the request's address is not a URL"))?;
    address::judge_form(&url).map_err(blocked)?;
    if url.origin() != base.origin() {
        return Err(blocked("it is of another origin than the connection's API, and credentials would leak")
            .with("host", url.host_str().unwrap_or_default()));
    }
    if reach != Reach::Origin {
        let rest = url.path().strip_prefix(root(base));
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        if !rest.is_some_and(is_below) {
            return Err(blocked("it is outside of the API's base address"));
        }
        check_climb(base, &url)?;
    }
    url.set_fragment(None);
    Ok(url)
}

fn below(base: &Url, path: &str) -> Result<Url> {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_fragment(None);
    let root = root(base);
    if !path.is_empty() {
        url.set_path(&format!("{root}/{}", path.trim_start_matches('/')));
        // The parser has undone every spelling of `..`.
        let rest = url.path().strip_prefix(root);
        if !rest.is_some_and(|rest| rest.starts_with('/')) {
            return Err(blocked(CLIMBS));
        }
        check_climb(base, &url)?;
    }
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        let query = match base.query() {
            Some(first) if !first.is_empty() => format!("{first}&{query}"),
            _ => query.to_owned(),
        };
        url.set_query(Some(&query));
    }
    Ok(url)
}

const CLIMBS: &str = "its path climbs above the API's base address";

/// Codings within one another that servers on the way may undo.
const DECODED: usize = 3;

/// The path of a base address, without a slash at the end.
fn root(base: &Url) -> &str {
    base.path().trim_end_matches('/')
}

/// Refuses a path that leads above the base once a server undoes `%2F`, `%5C` or the parameters of a segment (`..;`),
/// which the parser leaves as they stand.
fn check_climb(base: &Url, url: &Url) -> Result<()> {
    let rest = url.path().strip_prefix(root(base)).filter(|_| !root(base).is_empty()).unwrap_or_default();
    let mut rest = rest.to_owned();
    for _ in 0..=DECODED {
        let mut depth = 0_usize;
        for segment in rest.split(['/', '\\']) {
            let segment = segment.split(';').next().unwrap_or_default();
            // Some servers trim what cannot be seen.
            match segment.trim_matches(|c: char| c.is_control() || c == ' ') {
                "" | "." => {}
                ".." => depth = depth.checked_sub(1).ok_or_else(|| blocked(CLIMBS))?,
                _ => depth += 1,
            }
        }
        if !rest.contains('%') {
            break;
        }
        rest = percent_decode_str(&rest).decode_utf8_lossy().into_owned();
    }
    Ok(())
}

fn blocked(reason: &str) -> Error {
    Error::new(ErrorKind::Blocked, format!("the request's address is refused: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: &str) -> String {
        joined_within(Reach::Base, base, path)
    }

    fn joined_within(reach: Reach, base: &str, path: &str) -> String {
        join(&Url::parse(base).unwrap(), (path, reach), &[])
            .map_or_else(|error| error.to_string(), String::from)
    }

    #[test]
    fn below_the_base() {
        for (base, path, want) in [
            ("https://h/api/v2", "/issues", "https://h/api/v2/issues"),
            ("https://h/api/v2/", "issues?a=1#x", "https://h/api/v2/issues?a=1"),
            ("https://h/api/v2", "", "https://h/api/v2"),
            ("https://h", "/", "https://h/"),
            ("https://h?v=1", "/a?b=2", "https://h/a?v=1&b=2"),
            ("https://h/a", "b/../c", "https://h/a/c"),
            ("https://h", "/projects/x:run", "https://h/projects/x:run"),
            ("https://h", "documents:get", "https://h/documents:get"),
            ("https://h", "/go?to=http://x/y", "https://h/go?to=http://x/y"),
            ("https://h/a/b", ".http://x", "https://h/a/b/.http://x"),
            ("https://h/a/b", "1://x", "https://h/a/b/1://x"),
            ("https://h/api", "..://x/../../..", "https://h/api/"),
            ("https://h", "https:/evil.test", "https://h/https:/evil.test"),
            ("https://h", "\\\\evil.test", "https://h///evil.test"),
            ("https://h/api", "https://H:443/api/other?p=2", "https://h/api/other?p=2"),
            ("https://h/api", "//h/api", "https://h/api"),
            ("https://h/api/", "https://h/api", "https://h/api"),
            ("https://h", "https://h/other", "https://h/other"),
            ("https://h/api", "/files/a%2F..%2Fb", "https://h/api/files/a%2F..%2Fb"),
            ("https://h", "/..%2Fx", "https://h/..%2Fx"),
            ("https://h/api", "/100%25/a%", "https://h/api/100%25/a%"),
        ] {
            assert_eq!(joined(base, path), want, "{path}");
        }
    }

    #[test]
    fn refused() {
        for path in [
            "https://evil.test/a",
            "http://h/a",
            "https://h:8443/a",
            "//evil.test/a",
            "https://user:pass@h/a",
            "https://h@evil.test/a",
            "file:///etc/passwd",
            "../../admin",
            "/../v1",
            "/%2e%2E/x",
            "..\\x",
            "..://x/../../../..",
            "a/../../x",
            "https://h/admin",
            "https://h/apiary",
            "https://h/",
            "//h/other",
            "https://h/api/../admin",
            "https://h/api/%2e%2e/admin",
            "https://h/api/..%2Fadmin",
            "/..%2Fadmin",
            "/%2e%2e%2fadmin",
            "/a/..%2F..%2Fadmin",
            "/..%5Cadmin",
            "/..;/admin",
            "/..;v=1/admin",
            "/%252e%252e%252fadmin",
            "/..%252Fadmin",
            "/..%09/admin",
            "/..%20/admin",
            "/..%00/admin",
        ] {
            assert!(
                joined("https://h/api", path).starts_with("blocked"),
                "{path}: {}",
                joined("https://h/api", path)
            );
        }
    }

    #[test]
    fn what_the_app_hands_out_may_be_anywhere_on_its_origin() {
        for (path, want) in [
            ("https://h/other?page=2", "https://h/other?page=2"),
            ("//h/other", "https://h/other"),
            ("next?page=2", "https://h/api/next?page=2"),
        ] {
            assert_eq!(joined_within(Reach::Origin, "https://h/api", path), want);
        }
        for path in ["https://evil.test/a", "http://h/api", "//h:8443/api", "../other", "/..%2Fother"] {
            assert!(joined_within(Reach::Origin, "https://h/api", path).starts_with("blocked"), "{path}");
        }
    }

    #[test]
    fn pairs_are_encoded() {
        let pairs = [("q".to_owned(), "a b&c=d+é#".to_owned()), ("é".to_owned(), String::new())];
        let url = join(&Url::parse("https://h/a").unwrap(), ("/b?x=1", Reach::Base), &pairs).unwrap();
        assert_eq!(url.as_str(), "https://h/a/b?x=1&q=a%20b%26c%3Dd%2B%C3%A9%23&%C3%A9=");
    }
}
