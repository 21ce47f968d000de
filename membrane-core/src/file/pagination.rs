//! Paging: one word, or an object with the keys its type takes.

use super::located::{Located, Text, TextOr};
use super::one_of;
use super::origin::Origin;
use super::spec::{PageSizeSpec, PaginationSpec};
use crate::connector::{PageSize, Pagination};
use crate::error::Result;
use crate::locator::Locator;

/// The types, and the keys each takes.
const TYPES: &[(&str, &[&str])] = &[
    ("cursor", &["next", "more", "parameter"]),
    ("link-header", &[]),
    ("next-url", &["next"]),
    ("none", &[]),
    ("offset", &["parameter", "total"]),
    ("page-number", &["parameter", "first", "more"]),
];

pub(super) fn pagination(origin: Origin<'_>, spec: &Located<TextOr<PaginationSpec>>) -> Result<Pagination> {
    let spec = match &spec.value {
        TextOr::Other(spec) => spec,
        TextOr::Text(text) => &PaginationSpec {
            r#type: Text { at: spec.at, value: text.clone() },
            next: None,
            more: None,
            parameter: None,
            total: None,
            first: None,
        },
    };
    check_keys(origin, spec)?;
    let place = |text: &Option<Text>| text.as_ref().map(|text| origin.locator(text)).transpose();
    let required = |text: &Option<Text>| -> Result<Locator> {
        match text {
            Some(text) => origin.locator(text),
            None => Err(missing(origin, spec, "next")),
        }
    };
    let parameter = |default: &str| spec.parameter.as_ref().map_or(default, |text| &text.value).to_owned();
    Ok(match spec.r#type.value.as_str() {
        "cursor" => Pagination::Cursor {
            next: required(&spec.next)?,
            more: place(&spec.more)?,
            parameter: spec.parameter.as_ref().map(|text| text.value.clone()),
        },
        "link-header" => Pagination::LinkHeader,
        "next-url" => Pagination::NextUrl { next: required(&spec.next)? },
        "offset" => Pagination::Offset { parameter: parameter("offset"), total: place(&spec.total)? },
        "page-number" => Pagination::PageNumber {
            parameter: parameter("page"),
            first: spec.first.as_ref().map_or(1, |first| first.value),
            more: place(&spec.more)?,
        },
        _ => Pagination::None,
    })
}

fn check_keys(origin: Origin<'_>, spec: &PaginationSpec) -> Result<()> {
    let kind = &spec.r#type;
    let Some((_, keys)) = TYPES.iter().find(|(name, _)| *name == kind.value) else {
        let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        let message = format!("unknown pagination `{}`, expected {}", kind.value, one_of(&names));
        return Err(origin.error(kind.at, message));
    };
    let given = [
        ("next", spec.next.as_ref().map(|text| text.at)),
        ("more", spec.more.as_ref().map(|text| text.at)),
        ("parameter", spec.parameter.as_ref().map(|text| text.at)),
        ("total", spec.total.as_ref().map(|text| text.at)),
        ("first", spec.first.as_ref().map(|first| first.at)),
    ];
    for (name, at) in given {
        if let Some(at) = at.filter(|_| !keys.contains(&name)) {
            let expected = if keys.is_empty() { "nothing besides `type`".to_owned() } else { one_of(keys) };
            let message =
                format!("`{name}` means nothing to `{}` pagination, expected {expected}", kind.value);
            return Err(origin.error(at, message));
        }
    }
    Ok(())
}

fn missing(origin: Origin<'_>, spec: &PaginationSpec, name: &str) -> crate::Error {
    origin.error(spec.r#type.at, format!("`{}` pagination needs `{name}`", spec.r#type.value))
}

pub(super) fn page_size(origin: Origin<'_>, spec: PageSizeSpec) -> Result<PageSize> {
    if spec.size.value == 0 {
        return Err(origin.error(spec.size.at, "a page holds at least one record"));
    }
    Ok(PageSize { parameter: spec.parameter, size: spec.size.value })
}
