//! Words of CEL.

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name.
    Ident(String),
    /// A name in backticks.
    Escaped(String),
    /// A whole number; `None` where it does not fit into 64 bits with either sign.
    Int(Option<u64>),
    /// A whole number without sign; `None` where it does not fit.
    Uint(Option<u64>),
    /// A number with a fraction or exponent.
    Float(f64),
    /// A text, as it is meant.
    Text(String),
    /// Bytes.
    Bytes,
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer ones before their beginnings.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*",
    "/", "%",
];

/// The words of an expression.
///
/// # Errors
/// What is no word, as words that follow the expression.
pub(super) fn words(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
            continue;
        }
        if rest.is_empty() {
            return Ok(found);
        }
        let (token, length) = word(rest)?;
        found.push(token);
        rest = &rest[length..];
    }
}

fn word(rest: &str) -> Result<(Token, usize), String> {
    if let Some(found) = literal(rest)? {
        return Ok(found);
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = rest.as_bytes()[0];
    if first.is_ascii_digit() || (first == b'.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)) {
        return Ok(number(rest));
    }
    if is_word(first) {
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        return Ok((Token::Ident(rest[..length].to_owned()), length));
    }
    if first == b'`' {
        let inner = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-' | b'/' | b' ');
        let name =
            rest[1..].split_once('`').map(|(name, _)| name).filter(|name| !name.is_empty() && name.bytes().all(inner));
        let name = name.ok_or("has a backtick without a name behind it")?;
        return Ok((Token::Escaped(name.to_owned()), name.len() + 2));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    let odd = rest.chars().next().unwrap_or_default();
    Err(format!("has `{}`, which CEL does not know", odd.escape_debug()))
}

fn number(rest: &str) -> (Token, usize) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = |length: usize| matches!(rest.as_bytes().get(length), Some(b'u' | b'U'));
    let hexadecimal = rest.strip_prefix("0x").map(|hex| hex.bytes().take_while(u8::is_ascii_hexdigit).count());
    if let Some(count) = hexadecimal.filter(|count| *count > 0) {
        let value = u64::from_str_radix(&rest[2..2 + count], 16).ok();
        return whole(value, 2 + count, unsigned(2 + count));
    }
    let mut length = digits(rest);
    let whole_part = length;
    let behind = &rest[length..];
    if behind.starts_with('.') && digits(&behind[1..]) > 0 {
        length += 1 + digits(&behind[1..]);
    }
    let behind = &rest[length..];
    if let Some(exponent) = behind.strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let count = digits(&exponent[sign..]);
        length += if count > 0 { 1 + sign + count } else { 0 };
    }
    if length > whole_part {
        // What these digits say is always a number; one that is too great is infinite.
        return (Token::Float(rest[..length].parse().unwrap_or(f64::INFINITY)), length);
    }
    whole(rest[..length].parse().ok(), length, unsigned(length))
}

fn whole(value: Option<u64>, length: usize, unsigned: bool) -> (Token, usize) {
    if unsigned {
        return (Token::Uint(value), length + 1);
    }
    (Token::Int(value.filter(|value| *value <= 1 << 63)), length)
}

/// A text or bytes, if one begins here.
fn literal(rest: &str) -> Result<Option<(Token, usize)>, String> {
    let bytes = rest.strip_prefix(['b', 'B']);
    let behind = bytes.unwrap_or(rest);
    let raw = behind.strip_prefix(['r', 'R']);
    let quoted = raw.unwrap_or(behind);
    let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| quoted.starts_with(quote)) else {
        return Ok(None);
    };
    let prefix = rest.len() - quoted.len();
    let inside = &quoted[quote.len()..];
    let (text, length) = body(inside, quote, raw.is_some(), bytes.is_some())
        .ok_or("has a text that does not end, or has an escape that CEL does not know")?;
    let token = match (bytes, text) {
        (Some(_), _) => Token::Bytes,
        (None, Some(text)) => Token::Text(text),
        // Half of a surrogate pair, or more than Unicode has.
        (None, None) => return Err("has an escape that stands for no character".to_owned()),
    };
    Ok(Some((token, prefix + 2 * quote.len() + length)))
}

/// What is in quotes, and how long it is as written.
fn body(inside: &str, quote: &str, raw: bool, bytes: bool) -> Option<(Option<String>, usize)> {
    let mut text = Some(String::new());
    let mut at = 0;
    loop {
        let rest = &inside[at..];
        if rest.starts_with(quote) {
            return Some((text, at));
        }
        let next = rest.chars().next()?;
        let (character, length) = match next {
            // Bytes have no escapes of characters.
            '\\' if !raw && bytes && matches!(rest.as_bytes().get(1), Some(b'u' | b'U')) => return None,
            '\\' if !raw => escape(rest)?,
            '\n' | '\r' if quote.len() == 1 => return None,
            other => (Some(other), other.len_utf8()),
        };
        match (character, text.as_mut()) {
            (Some(character), Some(text)) => text.push(character),
            _ => text = None,
        }
        at += length;
    }
}

/// The character of an escape, `None` where it is none, and its length as written.
fn escape(rest: &str) -> Option<(Option<char>, usize)> {
    let code = |from: usize, count: usize, radix: u32| {
        let digits =
            rest.get(from..from + count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some((u32::from_str_radix(digits, radix).ok().and_then(char::from_u32), from + count))
    };
    let character = match rest.as_bytes().get(1)? {
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\u{b}',
        quoted @ (b'"' | b'\'' | b'\\' | b'?' | b'`') => char::from(*quoted),
        b'x' | b'X' => return code(2, 2, 16),
        b'u' => return code(2, 4, 16),
        b'U' => return code(2, 8, 16),
        b'0'..=b'3' => return code(1, 3, 8).filter(|_| rest[2..4].bytes().all(|byte| matches!(byte, b'0'..=b'7'))),
        _ => return None,
    };
    Some((Some(character), 2))
}
