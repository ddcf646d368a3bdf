//! What is written out in an expression, and what the server computes of it before it takes the expression.

use super::ty::Ty;
use crate::schema::go_time;

/// What is written out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes,
}

impl Literal {
    /// Its type.
    pub(super) const fn ty(&self) -> Ty<'static> {
        match self {
            Self::Null => Ty::Null,
            Self::Bool(_) => Ty::Bool,
            Self::Int(_) => Ty::Int,
            Self::Uint(_) => Ty::Uint,
            Self::Double(_) => Ty::Double,
            Self::Text(_) => Ty::String,
            Self::Bytes => Ty::Bytes,
        }
    }

    /// A number with the other sign.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Int(value) => Self::Int(value.wrapping_neg()),
            Self::Double(value) => Self::Double(-value),
            other => other,
        }
    }
}

/// What a conversion of something that is written out gives.
#[derive(Debug, PartialEq)]
pub(super) enum Converted {
    /// This.
    Value(Literal),
    /// Something that is not followed further here.
    Other,
    /// An error: the server does not take the expression.
    Fails,
}

/// A conversion, as the server makes it when it puts the program together (`maybeOptimizeConstUnary` of cel-go's
/// `interpreter/decorators.go`; what converts into what: `common/types`).
pub(super) fn convert(function: &str, value: &Literal) -> Converted {
    use Converted::{Fails, Other, Value};
    use Literal::{Bool, Double, Int, Text, Uint};
    let or_fails = |converted: Option<Literal>| converted.map_or(Fails, Value);
    match (function, value) {
        ("dyn", value) => Value(value.clone()),
        ("bool", Text(text)) => or_fails(truth(text).map(Bool)),
        ("int", Text(text)) => or_fails(text.parse().ok().map(Int)),
        ("int", Uint(value)) => or_fails(i64::try_from(*value).ok().map(Int)),
        ("int", Double(value)) if value.abs() >= BEYOND => Fails,
        ("uint", Text(text)) if text.starts_with('+') => Fails,
        ("uint", Text(text)) => or_fails(text.parse().ok().map(Uint)),
        ("uint", Int(value)) => or_fails(u64::try_from(*value).ok().map(Uint)),
        ("uint", Double(value)) if *value < 0.0 || *value >= 2.0 * BEYOND => Fails,
        ("double", Text(text)) => double(text),
        ("string", Int(value)) => Value(Text(value.to_string())),
        // Go writes others with an exponent.
        ("string", Double(value)) if (1e-4..1e15).contains(&value.abs()) => Value(Text(value.to_string())),
        ("string", Text(text)) => Value(Text(text.clone())),
        ("duration", Text(text)) => go_time::duration(text).map_or(Fails, |_| Other),
        ("timestamp", Text(text)) if !go_time::is_timestamp(text) => Fails,
        ("timestamp", Int(value)) if !go_time::is_moment(*value) => Fails,
        _ => Other,
    }
}

/// The first number beyond the whole ones of 64 bits, two to the power of 63.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// `ParseBool` of Go's `strconv`.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// `ParseFloat`; hexadecimal ones, and underscores between digits, are left alone.
fn double(text: &str) -> Converted {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Converted::Value(Literal::Double(value)),
        // Written out, or too great.
        Ok(_) if digits.starts_with(|first: char| first.is_ascii_alphabetic()) => Converted::Other,
        Err(_) if digits.starts_with("0x") || digits.starts_with("0X") => {
            if digits.contains(['p', 'P']) {
                Converted::Other
            } else {
                Converted::Fails
            }
        }
        Err(_) if digits.contains('_') => Converted::Other,
        _ => Converted::Fails,
    }
}
