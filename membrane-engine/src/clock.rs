//! Time and fresh ids, in one place.

use jiff::Timestamp;
use uuid::Uuid;

/// Now, as answers show it: ISO 8601, UTC, milliseconds.
pub(crate) fn now() -> String {
    iso(Timestamp::now())
}

pub(crate) fn iso(time: Timestamp) -> String {
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// A new id. Ids grow with time (UUID version 7, [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562)).
pub(crate) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_sortable_text() {
        assert_eq!(iso(Timestamp::from_millisecond(1_700_000_000_007).unwrap()), "2023-11-14T22:13:20.007Z");
    }
}
