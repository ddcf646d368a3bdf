//! What a plain scalar means to Flux: the untyped rules of go-yaml v3 (`resolve.go`), which are
//! neither those of YAML 1.1, nor of YAML 1.2, nor of `kubectl`, which has those of go-yaml v2.

use super::Scalar;
use super::timestamp::{self, Time};

/// What a scalar without quotes and tag means to Flux, which writes times anew. One that it cannot write
/// is given as it stands; the tree refuses it.
pub(super) fn resolve(text: &str) -> Scalar {
    match timestamp::read(text) {
        Some(Time::Text(written)) => Scalar::String(written),
        Some(Time::Unwritable) => Scalar::String(text.to_owned()),
        None => word(text).or_else(|| number(text, true)).unwrap_or_else(|| Scalar::String(text.to_owned())),
    }
}

/// What it means to `kubectl`, and to kustomize in its own files and in JSON patches: `sigs.k8s.io/yaml` with
/// go-yaml v2's rules, which know the words of YAML 1.1 and leave times alone.
pub(super) fn resolve_by_kubectl(text: &str) -> Scalar {
    if timestamp::read(text).is_some() {
        return Scalar::String(text.to_owned());
    }
    let boolean = match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Scalar::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Scalar::Bool(false)),
        _ => word(text),
    };
    boolean.or_else(|| number(text, false)).unwrap_or_else(|| Scalar::String(text.to_owned()))
}

/// The words that both know.
fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// The number in a text; the octals of YAML 1.2 with a sign behind their prefix are known to v3 alone.
fn number(text: &str, octals: bool) -> Option<Scalar> {
    match text.as_bytes().first()? {
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits)).or_else(|| signed_behind_prefix(&digits, octals))
        }
        _ => None,
    }
}

/// `0b-11` and `0o-7`: Go takes off the prefix, and reads what is left with its sign.
fn signed_behind_prefix(text: &str, octals: bool) -> Option<Scalar> {
    let octal = text.strip_prefix("0o").filter(|_| octals).map(|digits| (digits, 8));
    let (digits, base) = text.strip_prefix("0b").map(|digits| (digits, 2)).or(octal)?;
    i64::from_str_radix(digits, base).ok().map(|value| Scalar::Int(i128::from(value)))
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: the base is in the prefix, and a
/// leading zero alone means octal.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, base).ok()?);
    let value = if negative { -value } else { value };
    // ParseUint knows no sign, so a number with one must fit into 64 signed bits.
    let signed = text.starts_with(['-', '+']);
    (!signed || i64::try_from(value).is_ok()).then_some(Scalar::Int(value))
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, within the range of a float: a short
/// commit id such as `123e4567` is out of range, and therefore text.
fn float(text: &str) -> Option<Scalar> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let well_formed = has_digits
        && digits(whole)
        && digits(fraction)
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    let value = if well_formed { text.parse::<f64>().ok()? } else { return None };
    value.is_finite().then_some(Scalar::Float(value))
}

#[cfg(test)]
mod tests {
    use super::{resolve, resolve_by_kubectl};
    use crate::manifest::Scalar::{self, Bool, Float, Int, Null};

    fn text(text: &str) -> Scalar {
        Scalar::String(text.to_owned())
    }

    fn assert_meanings(table: impl IntoIterator<Item = (&'static str, Scalar)>) {
        for (input, meaning) in table {
            assert_eq!(resolve(input), meaning, "{input:?}");
        }
    }

    #[test]
    fn words_mean_what_they_mean_to_flux() {
        assert_meanings([
            ("", Null),
            ("~", Null),
            ("null", Null),
            ("nULL", text("nULL")),
            ("true", Bool(true)),
            ("TRUE", Bool(true)),
            ("False", Bool(false)),
            ("tRue", text("tRue")),
            ("yes", text("yes")),
            ("no", text("no")),
            ("on", text("on")),
            ("Off", text("Off")),
            ("y", text("y")),
            ("12:30:45", text("12:30:45")),
            ("22:22", text("22:22")),
            ("2024-01-01", text("2024-01-01T00:00:00Z")),
            ("2001-12-14t21:59:43.10-05:00", text("2001-12-14T21:59:43.1-05:00")),
            ("2024-13-45", text("2024-13-45")),
            ("1.2.3", text("1.2.3")),
            ("10Gi", text("10Gi")),
            ("infinity", text("infinity")),
        ]);
    }

    #[test]
    fn numbers_mean_what_they_mean_to_flux() {
        assert_meanings([
            ("0", Int(0)),
            ("-0", Int(0)),
            ("12", Int(12)),
            ("+12", Int(12)),
            ("0777", Int(511)),
            ("0o777", Int(511)),
            ("0x1F", Int(31)),
            ("-0x1F", Int(-31)),
            ("0b11", Int(3)),
            ("-0b11", Int(-3)),
            ("1_000", Int(1000)),
            ("_1", text("_1")),
            ("08", Float(8.0)),
            ("0x", text("0x")),
            ("0b2", text("0b2")),
            ("18446744073709551615", Int(18_446_744_073_709_551_615)),
            ("18446744073709551616", Float(18_446_744_073_709_551_616.0)),
            ("-9223372036854775809", Float(-9_223_372_036_854_775_809.0)),
            ("1.5", Float(1.5)),
            (".5", Float(0.5)),
            ("1.", Float(1.0)),
            ("1e3", Float(1000.0)),
            ("-1.5E-3", Float(-0.0015)),
            ("123e4567", text("123e4567")),
            (".", text(".")),
            ("-", text("-")),
            ("+", text("+")),
            ("1e", text("1e")),
            ("0b-11", Int(-3)),
            ("0b+11", Int(3)),
            ("0o-17", Int(-15)),
            ("0B-11", text("0B-11")),
            ("-0b-11", text("-0b-11")),
            ("0x-1", text("0x-1")),
            ("+0o7", Int(7)),
            ("0_x1", Int(1)),
            ("0.5_0", Float(0.5)),
            (".5_0", text(".5_0")),
            ("0x1p3", text("0x1p3")),
            (".inf", Float(f64::INFINITY)),
            ("-.INF", Float(f64::NEG_INFINITY)),
            ("１２", text("１２")),
            ("1\u{e9}", text("1\u{e9}")),
        ]);
        assert!(matches!(resolve(".nan"), Float(value) if value.is_nan()));
    }

    #[test]
    fn kubectl_knows_more_words_and_no_times() {
        for (input, meaning) in [
            ("yes", Bool(true)),
            ("Y", Bool(true)),
            ("ON", Bool(true)),
            ("n", Bool(false)),
            ("Off", Bool(false)),
            ("oFF", Scalar::String("oFF".to_owned())),
            ("2024-1-2", Scalar::String("2024-1-2".to_owned())),
            ("0o-17", Scalar::String("0o-17".to_owned())),
            ("0b-11", Int(-3)),
            ("0777", Int(511)),
            ("~", Null),
            ("web", Scalar::String("web".to_owned())),
        ] {
            assert_eq!(resolve_by_kubectl(input), meaning, "{input:?}");
        }
    }
}
