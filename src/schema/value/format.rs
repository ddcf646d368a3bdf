//! Formats of texts. Those that the server knows by simple rules are decided here; the others it has to say itself.
//!
//! Facts: kubernetes/kube-openapi `pkg/validation/strfmt`; which of them count in a definition:
//! kubernetes/apiextensions-apiserver `pkg/apiserver/validation/formats.go`.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;

use crate::schema::url;

mod duration;
mod registered;

/// A format's name as a schema has it.
pub type Format<'s> = &'s str;

/// The formats of texts, without the dashes that do not count.
const TEXTS: [&str; 26] = [
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];

/// Whether the server knows a format for a type; `None` and everything unknown of int-or-string stand for no type.
pub fn is_known(type_name: Option<&str>, format: Format<'_>) -> bool {
    match type_name {
        None | Some("" | "string" | "int-or-string") => TEXTS.contains(&plain(format).as_str()),
        Some("integer") => matches!(format, "int32" | "int64"),
        Some("number") => matches!(format, "float" | "double"),
        Some(_) => false,
    }
}

fn plain(format: &str) -> String {
    format.replace('-', "")
}

/// Whether a text is of a format; true for one that the server does not check, `None` where only the server can say.
pub(super) fn check(format: Format<'_>, text: &str) -> Option<bool> {
    Some(match plain(format).as_str() {
        "uuid" => uuid(text, None),
        "uuid3" => uuid(text, Some(b'3')),
        "uuid4" => uuid(text, Some(b'4')),
        "uuid5" => uuid(text, Some(b'5')),
        "ipv4" => return ipv4(text),
        "ipv6" => return ipv6(text),
        "cidr" => return cidr(text),
        "mac" => return mac(text),
        "byte" => base64(text),
        "date" => date(text),
        "datetime" => date_time(text),
        "duration" => duration::check(text),
        "hexcolor" => is_hex(text.strip_prefix('#').unwrap_or(text), &[3, 6]),
        "bsonobjectid" => is_hex(text, &[24]),
        "ssn" => return ssn(text),
        "hostname" => return registered::hostname(text),
        "uri" => url::is_request(text),
        "email" => return email(text),
        // Clusters before 1.35 do not check these, so that only a good one is decided.
        "k8sshortname" => return (text.len() <= 63 && is_label(text)).then_some(true),
        "k8slongname" => return (text.len() <= 253 && text.split('.').all(is_label)).then_some(true),
        "isbn" => registered::isbn10(text) || registered::isbn13(text),
        "isbn10" => registered::isbn10(text),
        "isbn13" => registered::isbn13(text),
        "rgbcolor" => registered::rgb(text),
        // Which companies' numbers count has changed between versions.
        "creditcard" => return None,
        _ => true,
    })
}

fn is_hex(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Five groups of hexadecimal digits; each dash may be missing.
fn uuid(text: &str, version: Option<u8>) -> bool {
    let mut digits = String::new();
    let mut rest = text;
    for (index, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
        let Some(group) = rest.get(..length) else { return false };
        digits.push_str(group);
        rest = &rest[length..];
    }
    let digit = |at: usize| digits.as_bytes().get(at).map(u8::to_ascii_lowercase);
    let variant = version.is_none_or(|version| version == b'3' || matches!(digit(16), Some(b'8' | b'9' | b'a' | b'b')));
    rest.is_empty() && is_hex(&digits, &[32]) && version.is_none_or(|version| digit(12) == Some(version)) && variant
}

/// Four numbers up to 255, leading zeros allowed; also an IPv6 address that ends so.
fn ipv4(text: &str) -> Option<bool> {
    if text.contains(':') {
        return if text.contains('.') { ipv6(text) } else { Some(false) };
    }
    Some(dotted(text))
}

fn dotted(text: &str) -> bool {
    let part = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let short = part.trim_start_matches('0');
        digits && short.len() <= 3 && (short.is_empty() || short.parse::<u16>().is_ok_and(|number| number <= 255))
    };
    text.parse::<Ipv4Addr>().is_ok() || (text.split('.').count() == 4 && text.split('.').all(part))
}

