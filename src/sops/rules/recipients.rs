//! The keys of a creation rule: age recipients, and a clear no to all others.

use crate::manifest::{Node, Position};
use crate::names::show;

use super::super::key::Recipient;
use super::super::selection::{Fault, is_set};
use super::KNOWN;

/// Keys of other kinds, in a rule or in a group of keys (`config.go`, `creationRule` and `keyGroup`).
const OTHERS: [&str; 8] =
    ["pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri", "hc_vault", "plugins"];
const GROUP: [&str; 2] = ["age", "merge"];
/// Each costs a key agreement.
const MOST: usize = 100;

const ONLY_AGE: &str = "Give this path a rule of its own, above this one, with `age` recipients only.";
const SHAPE: &str = "Write `age: age1…,age1…`, or a list of recipients.";

/// The recipients of a rule, each once. Where there are `key_groups`, sops looks at no other keys (`config.go`,
/// `getKeyGroupsFromCreationRule`).
pub(super) fn read(rule: &Node) -> Result<Vec<Recipient>, Fault> {
    let mut found = Vec::new();
    only_known(rule, &KNOWN)?;
    match rule.get("key_groups").filter(|groups| says_something(groups)) {
        Some(groups) if !groups.is_sequence() => {
            return Err((groups.start, "`key_groups` has to be a list.".to_owned(), "Write `- age: [age1…]`."));
        }
        Some(groups) if groups.items().count() > 1 => {
            let message = "Several `key_groups` share the key among them (Shamir), which is not supported.";
            return Err((groups.start, message.to_owned(), "Put all `age` recipients into one group."));
        }
        Some(groups) => groups.items().try_for_each(|group| read_group(group, &mut found))?,
        None => {
            refuse_others(rule)?;
            read_age(rule.get("age"), &mut found)?;
        }
    }
    if found.is_empty() {
        return Err((rule.start, "This rule has no `age` recipient.".to_owned(), SHAPE));
    }
    Ok(found)
}

fn read_group(group: &Node, found: &mut Vec<Recipient>) -> Result<(), Fault> {
    if !group.is_mapping() {
        return Err((group.start, "A group of keys has to be a mapping.".to_owned(), "Write `- age: [age1…]`."));
    }
    only_known(group, &GROUP)?;
    refuse_others(group)?;
    // A group comes after those that are merged into it. The parser's limit on nesting holds here too.
    group.get("merge").into_iter().flat_map(Node::items).try_for_each(|merged| read_group(merged, found))?;
    match group.get("age") {
        Some(age) if is_set(age) && !age.is_sequence() => {
            Err((age.start, "`age` in a group of keys has to be a list.".to_owned(), "Write `- age: [age1…]`."))
        }
        age => read_age(age, found),
    }
}

/// A text with commas, or a list of such texts (`config.go`, `parseKeyField`; `age/keysource.go`,
/// `MasterKeysFromRecipients`). A comma too many is forgiven in the text alone.
fn read_age(age: Option<&Node>, found: &mut Vec<Recipient>) -> Result<(), Fault> {
    let Some(age) = age.filter(|age| is_set(age)) else { return Ok(()) };
    if let Some(text) = age.as_str() {
        let words = text.split(',').filter(|word| !word.trim().is_empty());
        return words.into_iter().try_for_each(|word| add(age.start, word, found));
    }
    if !age.is_sequence() {
        return Err((age.start, "`age` is neither text nor a list.".to_owned(), SHAPE));
    }
    for item in age.items() {
        let text = item.as_str().ok_or_else(|| (item.start, "A recipient has to be text.".to_owned(), SHAPE))?;
        text.split(',').try_for_each(|word| add(item.start, word, found))?;
    }
    Ok(())
}

fn add(position: Position, word: &str, found: &mut Vec<Recipient>) -> Result<(), Fault> {
    let recipient: Recipient = word.trim().parse().map_err(|why| (position, format!("{why}."), SHAPE))?;
    if found.contains(&recipient) {
        return Ok(());
    }
    if found.len() == MOST {
        return Err((position, "A file for more than 100 recipients is not written.".to_owned(), "Name fewer."));
    }
    found.push(recipient);
    Ok(())
}

fn refuse_others(node: &Node) -> Result<(), Fault> {
    let other = OTHERS.iter().find_map(|name| node.entry(name).filter(|(_, value)| says_something(value)));
    other.map_or(Ok(()), |(key, _)| {
        let message = format!("`{}` keys cannot be used here: files are encrypted for age only.", shown(key));
        Err((key.start, message, ONLY_AGE))
    })
}

/// sops passes over a field that it does not know. Here that could be a key of a new kind.
fn only_known(node: &Node, known: &[&str]) -> Result<(), Fault> {
    let unknown = node
        .entries()
        .map(|(key, _)| key)
        .find(|key| key.text().is_none_or(|name| !known.contains(&name) && !OTHERS.contains(&name)));
    unknown.map_or(Ok(()), |key| {
        let message = format!("The field {} is not known here.", show(&shown(key)));
        Err((key.start, message, "Correct the name, or give this path a rule of its own without it."))
    })
}

fn says_something(value: &Node) -> bool {
    is_set(value) && (value.text().is_some() || value.items().next().is_some() || value.entries().next().is_some())
}

fn shown(key: &Node) -> String {
    key.text().unwrap_or("?").to_owned()
}
