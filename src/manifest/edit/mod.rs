//! Edits of YAML files that keep every byte that they do not insert: comments, order,
//! indentation, quotes and line ends. What cannot be edited safely is refused, never rewritten.

mod nested;
mod outline;
mod remove;

use crate::names::{RepoPath, show};
pub use nested::{Spot, insert_list_value, insert_text_line};
pub(crate) use outline::tag_line;
use outline::{Node, Outline, Shape, Style};
pub use remove::{remove_list_items, remove_text_line};

/// Why an entry was not inserted; the text stays as it is. `Display` does not name the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not readable YAML.
    #[error("line {line}: this is not readable YAML; mend the file first")]
    Unreadable {
        /// The line, from 1.
        line: u32,
    },
    /// The text is readable, but written in a form in which an insertion could change something else.
    #[error(
        "line {line}: {form} cannot be edited safely; write the list as one `- name` per line, or add the entry by hand"
    )]
    Unsupported {
        /// The line, from 1.
        line: u32,
        /// The form.
        form: &'static str,
    },
    /// The entry is no path that may stand in a kustomization file.
    #[error("{0} is not a relative path of letters, digits, '.', '_' and '-'; choose another name")]
    Entry(String),
    /// The value is none that may stand in a list without quotes.
    #[error("{0} is no name or address that can be put into a list; choose another")]
    Value(String),
}

/// Inserts `entry` (such as `team2`) at the end of a list of a kustomization file and gives the new
/// text; the same text where the entry is there already, however written (`./team2/`, `team2`).
///
/// `keys` are the lists that may take it, the preferred one first (`resources`, `bases`): one that holds
/// directories is taken before one that holds files, and where the file has none, the first key is
/// added at its end. The entry is written as its neighbours are (`./` in front, `/` behind, quotes).
///
/// # Errors
/// Where the text cannot be read or edited safely: anchors, tags, several documents, tabs as
/// indentation, list items over several lines, and the like.
pub fn insert_list_entry(text: &str, keys: &[&str], entry: &str) -> Result<String, EditError> {
    let Some(path) = entry_path(entry) else { return Err(EditError::Entry(show(entry))) };
    let outline = outline::read(text)?;
    let lists: Vec<(&str, &Node, &Node)> = keys.iter().filter_map(|key| outline.find(key)).collect();
    let holds = |list: &Node| list.items().iter().any(|item| item.text().and_then(entry_path) == Some(path.clone()));
    if lists.iter().any(|(_, _, list)| holds(list)) {
        return Ok(text.to_owned());
    }
    let chosen = lists.iter().find(|(_, _, list)| list.items().iter().any(is_directory)).or_else(|| lists.first());
    let (key, insertion) = match chosen {
        Some((key, name, list)) => (*key, into_list(text, &outline, (name, list), path.as_str())?),
        None => {
            let key = *keys.first().ok_or(EditError::Unsupported { line: 1, form: "a file without a list" })?;
            (key, new_list(text, &outline, key, path.as_str())?)
        }
    };
    let edited = format!("{}{}{}", &text[..insertion.at], insertion.text, &text[insertion.at..]);
    verify(&outline, &edited, key, &path).map_err(|form| outline.unsupported(insertion.at, form))?;
    Ok(edited)
}

/// The path that an entry names, `None` for addresses and for what leaves the repository.
fn entry_path(entry: &str) -> Option<RepoPath> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    if entry.bytes().all(fits) && !entry.starts_with('-') { RepoPath::resolve("", entry) } else { None }
}

/// Bytes to put at an offset.
struct Insertion {
    at: usize,
    text: String,
}

fn into_list(text: &str, outline: &Outline, (name, list): (&Node, &Node), entry: &str) -> Result<Insertion, EditError> {
    let refuse = |at: usize, form| Err(outline.unsupported(at, form));
    match (&list.shape, list.items().last()) {
        (Shape::Scalar { .. }, _) if list.start == list.end && !outline.flow_root() => {
            let end = line_end(text, name.end);
            let dash = format!("{}- {}", outline.list_indent(), plain(entry));
            Ok(Insertion { at: end, text: format!("{}{dash}", newline(text, end)) })
        }
        (Shape::List { flow: true, .. }, None) => Ok(Insertion { at: list.start + 1, text: plain(entry) }),
        (Shape::List { flow, items }, Some(last)) => {
            if let Some(odd) = items.iter().find(|item| item.text().is_none()) {
                return refuse(odd.start, "a list that holds more than names");
            }
            let entry = like_siblings(items, entry);
            if *flow { Ok(after_flow_item(text, last, &entry)) } else { after_block_item(text, outline, last, &entry) }
        }
        _ => refuse(list.start, "a value that is no list"),
    }
}

