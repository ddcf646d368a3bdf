//! From Markdown to the lines that may hold a command.
//!
//! Lines are cut from the source, not from the rendered text: an escaped slash or an entity is not a
//! slash. Only paragraphs that stand directly in the comment count; those in quotes, lists, tables
//! and footnotes do not, and neither does anything after an HTML element that is still open, because
//! readers may see it as code, as a quote, or not at all.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::html::OpenElements;

/// A source line of a paragraph, without its line end and outer spaces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Whether it holds code, a link, emphasis, HTML or the like.
    pub(super) formatted: bool,
}

/// Cuts the candidates out of a comment, in order.
pub(super) fn lines(body: &str) -> Vec<Line<'_>> {
    let mut reader = Reader::new(body);
    for (event, range) in Parser::new_ext(body, dialect()).into_offset_iter() {
        reader.event(event, range);
    }
    reader.lines
}

/// What GitHub renders differently from plain CommonMark, so that we see the structure that readers see.
fn dialect() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

struct Reader<'a> {
    body: &'a str,
    lines: Vec<Line<'a>>,
    open: OpenElements,
    /// How many blocks that are no paragraph are open around this event.
    blocks: usize,
    /// The open top-level paragraph, and what in it is not plain text.
    paragraph: Option<(Range<usize>, Vec<Range<usize>>)>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a str) -> Self {
        Self { body, lines: Vec::new(), open: OpenElements::default(), blocks: 0, paragraph: None }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Paragraph) => self.start_paragraph(range),
            Event::End(TagEnd::Paragraph) => self.end_paragraph(),
            Event::Start(Tag::HtmlBlock) => {
                self.open.read(&self.body[range]);
                self.blocks += 1;
            }
            Event::Start(tag) if is_block(&tag) => self.blocks += 1,
            Event::End(tag) if is_block_end(tag) => self.blocks = self.blocks.saturating_sub(1),
            Event::InlineHtml(_) => {
                self.open.read(&self.body[range.clone()]);
                self.format(range);
            }
            Event::Text(_) | Event::SoftBreak | Event::HardBreak | Event::End(_) => {}
            _ => self.format(range),
        }
    }

    fn start_paragraph(&mut self, range: Range<usize>) {
        if self.blocks == 0 && self.open.is_empty() {
            self.paragraph = Some((range, Vec::new()));
        }
    }

    fn format(&mut self, range: Range<usize>) {
        if let Some((_, formatted)) = &mut self.paragraph {
            formatted.push(range);
        }
    }

    fn end_paragraph(&mut self) {
        let Some((paragraph, formatted)) = self.paragraph.take() else { return };
        let body = self.body;
        let mut start = paragraph.start;
        let mut next = formatted.iter().peekable();
        // `formatted` is in order and may nest; a range that ended before this line is of no more use.
        for part in body[paragraph].split_inclusive(['\n', '\r']) {
            let end = start + part.len();
            while next.peek().is_some_and(|range| range.end <= start) {
                next.next();
            }
            let touches = next.clone().take_while(|range| range.start < end).any(|range| range.end > start);
            let continued = next.peek().is_some_and(|range| range.start < start);
            let text = part.trim_matches([' ', '\n', '\r']);
            let indent = part.len() - part.trim_start_matches(' ').len();
            if text.starts_with('/') && indent <= 3 && !continued {
                self.lines.push(Line { text, formatted: touches });
            }
            start = end;
        }
    }
}

/// Blocks around paragraphs. Inline elements are not blocks.
fn is_block(tag: &Tag<'_>) -> bool {
    is_block_end(tag.to_end())
}

fn is_block_end(tag: TagEnd) -> bool {
    !matches!(
        tag,
        TagEnd::Paragraph
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
    )
}
