//! Lengths and points of time as Go reads them from texts.
//!
//! Facts: Go's package `time` (`ParseDuration`, `Parse` with `RFC3339`), and google/cel-go `common/types/timestamp.go`
//! for the years that there are.

use jiff::civil::Date;

/// The greatest length in nanoseconds, of either sign.
const MOST: u64 = 1 << 63;

/// `ParseDuration`: a sign, then numbers with a fraction, each with its unit; or zero alone. In nanoseconds; `None` where
/// it is no duration, or one too long.
pub(super) fn duration(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let (part, behind) = part_of_duration(rest)?;
        sum = sum.checked_add(part).filter(|sum| *sum <= MOST)?;
        rest = behind;
    }
    if negative { 0_i64.checked_sub_unsigned(sum) } else { i64::try_from(sum).ok() }
}

/// The first number with its unit, and what is behind it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes fractions with the same floats, and cuts what is left of a nanosecond off"
)]
fn part_of_duration(text: &str) -> Option<(u64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, behind) = text.split_at(digits(text));
    let (fraction, behind) = match behind.strip_prefix('.') {
        Some(behind) => behind.split_at(digits(behind)),
        None => ("", behind),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok().filter(|whole| *whole <= MOST)? };
    let end = behind.find(|character: char| character == '.' || character.is_ascii_digit()).unwrap_or(behind.len());
    let (unit, behind) = behind.split_at(end);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let mut part = whole.checked_mul(unit).filter(|part| *part <= MOST)?;
    // More digits than 18 do not change anything that is left.
    let fraction = &fraction[..fraction.len().min(18)];
    if let Some(digits) = fraction.parse::<u64>().ok().filter(|digits| *digits > 0) {
        let scale = 10_f64.powi(i32::try_from(fraction.len()).unwrap_or_default());
        part = part.checked_add((digits as f64 * (unit as f64 / scale)) as u64).filter(|part| *part <= MOST)?;
    }
    Some((part, behind))
}

/// The seconds of the first and the last moment that CEL knows.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// Whether so many seconds since 1970 are a moment that CEL knows.
pub(super) fn is_moment(seconds: i64) -> bool {
    (FIRST..=LAST).contains(&seconds)
}

/// Whether a text is a moment as `timestamp` of CEL reads it. Go takes an hour of one digit, a comma before the
/// fraction, and offsets up to 24:60.
pub(super) fn is_timestamp(text: &str) -> bool {
    moment(text).is_some_and(is_moment)
}

fn moment(text: &str) -> Option<i64> {
    let (year, rest) = number(text, 4, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2, 2)?;
    let (hour, rest) = number(rest.strip_prefix('T')?, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2, 2)?;
    let (second, mut rest) = number(rest.strip_prefix(':')?, 2, 2)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let behind = fraction.trim_start_matches(|character: char| character.is_ascii_digit());
        if behind.len() == fraction.len() {
            return None;
        }
        rest = behind;
    }
    let offset = offset(rest)?;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = date.duration_since(Date::constant(1970, 1, 1)).as_secs();
    Some(days + hour * 3_600 + minute * 60 + second - offset)
}

/// `Z`, or a sign, hours and minutes; in seconds.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let behind = text.strip_prefix(['+', '-'])?;
    let (hours, behind) = number(behind, 2, 2)?;
    let (minutes, behind) = number(behind.strip_prefix(':')?, 2, 2)?;
    let seconds = (behind.is_empty() && hours <= 24 && minutes <= 60).then_some(hours * 3_600 + minutes * 60)?;
    Some(if text.starts_with('-') { -seconds } else { seconds })
}

/// A number of so many digits, and what is behind it.
fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, behind) = text.split_at(count);
    (count >= least).then(|| digits.parse().ok()).flatten().map(|number| (number, behind))
}

#[cfg(test)]
mod tests {
    use super::{duration, is_timestamp};

    /// What cel-go v0.26 says of each as a literal.
    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, wanted) in [
            ("1h", Some(3_600_000_000_000)),
            ("-1.5h3m", Some(-5_580_000_000_000)),
            ("0", Some(0)),
            ("+5s", Some(5_000_000_000)),
            (".5s", Some(500_000_000)),
            ("5.s", Some(5_000_000_000)),
            ("1µs", Some(1_000)),
            ("1μs", Some(1_000)),
            ("9223372036854775807ns", Some(i64::MAX)),
            ("-9223372036854775808ns", Some(i64::MIN)),
            ("2562047h", Some(2_562_047 * 3_600_000_000_000)),
        ] {
            assert_eq!(duration(text), wanted, "{text}");
        }
        for text in
            ["", "1", "s", ".s", "1d", "PT1H", "1h ", " 1h", "2562048h", "9223372036854775808ns", "99999999999h"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_as_cel_reads_them() {
        for text in [
            "2020-01-01T00:00:00Z",
            "2020-01-01T00:00:00+01:00",
            "2020-01-01T00:00:00.123456789Z",
            "2020-01-01T00:00:00,5Z",
            "2020-01-01T0:00:00Z",
            "2020-01-01T00:00:00+24:00",
            "2020-01-01T00:00:00+23:60",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "",
            "2020-01-01",
            "2020-01-01T00:00:00",
            "2020-01-01t00:00:00z",
            "2020-01-01 00:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "2020-13-01T00:00:00Z",
            "2020-02-30T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T23:59:60Z",
            "2020-1-01T00:00:00Z",
            "2020-01-01T00:00:00+25:00",
            "2020-01-01T00:00:00+0100",
            "20200101T000000Z",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
