//! Deliveries that are proven to come from the forge: by the signature over the raw body of a webhook
//! request, or because the forge itself answered with them. There is no third way.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::Sha256;

/// The header that carries the signature: `sha256=` and the hex HMAC-SHA-256 of the raw body
/// (docs.github.com, "Validating webhook deliveries"). The older SHA-1 header is not looked at.
const HEADER: &str = "x-hub-signature-256";

/// The secrets that the webhook may be signed with. Never empty: without a secret everybody could
/// write to the store.
#[derive(Debug, Clone)]
pub struct WebhookSecrets(Arc<[SecretString]>);

/// Why a list of webhook secrets was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// None at all.
    #[error("no webhook secret is set; give at least one in github.webhook_secrets")]
    None,
    /// One of them is the empty text, with which anybody could sign.
    #[error("a webhook secret is empty; remove it from github.webhook_secrets or give it a value")]
    Empty,
}

/// What the forge says has happened, with proof that the forge says it. There are two ways to make
/// one: [`WebhookSecrets::verify`], and [`super::Forge::delivery`], which asks the forge for it.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifiedDelivery {
    body: Vec<u8>,
}

impl VerifiedDelivery {
    /// The payload: of a webhook request the raw body, as it was signed.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The payload: of a webhook request the raw body, as it was signed.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// A payload out of the forge's own list of deliveries; `None` where the list does not hold it.
    ///
    /// The list holds JSON that was read and written again, not the bytes that were signed, so the
    /// signature beside it cannot be checked. It need not be: the answer came over a connection on
    /// which the forge proved who it is, to a question that only the App can ask.
    pub(super) fn of_the_forge(payload: &Value) -> Option<Self> {
        match payload {
            Value::Object(_) => Some(Self { body: payload.to_string().into_bytes() }),
            _ => None,
        }
    }
}

/// The signature is missing, malformed or wrong. Which one, nobody outside needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsigned;

impl WebhookSecrets {
    /// Takes the secrets, of which any may be used.
    ///
    /// # Errors
    /// There is none, or one is empty.
    pub fn new(secrets: Vec<SecretString>) -> Result<Self, SecretsError> {
        if secrets.is_empty() {
            return Err(SecretsError::None);
        }
        if secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
            return Err(SecretsError::Empty);
        }
        Ok(Self(secrets.into()))
    }

    /// The delivery, if exactly one signature is given and it fits one of the secrets. Each
    /// comparison takes the same time wherever the first wrong byte is.
    ///
    /// # Errors
    /// The signature is missing, malformed or wrong.
    pub(crate) fn verify(&self, headers: &HeaderMap, body: Vec<u8>) -> Result<VerifiedDelivery, Unsigned> {
        let given = signature(headers).ok_or(Unsigned)?;
        let mut fits = false;
        for secret in self.0.iter() {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
                .expect("HMAC takes keys of every length");
            mac.update(&body);
            fits |= mac.verify_slice(&given).is_ok();
        }
        if fits { Ok(VerifiedDelivery { body }) } else { Err(Unsigned) }
    }
}

fn signature(headers: &HeaderMap) -> Option<[u8; 32]> {
    let mut values = headers.get_all(HEADER).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let mut bytes = [0; 32];
    hex::decode_to_slice(value.as_bytes().strip_prefix(b"sha256=")?, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    // GitHub's published test vector.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn verify(secrets: &[&str], signatures: &[&str], body: &[u8]) -> Result<VerifiedDelivery, Unsigned> {
        let secrets = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        let mut headers = HeaderMap::new();
        for signature in signatures {
            headers.append(HEADER, HeaderValue::from_str(signature).expect("a header value"));
        }
        WebhookSecrets::new(secrets).expect("secrets").verify(&headers, body.to_vec())
    }

    #[test]
    fn the_published_test_vector_is_accepted_with_any_of_the_secrets() {
        for secrets in [&[SECRET][..], &["new", SECRET], &[SECRET, "old"]] {
            let delivery = verify(secrets, &[SIGNATURE], BODY).expect("signed");
            assert_eq!(delivery.body(), BODY);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let changed = SIGNATURE.replace("757107", "757108");
        let sha1 = SIGNATURE.replace("sha256=", "sha1=");
        let bare = SIGNATURE.replace("sha256=", "");
        let long = format!("{SIGNATURE}00");
        for bad in ["", "sha256=", "sha256=zz", &SIGNATURE[..70], &long, &changed, &sha1, &bare] {
            assert_eq!(verify(&[SECRET], &[bad], BODY), Err(Unsigned), "{bad}");
        }
        assert_eq!(verify(&[SECRET], &[], BODY), Err(Unsigned));
        assert_eq!(verify(&[SECRET], &[SIGNATURE, SIGNATURE], BODY), Err(Unsigned), "two answers are none");
        assert_eq!(verify(&["other"], &[SIGNATURE], BODY), Err(Unsigned));
        assert_eq!(verify(&[SECRET], &[SIGNATURE], b"Hello, World?"), Err(Unsigned));
    }

    #[test]
    fn without_a_real_secret_there_is_no_receiver() {
        assert_eq!(WebhookSecrets::new(Vec::new()).expect_err("refused"), SecretsError::None);
        let empty = vec![SecretString::from("x"), SecretString::from("")];
        assert_eq!(WebhookSecrets::new(empty).expect_err("refused"), SecretsError::Empty);
    }

    #[test]
    fn only_an_object_is_a_payload_of_the_forges_list() {
        let listed = serde_json::json!({"zen": "Words.", "hook_id": 7});
        let delivery = VerifiedDelivery::of_the_forge(&listed).expect("a payload");
        assert_eq!(serde_json::from_slice::<Value>(delivery.body()).expect("JSON"), listed);
        for none in [Value::Null, serde_json::json!("{}"), serde_json::json!([])] {
            assert_eq!(VerifiedDelivery::of_the_forge(&none), None, "{none}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let secrets = WebhookSecrets::new(vec![SecretString::from(SECRET)]).expect("secrets");
        assert!(!format!("{secrets:?}").contains("Everybody"));
    }
}
