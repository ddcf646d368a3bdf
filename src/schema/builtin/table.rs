//! The table, read from its text once.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::manifest::api_group;

/// Minor versions, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Span {
    fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Anything,
    Mapping,
    Text,
    /// A whole number of so many bits.
    Whole(u32),
    Number,
    Truth,
    Base64,
    Time,
    /// With six digits behind the seconds.
    MicroTime,
    Quantity,
    WholeOrText,
    /// A list, and how its items are told apart.
    List(Told, Box<Self>),
    Map(Box<Self>),
    /// A mapping of named fields.
    Fields(&'static str),
}

/// How server-side apply tells the items of a list apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Not at all.
    NoHow,
    /// By what they are: a set.
    Whole,
    /// By these fields.
    Keys(Vec<&'static str>),
}

/// One field of a type.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) holds: Type,
    span: Span,
}

/// A kind of Kubernetes in some versions.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    pub(super) holds: Type,
    pub(super) versions: Span,
}

#[derive(Debug)]
struct Row {
    namespaced: bool,
    holds: Type,
    span: Span,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) span: Span,
    kinds: HashMap<(&'static str, &'static str), Row>,
    types: HashMap<&'static str, Vec<Field>>,
    groups: HashSet<&'static str>,
}

/// The table.
pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| read(include_str!("kinds.txt")).expect("the table is a part of this program"))
}

impl Table {
    pub(super) fn kind(&self, api_version: &str, kind: &str, versions: Span) -> Option<Kind> {
        let row = self.kinds.get(&(api_version, kind)).filter(|row| row.span.meets(versions))?;
        Some(Kind { namespaced: row.namespaced, holds: row.holds.clone(), versions })
    }

    pub(super) fn has_group(&self, group: &str) -> bool {
        self.groups.contains(group)
    }

    /// The API versions of some groups that have a kind, those that are there for good first.
    pub(super) fn api_versions(&self, groups: &[&str], kind: &str, versions: Span) -> Vec<&'static str> {
        let there = self.kinds.iter().filter(|((_, name), row)| *name == kind && row.span.meets(versions));
        let mut found: Vec<&'static str> =
            there.map(|((api, _), _)| *api).filter(|api| groups.contains(&api_group(api))).collect();
        found.sort_by_key(|api| (api.contains("alpha") || api.contains("beta"), *api));
        found
    }

    /// The fields of a type in some versions; where a field has changed, as it was last.
    pub(super) fn fields(&self, name: &str, versions: Span) -> impl Iterator<Item = &Field> {
        self.types.get(name).into_iter().flatten().filter(move |field| field.span.meets(versions))
    }
}

fn read(text: &'static str) -> Option<Table> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut versions = lines.next()?.strip_prefix("versions ")?.split(' ').map(str::parse);
    let span = Span { first: versions.next()?.ok()?, last: versions.next()?.ok()? };
    let mut table = Table { span, kinds: HashMap::new(), types: HashMap::new(), groups: HashSet::new() };
    let mut fields: Option<&mut Vec<Field>> = None;
    for line in lines {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        // A field may be called `kind` or `type` too.
        match *words.as_slice() {
            ["kind", api_version, kind, scope, holds, ref rest @ ..] => {
                let row = Row { namespaced: scope == "namespaced", holds: type_of(holds)?, span: span_of(rest, span)? };
                table.kinds.insert((api_version, kind), row);
                table.groups.insert(api_group(api_version));
            }
            ["type", name] if !line.starts_with(' ') => fields = Some(table.types.entry(name).or_default()),
            [name, holds, ref rest @ ..] => {
                let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
                let field = Field { name, required, holds: type_of(holds)?, span: span_of(rest, span)? };
                fields.as_mut()?.push(field);
            }
            _ => return None,
        }
    }
    // What was last comes first.
    table.types.values_mut().for_each(|fields| fields.sort_by_key(|field| std::cmp::Reverse(field.span.last)));
    Some(table)
}

/// `30-`, `-31` or `30-31`; all versions where nothing is written.
fn span_of(rest: &[&str], whole: Span) -> Option<Span> {
    let Some(text) = rest.first() else { return Some(whole) };
    let (first, last) = text.split_once('-')?;
    let number = |text: &str, missing| if text.is_empty() { Some(missing) } else { text.parse().ok() };
    Some(Span { first: number(first, whole.first)?, last: number(last, whole.last)? })
}

fn type_of(text: &'static str) -> Option<Type> {
    if let Some(inner) = text.strip_prefix("{}") {
        return Some(Type::Map(Box::new(type_of(inner)?)));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (keys, inner) = rest.split_once(']')?;
        let told = match keys {
            "" => Told::NoHow,
            "=" => Told::Whole,
            keys => Told::Keys(keys.split(',').collect()),
        };
        return Some(Type::List(told, Box::new(type_of(inner)?)));
    }
    Some(match text {
        "any" => Type::Anything,
        "object" => Type::Mapping,
        "string" => Type::Text,
        "int32" => Type::Whole(32),
        "int64" | "integer" => Type::Whole(64),
        "number" => Type::Number,
        "boolean" => Type::Truth,
        "bytes" => Type::Base64,
        "time" => Type::Time,
        "microtime" => Type::MicroTime,
        "quantity" => Type::Quantity,
        "int-or-string" => Type::WholeOrText,
        name => Type::Fields(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name without fields would take anything: the table may name none that is not there.
    #[test]
    fn every_type_that_is_named_is_there() {
        fn named<'t>(holds: &'t Type, names: &mut HashSet<&'t str>) {
            match holds {
                Type::List(_, inner) | Type::Map(inner) => named(inner, names),
                Type::Fields(name) => {
                    names.insert(name);
                }
                _ => {}
            }
        }
        let table = table();
        let mut names = HashSet::new();
        table.kinds.values().for_each(|row| named(&row.holds, &mut names));
        table.types.values().flatten().for_each(|field| named(&field.holds, &mut names));
        assert!(names.len() > 500 && names.iter().all(|name| table.types.contains_key(name)));
        assert_eq!(table.kinds.len() > 100, table.has_group("apps"));
    }
}
