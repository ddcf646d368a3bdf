//! What stands in brackets, and the classes with a backslash.

use std::fmt::Write as _;

use super::{Reader, Stop, names, refused};

/// A class that has no character.
pub(super) const NOTHING: &str = r"[^\x{0}-\x{10ffff}]";

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// The characters between the halves of surrogate pairs and beyond them.
const HALVES: std::ops::RangeInclusive<u32> = 0xd800..=0xdfff;

impl Reader<'_> {
    /// A class in brackets, after its `[`.
    pub(super) fn class(&mut self) -> Result<(), Stop> {
        let unclosed = || refused("has a `[` without its `]`");
        let mut class = String::from(if self.take("^") { "[^" } else { "[" });
        // A class without any item is written with one that has no character, which Rust needs.
        class.push_str(NOTHING);
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err(unclosed());
            }
            first = false;
            if !self.posix(&mut class)? && !self.escaped_item(&mut class)? {
                self.range(&mut class)?;
            }
        }
        self.take("]");
        class.push(']');
        let folded = self.flags.fold;
        let _ = if folded { write!(self.out, "(?i:{class})") } else { write!(self.out, "{class}") };
        Ok(())
    }

    /// `[:alpha:]` or `[:^alpha:]`.
    fn posix(&mut self, class: &mut String) -> Result<bool, Stop> {
        let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|inside| inside.split_once(":]")) else {
            return Ok(false);
        };
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(refused("has a class `[:…:]` whose name Go does not know"));
        }
        let _ = write!(class, "[:{name}:]");
        self.rest = rest;
        Ok(true)
    }

    /// `\d`, `\pL` and their like inside of brackets.
    fn escaped_item(&mut self, class: &mut String) -> Result<bool, Stop> {
        let before = self.rest;
        if self.take("\\") {
            if let Some(escaped) = self.escaped_class()? {
                let _ = write!(class, "[{escaped}]");
                return Ok(true);
            }
            self.rest = before;
        }
        Ok(false)
    }

    /// One character, or a range of them.
    fn range(&mut self, class: &mut String) -> Result<(), Stop> {
        let low = self.class_character()?;
        let mut high = low;
        if self.rest.starts_with('-') && self.rest.len() > 1 && !self.rest.starts_with("-]") {
            self.take("-");
            high = self.class_character()?;
            if high < low {
                return Err(refused("has a range in brackets that runs backwards"));
            }
        }
        let parts = [(low, high.min(HALVES.start() - 1)), (low.max(HALVES.end() + 1), high)];
        for (low, high) in parts.into_iter().filter(|(low, high)| low <= high) {
            let _ = write!(class, r"\x{{{low:x}}}-\x{{{high:x}}}");
        }
        Ok(())
    }

    fn class_character(&mut self) -> Result<u32, Stop> {
        match self.next() {
            Some('\\') => self.escaped_character(),
            Some(other) => Ok(u32::from(other)),
            None => Err(refused("has a `[` without its `]`")),
        }
    }

    /// A class after its backslash, as it stands in brackets; `None` where it is a character.
    pub(super) fn escaped_class(&mut self) -> Result<Option<String>, Stop> {
        let class = match self.peek() {
            Some('d') => "0-9",
            Some('D') => "^0-9",
            Some('s') => r"\t\n\x0c\r ",
            Some('S') => r"^\t\n\x0c\r ",
            Some('w') => "0-9A-Za-z_",
            Some('W') => "^0-9A-Za-z_",
            Some('p' | 'P') => return self.unicode().map(Some),
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(class.to_owned()))
    }

    /// `\pL`, `\p{Greek}`, `\P{^Greek}`.
    fn unicode(&mut self) -> Result<String, Stop> {
        let wrong = || refused("has a class `\\p` of Unicode whose name Go does not know");
        let mut negated = self.next() == Some('P');
        let start = self.rest;
        let name = match self.next().ok_or_else(wrong)? {
            '{' => {
                let (name, rest) = self.rest.split_once('}').ok_or_else(wrong)?;
                self.rest = rest;
                name
            }
            other => &start[..other.len_utf8()],
        };
        let plain = name.strip_prefix('^');
        negated ^= plain.is_some();
        let name = names::in_rust(plain.unwrap_or(name)).ok_or_else(wrong)?;
        Ok(format!(r"\{}{{{name}}}", if negated { 'P' } else { 'p' }))
    }
}
