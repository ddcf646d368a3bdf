//! Lists that may have nothing twice: `x-kubernetes-list-type` of set or map.

use super::kind::{Kind, equal};
use super::{Found, shown};
use crate::manifest::Node;
use crate::schema::Schema;

pub(super) fn check<'v>(value: &'v Node, schema: Schema<'_>, path: &str, found: &mut Found<'v>) {
    match schema.list_type() {
        Some("set") => set(value, path, found),
        Some("map") => map(value, schema, path, found),
        _ => {}
    }
}

fn set<'v>(value: &'v Node, path: &str, found: &mut Found<'v>) {
    let items: Vec<&Node> = value.items().collect();
    for (index, first) in doubles(&items, |one, other| equal(one, other)) {
        let words = format!("is there already as number {}, and a set has nothing twice", first + 1);
        found.invalid(items[index], &format!("{path}[{index}]"), words);
    }
}

fn map<'v>(value: &'v Node, schema: Schema<'_>, path: &str, found: &mut Found<'v>) {
    let items: Vec<&Node> = value.items().collect();
    let mut proper = true;
    for (index, item) in items.iter().enumerate() {
        if !matches!(Kind::of(item), Kind::Object | Kind::Null) {
            found.invalid(item, &format!("{path}[{index}]"), "must be a mapping, because the list is one by its keys");
            proper = false;
        }
    }
    if !proper {
        return;
    }
    let keys: Vec<&str> = schema.list_map_keys().map(|(key, _)| key).collect();
    let same = |one: &&Node, other: &&Node| {
        keys.iter().all(|key| match (one.get(key), other.get(key)) {
            (Some(one), Some(other)) => equal(one, other),
            (None, None) => true,
            _ => false,
        })
    };
    for (index, first) in doubles(&items, same) {
        let shown: Vec<String> = keys.iter().map(|key| format!("`{}`", shown(key))).collect();
        let words = format!("has the same {} as number {}", shown.join(" and "), first + 1);
        found.invalid(items[index], &format!("{path}[{index}]"), words);
    }
}

/// The items that are there before, each with the first of its kind.
fn doubles<'v>(items: &[&'v Node], same: impl Fn(&&'v Node, &&'v Node) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if let Some(first) = items[..index].iter().position(|other| same(item, other)) {
            found.push((index, first));
        }
    }
    found
}
