use std::collections::HashSet;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind as Fault;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use membrane_core::{Error, ErrorKind, Result, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Seconds a clock may be off.
pub(crate) const LEEWAY: u64 = 30;

/// More than any token of ours has; what is longer is not looked at.
const MAX_LEN: usize = 16 * 1024;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// Tells genuine tokens of one workspace from others.
pub(crate) struct Verifier {
    workspace_key: String,
    keys: Vec<DecodingKey>,
    validation: Validation,
}

/// What a genuine token says.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) who: Who,
    /// Seconds since 1970.
    pub(crate) expires: u64,
}

/// Who the bearer of a token is.
#[derive(Debug, PartialEq)]
pub(crate) enum Who {
    /// A customer, by the product's own id.
    Customer { id: String, name: Option<String>, fields: Option<Map<String, Value>> },
    /// A manager of the workspace.
    Manager,
    /// A token that names nobody; the official client makes these when it is given no customer.
    Nobody,
}

/// The claims as they come. Values, so that a wrong type gets a sentence of ours.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    exp: Option<Value>,
    iss: Option<Value>,
    workspace_key: Option<Value>,
    id: Option<Value>,
    tenant_key: Option<Value>,
    name: Option<Value>,
    fields: Option<Value>,
    is_admin: Option<Value>,
}

impl Verifier {
    pub(crate) fn new(workspace_key: &str, secrets: &[Secret<String>]) -> Self {
        // The algorithms are ours, never the token's: `none` and public-key ones are refused before a key
        // is touched.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.algorithms = ALGORITHMS.to_vec();
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.required_spec_claims = HashSet::from(["exp".to_owned()]);
        let keys =
            secrets.iter().map(|secret| DecodingKey::from_secret(secret.expose().as_bytes())).collect();
        Self { workspace_key: workspace_key.to_owned(), keys, validation }
    }

    /// Verifies signature, times and workspace.
    ///
    /// # Errors
    /// `NotAuthenticated`; its context says the reason in one word.
    pub(crate) fn verify(&self, token: &str) -> Result<Verified> {
        if token.starts_with("pat-") {
            return Err(refused("personal", "this server takes no personal access tokens, only JWTs"));
        }
        let malformed =
            || refused("malformed", "the access token is no JWT signed with HS256, HS384 or HS512");
        if token.len() > MAX_LEN {
            return Err(malformed());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| malformed())?;
        // Extensions that the signer calls critical must be understood (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(malformed());
        }
        let mut outcome = Err(Fault::InvalidSignature);
        for key in &self.keys {
            outcome = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
                .map(|data| data.claims)
                .map_err(jsonwebtoken::errors::Error::into_kind);
            if !matches!(outcome, Err(Fault::InvalidSignature)) {
                break;
            }
        }
        let claims = outcome.map_err(|fault| match fault {
            Fault::ExpiredSignature => refused("expired", "the access token has expired; get a new one"),
            Fault::ImmatureSignature => refused("not-yet-valid", "the access token is not valid yet (`nbf`)"),
            Fault::InvalidSignature => {
                refused("signature", "the signature of the access token does not fit the workspace secret")
            }
            Fault::InvalidAudience => refused("audience", "the access token is meant for others (`aud`)"),
            Fault::MissingRequiredClaim(_) | Fault::InvalidClaimFormat(_) => {
                refused("expiry", "the access token never expires; sign it with `exp`, in seconds since 1970")
            }
            _ => malformed(),
        })?;
        self.read(claims)
    }

    fn read(&self, claims: Claims) -> Result<Verified> {
        let workspace = claims.workspace_key.or(claims.iss);
        match workspace {
            Some(Value::String(key)) if key == self.workspace_key => {}
            Some(_) => {
                return Err(refused(
                    "workspace",
                    "the access token names a workspace that is not served here",
                ));
            }
            None => {
                return Err(refused(
                    "workspace",
                    "the access token names no workspace; set `iss` to its key",
                ));
            }
        }
        let expires = claims.exp.as_ref().and_then(Value::as_f64).unwrap_or_default();
        let who = match claims.id.or(claims.tenant_key) {
            Some(id) => Who::Customer {
                id: customer_id(&id)?,
                name: text(claims.name)?,
                fields: object(claims.fields)?,
            },
            None if claims.is_admin == Some(Value::Bool(true)) => Who::Manager,
            None => Who::Nobody,
        };
        Ok(Verified { who, expires: expires.max(0.0) as u64 })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("workspace_key", &self.workspace_key)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// Now, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn refused(reason: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::NotAuthenticated, message).with("reason", reason)
}

