//! Removing items of a list, or a line of a text, with every other byte kept.

use std::collections::BTreeSet;
use std::ops::Range;

use super::nested::{Spot, is_only_change, last_line};
use super::outline::{self, Node, Outline, Shape, Style};
use super::{EditError, line_end, line_start};

/// Removes the items of these numbers (from 0) from the list at `spot` and gives the new text. A comment behind an item
/// goes with it, and so do those between its lines; others on lines of their own stay. A list that has nothing else
/// becomes `[]`.
///
/// # Errors
/// Where the text cannot be read or edited safely, or there is no such item at `spot`.
pub fn remove_list_items(text: &str, spot: Spot<'_>, numbers: &BTreeSet<usize>) -> Result<String, EditError> {
    // From the last one on: the others keep their numbers, and each time the offsets are others.
    numbers.iter().rev().try_fold(text.to_owned(), |text, number| remove_one(&text, spot, *number))
}

fn remove_one(text: &str, spot: Spot<'_>, number: usize) -> Result<String, EditError> {
    let (outline, documents) = outline::read_one_of(text, spot.document)?;
    let missing = || outline.unsupported(0, "an object without the list");
    let root = documents.get(spot.document).and_then(Option::as_ref).ok_or_else(missing)?;
    let (name, list) = root.entry_at(spot.path).ok_or_else(missing)?;
    let items = list.items();
    let item = items.get(number).ok_or_else(missing)?;
    let edited = match &list.shape {
        Shape::List { flow: true, .. } => without_flow_item(text, items, number),
        _ if items.len() == 1 => emptied(text, &outline, (name, list), item)?,
        _ => without_lines(text, &outline, item)?,
    };
    let refused = outline.unsupported(item.start, "this form");
    let Ok((_, after)) = outline::read_one_of(&edited, spot.document) else { return Err(refused) };
    let same = is_only_change(documents, &after, spot, |node, new| match &mut node.shape {
        Shape::List { items, .. } if number < items.len() && matches!(new.shape, Shape::List { .. }) => {
            items.remove(number);
            true
        }
        _ => false,
    });
    if same { Ok(edited) } else { Err(refused) }
}

/// The byte range of a block item's lines, with the last line's end. At the end of a text that has none, the line end
/// before.
fn lines(text: &str, outline: &Outline, item: &Node) -> Result<Range<usize>, EditError> {
    let start = line_start(text, item.start);
    let lead = text[start..item.start].trim_start_matches(' ');
    if !lead.strip_prefix('-').is_some_and(|rest| rest.trim_matches(' ').is_empty()) {
        return Err(outline.unsupported(item.start, "a list item over several lines"));
    }
    let end = line_end(text, content_end(text, item));
    match text[end..].find('\n') {
        Some(newline) => Ok(start..end + newline + 1),
        None => Ok(text[..start].trim_end_matches('\n').trim_end_matches('\r').len()..text.len()),
    }
}

/// Where the last thing in a node ends; the marks of blocks reach to whatever follows them.
fn content_end(text: &str, node: &Node) -> usize {
    match &node.shape {
        Shape::Scalar { style: Style::Literal | Style::Folded, .. } => {
            last_line(text, node).map_or_else(|| line_end(text, node.start), |(_, end)| end)
        }
        Shape::List { flow: false, items } => items.last().map_or(node.end, |item| content_end(text, item)),
        Shape::Map { flow: false, entries } => {
            entries.last().map_or(node.end, |(key, value)| content_end(text, value).max(key.end))
        }
        _ => node.end,
    }
}

fn without_lines(text: &str, outline: &Outline, item: &Node) -> Result<String, EditError> {
    let lines = lines(text, outline, item)?;
    Ok(format!("{}{}", &text[..lines.start], &text[lines.end..]))
}

/// The list's only item is gone: the key has to say that it is a list all the same.
fn emptied(text: &str, outline: &Outline, (name, list): (&Node, &Node), item: &Node) -> Result<String, EditError> {
    let colon = text[name.end..list.start].find(':').map(|at| name.end + at + 1);
    let Some(colon) = colon.filter(|_| !outline.flow_root()) else {
        return Err(outline.unsupported(name.start, "a key without a colon"));
    };
    let lines = lines(text, outline, item)?;
    Ok(format!("{} []{}{}", &text[..colon], &text[colon..lines.start], &text[lines.end..]))
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

/// Removes every line that is `value` from the text at `spot`, which is written as a block (`|`) and has other lines,
/// and gives the new text. Every other byte stays.
///
/// # Errors
/// Where the text cannot be read or edited safely, there is no such block at `spot`, or nothing would be left in it.
pub fn remove_text_line(text: &str, spot: Spot<'_>, value: &str) -> Result<String, EditError> {
    let (outline, documents) = outline::read_one_of(text, spot.document)?;
    let root = documents.get(spot.document).and_then(Option::as_ref);
    let Some(block) = root.and_then(|root| root.at(spot.path)) else {
        return Err(outline.unsupported(0, "an object without the field"));
    };
    let Shape::Scalar { text: lines, style: Style::Literal } = &block.shape else {
        return Err(outline.unsupported(block.start, "a text that is no block of lines (`|`)"));
    };
    let others: Vec<&str> = lines.lines().filter(|line| line.trim() != value).collect();
    let left = others.join("\n");
    let Some((_, last)) = last_line(text, block).filter(|_| !left.trim().is_empty()) else {
        return Err(outline.unsupported(block.start, "the only line of a block"));
    };
    let header = line_end(text, block.start);
    let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline + 1);
    let start = text[header..].find('\n').map_or(end, |newline| header + newline + 1);
    let kept: String = text[start..end].split_inclusive('\n').filter(|line| line.trim() != value).collect();
    let edited = format!("{}{kept}{}", &text[..start], &text[end..]);
    let refused = outline.unsupported(block.start, "this form");
    let Ok((_, after)) = outline::read_one_of(&edited, spot.document) else { return Err(refused) };
    let same = is_only_change(documents, &after, spot, |node, new| match (&mut node.shape, &new.shape) {
        (Shape::Scalar { text, .. }, Shape::Scalar { text: new, .. }) => {
            let lines = |text: &str| text.trim_end_matches('\n').to_owned();
            let same = lines(new) == lines(&left);
            text.clone_from(new);
            same
        }
        _ => false,
    });
    if same { Ok(edited) } else { Err(refused) }
}
