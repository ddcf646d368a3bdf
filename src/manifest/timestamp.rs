//! Times as Flux reads them: what go-yaml v3 takes for a time is written back as RFC 3339 with as few digits
//! as needed, so that `2024-1-2` reaches the cluster as `2024-01-02T00:00:00Z`.
//!
//! The layouts are those of go-yaml's `resolve.go`, read with Go's `time.Parse` and written with its
//! `MarshalJSON`, which refuses an offset of 24 hours although the parser takes it.

use std::fmt::Write as _;

/// What becomes of a text without quotes and tag that is a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Time {
    /// It is sent as this text.
    Text(String),
    /// It is a time that Go reads and cannot write: the build fails.
    Unwritable,
}

/// The time in a text; `None` where Go reads none.
pub(super) fn read(text: &str) -> Option<Time> {
    let mut rest = text;
    let (year, month, day) = date(&mut rest)?;
    if rest.is_empty() {
        return Some(Time::Text(format!("{year:04}-{month:02}-{day:02}T00:00:00Z")));
    }
    let blank = rest.starts_with(' ');
    rest = if blank { rest.trim_start_matches(' ') } else { rest.strip_prefix(['T', 't'])? };
    let [hour, minute, second] = clock(&mut rest)?;
    let fraction = fraction(&mut rest);
    // With a blank there is no zone, with a letter there is one.
    let zone = if blank { Some(Zone { east: true, minutes: 0 }) } else { zone(&mut rest) };
    let zone = zone.filter(|_| rest.is_empty())?;
    if zone.minutes >= 24 * 60 {
        return Some(Time::Unwritable);
    }
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}");
    match (zone.minutes / 60, zone.minutes % 60) {
        (0, 0) => text.push('Z'),
        (hours, minutes) => {
            let sign = if zone.east { '+' } else { '-' };
            let _ = write!(text, "{sign}{hours:02}:{minutes:02}");
        }
    }
    Some(Time::Text(text))
}

/// How far a zone is from Greenwich.
struct Zone {
    east: bool,
    minutes: u32,
}

/// `2006-1-2`: four digits, then one or two.
fn date(rest: &mut &str) -> Option<(u32, u32, u32)> {
    let year = digits(rest, 4, 4)?;
    *rest = rest.strip_prefix('-')?;
    let month = digits(rest, 1, 2).filter(|month| (1..=12).contains(month))?;
    *rest = rest.strip_prefix('-')?;
    let day = digits(rest, 1, 2).filter(|day| (1..=days(year, month)).contains(day))?;
    Some((year, month, day))
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `15:4:5`: hour, minute and second with one or two digits.
fn clock(rest: &mut &str) -> Option<[u32; 3]> {
    let hour = digits(rest, 1, 2).filter(|hour| *hour < 24)?;
    *rest = rest.strip_prefix(':')?;
    let minute = digits(rest, 1, 2).filter(|minute| *minute < 60)?;
    *rest = rest.strip_prefix(':')?;
    let second = digits(rest, 1, 2).filter(|second| *second < 60)?;
    Some([hour, minute, second])
}

/// A dot or comma with digits, as Go writes it: nine digits at most, and no zeros at the end.
fn fraction(rest: &mut &str) -> String {
    let Some(after) = rest.strip_prefix(['.', ',']) else { return String::new() };
    let count = after.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return String::new();
    }
    let (written, left) = after.split_at(count);
    *rest = left;
    let kept = written.get(..9).unwrap_or(written).trim_end_matches('0');
    if kept.is_empty() { String::new() } else { format!(".{kept}") }
}

/// `Z`, or a sign with `07:00`; Go takes 24 hours and 60 minutes too.
fn zone(rest: &mut &str) -> Option<Zone> {
    if let Some(left) = rest.strip_prefix('Z') {
        *rest = left;
        return Some(Zone { east: true, minutes: 0 });
    }
    let east = rest.starts_with('+');
    *rest = rest.strip_prefix(['+', '-'])?;
    let hours = digits(rest, 2, 2).filter(|hours| *hours <= 24)?;
    *rest = rest.strip_prefix(':')?;
    let minutes = digits(rest, 2, 2).filter(|minutes| *minutes <= 60)?;
    Some(Zone { east, minutes: hours * 60 + minutes })
}

