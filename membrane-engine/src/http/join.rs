//! The address of a request: a path below the base, or an address of the same origin.

use membrane_core::{Error, ErrorKind, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::address;

/// All but RFC 3986's unreserved characters; `%20` for a space, which every server understands.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Joins `path` to `base` and appends the query pairs. The result is of the origin of `base`, always.
pub(crate) fn join(base: &Url, path: &str, query: &[(String, String)]) -> Result<Url> {
    let mut url = if is_absolute(path) { same_origin(base, path)? } else { below(base, path)? };
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

fn same_origin(base: &Url, address: &str) -> Result<Url> {
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
    url.set_fragment(None);
    Ok(url)
}

fn below(base: &Url, path: &str) -> Result<Url> {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_fragment(None);
    let root = base.path().trim_end_matches('/');
    if !path.is_empty() {
        url.set_path(&format!("{root}/{}", path.trim_start_matches('/')));
        // The parser has undone every spelling of `..`.
        let rest = url.path().strip_prefix(root);
        if !rest.is_some_and(|rest| rest.starts_with('/')) {
            return Err(blocked("its path climbs above the API's base address"));
        }
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

fn blocked(reason: &str) -> Error {
    Error::new(ErrorKind::Blocked, format!("the request's address is refused: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: &str) -> String {
        join(&Url::parse(base).unwrap(), path, &[]).map_or_else(|error| error.to_string(), String::from)
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
            ("https://h/api", "https://H:443/other?p=2", "https://h/other?p=2"),
            ("https://h/api", "//h/other", "https://h/other"),
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
        ] {
            assert!(
                joined("https://h/api", path).starts_with("blocked"),
                "{path}: {}",
                joined("https://h/api", path)
            );
        }
    }

    #[test]
    fn pairs_are_encoded() {
        let pairs = [("q".to_owned(), "a b&c=d+é#".to_owned()), ("é".to_owned(), String::new())];
        let url = join(&Url::parse("https://h/a").unwrap(), "/b?x=1", &pairs).unwrap();
        assert_eq!(url.as_str(), "https://h/a/b?x=1&q=a%20b%26c%3Dd%2B%C3%A9%23&%C3%A9=");
    }
}