fn ipv6(text: &str) -> Option<bool> {
    match (text.contains(':'), text.parse::<Ipv6Addr>()) {
        (false, _) => Some(false),
        (true, Ok(_)) => Some(true),
        // The last part may be an IPv4 address whose leading zeros some readers allow.
        (true, Err(_)) => (!text.contains('.')).then_some(false),
    }
}

fn cidr(text: &str) -> Option<bool> {
    let Some((address, length)) = text.split_once('/') else { return Some(false) };
    let (good, most) = if address.contains(':') { (ipv6(address)?, 128) } else { (dotted(address), 32) };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    Some(
        good && digits && length.trim_start_matches('0').parse::<u32>().unwrap_or_default() <= most && length.len() < 9,
    )
}

/// 6, 8 or 20 bytes in pairs behind `:` or `-`, or in fours behind `.`; without anything between them newer versions of Go
/// take them, and so do API servers that are built with one.
fn mac(text: &str) -> Option<bool> {
    if is_hex(text, &[12, 16, 40]) {
        return None;
    }
    let separator = match text.as_bytes().get(2) {
        Some(b':') => ':',
        Some(b'-') => '-',
        _ => '.',
    };
    let width = if separator == '.' { 4 } else { 2 };
    let parts: Vec<&str> = text.split(separator).collect();
    Some(matches!(parts.len() * width / 2, 6 | 8 | 20) && parts.iter().all(|part| is_hex(part, &[width])))
}

fn base64(text: &str) -> bool {
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !text.is_empty() && text.len().is_multiple_of(4) && body.bytes().all(inner)
}

fn date(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(
            |(at, byte)| {
                if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
            },
        );
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i16>().ok());
    shape
        && match (number(0..4), number(5..7), number(8..10)) {
            (Some(year), Some(month), Some(day)) => {
                let (month, day) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
                Date::new(year, month, day).is_ok()
            }
            _ => false,
        }
}

/// A date, a `t`, a time with an optional fraction, and `z` or an offset.
fn date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(day), Some(time)) = (parts.next(), parts.next()) else { return false };
    let two = |at: usize| time.get(at..at + 2).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (Some(hour), Some(minute), Some(second)) = (two(0), two(3), two(6)) else { return false };
    let colons = time.get(2..3) == Some(":") && time.get(5..6) == Some(":");
    date(day) && colons && hour <= "23" && minute <= "59" && second <= "59" && zone(&time[8..])
}

/// What follows the seconds. Any one character may begin the fraction.
fn zone(rest: &str) -> bool {
    let offset = |rest: &str| {
        let shape = |(at, byte): (usize, u8)| match at {
            0 => matches!(byte, b'+' | b'-'),
            3 => byte == b':',
            _ => byte.is_ascii_digit(),
        };
        rest == "z" || (rest.len() == 6 && rest.bytes().enumerate().all(shape))
    };
    let fraction = |rest: &str| {
        let behind: &str =
            rest.chars().next().filter(|first| *first != '\n').map_or("", |first| &rest[first.len_utf8()..]);
        let digits = behind.len() - behind.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        digits > 0 && (1..=digits).any(|digits| offset(&behind[digits..]))
    };
    offset(rest) || fraction(rest)
}

/// Nine digits in groups of three, two and four; other digits than ASCII's are left to the server.
fn ssn(text: &str) -> Option<bool> {
    if !text.is_ascii() {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let shape = [3, 5].iter().fold(text.to_owned(), |text, at| {
        let mut text = text;
        if matches!(text.as_bytes().get(*at), Some(b'-' | b' ')) {
            text.remove(*at);
        }
        text
    });
    Some(digits.len() == 9 && shape == digits)
}

fn email(text: &str) -> Option<bool> {
    let Some((local, domain)) = text.split_once('@') else { return Some(false) };
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+'))
    };
    (local.split('.').all(word) && domain.split('.').all(word)).then_some(true)
}
