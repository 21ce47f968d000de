//! Time and fresh ids, in one place.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;
use uuid::Uuid;

/// Now, as answers show it: ISO 8601, UTC, milliseconds.
pub(crate) fn now() -> String {
    iso(Timestamp::now())
}

pub(crate) fn iso(time: Timestamp) -> String {
    let time = Offset::UTC.to_datetime(time);
    let mut text = String::with_capacity("2026-01-02T03:04:05.678Z".len());
    let mut push = |number: i16, digits: u32, after: char| {
        // A year before 0 has no place in a text of four digits; no clock shows one.
        let number = number.unsigned_abs();
        for power in (0..digits).rev() {
            let digit = number / 10_u16.pow(power) % 10;
            text.push(char::from(b'0' + digit as u8));
        }
        text.push(after);
    };
    push(time.year(), 4, '-');
    push(time.month().into(), 2, '-');
    push(time.day().into(), 2, 'T');
    push(time.hour().into(), 2, ':');
    push(time.minute().into(), 2, ':');
    push(time.second().into(), 2, '.');
    push(time.millisecond(), 3, 'Z');
    text
}

/// A new id. Ids grow with time (UUID version 7, [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562)).
pub(crate) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// A new id, and the time that it holds: of two ids the greater one does not hold an earlier time.
pub(crate) fn new_id_and_time() -> (String, Timestamp) {
    let id = Uuid::now_v7();
    (id.to_string(), time_of(id).unwrap_or_else(Timestamp::now))
}

/// Whether an id of [`new_id_and_time`] was made within this time; false for what is none.
pub(crate) fn is_recent_id(id: &str, within: Duration) -> bool {
    let made = Uuid::parse_str(id).ok().and_then(time_of);
    made.is_some_and(|made| Timestamp::now().duration_since(made).unsigned_abs() <= within)
}

/// The time that an id holds.
fn time_of(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    Timestamp::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_with_the_times_they_hold() {
        let before = now();
        let mut made: Vec<(String, String)> =
            (0..2000).map(|_| new_id_and_time()).map(|(id, time)| (id, iso(time))).collect();
        assert!(made[0].1 >= before && made[1999].1 <= now());
        assert!(made.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
        made.dedup_by(|a, b| a.1 == b.1);
        assert!(made.iter().all(|(id, _)| Uuid::parse_str(id).is_ok()));
    }

    #[test]
    fn recent_ids() {
        let hour = Duration::from_secs(3600);
        assert!(is_recent_id(&new_id(), hour));
        for other in
            ["", "junk", "0192f0a0-0000-7000-8000-000000000000", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"]
        {
            assert!(!is_recent_id(other, hour), "{other}");
        }
    }

    #[test]
    fn times_are_sortable_text() {
        for (millis, text) in [
            (1_700_000_000_007, "2023-11-14T22:13:20.007Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (253_402_207_199_999, "9999-12-30T21:59:59.999Z"),
        ] {
            assert_eq!(iso(Timestamp::from_millisecond(millis).unwrap()), text);
        }
    }
}
