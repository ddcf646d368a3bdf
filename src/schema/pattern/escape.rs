//! What follows a backslash.

use super::{Atom, Reader, Stop, refused};

impl Reader<'_> {
    /// An escape outside of brackets.
    pub(super) fn escape(&mut self, last: Option<Atom>) -> Result<Option<Atom>, Stop> {
        let start = self.out.len();
        let one = Some(Atom { start, weight: 1 });
        match self.peek() {
            Some('A') => self.out.push_str(r"\A"),
            Some('z') => self.out.push_str(r"\z"),
            Some('b') => self.out.push_str(r"(?-u:\b)"),
            Some('B') => self.out.push_str(r"(?-u:\B)"),
            Some('Q') => return Ok(self.quoted(last)),
            _ => {
                if let Some(class) = self.escaped_class()? {
                    let open = if self.flags.fold { "(?i:[" } else { "[" };
                    let close = if self.flags.fold { "])" } else { "]" };
                    self.out.push_str(open);
                    self.out.push_str(&class);
                    self.out.push_str(close);
                } else {
                    let code = self.escaped_character()?;
                    self.literal(code);
                }
                return Ok(one);
            }
        }
        self.next();
        Ok(one)
    }

    /// `\Q…\E`: everything between is text. A repetition behind it is of the last character.
    fn quoted(&mut self, mut last: Option<Atom>) -> Option<Atom> {
        self.next();
        let (text, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
        self.rest = rest;
        for character in text.chars() {
            last = Some(Atom { start: self.out.len(), weight: 1 });
            self.literal(u32::from(character));
        }
        last
    }

    /// One character, after its backslash.
    pub(super) fn escaped_character(&mut self) -> Result<u32, Stop> {
        let Some(next) = self.next() else { return Err(refused("ends in a `\\`")) };
        let octal = |reader: &Self| reader.peek().and_then(|digit| digit.to_digit(8));
        match next {
            '1'..='7' if octal(self).is_none() => Err(refused(format!("refers back with `\\{next}`, which Go cannot"))),
            '0'..='7' => {
                let mut code = next.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = octal(self) else { break };
                    code = code * 8 + digit;
                    self.next();
                }
                Ok(code)
            }
            'x' => self.hexadecimal(),
            'a' => Ok(7),
            'f' => Ok(12),
            'n' => Ok(10),
            'r' => Ok(13),
            't' => Ok(9),
            'v' => Ok(11),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Ok(u32::from(other)),
            other => Err(refused(format!("has `\\{}`, which Go does not know", other.escape_debug()))),
        }
    }

    /// `\xHH` or `\x{H…}`.
    fn hexadecimal(&mut self) -> Result<u32, Stop> {
        let wrong = || refused("has a `\\x` without the number of a character");
        let digits = if self.take("{") {
            let (digits, rest) = self.rest.split_once('}').ok_or_else(wrong)?;
            self.rest = rest;
            digits
        } else {
            let digits = self.rest.get(..2).ok_or_else(wrong)?;
            self.rest = &self.rest[2..];
            digits
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        // Go stops as soon as the number is too great; so long a row of zeros is still zero.
        let short = digits.trim_start_matches('0');
        let code = if short.is_empty() { Some(0) } else { u32::from_str_radix(short, 16).ok() };
        code.filter(|code| *code <= u32::from(char::MAX)).ok_or_else(wrong)
    }
}
