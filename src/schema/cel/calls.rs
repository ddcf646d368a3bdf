//! What an expression calls.

use std::collections::BTreeSet;

use super::check::qualified;
use super::functions::is_global;
use super::parser::{Expr, Stop, parse};
use super::ty::is_keyword;

/// What [`calls`] says of a field whose name is a reserved word, as `self.namespace`.
pub const KEYWORD: &str = "self.namespace";

/// The functions that an expression calls: `name`, `space.name`, `.name` behind a dot, `..name` for a macro with two
/// variables. Nothing of what the server cannot parse; `None` where it is nested so deeply that only the server can say.
pub fn calls(expression: &str) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    match parse(expression) {
        Ok(parsed) => look(&parsed, &mut found),
        Err(Stop::Syntax(_)) => {}
        Err(Stop::TooDeep) => return None,
    }
    Some(found)
}

fn look(expression: &Expr, found: &mut BTreeSet<String>) {
    match expression {
        Expr::Literal(_) | Expr::Ident(_) => {}
        Expr::Select { operand, field, optional } => {
            // A reserved word as the name of a field.
            found.extend(is_keyword(field).then(|| KEYWORD.to_owned()));
            // `?.` is written for what `optional.of` is the type of.
            found.extend(optional.then(|| "optional.of".to_owned()));
            look(operand, found);
        }
        Expr::Call { target, name, arguments } => {
            found.insert(called(target.as_deref(), name, arguments.len()));
            target.iter().for_each(|target| look(target, found));
            arguments.iter().for_each(|argument| look(argument, found));
        }
        Expr::List(items) => {
            for (item, optional) in items {
                found.extend(optional.then(|| "optional.of".to_owned()));
                look(item, found);
            }
        }
        Expr::Message(items) => items.iter().for_each(|item| look(item, found)),
        Expr::Map(entries) => {
            for (key, value, optional) in entries {
                found.extend(optional.then(|| "optional.of".to_owned()));
                look(key, found);
                look(value, found);
            }
        }
    }
}

fn called(target: Option<&Expr>, name: &str, arguments: usize) -> String {
    let Some(target) = target else { return name.to_owned() };
    let full = qualified(target).map(|space| format!("{space}.{name}"));
    match full.filter(|full| is_global(full)) {
        Some(full) => full,
        None if arguments == 3 && matches!(name, "all" | "exists" | "existsOne" | "exists_one") => format!("..{name}"),
        None => format!(".{name}"),
    }
}
