//! The shape of a small YAML file, with byte offsets. It only takes what an edit may touch.

use std::collections::BTreeSet;

use libyaml_safer::{EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

use super::EditError;

/// Bytes of a kustomization file that is edited; kustomize's own files are a few kilobytes.
const LARGEST: usize = 1024 * 1024;

/// Containers in containers.
const DEEPEST: usize = 32;

pub(super) use libyaml_safer::ScalarStyle as Style;

/// A file's one document.
pub(super) struct Outline {
    text: String,
    root: Option<Node>,
    /// Whether it ends in a block of text (`|`, `>`) without a line end, which another line would change.
    pub(super) open_end: bool,
}

/// A node between two byte offsets.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) shape: Shape,
}

/// What a node holds.
#[derive(Clone)]
pub(super) enum Shape {
    Scalar { text: String, style: ScalarStyle },
    List { flow: bool, items: Vec<Node> },
    Map { flow: bool, entries: Vec<(Node, Node)> },
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        if let Shape::Scalar { text, .. } = &self.shape { Some(text) } else { None }
    }

    pub(super) const fn style(&self) -> Option<ScalarStyle> {
        if let Shape::Scalar { style, .. } = &self.shape { Some(*style) } else { None }
    }

    /// The items of a list; nothing for anything else.
    pub(super) fn items(&self) -> &[Self] {
        if let Shape::List { items, .. } = &self.shape { items } else { &[] }
    }

    fn entries(&self) -> &[(Self, Self)] {
        if let Shape::Map { entries, .. } = &self.shape { entries } else { &[] }
    }

    /// What the keys lead to.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| {
            node.entries().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
        })
    }

    /// The last key of a path, and what it leads to.
    pub(super) fn entry_at(&self, path: &[&str]) -> Option<(&Self, &Self)> {
        let (last, before) = path.split_last()?;
        let entries = self.at(before)?.entries();
        entries.iter().find(|(name, _)| name.text() == Some(last)).map(|(name, value)| (name, value))
    }

    /// [`Node::at`], to be changed.
    pub(super) fn at_mut(&mut self, path: &[&str]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, key| {
            let Shape::Map { entries, .. } = &mut node.shape else { return None };
            entries.iter_mut().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
        })
    }

    /// Whether both hold the same, wherever they stand.
    pub(super) fn same(&self, other: &Self) -> bool {
        let pair = |(left, right): (&Self, &Self)| left.same(right);
        match (&self.shape, &other.shape) {
            (Shape::Scalar { text, style }, Shape::Scalar { text: other, style: its }) => text == other && style == its,
            (Shape::List { items, .. }, Shape::List { items: others, .. }) => {
                items.len() == others.len() && items.iter().zip(others).all(pair)
            }
            (Shape::Map { entries, .. }, Shape::Map { entries: others, .. }) => {
                let both =
                    |((key, value), (other, its)): (&(Self, Self), &(Self, Self))| key.same(other) && value.same(its);
                entries.len() == others.len() && entries.iter().zip(others).all(both)
            }
            _ => false,
        }
    }
}

impl Outline {
    /// Key and value of the root's entry `key`, with the key's text.
    pub(super) fn find<'k>(&self, key: &'k str) -> Option<(&'k str, &Node, &Node)> {
        let (name, value) = self.entries().iter().find(|(name, _)| name.text() == Some(key))?;
        Some((key, name, value))
    }

    fn entries(&self) -> &[(Node, Node)] {
        self.root.as_ref().map_or(&[], Node::entries)
    }

    /// Whether both are the same where the entry `key` is left out of both.
    pub(super) fn same_without(&self, other: &Self, key: &str) -> bool {
        let rest = |outline: &Self| -> Vec<(Node, Node)> {
            outline.entries().iter().filter(|(name, _)| name.text() != Some(key)).cloned().collect()
        };
        let (ours, theirs) = (rest(self), rest(other));
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|((key, value), (other, its))| key.same(other) && value.same(its))
    }

    /// Whether the root is written in braces.
    pub(super) fn flow_root(&self) -> bool {
        matches!(&self.root, Some(Node { shape: Shape::Map { flow: true, .. }, .. }))
    }

    /// The spaces before the root's keys.
    pub(super) fn root_indent(&self) -> &str {
        let start = self.root.as_ref().map_or(0, |root| root.start);
        &self.text[super::line_start(&self.text, start)..start]
    }

    /// The spaces before a new list's dash: as before another list's, else two more than the root's.
    pub(super) fn list_indent(&self) -> String {
        let blocks = self.entries().iter().filter(|(_, value)| matches!(&value.shape, Shape::List { flow: false, .. }));
        let first = blocks.filter_map(|(_, value)| value.items().first()).next();
        let line = first.map(|item| &self.text[super::line_start(&self.text, item.start)..item.start]);
        match line.and_then(|line| line.find('-').map(|dash| &line[..dash])) {
            Some(spaces) if spaces.trim_matches(' ').is_empty() => spaces.to_owned(),
            _ => format!("{}  ", self.root_indent()),
        }
    }

    pub(super) fn unsupported(&self, at: usize, form: &'static str) -> EditError {
        EditError::Unsupported { line: line_at(&self.text, at), form }
    }
}

