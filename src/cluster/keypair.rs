//! Deploy keys: an Ed25519 pair in OpenSSH's format (PROTOCOL.key), as `ssh-keygen` writes it.

use secrecy::SecretString;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::names::PublicKey;

/// A key pair for one team's repository.
#[derive(Debug)]
pub struct KeyPair {
    /// The private half, PEM (`-----BEGIN OPENSSH PRIVATE KEY-----`).
    pub private_openssh: SecretString,
    /// The public half.
    pub public: PublicKey,
    /// The public half as one line with the comment, for `identity.pub`.
    pub public_line: String,
}

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
#[error("the key pair {comment:?} could not be written: use a comment of printable ASCII in one line")]
pub struct KeyPairError {
    comment: String,
}

impl KeyPair {
    /// Makes a pair from 32 random bytes. `comment` stands in the private and the public file and is no secret.
    ///
    /// # Errors
    /// Where the comment is not one line of printable ASCII.
    pub fn generate(entropy: &dyn Entropy, comment: &str) -> Result<Self, KeyPairError> {
        let refused = || KeyPairError { comment: comment.chars().take(80).collect() };
        if comment.len() > 200 || !comment.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(refused());
        }
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice());
        let data = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
        let key = PrivateKey::new(data, comment).map_err(|_| refused())?;
        let private = key.to_openssh(LineEnding::LF).map_err(|_| refused())?;
        let public_line = key.public_key().to_openssh().map_err(|_| refused())?;
        let public = public_line.parse().map_err(|_| refused())?;
        Ok(Self { private_openssh: SecretString::from(private.as_str()), public, public_line })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::Command;

    use secrecy::ExposeSecret as _;

    use super::KeyPair;
    use crate::clock::{OsEntropy, SeededEntropy};
    use crate::names::PublicKey;

    #[test]
    fn ssh_keygen_reads_the_private_half_and_finds_the_same_public_half() {
        let pair = KeyPair::generate(&OsEntropy, "bailiwick org/dev-team1").expect("a key");
        let mut file = tempfile::NamedTempFile::new().expect("a file for nobody else (mode 0600)");
        file.write_all(pair.private_openssh.expose_secret().as_bytes()).expect("room for a key");
        let output = Command::new("ssh-keygen")
            .args(["-y", "-P", "", "-f"])
            .arg(file.path())
            .output()
            .expect("ssh-keygen is installed (Debian: openssh-client; `make setup` installs it)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = String::from_utf8(output.stdout).expect("text");
        assert_eq!(line.trim(), pair.public_line);
        assert_eq!(line.parse::<PublicKey>().expect("a key"), pair.public);
    }

    #[test]
    fn a_pair_comes_from_its_seed_alone_and_stays_secret() {
        let one = KeyPair::generate(&SeededEntropy::new(1), "a").expect("a key");
        let same = KeyPair::generate(&SeededEntropy::new(1), "b").expect("a key");
        let other = KeyPair::generate(&SeededEntropy::new(2), "a").expect("a key");
        assert_eq!(one.public, same.public);
        assert_ne!(one.public, other.public);
        assert!(!format!("{one:?}").contains("OPENSSH PRIVATE KEY"));
    }

    #[test]
    fn a_comment_cannot_smuggle_a_second_line() {
        for bad in ["a\nssh-ed25519 AAAA", "größe", &"x".repeat(201)] {
            assert!(KeyPair::generate(&SeededEntropy::new(1), bad).is_err(), "{bad}");
        }
    }
}
