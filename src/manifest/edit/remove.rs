//! Removing an entry from a list, with every other byte kept.

use super::outline::{self, Node, Outline, Shape};
use super::{EditError, entry_path, line_end, line_start};
use crate::names::{RepoPath, show};

/// Removes `entry` (such as `team2`) from every list of a kustomization file and gives the new text; the same text where
/// it is in none. A comment behind it goes with it, those on lines of their own stay. A list that has nothing else becomes
/// `[]`.
///
/// # Errors
/// As [`insert_list_entry`](super::insert_list_entry).
pub fn remove_list_entry(text: &str, keys: &[&str], entry: &str) -> Result<String, EditError> {
    let Some(path) = entry_path(entry) else { return Err(EditError::Entry(show(entry))) };
    let mut text = text.to_owned();
    // Written twice, or in two lists, it is removed as often: each time the offsets are others.
    while let Some(shorter) = remove_one(&text, keys, &path)? {
        text = shorter;
    }
    Ok(text)
}

fn remove_one(text: &str, keys: &[&str], path: &RepoPath) -> Result<Option<String>, EditError> {
    let outline = outline::read(text)?;
    let lists = keys.iter().filter_map(|key| outline.find(key));
    let place = |list: &Node| list.items().iter().position(|item| names(item, path));
    let Some((key, name, list, number)) =
        lists.into_iter().find_map(|(key, name, list)| Some((key, name, list, place(list)?)))
    else {
        return Ok(None);
    };
    let (items, item) = (list.items(), &list.items()[number]);
    let edited = match &list.shape {
        Shape::List { flow: true, .. } => without_flow_item(text, items, number),
        _ if items.len() == 1 => emptied(text, &outline, (name, list), item)?,
        _ => without_lines(text, &outline, item)?,
    };
    verify(&outline, &edited, (key, number)).map_err(|form| outline.unsupported(item.start, form))?;
    Ok(Some(edited))
}

fn names(item: &Node, path: &RepoPath) -> bool {
    item.text().and_then(entry_path).as_ref() == Some(path)
}

/// The byte range of a block item's line, with the line's end. At the end of a text that has none, the line end before.
fn line(text: &str, outline: &Outline, item: &Node) -> Result<std::ops::Range<usize>, EditError> {
    let start = line_start(text, item.start);
    let lead = text[start..item.start].trim_start_matches(' ');
    let simple = lead.strip_prefix('-').is_some_and(|rest| rest.trim_matches(' ').is_empty());
    if !simple || text[item.start..item.end].contains('\n') {
        return Err(outline.unsupported(item.start, "a list item over several lines"));
    }
    let end = line_end(text, item.end);
    match text[end..].find('\n') {
        Some(newline) => Ok(start..end + newline + 1),
        None => Ok(text[..start].trim_end_matches('\n').trim_end_matches('\r').len()..text.len()),
    }
}

fn without_lines(text: &str, outline: &Outline, item: &Node) -> Result<String, EditError> {
    let line = line(text, outline, item)?;
    Ok(format!("{}{}", &text[..line.start], &text[line.end..]))
}

/// The list's only item is gone: the key has to say that it is a list all the same.
fn emptied(text: &str, outline: &Outline, (name, list): (&Node, &Node), item: &Node) -> Result<String, EditError> {
    let colon = text[name.end..list.start].find(':').map(|at| name.end + at + 1);
    let Some(colon) = colon.filter(|_| !outline.flow_root()) else {
        return Err(outline.unsupported(name.start, "a key without a colon"));
    };
    let line = line(text, outline, item)?;
    Ok(format!("{} []{}{}", &text[..colon], &text[colon..line.start], &text[line.end..]))
}

/// `[a, b, c]` without one of them, and without the comma behind it, or before the last one.
fn without_flow_item(text: &str, items: &[Node], number: usize) -> String {
    let (start, end) = match (number, items.get(number + 1)) {
        (_, Some(next)) => (items[number].start, next.start),
        (0, None) => (items[0].start, after_comma(text, items[0].end)),
        (_, None) => (items[number - 1].end, items[number].end),
    };
    format!("{}{}", &text[..start], &text[end..])
}

/// Behind the comma that follows at once; a list that becomes empty must not keep it.
fn after_comma(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start_matches(' ');
    if rest.starts_with(',') { text.len() - rest.len() + 1 } else { at }
}

/// Reads the edited text again: the same tree with that item less, and nothing else.
fn verify(before: &Outline, edited: &str, (key, number): (&str, usize)) -> Result<(), &'static str> {
    const FORM: &str = "this form";
    let after = outline::read(edited).map_err(|_| FORM)?;
    let (_, _, old) = before.find(key).ok_or(FORM)?;
    let (_, _, new) = after.find(key).ok_or(FORM)?;
    let kept = old.items().iter().enumerate().filter(|(place, _)| *place != number).map(|(_, item)| item);
    let is_list = matches!(new.shape, Shape::List { .. });
    let same = is_list && new.items().len() + 1 == old.items().len() && kept.zip(new.items()).all(|(a, b)| a.same(b));
    if same && before.same_without(&after, key) { Ok(()) } else { Err(FORM) }
}