/// Products often number their customers, so a number is taken as its text.
fn customer_id(id: &Value) -> Result<String> {
    match id {
        Value::String(id) if !id.trim().is_empty() => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => {
            Err(refused("claims", "the customer's `id` in the access token must be a text that is not empty"))
        }
    }
}

fn text(value: Option<Value>) -> Result<Option<String>> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refused("claims", "the `name` in the access token must be a text")),
    }
}

fn object(value: Option<Value>) -> Result<Option<Map<String, Value>>> {
    match value {
        None => Ok(None),
        Some(Value::Object(fields)) => Ok(Some(fields)),
        Some(_) => Err(refused("claims", "the `fields` in the access token must be an object")),
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use proptest::prelude::{ProptestConfig, any, proptest};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn verifier() -> Verifier {
        let old = "an older secret of 32 bytes or more";
        Verifier::new("acme-ws", &[SECRET.to_owned().into(), old.to_owned().into()])
    }

    fn sign(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn who(claims: &Value) -> Result<Who> {
        verifier().verify(&sign(Algorithm::HS256, SECRET, claims)).map(|verified| verified.who)
    }

    fn reason(error: &Error) -> &str {
        assert_eq!(error.kind(), ErrorKind::NotAuthenticated, "{error}");
        error.context_value("reason").unwrap()
    }

    #[test]
    fn reads_every_spelling_of_who() {
        let exp = now() + 60;
        let customer = |id: &str| Who::Customer { id: id.to_owned(), name: None, fields: None };
        for claims in [
            json!({"id": "c", "iss": "acme-ws", "exp": exp}),
            json!({"tenantKey": "c", "workspaceKey": "acme-ws", "exp": exp}),
            json!({"id": "c", "workspaceKey": "acme-ws", "iss": "https://issuer.example", "exp": exp}),
            json!({"id": "c", "iss": "acme-ws", "isAdmin": true, "exp": exp}),
        ] {
            assert_eq!(who(&claims).unwrap(), customer("c"), "{claims}");
        }
        assert_eq!(who(&json!({"id": 42, "iss": "acme-ws", "exp": exp})).unwrap(), customer("42"));
        let manager = json!({"isAdmin": true, "iss": "acme-ws", "exp": exp});
        assert_eq!(who(&manager).unwrap(), Who::Manager);
        for is_admin in [json!("true"), json!(1), json!(false), json!(null)] {
            let claims = json!({"isAdmin": is_admin, "iss": "acme-ws", "exp": exp});
            assert_eq!(who(&claims).unwrap(), Who::Nobody, "{claims}");
        }
    }

    #[test]
    fn takes_hmac_algorithms_and_every_secret_of_a_rotation() {
        let claims = json!({"id": "c", "iss": "acme-ws", "exp": now() + 60});
        for algorithm in ALGORITHMS {
            assert!(verifier().verify(&sign(algorithm, SECRET, &claims)).is_ok());
        }
        assert!(
            verifier()
                .verify(&sign(Algorithm::HS256, "an older secret of 32 bytes or more", &claims))
                .is_ok()
        );
    }

    #[test]
    fn says_why_it_refuses() {
        let now = now();
        let cases = [
            (json!({"id": "c", "iss": "acme-ws", "exp": now - 100}), "expired"),
            (json!({"id": "c", "iss": "acme-ws"}), "expiry"),
            (json!({"id": "c", "iss": "acme-ws", "exp": "soon"}), "expiry"),
            (json!({"id": "c", "iss": "acme-ws", "exp": now + 99, "nbf": now + 90}), "not-yet-valid"),
            (json!({"id": "c", "iss": "other", "exp": now + 99}), "workspace"),
            (json!({"id": "c", "iss": ["acme-ws"], "exp": now + 99}), "workspace"),
            (json!({"id": "c", "exp": now + 99}), "workspace"),
            (json!({"id": "c", "iss": "acme-ws", "aud": "others", "exp": now + 99}), "audience"),
            (json!({"id": "", "iss": "acme-ws", "exp": now + 99}), "claims"),
            (json!({"id": {"a": 1}, "iss": "acme-ws", "exp": now + 99}), "claims"),
            (json!({"id": "c", "name": 1, "iss": "acme-ws", "exp": now + 99}), "claims"),
            (json!({"id": "c", "fields": [], "iss": "acme-ws", "exp": now + 99}), "claims"),
            (json!(["no", "object"]), "malformed"),
        ];
        for (claims, expected) in cases {
            assert_eq!(reason(&who(&claims).unwrap_err()), expected, "{claims}");
        }
    }

    #[test]
    fn refuses_what_is_not_signed_with_the_secret() {
        let verifier = verifier();
        let claims = json!({"id": "c", "iss": "acme-ws", "exp": now() + 60});
        let good = sign(Algorithm::HS256, SECRET, &claims);
        let foreign = sign(Algorithm::HS256, "another secret of at least 32 bytes", &claims);
        assert_eq!(reason(&verifier.verify(&foreign).unwrap_err()), "signature");
        let payload = good.split('.').nth(1).unwrap();
        // {"alg":"none"} and {"alg":"RS256"}
        for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJSUzI1NiJ9"] {
            for signature in ["", "AAAA"] {
                let token = format!("{header}.{payload}.{signature}");
                assert_eq!(reason(&verifier.verify(&token).unwrap_err()), "malformed");
            }
        }
        let unsigned = format!("{}.", &good[..good.rfind('.').unwrap()]);
        assert_eq!(reason(&verifier.verify(&unsigned).unwrap_err()), "signature");
        assert_eq!(reason(&verifier.verify("pat-123").unwrap_err()), "personal");
        for token in ["", ".", "..", "...", "a.b.c", "é.é.é", &"a".repeat(MAX_LEN + 1)] {
            assert_eq!(reason(&verifier.verify(token).unwrap_err()), "malformed", "{token}");
        }
    }

    #[test]
    fn refuses_critical_extensions() {
        let mut header = Header::new(Algorithm::HS256);
        header.crit = Some(vec!["b64".to_owned()]);
        let claims = json!({"id": "c", "iss": "acme-ws", "exp": now() + 60});
        let token =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
        assert_eq!(reason(&verifier().verify(&token).unwrap_err()), "malformed");
    }

    #[test]
    fn no_message_repeats_the_token() {
        let token =
            sign(Algorithm::HS256, "another secret of at least 32 bytes", &json!({"id": "who-is-this"}));
        let error = format!("{:?}", verifier().verify(&token).unwrap_err());
        assert!(!error.contains("who-is-this") && !error.contains(&token[..20]), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_text_is_refused_without_a_panic(token in any::<String>()) {
            assert!(verifier().verify(&token).is_err());
        }

        #[test]
        fn any_signed_payload_is_read_without_a_panic(claims in "[ -~]{0,80}") {
            let claims: Value = serde_json::from_str(&claims).unwrap_or(Value::String(claims));
            let _ = verifier().verify(&sign(Algorithm::HS256, SECRET, &claims));
        }
    }
}
