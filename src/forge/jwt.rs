use jiff::Timestamp;
use octocrab::auth::AppAuth;
use octocrab::jsonwebtoken::{self, Algorithm, EncodingKey, Header};
use octocrab::models::AppId;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::ForgeError;

/// Signs the short tokens with which the App itself speaks (docs.github.com, "Generating a JSON
/// Web Token (JWT) for a GitHub App"). Octocrab keeps the key and brings the signature; the claims
/// are those of its `create_jwt`, but at our clock's time.
pub(super) struct Signer(AppAuth);

/// Whether a key can be used as an App's: it is read, and signs.
pub fn can_sign(private_key: &SecretString) -> bool {
    Signer::new(1, private_key).and_then(|signer| signer.sign(Timestamp::UNIX_EPOCH)).is_ok()
}

#[derive(serde::Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

impl Signer {
    /// Reads the key. Errors do not repeat any part of it.
    pub(super) fn new(app_id: u64, private_key: &SecretString) -> Result<Self, ForgeError> {
        let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes()).map_err(|_| {
            ForgeError::Unauthorized {
                what: format!("private key of App {app_id}"),
                message: "it is not an RSA key in PEM form".to_owned(),
            }
        })?;
        Ok(Self(AppAuth { app_id: AppId(app_id), key }))
    }

    /// A token that is valid from a minute ago (clocks differ) for nine minutes; GitHub allows ten.
    pub(super) fn sign(&self, now: Timestamp) -> Result<SecretString, ForgeError> {
        let claims = Claims { iat: now.as_second() - 60, exp: now.as_second() + 540, iss: self.0.app_id.to_string() };
        let signed = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.0.key);
        signed.map(SecretString::from).map_err(|_| ForgeError::Unauthorized {
            what: format!("private key of App {}", self.0.app_id),
            message: "it cannot sign".to_owned(),
        })
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Signer").field("app_id", &self.0.app_id.0).finish_non_exhaustive()
    }
}
