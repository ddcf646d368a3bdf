//! Insertions deeper in a file: into a list, or a text of lines, of one object among several documents.

use super::outline::{self, Node, Outline, Shape, Style};
use super::{EditError, Insertion, after_block_item, after_flow_item, line_end, newline, plain};
use crate::names::show;

/// Where something is inserted.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// Which document of the file, from 0.
    pub document: usize,
    /// The keys that lead to it from the document's root.
    pub path: &'a [&'a str],
}

/// Inserts `value` at the end of the list at `spot`, written as its last neighbour is, and gives the new text; the
/// same text where the list has it already. Every other byte stays.
///
/// # Errors
/// Where the text cannot be read or edited safely, or there is no list at `spot`.
pub fn insert_list_value(text: &str, spot: Spot<'_>, value: &str) -> Result<String, EditError> {
    let found = Found::at(text, spot, value)?;
    let (outline, list) = (&found.outline, found.node(spot)?);
    let items = list.items();
    if items.iter().any(|item| item.text() == Some(value)) {
        return Ok(text.to_owned());
    }
    let insertion = match (&list.shape, items.last()) {
        (Shape::List { flow: true, .. }, None) => Insertion { at: list.start + 1, text: plain(value) },
        (Shape::List { flow, .. }, Some(last)) => {
            if let Some(odd) = items.iter().find(|item| item.text().is_none()) {
                return Err(outline.unsupported(odd.start, "a list that holds more than names"));
            }
            let value = like(last, value);
            if *flow { after_flow_item(text, last, &value) } else { after_block_item(text, outline, last, &value)? }
        }
        _ => return Err(outline.unsupported(list.start, "a value that is no list")),
    };
    found.edited(text, spot, &insertion, |node, after| match (&mut node.shape, after.items().last()) {
        (Shape::List { items, .. }, Some(added)) if added.text() == Some(value) => {
            items.push(added.clone());
            true
        }
        _ => false,
    })
}

/// Adds `value` as the last line of the text at `spot`, which is written as a block (`|`), and gives the new text;
/// the same text where it has that line already. Every other byte stays.
///
/// # Errors
/// Where the text cannot be read or edited safely, or there is no such block at `spot`.
pub fn insert_text_line(text: &str, spot: Spot<'_>, value: &str) -> Result<String, EditError> {
    let found = Found::at(text, spot, value)?;
    let (outline, block) = (&found.outline, found.node(spot)?);
    let Shape::Scalar { text: lines, style: Style::Literal } = &block.shape else {
        return Err(outline.unsupported(block.start, "a text that is no block of lines (`|`)"));
    };
    if lines.lines().any(|line| line == value) {
        return Ok(text.to_owned());
    }
    let Some((indent, end)) = last_line(text, block) else {
        return Err(outline.unsupported(block.start, "a block without a line"));
    };
    let insertion = Insertion { at: end, text: format!("{}{indent}{value}", newline(text, end)) };
    found.edited(text, spot, &insertion, |node, _| match &mut node.shape {
        Shape::Scalar { text, .. } => {
            let content = text.trim_end_matches('\n').len();
            text.insert_str(content, &format!("\n{value}"));
            true
        }
        _ => false,
    })
}

/// The indentation of a block's lines, and where the last of them that holds something ends. Lines of the block are
/// those that are indented as its first one is, or more; the reader's marks do not say where it ends.
pub(super) fn last_line<'t>(text: &'t str, block: &Node) -> Option<(&'t str, usize)> {
    let header = line_end(text, block.start);
    let mut at = header + text[header..].find('\n')? + 1;
    let mut found: Option<(&str, usize)> = None;
    for line in text[at..].split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        let indent = &content[..content.len() - content.trim_start_matches(' ').len()];
        if indent.len() < content.len() {
            let first = found.map_or(indent, |(first, _)| first);
            if indent.len() < first.len() {
                break;
            }
            found = Some((first, at + content.len()));
        }
        at += line.len();
    }
    found
}

/// A file that was read for an insertion.
struct Found {
    /// The document into which it goes.
    outline: Outline,
    /// All documents.
    documents: Vec<Option<Node>>,
}

impl Found {
    fn at(text: &str, spot: Spot<'_>, value: &str) -> Result<Self, EditError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._/:@~+-".contains(&byte);
        if value.is_empty() || value.len() > 1000 || !value.bytes().all(fits) || value.ends_with(':') {
            return Err(EditError::Value(show(value)));
        }
        let (outline, documents) = outline::read_one_of(text, spot.document)?;
        Ok(Self { outline, documents })
    }

    fn node(&self, spot: Spot<'_>) -> Result<&Node, EditError> {
        let missing = || self.outline.unsupported(0, "an object without the field");
        self.documents
            .get(spot.document)
            .and_then(Option::as_ref)
            .and_then(|root| root.at(spot.path))
            .ok_or_else(missing)
    }

    /// Inserts and reads again: the documents are those that `change` makes of the old ones, handed the new node.
    fn edited(
        self,
        text: &str,
        spot: Spot<'_>,
        insertion: &Insertion,
        change: impl FnOnce(&mut Node, &Node) -> bool,
    ) -> Result<String, EditError> {
        let edited = format!("{}{}{}", &text[..insertion.at], insertion.text, &text[insertion.at..]);
        let refused = self.outline.unsupported(insertion.at, "this form");
        let Ok((_, after)) = outline::read_one_of(&edited, spot.document) else { return Err(refused) };
        if is_only_change(self.documents, &after, spot, change) { Ok(edited) } else { Err(refused) }
    }
}

/// Whether the documents are those that `change` makes of the old ones at `spot`, handed the new node.
pub(super) fn is_only_change(
    mut before: Vec<Option<Node>>,
    after: &[Option<Node>],
    spot: Spot<'_>,
    change: impl FnOnce(&mut Node, &Node) -> bool,
) -> bool {
    let new = after.get(spot.document).and_then(Option::as_ref).and_then(|root| root.at(spot.path));
    let changed = new.zip(before.get_mut(spot.document).and_then(Option::as_mut));
    let made = changed.is_some_and(|(new, root)| root.at_mut(spot.path).is_some_and(|node| change(node, new)));
    let same = before.len() == after.len()
        && before.iter().zip(after).all(|pair| match pair {
            (Some(left), Some(right)) => left.same(right),
            (None, None) => true,
            _ => false,
        });
    made && same
}

/// The value in the quotes of its neighbour.
fn like(neighbour: &Node, value: &str) -> String {
    match neighbour.style() {
        Some(Style::SingleQuoted) => format!("'{value}'"),
        Some(Style::DoubleQuoted) => format!("\"{value}\""),
        _ => plain(value),
    }
}