fn line_at(text: &str, at: usize) -> u32 {
    let newlines = text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

/// Documents of one file.
const MOST_DOCUMENTS: usize = 1000;

/// Reads a file of several documents, of which an edit may touch the one of that number.
pub(super) fn read_one_of(text: &str, number: usize) -> Result<(Outline, Vec<Option<Node>>), EditError> {
    gate(text)?;
    // libyaml-safer 0.3.0 panics where a block of text ends without a line end.
    let ended = format!("{text}\n");
    let mut input = ended.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let documents = Reader { text, parser, last_style: ScalarStyle::Plain }.documents()?;
    let root = documents.get(number).cloned().flatten();
    let outline = Outline { text: text.to_owned(), root, open_end: false };
    if let Some(root) = &outline.root
        && let Some(at) = twice(root)
    {
        return Err(outline.unsupported(at, "a key that is there twice"));
    }
    Ok((outline, documents))
}

/// Where a key stands for the second time.
fn twice(node: &Node) -> Option<usize> {
    let mut keys = BTreeSet::new();
    let again = node.entries().iter().find(|(key, _)| key.text().is_some_and(|text| !keys.insert(text)));
    let below = || node.entries().iter().map(|(_, value)| value).chain(node.items()).find_map(twice);
    again.map(|(key, _)| key.start).or_else(below)
}

/// Reads a text that an edit may touch.
pub(super) fn read(text: &str) -> Result<Outline, EditError> {
    gate(text)?;
    // libyaml-safer 0.3.0 panics where a block of text ends without a line end.
    let ended = format!("{text}\n");
    let mut input = ended.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut reader = Reader { text, parser, last_style: ScalarStyle::Plain };
    let root = reader.document()?;
    let ends_in_block = matches!(reader.last_style, ScalarStyle::Literal | ScalarStyle::Folded);
    let outline = Outline { text: text.to_owned(), root, open_end: ends_in_block && !text.ends_with('\n') };
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in outline.entries() {
        match key.text() {
            Some(text) if !keys.contains(&text) => keys.push(text),
            Some(_) => return Err(outline.unsupported(key.start, "a key that is there twice")),
            None => return Err(outline.unsupported(key.start, "a key that is no text")),
        }
    }
    Ok(outline)
}

/// Refuses characters that YAML readers disagree about, and tags (one form of which the reader cannot take).
fn gate(text: &str) -> Result<(), EditError> {
    let refuse =
        |line: usize, form| Err(EditError::Unsupported { line: u32::try_from(line + 1).unwrap_or(u32::MAX), form });
    if text.len() > LARGEST {
        return refuse(0, "a file of more than 1 MiB");
    }
    if let Some(line) = tag_line(text) {
        return Err(EditError::Unsupported { line, form: "a tag (`!…`)" });
    }
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let line = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line);
        let hidden =
            |c: char| c != '\t' && c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
        if line.contains(hidden) {
            return refuse(number, "a hidden control character");
        }
        if line[..line.len() - line.trim_start_matches([' ', '\t']).len()].contains('\t') {
            return refuse(number, "a tab in front of a line");
        }
    }
    Ok(())
}

/// The first line, from 1, with something that may be a YAML tag. libyaml-safer 0.3.0 panics on a tag
/// before a comma (`[!a,b]`), so a text is asked this before it gets there.
pub(crate) fn tag_line(text: &str) -> Option<u32> {
    let starts_one = |line: &str| {
        let before = std::iter::once(' ').chain(line.chars());
        before
            .zip(line.chars())
            .any(|(before, c)| c == '!' && (before.is_whitespace() || "[]{},:-?'\"".contains(before)))
    };
    let index = text.split(['\n', '\r']).position(|line| !line.trim_start().starts_with('#') && starts_one(line))?;
    Some(line_at(text, text.split(['\n', '\r']).take(index).map(|line| line.len() + 1).sum()))
}

