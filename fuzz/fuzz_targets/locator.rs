//! A locator, and behind a line break data it leads into.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_core::Locator;

fuzz_target!(|text: &str| {
    let (place, data) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(locator) = Locator::parse(place) else { return };
    assert_eq!(Locator::parse(&locator.to_string()).ok().as_ref(), Some(&locator));
    let (mut data, value) = membrane_fuzz::two(data.as_bytes());
    let _ = (locator.read(&data), locator.at(&data), locator.field());
    let there = locator.at(&data).cloned();
    assert_eq!(locator.take(&mut data), there);
    locator.write(&mut data, Some(value));
    locator.write(&mut data, None);
});
