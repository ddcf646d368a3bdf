//! Patterns, which the API server reads with Go's `regexp`: the syntax of RE2.
//!
//! A small reader of that syntax says what Go refuses, and writes the same pattern in the words of Rust's `regex`,
//! which reads some of it differently: `\d`, `\w` and `\b` are ASCII only in Go, there is `\Q…\E`, and no `\<`.
//!
//! Facts: the Go sources, `src/regexp/syntax/parse.go`.

mod class;
mod escape;
mod names;

use std::fmt::Write as _;

/// A pattern that Go accepts.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// `None` where Rust cannot build it, mostly because it would become too big.
    regex: Option<regex::Regex>,
}

/// Why Go refuses a pattern, in words that follow the pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Why reading ends early.
#[derive(Debug)]
enum Stop {
    /// Go refuses the pattern.
    Refused(String),
    /// It is nested so deeply that this program does not follow.
    TooDeep,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What Go refuses, and why.
    pub fn new(pattern: &str) -> Result<Self, Refusal> {
        let regex = match translate(pattern) {
            Ok(translated) => build(&translated),
            Err(Stop::Refused(why)) => return Err(Refusal(why)),
            Err(Stop::TooDeep) => None,
        };
        Ok(Self { regex })
    }

    /// Whether a text has the pattern in it; `None` where only Go can say.
    pub fn matches(&self, text: &str) -> Option<bool> {
        self.regex.as_ref().map(|regex| regex.is_match(text))
    }

    /// Whether this program can say what the pattern matches.
    pub const fn is_usable(&self) -> bool {
        self.regex.is_some()
    }
}

fn build(translated: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(translated).size_limit(4 << 20).dfa_size_limit(1 << 20).build().ok()
}

fn translate(pattern: &str) -> Result<String, Stop> {
    let mut reader = Reader { rest: pattern, out: String::new(), flags: Flags::default(), depth: 0 };
    reader.alternatives()?;
    if reader.rest.is_empty() { Ok(reader.out) } else { Err(refused("has a `)` without its `(`")) }
}

fn refused(why: impl Into<String>) -> Stop {
    Stop::Refused(why.into())
}

/// The flags of `(?ims)`; laziness does not change what matches.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
}

/// How deep groups may stand in each other for this reader; Go's own limit is 1,000.
const MAX_DEPTH: usize = 200;
/// How often something may be repeated, nested repetitions multiplied.
const MAX_REPEAT: u32 = 1_000;

struct Reader<'p> {
    rest: &'p str,
    out: String,
    flags: Flags,
    depth: usize,
}

/// The last thing that was read: where it begins in what is written, and how often its inside is repeated at most.
#[derive(Debug, Clone, Copy)]
struct Atom {
    start: usize,
    weight: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Alternatives up to a `)` or the end; gives the greatest repetition inside.
    fn alternatives(&mut self) -> Result<u32, Stop> {
        let mut weight = 1;
        loop {
            weight = weight.max(self.sequence()?);
            if !self.take("|") {
                return Ok(weight);
            }
            self.out.push('|');
        }
    }

    fn sequence(&mut self) -> Result<u32, Stop> {
        let mut greatest = 1;
        let mut last: Option<Atom> = None;
        let mut repeated = false;
        while let Some(next) = self.peek() {
            if matches!(next, '|' | ')') {
                break;
            }
            if let Some((least, most)) = self.repetition()? {
                let atom = last.ok_or_else(|| refused(format!("has a `{next}` with nothing before it to repeat")))?;
                if repeated {
                    return Err(refused("repeats a repetition, as `a**` does; possessive `a++` does not exist either"));
                }
                let weight = self.repeat(atom, least, most, next == '{')?;
                greatest = greatest.max(weight);
                last = Some(Atom { weight, ..atom });
                repeated = true;
                continue;
            }
            repeated = false;
            last = self.atom(last)?;
            greatest = greatest.max(last.map_or(1, |atom| atom.weight));
        }
        Ok(greatest)
    }

