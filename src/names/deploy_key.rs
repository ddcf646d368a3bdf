use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::NameError;

/// The public half of an SSH key: its type and base64 body, without the comment. Two keys are the
/// same when these are, whatever their titles say (RFC 4253 §6.6, OpenSSH `authorized_keys` format).
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    kind: String,
    body: String,
}

impl FromStr for PublicKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |problem| Err(NameError::new("public key", text, problem));
        let mut words = text.split_whitespace();
        let (Some(kind), Some(body)) = (words.next(), words.next()) else {
            return refuse("must be `<type> <base64>`");
        };
        let Ok(bytes) = STANDARD.decode(body) else {
            return refuse("has a body that is not base64");
        };
        // The body repeats its own type: a u32 length and the name.
        let named = bytes.get(4..4 + kind.len()) == Some(kind.as_bytes())
            && bytes.get(..4) == Some(&u32::try_from(kind.len()).unwrap_or(u32::MAX).to_be_bytes());
        if !named {
            return refuse("has a body of another type than its first word");
        }
        Ok(Self { kind: kind.to_owned(), body: body.to_owned() })
    }
}

impl PublicKey {
    /// What `ssh-keygen -l` and GitHub's pages show of it: `SHA256:` and the body's digest.
    pub fn fingerprint(&self) -> String {
        let bytes = STANDARD.decode(&self.body).unwrap_or_default();
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(bytes)))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::PublicKey;

    const GITHUB: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    #[test]
    fn the_comment_does_not_matter() {
        let one: PublicKey = format!("{GITHUB} me@here\n").parse().expect("a key");
        assert_eq!(one, GITHUB.parse().expect("a key"));
        assert_eq!(one.to_string(), GITHUB);
        // docs.github.com, "GitHub's SSH key fingerprints".
        assert_eq!(one.fingerprint(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    }

    #[test]
    fn a_body_of_another_type_is_refused() {
        for bad in ["", "ssh-ed25519", "ssh-ed25519 ???", &GITHUB.replace("ssh-ed25519", "ssh-rsa")] {
            assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
        }
    }
}
