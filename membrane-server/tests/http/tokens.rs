use membrane_core::{ErrorKind, Secret};
use membrane_server::{AccessToken, ServerConfig};
use reqwest::Method;
use serde_json::json;

use crate::support::{Harness, SECRET, customer, error, manager, ok};

async fn refused(harness: &Harness, token: &str) -> String {
    let response = harness.bare(Method::GET, "/self").bearer_auth(token).send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    let (status, error) = error(response).await;
    assert_eq!((status, error.kind()), (401, ErrorKind::NotAuthenticated));
    error.context_value("reason").unwrap().to_owned()
}

#[tokio::test]
async fn a_token_is_required_and_must_be_genuine() {
    let harness = Harness::start().await;
    let secret = |text: &str| Secret::new(text.to_owned());
    let response = harness.bare(Method::GET, "/self").send().await.unwrap();
    let (status, missing) = error(response).await;
    assert_eq!((status, missing.context_value("reason")), (401, Some("missing")));

    let token = customer("acme");
    assert_eq!(refused(&harness, "garbled").await, "malformed");
    assert_eq!(refused(&harness, "pat-1234").await, "personal");
    let swapped =
        format!("{}.{}", &token[..token.rfind('.').unwrap()], customer("other").rsplit('.').next().unwrap());
    assert_eq!(refused(&harness, &swapped).await, "signature");
    let foreign =
        AccessToken::customer("acme").sign("ws", &secret("another secret of 32 bytes, or more")).unwrap();
    assert_eq!(refused(&harness, &foreign).await, "signature");
    let elsewhere = AccessToken::customer("acme").sign("other", &secret(SECRET)).unwrap();
    assert_eq!(refused(&harness, &elsewhere).await, "workspace");
    let claims = json!({"iss": "ws", "id": "acme", "exp": 1_700_000_000});
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let old = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    assert_eq!(refused(&harness, &old).await, "expired");
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
    assert_eq!(refused(&harness, &unsigned).await, "malformed");
}

#[tokio::test]
async fn the_first_token_makes_the_customer_and_later_ones_change_it() {
    let harness = Harness::start().await;
    let secret = Secret::new(SECRET.to_owned());
    let with_plan = |plan: &str| {
        let token = AccessToken::customer("acme").with_name("Acme").with_fields(json!({"plan": plan}));
        token.sign("ws", &secret).unwrap()
    };
    for plan in ["free", "pro"] {
        let response = harness.bare(Method::GET, "/self").bearer_auth(with_plan(plan)).send().await.unwrap();
        let own = ok(response).await;
        assert_eq!((&own["internalId"], &own["name"]), (&json!("acme"), &json!("Acme")));
        assert_eq!((&own["fields"]["plan"], &own["workspaceKey"]), (&json!(plan), &json!("ws")));
    }
    let customers = harness.bare(Method::GET, "/customers").bearer_auth(manager()).send().await.unwrap();
    assert_eq!(ok(customers).await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_may_travel_in_the_query() {
    let harness = Harness::start().await;
    let path = format!("/self?token={}&hash=123", customer("acme"));
    let own = ok(harness.bare(Method::GET, &path).send().await.unwrap()).await;
    assert_eq!(own["internalId"], "acme");
    // The header wins.
    let response = harness.bare(Method::GET, &path).bearer_auth(customer("other")).send().await.unwrap();
    assert_eq!(ok(response).await["internalId"], "other");
}

#[tokio::test]
async fn a_token_that_names_nobody_may_only_look_at_the_doors() {
    let harness = Harness::start().await;
    let exp = u64::MAX / 4;
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let claims = json!({"iss": "ws", "exp": exp});
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    for path in ["/health", "/openapi.json"] {
        ok(harness.bare(Method::GET, path).bearer_auth(&token).send().await.unwrap()).await;
        ok(harness.bare(Method::GET, path).send().await.unwrap()).await;
    }
    for path in ["/self", "/integrations", "/connections", "/customers", "/connections/demo/proxy/v1/me"] {
        let response = harness.bare(Method::GET, path).bearer_auth(&token).send().await.unwrap();
        let (status, error) = error(response).await;
        assert_eq!((status, error.kind()), (403, ErrorKind::AccessDenied), "{path}");
        assert!(error.message().contains("tenantKey"));
    }
}

#[tokio::test]
async fn both_secrets_of_a_rotation_work() {
    let new = "a newer secret of 32 bytes or more";
    let config = ServerConfig::new(new.to_owned()).unwrap();
    let harness = Harness::with(config.with_workspace_secret(SECRET.to_owned()).unwrap()).await;
    ok(harness.get("/self").await).await;
    let token = AccessToken::customer("acme").sign("ws", &Secret::new(new.to_owned())).unwrap();
    ok(harness.bare(Method::GET, "/self").bearer_auth(token).send().await.unwrap()).await;
}

#[test]
fn a_short_secret_is_refused_and_none_is_shown() {
    assert_eq!(ServerConfig::new("short".to_owned()).unwrap_err().kind(), ErrorKind::Configuration);
    let config = ServerConfig::new(SECRET.to_owned()).unwrap();
    assert!(config.clone().with_workspace_secret(String::new()).is_err());
    assert!(!format!("{config:?}").contains(SECRET));
    let token = AccessToken::customer("acme").with_fields(json!({"ssn": "1234"}));
    assert!(!format!("{token:?}").contains("1234"));
}
