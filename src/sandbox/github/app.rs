//! The App's identity: its RSA key, and GitHub's rules for the tokens signed with it.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

/// The App as GitHub knows it.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) slug: String,
    /// The bot user that acts for it.
    pub(crate) bot: u64,
    /// The account that made it.
    pub(crate) owner: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) key: AppKey,
}

/// The key pair: the private half is handed to the App, the public half verifies.
pub(crate) struct AppKey {
    pub(crate) private_pem: SecretString,
    public_der: Vec<u8>,
}

impl std::fmt::Debug for AppKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AppKey")
    }
}

impl AppKey {
    /// A new RSA key of 2048 bits, as GitHub makes them.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let failed = |_| anyhow::anyhow!("the sandbox could not generate an RSA key");
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        let encoded = STANDARD.encode(private.as_ref());
        for line in encoded.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(Self { private_pem: pem.into(), public_der: public.as_ref().to_vec() })
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_der).verify(message, signature).is_ok()
    }
}

impl App {
    /// Checks an App's JWT by GitHub's rules (docs: "Generating a JSON Web Token for a GitHub
    /// App"); a refusal is the message GitHub gives with its 401.
    pub(crate) fn check_jwt(&self, token: &str, now: Timestamp) -> Result<(), &'static str> {
        const UNREADABLE: &str = "A JSON web token could not be decoded";
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(UNREADABLE);
        };
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok().filter(Value::is_object)
        };
        let signed = &token[..header.len() + 1 + claims.len()];
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| UNREADABLE)?;
        let (header, claims) = (read(header).ok_or(UNREADABLE)?, read(claims).ok_or(UNREADABLE)?);
        if header["alg"] != "RS256" || !self.key.verifies(signed.as_bytes(), &signature) {
            return Err(UNREADABLE);
        }
        let is_ours = match &claims["iss"] {
            Value::Number(id) => id.as_u64() == Some(self.id),
            Value::String(id) => *id == self.id.to_string(),
            _ => return Err("Missing 'issuer' claim ('iss') in assertion"),
        };
        if !is_ours {
            return Err("Integration not found");
        }
        check_times(&claims, now.as_second())
    }
}

fn check_times(claims: &Value, now: i64) -> Result<(), &'static str> {
    let Some(issued) = claims["iat"].as_i64() else {
        return Err("Missing 'issued at' claim ('iat') in assertion");
    };
    let Some(expires) = claims["exp"].as_i64() else {
        return Err("Missing 'expiration time' claim ('exp') in assertion");
    };
    if issued > now {
        return Err("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
    }
    if expires <= now {
        return Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
    }
    if expires > now + 600 {
        return Err("'Expiration time' claim ('exp') is too far in the future");
    }
    Ok(())
}
