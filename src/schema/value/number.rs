//! Numbers, with the arithmetic of the server.

use super::{At, Found};
use crate::manifest::{Node, Scalar, Value};
use crate::schema::Schema;

/// A number as the server's decoder makes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Whole, of 64 bits.
    Integer(i64),
    /// Every other.
    Float(f64),
}

/// The whole numbers of JavaScript: what is beyond is no integer to the server where it has a fraction's type.
const SAFE: f64 = 9_007_199_254_740_991.0;

impl Number {
    /// The number that a node holds.
    pub fn of(node: &Node) -> Option<Self> {
        let Value::Scalar { value, .. } = &node.value else { return None };
        match value {
            Scalar::Int(whole) => {
                Some(i64::try_from(*whole).map_or_else(|_| Self::Float(lossy(*whole)), Self::Integer))
            }
            Scalar::Float(float) => Some(Self::of_float(*float)),
            _ => None,
        }
    }

    /// Go prints a float without fraction and below 1e21 as digits, and the server reads those as an integer.
    fn of_float(float: f64) -> Self {
        let whole = float.fract() == 0.0 && float.abs() < 1e18;
        if whole { Self::Integer(truncated(float)) } else { Self::Float(float) }
    }

    /// A limit that has to be a whole number, such as `maxItems`.
    pub fn whole(node: &Node) -> Option<i128> {
        match Self::of(node)? {
            Self::Integer(whole) => Some(i128::from(whole)),
            Self::Float(_) => None,
        }
    }

    /// As a float.
    pub fn float(self) -> f64 {
        match self {
            Self::Integer(whole) => lossy(i128::from(whole)),
            Self::Float(float) => float,
        }
    }

    /// Whether a float counts as an integer: near enough to a whole one, and not beyond 2^53.
    pub fn is_json_integer(self) -> bool {
        let float = self.float();
        if !float.is_finite() || float.abs() > SAFE {
            return false;
        }
        let difference = float - float.trunc();
        difference == 0.0 || (float > 0.0 && difference / (float + float.trunc()) < 1e-9)
    }

    /// This number in the type of another one, as Go converts; `None` where that depends on the machine.
    pub(super) fn converted_like(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Float(float), Self::Integer(_)) => (float.abs() < 9e18).then(|| Self::Integer(truncated(float))),
            (Self::Integer(_), Self::Float(_)) => Some(Self::Float(self.float())),
            _ => Some(self),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the server's numbers lose the same digits")]
const fn lossy(whole: i128) -> f64 {
    whole as f64
}

#[expect(clippy::cast_possible_truncation, reason = "callers have looked at the size; Go cuts the fraction off too")]
const fn truncated(float: f64) -> i64 {
    float as i64
}

/// Whether a number is finite with 32 bits: Go rounds first.
#[expect(clippy::cast_possible_truncation, reason = "the digits that go are those that Go rounds away")]
const fn fits_single(number: f64) -> bool {
    (number as f32).is_finite()
}

/// What the type and the format make of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Every number.
    Any,
    /// Whole numbers of 64 bits.
    Long,
    /// Whole numbers of 32 bits.
    Int,
    /// Numbers of 32 bits.
    Single,
}

impl Range {
    fn of(schema: Schema<'_>) -> Self {
        let format = schema.text("format").unwrap_or_default();
        match (schema.is_int_or_string(), schema.type_name(), format) {
            (true, ..) => Self::Any,
            (_, Some("integer"), "int32") => Self::Int,
            (_, Some("integer"), _) => Self::Long,
            (_, Some("number"), "float") => Self::Single,
            _ => Self::Any,
        }
    }

    fn has(self, number: Number) -> bool {
        match (self, number) {
            (Self::Any, _) | (Self::Long, Number::Integer(_)) => true,
            (Self::Int, Number::Integer(whole)) => i32::try_from(whole).is_ok(),
            (Self::Single, number) => fits_single(number.float()),
            (Self::Long | Self::Int, Number::Float(_)) => false,
        }
    }

    const fn called(self) -> &'static str {
        match self {
            Self::Any => "a number",
            Self::Long => "a whole number of 64 bits",
            Self::Int => "a whole number of 32 bits",
            Self::Single => "a number of 32 bits",
        }
    }
}

pub(super) fn check<'v>(at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
    let At { node: value, path, .. } = at;
    let Some(number) = Number::of(value) else { return };
    let range = Range::of(schema);
    // A fraction where a whole number has to stand is told with the type.
    let told =
        matches!(range, Range::Long | Range::Int) && !number.is_json_integer() && matches!(number, Number::Float(_));
    if !range.has(number) && !told {
        found.invalid(value, path, format!("must be {}", range.called()));
    }
    for key in ["multipleOf", "maximum", "minimum"] {
        let Some(limit) = schema.get(key).and_then(Number::of) else { continue };
        if !range.has(limit) {
            let words = format!("can never be valid, because `{key}` of its schema is not {}", range.called());
            found.invalid(value, path, words);
        }
        match holds(key, number, limit, schema) {
            Some(true) => {}
            Some(false) => found.invalid(value, path, words(key, limit, schema)),
            None => found.undecided(value, path, format!("is compared with a very great `{key}`")),
        }
    }
}

fn words(key: &str, limit: Number, schema: Schema<'_>) -> String {
    let limit = limit.float();
    match key {
        "multipleOf" => format!("must be a multiple of {limit}"),
        "maximum" if schema.is("exclusiveMaximum") => format!("must be less than {limit}"),
        "maximum" => format!("must not be greater than {limit}"),
        _ if schema.is("exclusiveMinimum") => format!("must be greater than {limit}"),
        _ => format!("must not be less than {limit}"),
    }
}

/// Whole numbers are compared with the limit's whole part, others as floats; `None` where the limit's whole part
/// does not fit and the answer depends on the server's processor.
fn holds(key: &str, number: Number, limit: Number, schema: Schema<'_>) -> Option<bool> {
    let exclusive = match key {
        "maximum" => schema.is("exclusiveMaximum"),
        _ => schema.is("exclusiveMinimum"),
    };
    match number {
        Number::Integer(whole) => {
            let limit = match limit {
                Number::Integer(limit) => limit,
                Number::Float(limit) if limit.abs() < 9e18 => truncated(limit),
                Number::Float(_) => return None,
            };
            Some(match key {
                "multipleOf" => limit > 0 && whole % limit == 0,
                "maximum" => whole < limit || (!exclusive && whole == limit),
                _ => whole > limit || (!exclusive && whole == limit),
            })
        }
        Number::Float(float) => {
            let limit = limit.float();
            Some(match key {
                "multipleOf" if limit <= 0.0 => false,
                "multipleOf" => {
                    let ratio = if limit < 1.0 { 1.0 / limit * float } else { float / limit };
                    Number::Float(ratio).is_json_integer()
                }
                "maximum" => float < limit || (!exclusive && float <= limit),
                _ => float > limit || (!exclusive && float >= limit),
            })
        }
    }
}
