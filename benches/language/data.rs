//! Contacts as a CRM lists them, 25 fields each, and what is done with them.

use serde_json::{Value, json};

/// Contacts become a product's own: variables, texts put together, cases, a list, dates.
pub(crate) const MAPPING: &str = include_str!("mapping.json");

/// Two conditions, of which a third of the records satisfy the first and a third of those the other.
pub(crate) const FILTER: &str = include_str!("filter.json");

/// The contact with this number; always the same.
pub(crate) fn record(n: usize) -> Value {
    let pick = |of: &[&str], salt: usize| of[(n / salt) % of.len()].to_owned();
    let (day, hour) = (n % 28 + 1, n % 24);
    let deals: Vec<Value> = (0..n % 4)
        .map(|deal| {
            json!({"id": format!("deal-{n}-{deal}"), "name": format!("Renewal {deal}"),
                "amount": n % 977 + deal, "stage": pick(&["new", "offer", "closed"], deal + 1)})
        })
        .collect();
    json!({
        "id": format!("contact-{n}"),
        "email": format!("person{n}@company{}.example", n % 5000),
        "first_name": pick(&["Ann", "Björn", "Chloé", "Dmitri", "Eve"], 1),
        "last_name": pick(&["Lee", "van der Berg", "Müller", "Okafor"], 5),
        "phone": format!("+49 30 {:07}", n * 7919 % 10_000_000),
        "mobile": if n.is_multiple_of(3) { Value::Null } else { json!(format!("+49 170 {:07}", n * 104_729 % 10_000_000)) },
        "job_title": pick(&["Engineer", "Head of Procurement", "Sales Manager"], 3),
        "department": pick(&["Engineering", "Purchasing", "Sales", "Support"], 7),
        "lifecycle_stage": pick(&["customer", "lead", "subscriber"], 1),
        "lead_status": pick(&["NEW", "IN_PROGRESS", "CONNECTED"], 11),
        "owner": {"id": format!("user-{}", n % 40), "name": "Kim Park", "email": "kim@acme.example"},
        "company": {"id": n % 5000, "name": format!("Company {}", n % 5000)},
        "amount": n * 37 % 100_000,
        "currency": pick(&["EUR", "USD", "PLN"], 2),
        "score": n * 31 % 100,
        "is_subscribed": n.is_multiple_of(2),
        "created_at": format!("2023-{:02}-{day:02}T{hour:02}:30:15Z", n % 12 + 1),
        "updated_at": format!("2024-{:02}-{day:02}T{hour:02}:05:59+02:00", n % 12 + 1),
        "last_contacted": format!("2024-05-{day:02}"),
        "address": {
            "street": format!("Long Street {}", n % 300), "zip": format!("{:05}", n % 99_999),
            "city": pick(&["Berlin", "Paris", "Kraków", "Lisbon"], 9),
            "country": pick(&["DE", "FR", "PL", "PT", "US", "GB", "ES", "IT", "SE"], 4),
        },
        "tags": ["imported", pick(&["vip", "trial", "newsletter"], 13)],
        "deals": deals,
        "website": format!("https://company{}.example", n % 5000),
        "language": pick(&["de", "fr", "pl", "en"], 6),
        "description": "Met at the fair in spring; wants to hear about the new release before the summer.",
    })
}