/// The number at the start, with so many digits.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, left) = rest.split_at_checked(count).filter(|_| count >= least)?;
    *rest = left;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Time, read};

    /// What kustomize 5.8 with the readers of Flux made of each when it was run.
    #[test]
    fn times_are_written_as_flux_writes_them() {
        for (text, written) in [
            ("2024-01-01", "2024-01-01T00:00:00Z"),
            ("2024-1-2", "2024-01-02T00:00:00Z"),
            ("2024-01-1", "2024-01-01T00:00:00Z"),
            ("0000-01-01", "0000-01-01T00:00:00Z"),
            ("9999-12-31", "9999-12-31T00:00:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
            ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
            ("2024-01-01T10:11:12Z", "2024-01-01T10:11:12Z"),
            ("2024-01-01t10:11:12Z", "2024-01-01T10:11:12Z"),
            ("2024-01-01 10:11:12", "2024-01-01T10:11:12Z"),
            ("2024-01-01  10:11:12", "2024-01-01T10:11:12Z"),
            ("2024-01-01 10:11:12.5", "2024-01-01T10:11:12.5Z"),
            ("2024-01-01 10:11:12,5", "2024-01-01T10:11:12.5Z"),
            ("2024-01-01 10:11:12.000", "2024-01-01T10:11:12Z"),
            ("2024-01-01 10:11:12.1234567899", "2024-01-01T10:11:12.123456789Z"),
            ("2024-01-01T10:11:12+02:00", "2024-01-01T10:11:12+02:00"),
            ("2024-01-01T10:11:12-05:30", "2024-01-01T10:11:12-05:30"),
            ("2024-01-01T10:11:12-00:00", "2024-01-01T10:11:12Z"),
            ("2024-01-01T10:11:12+23:59", "2024-01-01T10:11:12+23:59"),
            ("2024-01-01T10:11:12+22:60", "2024-01-01T10:11:12+23:00"),
            ("2024-01-01T10:11:12.100Z", "2024-01-01T10:11:12.1Z"),
            ("2024-01-01T10:11:12,5Z", "2024-01-01T10:11:12.5Z"),
            ("2024-01-01T1:2:3Z", "2024-01-01T01:02:03Z"),
            ("2024-1-2t3:4:5.6+07:08", "2024-01-02T03:04:05.6+07:08"),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
            ("9999-12-31T23:59:59.999999999-12:00", "9999-12-31T23:59:59.999999999-12:00"),
        ] {
            assert_eq!(read(text), Some(Time::Text(written.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_time_stays_text() {
        for text in [
            "2024-13-45",
            "2024-02-30",
            "2024-00-10",
            "2024-01-00",
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-01",
            "2024-001-01",
            "2024-01-001",
            "02024-01-01",
            "224-01-01",
            "2024--1-1",
            "2024-01-01x",
            "2024-01-01T",
            "2024-01-01 ",
            "2024-01-01T10:11",
            "2024-01-01T10:11Z",
            "2024-01-01T10:11:12",
            "2024-01-01T10:11:12z",
            "2024-01-01T10:11:12 Z",
            "2024-01-01T10:11:12.",
            "2024-01-01T10:11:12.Z",
            "2024-01-01T10:11:12+0200",
            "2024-01-01T10:11:12+2:00",
            "2024-01-01T10:11:12+25:00",
            "2024-01-01T10:11:12+12:61",
            "2024-01-01T24:00:00Z",
            "2024-01-01T23:59:60Z",
            "2024-01-01T10:60:00Z",
            "2024-01-01 10:11:12Z",
            "2024-01-01 10:11:12 +02:00",
            "2001-12-14 21:59:43.10 -5",
            "２０２４-01-01",
            "2024-é1-01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_of_a_day_is_read_but_not_written() {
        for text in ["2024-01-01T10:11:12+24:00", "2024-01-01T10:11:12-23:60", "2024-01-01t10:11:12+24:60"] {
            assert_eq!(read(text), Some(Time::Unwritable), "{text}");
        }
    }
}