    /// A repetition operator, if one comes: how often at least and at most.
    fn repetition(&mut self) -> Result<Option<(u32, Option<u32>)>, Stop> {
        let found = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(),
            _ => return Ok(None),
        };
        self.next();
        self.take("?");
        Ok(Some(found))
    }

    /// `{n}`, `{n,}` or `{n,m}`; everything else is just text.
    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>, Stop> {
        let Some((inside, rest)) = self.rest[1..].split_once('}') else { return Ok(None) };
        let (least, most) = match inside.split_once(',') {
            None => (inside, Some(inside)),
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
        };
        if !is_count(least) || !most.is_none_or(is_count) {
            return Ok(None);
        }
        let count = |digits: &str| digits.parse::<u32>().ok().filter(|count| *count <= MAX_REPEAT);
        let too_many =
            || refused(format!("repeats something more than {MAX_REPEAT} times, or fewer times than its least"));
        let least = count(least).ok_or_else(too_many)?;
        let most = most.map(|most| count(most).filter(|most| *most >= least).ok_or_else(too_many)).transpose()?;
        self.rest = rest;
        self.take("?");
        Ok(Some((least, most)))
    }

    /// Writes a repetition of the last atom, and gives how often its inside is repeated now.
    fn repeat(&mut self, atom: Atom, least: u32, most: Option<u32>, counted: bool) -> Result<u32, Stop> {
        self.out.insert_str(atom.start, "(?:");
        self.out.push(')');
        if !counted {
            self.out.push(match (least, most) {
                (0, None) => '*',
                (_, None) => '+',
                _ => '?',
            });
            return Ok(atom.weight);
        }
        let upper = most.map_or_else(String::new, |most| most.to_string());
        let _ = write!(self.out, "{{{least},{upper}}}");
        let times = most.unwrap_or(least);
        let weight = if most == Some(0) { 1 } else { times.max(1).saturating_mul(atom.weight) };
        let judged = least >= 2 || most.is_some_and(|most| most >= 2);
        if judged && weight > MAX_REPEAT {
            return Err(refused(format!(
                "repeats something more than {MAX_REPEAT} times, nested repetitions multiplied"
            )));
        }
        Ok(weight)
    }

    /// One thing that can be repeated, or what is none and leaves the last one standing.
    fn atom(&mut self, last: Option<Atom>) -> Result<Option<Atom>, Stop> {
        let start = self.out.len();
        let one = Some(Atom { start, weight: 1 });
        match self.next() {
            Some('(') => return self.group(last),
            Some('[') => self.class()?,
            Some('\\') => return self.escape(last),
            Some('.') => self.out.push_str(if self.flags.dot_all { "(?s:.)" } else { r"[^\n]" }),
            Some('^') => self.out.push_str(if self.flags.lines { "(?m:^)" } else { r"\A" }),
            Some('$') => self.out.push_str(if self.flags.lines { "(?m:$)" } else { r"\z" }),
            Some(other) => self.literal(u32::from(other)),
            None => return Ok(last),
        }
        Ok(one)
    }

    /// What follows a `(`.
    fn group(&mut self, last: Option<Atom>) -> Result<Option<Atom>, Stop> {
        let before = self.flags;
        if self.rest.starts_with('?') && !self.name()? && !self.flag_group()? {
            return Ok(last);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::TooDeep);
        }
        let start = self.out.len();
        self.out.push_str("(?:");
        let weight = self.alternatives()?;
        if !self.take(")") {
            return Err(refused("has a `(` without its `)`"));
        }
        self.out.push(')');
        self.depth -= 1;
        self.flags = before;
        Ok(Some(Atom { start, weight }))
    }

    /// The name of a group, `?P<name>` or `?<name>`, if one comes.
    fn name(&mut self) -> Result<bool, Stop> {
        let rest = self.rest.strip_prefix("?P<").or_else(|| self.rest.strip_prefix("?<"));
        let Some(rest) = rest else { return Ok(false) };
        let word = |character: char| character == '_' || character.is_ascii_alphanumeric();
        match rest.split_once('>') {
            Some((name, rest)) if !name.is_empty() && name.chars().all(word) => {
                self.rest = rest;
                Ok(true)
            }
            _ => Err(refused(
                "has a group whose name is no word, or looks behind with `(?<=` or `(?<!`, which Go cannot",
            )),
        }
    }

    /// The flags of `(?i)` or `(?i:`: whether a group begins.
    fn flag_group(&mut self) -> Result<bool, Stop> {
        self.next();
        let unknown = || {
            refused(
                "has a `(?` that Go does not know: it cannot look ahead or behind, and knows the flags i, m, s and U",
            )
        };
        let (mut on, mut seen) = (true, false);
        loop {
            match self.next() {
                Some('i') => self.flags.fold = on,
                Some('m') => self.flags.lines = on,
                Some('s') => self.flags.dot_all = on,
                Some('U') => {}
                Some('-') if on => {
                    (on, seen) = (false, false);
                    continue;
                }
                Some(end @ (':' | ')')) if on || seen => return Ok(end == ':'),
                _ => return Err(unknown()),
            }
            seen = true;
        }
    }

    /// Writes one character. Half a surrogate pair is a character to Go that no text has.
    fn literal(&mut self, code: u32) {
        let _ = match (char::from_u32(code), self.flags.fold) {
            (None, _) => write!(self.out, "{}", class::NOTHING),
            (Some(_), true) => write!(self.out, r"(?i:\x{{{code:x}}})"),
            (Some(_), false) => write!(self.out, r"\x{{{code:x}}}"),
        };
    }
}

/// Whether Go reads digits as a count: leading zeros make text of it.
fn is_count(digits: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit();
    !digits.is_empty() && digits.bytes().all(digit) && !(digits.len() > 1 && digits.starts_with('0'))
}

#[cfg(test)]
mod tests;