/// A line like the last item's, below it.
fn after_block_item(text: &str, outline: &Outline, last: &Node, entry: &str) -> Result<Insertion, EditError> {
    let start = line_start(text, last.start);
    let lead = &text[start..last.start];
    let simple = lead.trim_start_matches(' ').strip_prefix('-').is_some_and(|rest| rest.trim_matches(' ').is_empty());
    if !simple || text[last.start..last.end].contains('\n') {
        return Err(outline.unsupported(last.start, "a list item over several lines"));
    }
    let end = line_end(text, last.end);
    let newline = newline(text, end);
    if end < text.len() {
        let at = end + newline.len();
        Ok(Insertion { at, text: format!("{lead}{entry}{newline}") })
    } else {
        // A last line without an end gets one, and so does the new one.
        Ok(Insertion { at: end, text: format!("{newline}{lead}{entry}{newline}") })
    }
}

/// Behind the last item of `[a, b]`, on a line of its own where that item has one.
fn after_flow_item(text: &str, last: &Node, entry: &str) -> Insertion {
    let lead = &text[line_start(text, last.start)..last.start];
    let end = line_end(text, last.end);
    let commented = text[last.end..end].contains('#');
    let text = if lead.trim_matches(' ').is_empty() && !lead.is_empty() && !commented {
        format!(",{}{lead}{entry}", newline(text, end))
    } else {
        format!(", {entry}")
    };
    Insertion { at: last.end, text }
}

/// A new section at the file's end.
fn new_list(text: &str, outline: &Outline, key: &str, entry: &str) -> Result<Insertion, EditError> {
    if outline.flow_root() {
        return Err(outline.unsupported(0, "a mapping in braces"));
    }
    if outline.open_end {
        return Err(outline.unsupported(text.len(), "a last line without an end"));
    }
    let newline = newline(text, text.len());
    let before = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
    let root = outline.root_indent();
    let item = format!("{}- {}", outline.list_indent(), plain(entry));
    Ok(Insertion { at: text.len(), text: format!("{before}{root}{key}:{newline}{item}{newline}") })
}

/// Whether an item names a directory.
fn is_directory(item: &Node) -> bool {
    item.text().and_then(entry_path).is_some_and(|path| !is_file(path.as_str()))
}

/// Whether an entry names a file: kustomize's end in `.yaml`, `.yml` or `.json`.
fn is_file(entry: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| entry.ends_with(ending))
}

/// The entry as its last sibling of the same sort is written, a file or a directory, or its last sibling where there
/// is none.
fn like_siblings(items: &[Node], entry: &str) -> String {
    let file = is_file(entry);
    let alike = items.iter().rev().find(|item| is_directory(item) != file);
    let Some(model) = alike.or(items.last()) else { return plain(entry) };
    let written = model.text().unwrap_or_default();
    let before = if written.starts_with("./") { "./" } else { "" };
    let after = if !file && alike.is_some() && written.ends_with('/') { "/" } else { "" };
    let entry = format!("{before}{entry}{after}");
    match model.style() {
        Some(Style::SingleQuoted) => format!("'{entry}'"),
        Some(Style::DoubleQuoted) => format!("\"{entry}\""),
        _ => plain(&entry),
    }
}

/// The entry without quotes, unless YAML (1.1 or 1.2) would take it for something else than text.
fn plain(entry: &str) -> String {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(entry));
    let letter = entry.starts_with(|first: char| first.is_ascii_alphabetic()) || entry.starts_with("./");
    if word || !letter { format!("\"{entry}\"") } else { entry.to_owned() }
}

/// Reads the edited text again: the same tree with one more entry at the list's end, and nothing else.
fn verify(before: &Outline, edited: &str, key: &str, path: &RepoPath) -> Result<(), &'static str> {
    const FORM: &str = "this form";
    let after = outline::read(edited).map_err(|_| FORM)?;
    let (_, _, list) = after.find(key).ok_or(FORM)?;
    let (last, rest) = list.items().split_last().ok_or(FORM)?;
    let added = last.text().and_then(entry_path).as_ref() == Some(path);
    let kept = before.find(key).map_or(&[][..], |(_, _, list)| list.items());
    let same_items = kept.len() == rest.len() && kept.iter().zip(rest).all(|(left, right)| left.same(right));
    if added && same_items && before.same_without(&after, key) { Ok(()) } else { Err(FORM) }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line's content ends: before `\r\n` or `\n`, or at the text's end.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if text[..end].ends_with('\r') && end < text.len() { end - 1 } else { end }
}

/// The line end that stands at `at`, or the file's first one, or `\n`.
fn newline(text: &str, at: usize) -> &'static str {
    let here = &text[at..];
    let crlf = if here.is_empty() {
        text.find('\n').is_some_and(|first| text[..first].ends_with('\r'))
    } else {
        here.starts_with("\r\n")
    };
    if crlf { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests;
