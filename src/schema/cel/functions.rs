//! The functions and operators, and which of their signatures fit.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::ty::Ty;

/// One signature. What stands before the dot is the first argument of a member.
#[derive(Debug)]
struct Overload {
    member: bool,
    arguments: Vec<Ty<'static>>,
    result: Ty<'static>,
}

/// Of which functions there are: `f` for those that stand alone, `m` for those behind a dot.
static FUNCTIONS: LazyLock<HashMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let mut functions: HashMap<&'static str, Vec<Overload>> = HashMap::new();
    for line in include_str!("functions.txt").lines() {
        if let Some((name, overload)) = overload(line) {
            functions.entry(name).or_default().push(overload);
        }
    }
    functions
});

fn overload(line: &'static str) -> Option<(&'static str, Overload)> {
    let (kind, rest) = line.split_once(' ')?;
    let (name, rest) = rest.split_once(" (")?;
    let (arguments, result) = rest.rsplit_once(") ").or_else(|| rest.split_once(") "))?;
    // The result may have brackets of its own: `optional(list(string))` has no `) ` in it.
    let arguments = parts(arguments).into_iter().map(ty).collect();
    Some((name, Overload { member: kind == "m", arguments, result: ty(result) }))
}

/// What stands between the commas outside of brackets.
fn parts(text: &'static str) -> Vec<&'static str> {
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    found.retain(|part| !part.is_empty());
    found
}

fn ty(text: &'static str) -> Ty<'static> {
    if let Some((name, inside)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let mut inner = parts(inside).into_iter().map(|part| Box::new(ty(part)));
        return match (name, inner.next(), inner.next()) {
            ("list", Some(item), _) => Ty::List(item),
            ("map", Some(key), Some(value)) => Ty::Map(key, value),
            ("optional", Some(value), _) => Ty::Optional(value),
            _ => Ty::Type,
        };
    }
    match text {
        "dyn" => Ty::Dyn,
        "bool" => Ty::Bool,
        "int" => Ty::Int,
        "uint" => Ty::Uint,
        "double" => Ty::Double,
        "string" => Ty::String,
        "bytes" => Ty::Bytes,
        "timestamp" => Ty::Timestamp,
        "duration" => Ty::Duration,
        one if one.len() == 1 => Ty::Parameter(one.as_bytes()[0].saturating_sub(b'A')),
        other => Ty::Opaque(other),
    }
}

/// How a call came out.
#[derive(Debug)]
pub(super) enum Resolved<'a> {
    /// It gives a value of this type.
    Gives(Ty<'a>),
    /// There is no function of this name.
    Unknown,
    /// There is one, but not for these arguments.
    Mismatch,
}

/// Whether a function stands alone under this name, as `sets.contains` does.
pub(super) fn is_global(name: &str) -> bool {
    FUNCTIONS.get(name).is_some_and(|overloads| overloads.iter().any(|overload| !overload.member))
}

/// What a call gives.
pub(super) fn resolve<'a>(name: &str, member: bool, arguments: &[Ty<'a>]) -> Resolved<'a> {
    let Some(overloads) = FUNCTIONS.get(name) else { return Resolved::Unknown };
    let mut result: Option<Ty<'a>> = None;
    for overload in overloads.iter().filter(|overload| overload.member == member) {
        let Some(given) = fit(overload, arguments) else { continue };
        result = Some(match result {
            Some(before) if before != given => Ty::Unknown,
            _ => given,
        });
    }
    result.map_or(Resolved::Mismatch, Resolved::Gives)
}

type Bound<'a> = HashMap<u8, Ty<'a>>;

/// What a signature gives for these arguments; `None` where it does not fit.
fn fit<'a>(overload: &Overload, arguments: &[Ty<'a>]) -> Option<Ty<'a>> {
    if overload.arguments.len() != arguments.len() {
        return None;
    }
    let mut bound = HashMap::new();
    let fits = overload.arguments.iter().zip(arguments).all(|(wanted, given)| unify(wanted, given, &mut bound));
    fits.then(|| substitute(&overload.result, &bound))
}

fn unify<'a>(wanted: &Ty<'static>, given: &Ty<'a>, bound: &mut Bound<'a>) -> bool {
    match (wanted, given) {
        (Ty::Parameter(name), _) => {
            let Some(before) = bound.get(name) else {
                bound.insert(*name, given.clone());
                return true;
            };
            let fits = is_compatible(before, given);
            if before != given {
                bound.insert(*name, Ty::Unknown);
            }
            fits
        }
        (Ty::Unknown | Ty::Dyn, _) => true,
        (Ty::List(wanted), Ty::List(given)) | (Ty::Optional(wanted), Ty::Optional(given)) => {
            unify(wanted, given, bound)
        }
        (Ty::Map(key, value), Ty::Map(given_key, given_value)) => {
            unify(key, given_key, bound) && unify(value, given_value, bound)
        }
        (Ty::List(wanted) | Ty::Optional(wanted), Ty::Unknown | Ty::Dyn) => unify(wanted, &Ty::Unknown, bound),
        (Ty::Map(key, value), Ty::Unknown | Ty::Dyn) => {
            unify(key, &Ty::Unknown, bound) && unify(value, &Ty::Unknown, bound)
        }
        (_, given) => is_compatible(wanted, given),
    }
}

/// Whether values of one type may stand for those of the other. Null stands for everything that is no plain value, no
/// list and no map.
pub(super) fn is_compatible<'a>(one: &Ty<'a>, other: &Ty<'a>) -> bool {
    match (one, other) {
        (Ty::Unknown | Ty::Dyn | Ty::Parameter(_), _) | (_, Ty::Unknown | Ty::Dyn | Ty::Parameter(_)) => true,
        (Ty::Null, Ty::Null) => true,
        (Ty::Null, other) | (other, Ty::Null) => !matches!(
            other,
            Ty::Bool | Ty::Int | Ty::Uint | Ty::Double | Ty::String | Ty::Bytes | Ty::List(_) | Ty::Map(..)
        ),
        (Ty::List(one), Ty::List(other)) | (Ty::Optional(one), Ty::Optional(other)) => is_compatible(one, other),
        (Ty::Map(key, value), Ty::Map(other_key, other_value)) => {
            is_compatible(key, other_key) && is_compatible(value, other_value)
        }
        // Objects have names that the server makes up; whether two are the same is left to it.
        (Ty::Object(..) | Ty::Metadata(_), Ty::Object(..) | Ty::Metadata(_)) => true,
        _ => one == other,
    }
}

fn substitute<'a>(ty: &Ty<'static>, bound: &Bound<'a>) -> Ty<'a> {
    match ty {
        Ty::Parameter(name) => bound.get(name).cloned().unwrap_or(Ty::Unknown),
        Ty::List(item) => Ty::List(Box::new(substitute(item, bound))),
        Ty::Optional(value) => Ty::Optional(Box::new(substitute(value, bound))),
        Ty::Map(key, value) => Ty::Map(Box::new(substitute(key, bound)), Box::new(substitute(value, bound))),
        other => other.clone(),
    }
}
