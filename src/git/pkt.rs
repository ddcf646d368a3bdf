//! The framing of Git's protocol (git-scm.com, gitprotocol-common, "pkt-line Format"): four hex
//! digits of length, themselves included, then the data; lengths 0 to 2 are marks without data.

/// The longest line that the protocol allows, its length included.
const LONGEST: usize = 65_520;

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pkt {
    /// `0000`: the end of a message.
    Flush,
    /// `0001`: between sections.
    Delimiter,
    /// `0002`: the end of an answer.
    ResponseEnd,
    /// Anything else.
    Data(Vec<u8>),
}

/// The bytes are no frames.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPkt;

/// Takes bytes as they come and gives frames. Holds at most one frame and one chunk.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    start: usize,
}

impl Frames {
    /// Adds bytes from the wire.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame; `None` where more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Pkt>, BadPkt> {
        let waiting = &self.buffer[self.start..];
        let Some(digits) = waiting.get(..4) else { return Ok(None) };
        let length = length(digits).ok_or(BadPkt)?;
        let (pkt, used) = match length {
            0 => (Pkt::Flush, 4),
            1 => (Pkt::Delimiter, 4),
            2 => (Pkt::ResponseEnd, 4),
            4..=LONGEST => match waiting.get(4..length) {
                Some(data) => (Pkt::Data(data.to_vec()), length),
                None => return Ok(None),
            },
            _ => return Err(BadPkt),
        };
        self.start += used;
        Ok(Some(pkt))
    }
}

fn length(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)? as usize))
}

/// A message to send.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds a line; a newline is added to it. Our lines are far below the longest.
    pub(super) fn line(mut self, line: &str) -> Self {
        self.0.extend_from_slice(format!("{:04x}{line}\n", line.len() + 5).as_bytes());
        self
    }

    /// Adds the mark between sections.
    pub(super) fn delimiter(mut self) -> Self {
        self.0.extend_from_slice(b"0001");
        self
    }

    /// Adds the mark of an end.
    pub(super) fn end(mut self) -> Self {
        self.0.extend_from_slice(b"0000");
        self
    }

    /// The message as it is.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// Ends the message.
    pub(super) fn flush(self) -> Vec<u8> {
        self.end().bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_come_whole_however_the_bytes_are_cut() {
        let bytes = Message::default().line("command=fetch").delimiter().line("done").flush();
        for size in 1..bytes.len() {
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for chunk in bytes.chunks(size) {
                frames.push(chunk);
                while let Some(pkt) = frames.next().expect("frames") {
                    seen.push(pkt);
                }
            }
            let expected =
                [Pkt::Data(b"command=fetch\n".to_vec()), Pkt::Delimiter, Pkt::Data(b"done\n".to_vec()), Pkt::Flush];
            assert_eq!(seen, expected, "cut at {size}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["0003", "zzzz", "fff1", "ffff", "+001", "-001"] {
            let mut frames = Frames::default();
            frames.push(bad.as_bytes());
            assert_eq!(frames.next(), Err(BadPkt), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut frames = Frames::default();
            for chunk in chunks {
                frames.push(&chunk);
                while let Ok(Some(_)) = frames.next() {}
            }
        }
    }
}
