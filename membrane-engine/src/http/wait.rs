//! How an app says "not now": statuses and headers, read into a wait.

use std::time::Duration;

use http::header::{DATE, HeaderMap, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// The app refused the request without doing it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Refusal {
    /// How long the app asks to wait, if it says.
    pub(crate) wait: Option<Duration>,
    /// Whether it refused for the number of requests (429, 403), not for its own trouble (503).
    pub(crate) limit: bool,
}

/// No header makes us wait longer than a year: larger values are mistakes.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Tells a refusal from any other answer.
pub(crate) fn refusal(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Refusal> {
    let limit = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN => true,
        StatusCode::SERVICE_UNAVAILABLE => false,
        _ => return None,
    };
    // The app's own clock counts for its own dates.
    let now = text(headers, &DATE).and_then(http_date).unwrap_or(now);
    let stated = text(headers, &RETRY_AFTER).and_then(|value| retry_after(value, now));
    let remaining =
        first(headers, &["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"])
            .and_then(|value| value.parse::<f64>().ok());
    let spent = remaining.is_some_and(|left| left <= 0.0);
    if status != StatusCode::TOO_MANY_REQUESTS && stated.is_none() && !spent {
        return None;
    }
    let reset = || {
        // With requests left, the reset of this window is not what is waited for.
        let other = remaining.is_some() && !spent;
        let value = first(headers, &["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"]);
        value.filter(|_| !other).and_then(|value| reset(value, now))
    };
    Some(Refusal { wait: stated.or_else(reset), limit })
}

/// Reads `Retry-After`: seconds or an HTTP date.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    seconds(value).or_else(|| http_date(value).map(|at| until(at, now)))
}

/// Reads a time of reset: seconds from now, or a moment as seconds, milliseconds or ISO 8601.
fn reset(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let Ok(number) = value.parse::<f64>() else {
        return value.parse::<Timestamp>().ok().map(|at| until(at, now));
    };
    let at = match number {
        n if n >= 1e11 => Timestamp::from_millisecond(n as i64).ok()?,
        n if n >= 1e8 => Timestamp::from_millisecond((n * 1e3) as i64).ok()?,
        _ => return seconds(value),
    };
    Some(until(at, now))
}

fn seconds(value: &str) -> Option<Duration> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = value.parse::<f64>().ok().filter(|_| digits)?;
    Some(Duration::try_from_secs_f64(number).unwrap_or(LONGEST).min(LONGEST))
}

/// Reads the three forms of RFC 9110: IMF-fixdate, RFC 850, asctime.
fn http_date(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    if let Ok(at) = rfc2822::DateTimeParser::new().parse_timestamp(value) {
        return Some(at);
    }
    let civil = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| DateTime::strptime(form, value).ok())?;
    civil.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO).min(LONGEST)
}

fn first<'h>(headers: &'h HeaderMap, names: &[&'static str]) -> Option<&'h str> {
    names.iter().find_map(|name| text(headers, &HeaderName::from_static(name)))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const NOW: i64 = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn wait(status: u16, headers: &[(&'static str, &str)]) -> Option<Option<u64>> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let found = refusal(StatusCode::from_u16(status).unwrap(), &headers, now());
        found.map(|refusal| refusal.wait.map(|wait| wait.as_secs()))
    }

    #[test]
    fn forms_of_retry_after() {
        for (value, want) in [
            ("120", Some(120)),
            (" 1.5 ", Some(1)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(LONGEST.as_secs())),
            ("-5", None),
            ("inf", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now()).map(|wait| wait.as_secs()), want, "{value}");
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(wait(429, &[]), Some(None));
        assert_eq!(wait(429, &[("retry-after", "7")]), Some(Some(7)));
        assert_eq!(wait(429, &[("x-ratelimit-reset", "784111787")]), Some(Some(10)));
        assert_eq!(wait(429, &[("x-ratelimit-reset", "784111787000")]), Some(Some(10)));
        assert_eq!(wait(429, &[("ratelimit-reset", "30")]), Some(Some(30)));
        assert_eq!(wait(429, &[("x-ratelimit-reset", "1994-11-06T08:49:47Z")]), Some(Some(10)));
        assert_eq!(wait(429, &[("x-ratelimit-remaining", "9"), ("x-ratelimit-reset", "30")]), Some(None));
        assert_eq!(wait(403, &[]), None);
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")]), Some(Some(30)));
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "5")]), None);
        assert_eq!(wait(503, &[("retry-after", "2")]), Some(Some(2)));
        assert_eq!(wait(503, &[]), None);
        assert_eq!(wait(200, &[("retry-after", "2")]), None);
        let skewed =
            [("date", "Sun, 06 Nov 1994 09:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 09:49:47 GMT")];
        assert_eq!(wait(429, &skewed), Some(Some(10)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_left(value in "\\PC*") {
            if let Some(wait) = retry_after(&value, now()) {
                prop_assert!(wait <= LONGEST);
            }
            if let Some(wait) = reset(&value, now()) {
                prop_assert!(wait <= LONGEST);
            }
        }

        #[test]
        fn seconds_are_read_back(secs in 0..LONGEST.as_secs()) {
            prop_assert_eq!(retry_after(&secs.to_string(), now()), Some(Duration::from_secs(secs)));
        }

        #[test]
        fn dates_are_read_back(ahead in -1_000_000_i64..10_000_000) {
            let at = Timestamp::from_second(NOW + ahead).unwrap();
            let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let want = Duration::from_secs(u64::try_from(ahead).unwrap_or(0));
            prop_assert_eq!(retry_after(&text, now()), Some(want));
        }

        #[test]
        fn any_number_is_a_bounded_reset(number in any::<f64>()) {
            if let Some(wait) = reset(&number.to_string(), now()) {
                prop_assert!(wait <= LONGEST);
            }
        }
    }
}
