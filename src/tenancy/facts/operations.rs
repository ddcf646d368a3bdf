//! Patches as lists of operations (RFC 6902), as far as they are about the arguments of a container or about whose
//! rights Flux uses.

use super::patches::{PatchFact, account};
use super::starts::{ACCOUNT, Argument, Change, Does, listed};
use crate::manifest::Node;

/// The containers of a Deployment.
const CONTAINERS: [&str; 4] = ["spec", "template", "spec", "containers"];

/// What a list of operations does; `before` lines stand before its text.
pub(super) fn operations(root: &Node, before: u32) -> PatchFact {
    let mut patch = PatchFact { line: before + root.start.line, ..PatchFact::default() };
    for operation in root.items() {
        let word = |key| operation.get(key).and_then(Node::text);
        let line = before + operation.start.line;
        let (Some(does), Some(path)) = (word("op"), word("path")) else {
            patch.changes.push(Change::whole(Does::Unknown, line));
            continue;
        };
        let value = operation.get("value").filter(|_| matches!(does, "add" | "replace"));
        if path == "/spec/serviceAccountName" && matches!(does, "add" | "replace" | "remove") {
            patch.account = Some(value.map(account).unwrap_or_default());
        }
        if does == "test" {
            continue;
        }
        let from = word("from").filter(|_| does == "move");
        let moved = from.and_then(|from| change(&parts(from), "move", None, before, line));
        patch.changes.extend(moved);
        patch.changes.extend(change(&parts(path), does, value, before, line));
    }
    patch
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// What an operation does to arguments; `None` where it leaves them as they are.
fn change(path: &[String], does: &str, value: Option<&Node>, before: u32, line: u32) -> Option<Change> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let unknown = Change::whole(Does::Unknown, line);
    // What names the object, or what the Flux operator makes of it.
    if matches!(parts.as_slice(), ["metadata"] | ["metadata", "name" | "namespace"] | ["kind" | "apiVersion"])
        || matches!(parts.as_slice(), ["spec", "cluster" | "kustomize", ..])
    {
        return Some(unknown);
    }
    if matches!(parts.as_slice(), ["spec", "template", "spec", field] if ACCOUNT.contains(field)) {
        return Some(unknown);
    }
    let shared = CONTAINERS.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    if shared == parts.len() {
        return Some(unknown);
    }
    if shared < CONTAINERS.len() {
        return None;
    }
    let container = match parts[CONTAINERS.len()] {
        "-" => return None,
        number => match number.parse::<usize>() {
            Ok(number) => number,
            Err(_) => return Some(unknown),
        },
    };
    // Before another one, or instead of it.
    let Some(field) = parts.get(CONTAINERS.len() + 1) else { return Some(unknown) };
    let unknown = Change { container: Some(container), ..unknown };
    let here = |does, at, arguments| Some(Change { does, at, arguments, ..unknown.clone() });
    match (*field, &parts[CONTAINERS.len() + 2..], does) {
        ("command", ..) => Some(unknown),
        ("args", [], "add" | "replace") => match value.and_then(|value| listed(value, before)) {
            Some(all) => here(Does::All, 0, all),
            None => Some(unknown),
        },
        ("args", [], "remove") => here(Does::All, 0, Vec::new()),
        ("args", [place], _) => {
            let one = value.and_then(|value| {
                let line = before + value.start.line;
                Some(vec![Argument { text: value.text()?.to_owned(), line }])
            });
            match (does, *place, place.parse::<usize>(), one) {
                ("add", "-", _, Some(one)) => here(Does::Append, 0, one),
                ("add", _, Ok(at), Some(one)) => here(Does::Insert, at, one),
                ("replace", _, Ok(at), Some(one)) => here(Does::Replace, at, one),
                ("remove", _, Ok(at), _) => here(Does::Remove, at, Vec::new()),
                _ => Some(unknown),
            }
        }
        ("args", ..) => Some(unknown),
        _ => None,
    }
}
