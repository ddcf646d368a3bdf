//! The header of an age file: who can open it, and what is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{AgeError, COLUMNS};

/// The first line.
pub(super) const VERSION: &str = "age-encryption.org/v1";
/// How many recipients are looked at; each costs a key agreement.
const MOST_STANZAS: usize = 100;

/// A header and what follows it.
pub(super) struct Header<'a> {
    /// The ephemeral share and the wrapped file key of each X25519 stanza; those of other kinds are passed over.
    pub(super) stanzas: Vec<([u8; 32], Vec<u8>)>,
    /// What the MAC is over: all up to and with `---`.
    pub(super) signed: &'a [u8],
    /// The MAC.
    pub(super) mac: Vec<u8>,
    /// Nonce and chunks.
    pub(super) payload: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Self, AgeError> {
        let mut lines = Lines { file, at: 0 };
        if lines.next()? != VERSION {
            return Err(AgeError::Malformed("its version is not 1"));
        }
        let mut stanzas = Vec::new();
        for _ in 0..=MOST_STANZAS {
            let start = lines.at;
            let line = lines.next()?;
            if let Some(mac) = line.strip_prefix("--- ") {
                let signed = &file[..start + "---".len()];
                return Ok(Self { stanzas, signed, mac: decode(mac)?, payload: &file[lines.at..] });
            }
            let words = line.strip_prefix("-> ").ok_or(AgeError::Malformed("its header has a strange line"))?;
            let body = lines.body()?;
            if let Some(share) = words.strip_prefix("X25519 ") {
                let share = decode(share)?.try_into().map_err(|_| AgeError::Malformed("a share is no point"))?;
                stanzas.push((share, body));
            }
        }
        Err(AgeError::Malformed("it has more than 100 recipients"))
    }
}

struct Lines<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, AgeError> {
        let rest = &self.file[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or(AgeError::Malformed("its header has no end"))?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| AgeError::Malformed("its header is no text"))
    }

    /// A stanza's body: full lines, and one that is not full.
    fn body(&mut self) -> Result<Vec<u8>, AgeError> {
        let mut text = String::new();
        loop {
            let line = self.next()?;
            text.push_str(line);
            if line.len() < COLUMNS {
                return decode(&text);
            }
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, AgeError> {
    STANDARD_NO_PAD.decode(text).map_err(|_| AgeError::Malformed("its header is not base64"))
}
