//! Lists that may have nothing twice: `x-kubernetes-list-type` of set or map.

use std::collections::BTreeMap;

use super::kind::{Kind, equal};
use super::{Found, shown};
use crate::manifest::Node;
use crate::schema::{Canonical, Schema};

pub(super) fn check<'v>(value: &'v Node, schema: Schema<'_>, path: &str, found: &mut Found<'v>) {
    match schema.list_type() {
        Some("set") => set(value, path, found),
        Some("map") => map(value, schema, path, found),
        _ => {}
    }
}

fn set<'v>(value: &'v Node, path: &str, found: &mut Found<'v>) {
    let items: Vec<&Node> = value.items().collect();
    for (index, first) in doubles(&items, |item| Canonical::of(item), |one, other| equal(one, other)) {
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
    let same = |one: &&'v Node, other: &&'v Node| {
        keys.iter().all(|key| match (held_under(one, key, schema), held_under(other, key, schema)) {
            (Some(one), Some(other)) => equal(one, other),
            (None, None) => true,
            _ => false,
        })
    };
    let held = |item: &&'v Node| -> Vec<_> {
        keys.iter().map(|key| held_under(item, key, schema).map(Canonical::of)).collect()
    };
    for (index, first) in doubles(&items, held, same) {
        let shown: Vec<String> = keys.iter().map(|key| format!("`{}`", shown(key))).collect();
        let words = format!("has the same {} as number {}", shown.join(" and "), first + 1);
        found.invalid(items[index], &format!("{path}[{index}]"), words);
    }
}

/// What an item holds under a key once the server has set defaults, which it does before it looks for doubles.
fn held_under<'n>(item: &'n Node, key: &str, list: Schema<'n>) -> Option<&'n Node> {
    let schema = list.items().and_then(|items| items.property(key));
    let is_set = |node: &&Node| !node.is_null() || schema.is_some_and(Schema::is_nullable);
    item.get(key).filter(is_set).or_else(|| schema?.get("default").filter(|_| item.is_mapping()))
}

/// The items that are there before, each with the first of its kind. Only those that hold the `same` by and
/// large are compared with each other: a list may have a hundred thousand items.
fn doubles<'v, Held: Ord>(
    items: &[&'v Node],
    held: impl Fn(&&'v Node) -> Held,
    same: impl Fn(&&'v Node, &&'v Node) -> bool,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut firsts: BTreeMap<Held, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let alike = firsts.entry(held(item)).or_default();
        match alike.iter().find(|first| same(item, &items[**first])) {
            Some(first) => found.push((index, *first)),
            None => alike.push(index),
        }
    }
    found
}
