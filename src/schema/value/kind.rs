//! Types and lists of allowed values.

use super::{At, Found, Judge, Number, of_field, shown};
use crate::manifest::{Node, Scalar, Value};
use crate::schema::Schema;

/// The types of JSON, as the API server's decoder tells them apart: a number without a fraction that fits into 64 bits
/// is an integer, also where somebody wrote `1.0`, because it goes over the wire as `1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// Every other number.
    Number,
    /// Text.
    String,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

impl Kind {
    /// The type of a value.
    pub fn of(value: &Node) -> Self {
        match &value.value {
            Value::Mapping(_) => Self::Object,
            Value::Sequence(_) => Self::Array,
            Value::Scalar { value: scalar, .. } => match scalar {
                Scalar::Null => Self::Null,
                Scalar::Bool(_) => Self::Boolean,
                Scalar::String(_) => Self::String,
                Scalar::Int(_) | Scalar::Float(_) => match Number::of(value) {
                    Some(Number::Integer(_)) => Self::Integer,
                    _ => Self::Number,
                },
            },
        }
    }

    /// The name of the type in a schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// What people call it.
    pub const fn called(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::String => "a text",
            Self::Array => "a list",
            Self::Object => "a mapping",
        }
    }
}

impl Judge {
    pub(super) fn kind<'v>(&self, at: At<'v, '_>, schema: Schema<'_>, format: &str, found: &mut Found<'v>) {
        let types = self.types(schema);
        if fits(at.node, &types, schema.is_nullable(), format) {
            return;
        }
        let wanted = match types.as_slice() {
            [] => format!("a value of the format `{}`", shown(format)),
            ["integer", "string"] => "a whole number or a text".to_owned(),
            [one] => called(one),
            many => many.join(" or "),
        };
        found.invalid(at.node, at.path, format!("must be {wanted}, but is {}", Kind::of(at.node).called()));
    }

    /// The types that a schema allows. A default is validated without those of int-or-string.
    fn types<'s>(&self, schema: Schema<'s>) -> Vec<&'s str> {
        if schema.is_int_or_string() && !self.purpose.default {
            return vec!["integer", "string"];
        }
        schema.type_name().into_iter().collect()
    }
}

fn called(name: &str) -> String {
    let all = [Kind::Boolean, Kind::Integer, Kind::Number, Kind::String, Kind::Array, Kind::Object];
    let kind = all.into_iter().find(|kind| kind.name() == name);
    kind.map_or_else(|| format!("of the type `{}`", shown(name)), |kind| kind.called().to_owned())
}

/// The server lets every text and list pass that has a format and no type of numbers, whatever its type; the format
/// itself is checked later, for texts.
fn fits(value: &Node, types: &[&str], nullable: bool, format: &str) -> bool {
    let kind = Kind::of(value);
    if types.is_empty() && format.is_empty() {
        return true;
    }
    if kind == Kind::Null {
        return types.is_empty() || nullable;
    }
    let numeric = types.contains(&"number") || types.contains(&"integer");
    let long = matches!(kind, Kind::String | Kind::Array);
    if long && !numeric && !format.is_empty() {
        return true;
    }
    let whole =
        kind == Kind::Number && types.contains(&"integer") && Number::of(value).is_some_and(Number::is_json_integer);
    let widened = kind == Kind::Integer && types.contains(&"number");
    types.contains(&kind.name()) || whole || widened
}

/// One of `enum`. Null is never one of them, even where the list has it: the server compares types first, and null
/// has none.
pub(super) fn check_enum<'v>(at: At<'v, '_>, schema: Schema<'_>, found: &mut Found<'v>) {
    let At { node: value, path, .. } = at;
    let Some(allowed) = schema.get("enum").filter(|list| list.items().next().is_some()) else { return };
    let full = at.base.filter(|_| at.node.text().is_none()).map(|base| with_defaults(value, base));
    if allowed.items().any(|one| is_same(full.as_ref().unwrap_or(value), one)) {
        return;
    }
    let shown: Vec<String> =
        allowed.items().take(8).map(|one| format!("`{}`", shown(one.text().unwrap_or("…")))).collect();
    let more = if allowed.items().count() > 8 { " …" } else { "" };
    found.invalid(value, path, format!("must be one of {}{more}", shown.join(", ")));
}

/// A copy with the defaults that the server sets before it validates, and without the nulls that it drops.
fn with_defaults(value: &Node, schema: Schema<'_>) -> Node {
    let held = match &value.value {
        Value::Mapping(entries) => {
            let named = |key: &Node| key.text().and_then(|name| of_field(schema, name));
            let kept = entries
                .iter()
                .filter(|(key, value)| !(value.is_null() && named(key).is_some_and(|field| !field.is_nullable())));
            let copied = |(key, value): &(Node, Node)| {
                let full = named(key).map_or_else(|| value.clone(), |field| with_defaults(value, field));
                (key.clone(), full)
            };
            let mut full: Vec<(Node, Node)> = kept.map(copied).collect();
            for (key, field) in schema.properties() {
                let is_there = full.iter().any(|(own, _)| own.text() == key.text());
                if let Some(default) = field.get("default").filter(|_| !is_there) {
                    full.push((key.clone(), with_defaults(default, field)));
                }
            }
            Value::Mapping(full)
        }
        Value::Sequence(items) => {
            let full = |item: &Node| schema.items().map_or_else(|| item.clone(), |schema| with_defaults(item, schema));
            Value::Sequence(items.iter().map(full).collect())
        }
        scalar @ Value::Scalar { .. } => scalar.clone(),
    };
    Node { start: value.start, end: value.end, value: held }
}

fn is_same(value: &Node, allowed: &Node) -> bool {
    let (kind, other) = (Kind::of(value), Kind::of(allowed));
    match (Number::of(value), Number::of(allowed)) {
        // Go converts the value to the type of the allowed one before it compares.
        (Some(value), Some(allowed)) => value.converted_like(allowed) == Some(allowed),
        // Go makes a text of one character out of a number.
        (Some(Number::Integer(code)), None) if other == Kind::String => {
            let character = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            allowed.as_str().is_some_and(|text| text.chars().eq([character]))
        }
        _ => kind == other && kind != Kind::Null && equal(value, allowed),
    }
}

/// Whether two values are the same to the server: deeply, whole numbers apart from others.
pub(super) fn equal(one: &Node, other: &Node) -> bool {
    let (kind, same) = (Kind::of(one), Kind::of(one) == Kind::of(other));
    same && match kind {
        Kind::Null => true,
        Kind::Boolean => one.as_bool() == other.as_bool(),
        Kind::String => one.as_str() == other.as_str(),
        Kind::Integer | Kind::Number => Number::of(one) == Number::of(other),
        Kind::Array => {
            one.items().count() == other.items().count()
                && one.items().zip(other.items()).all(|(one, other)| equal(one, other))
        }
        Kind::Object => {
            one.entries().count() == other.entries().count()
                && one.entries().all(|(key, value)| {
                    key.text().and_then(|name| other.get(name)).is_some_and(|other| equal(value, other))
                })
        }
    }
}