struct Reader<'t, 'b> {
    text: &'t str,
    parser: Parser<&'b mut &'t [u8]>,
    last_style: ScalarStyle,
}

impl Reader<'_, '_> {
    fn next(&mut self) -> Result<(EventData, usize, usize), EditError> {
        let event = self.parser.parse().map_err(|error| {
            let line = error.problem_mark().map_or(1, |mark| u32::try_from(mark.line + 1).unwrap_or(u32::MAX));
            // The reader may only notice at the end, behind the line end that was added.
            EditError::Unreadable { line: line.min(line_at(self.text.trim_end(), usize::MAX)) }
        })?;
        let offset = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(self.text.len());
        Ok((event.data, offset(event.start_mark.index), offset(event.end_mark.index)))
    }

    fn refuse<T>(&self, at: usize, form: &'static str) -> Result<T, EditError> {
        Err(EditError::Unsupported { line: line_at(self.text, at), form })
    }

    fn document(&mut self) -> Result<Option<Node>, EditError> {
        self.next()?;
        match self.next()? {
            (EventData::StreamEnd, ..) => return Ok(None),
            (EventData::DocumentStart { version_directive: None, tag_directives, .. }, ..)
                if tag_directives.is_empty() => {}
            (_, start, _) => return self.refuse(start, "a `%` directive"),
        }
        let event = self.next()?;
        let root = self.node(event, 0)?;
        match self.next()? {
            (EventData::DocumentEnd { implicit: true }, ..) => {}
            (_, start, _) => return self.refuse(start, "a document that ends with `...`"),
        }
        match self.next()? {
            (EventData::StreamEnd, ..) => {}
            (_, start, _) => return self.refuse(start, "a second document"),
        }
        match &root.shape {
            Shape::Map { .. } => Ok(Some(root)),
            Shape::Scalar { .. } if root.start == root.end => Ok(None),
            _ => self.refuse(root.start, "a file that is no mapping"),
        }
    }

    fn documents(&mut self) -> Result<Vec<Option<Node>>, EditError> {
        self.next()?;
        let mut roots = Vec::new();
        loop {
            match self.next()? {
                (EventData::StreamEnd, ..) => return Ok(roots),
                (EventData::DocumentStart { version_directive: None, tag_directives, .. }, ..)
                    if tag_directives.is_empty() && roots.len() < MOST_DOCUMENTS => {}
                (EventData::DocumentStart { .. }, start, _) if roots.len() >= MOST_DOCUMENTS => {
                    return self.refuse(start, "a file of more than 1,000 documents");
                }
                (_, start, _) => return self.refuse(start, "a `%` directive"),
            }
            let event = self.next()?;
            let root = self.node(event, 0)?;
            let empty = matches!(root.shape, Shape::Scalar { .. }) && root.start == root.end;
            roots.push((!empty).then_some(root));
            self.next()?;
        }
    }

    fn node(&mut self, event: (EventData, usize, usize), depth: usize) -> Result<Node, EditError> {
        let (data, start, end) = event;
        if depth > DEEPEST {
            return self.refuse(start, "deep nesting");
        }
        match data {
            EventData::Scalar { anchor: None, tag: None, value, style, .. } => {
                self.last_style = style;
                Ok(Node { start, end, shape: Shape::Scalar { text: value, style } })
            }
            EventData::SequenceStart { anchor: None, tag: None, style, .. } => {
                let mut items = Vec::new();
                let end = loop {
                    match self.next()? {
                        (EventData::SequenceEnd, _, end) => break end,
                        item => items.push(self.node(item, depth + 1)?),
                    }
                };
                Ok(Node { start, end, shape: Shape::List { flow: style == SequenceStyle::Flow, items } })
            }
            EventData::MappingStart { anchor: None, tag: None, style, .. } => {
                let mut entries = Vec::new();
                let end = loop {
                    let key = match self.next()? {
                        (EventData::MappingEnd, _, end) => break end,
                        key => self.node(key, depth + 1)?,
                    };
                    let value = self.next()?;
                    entries.push((key, self.node(value, depth + 1)?));
                };
                Ok(Node { start, end, shape: Shape::Map { flow: style == MappingStyle::Flow, entries } })
            }
            _ => self.refuse(start, "an anchor, alias or tag"),
        }
    }
}
