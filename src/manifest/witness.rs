//! The second reader: an independent parser must see the same tree, or the file is not judged. A
//! file that two programs read differently can say one thing to a reviewer and another to Flux.
//!
//! One thing that Flux's parser takes and YAML 1.2 forbids stands in the definitions of well-known projects:
//! a quoted text whose further lines are indented no more than its key. Where the second reader refuses a file,
//! it is shown the file again with these lines indented: the blanks at the start of such a line are no part of
//! the text (YAML 1.2, 7.3.1 and 7.3.2), and the trees must be the same all the same.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::gate::problem;
use super::lines::Lines;
use super::{Node, Position, Problem, Value};

/// Compares the documents with what the second reader sees in the same text.
pub(super) fn disagreement(text: &str, base: usize, documents: &[Node]) -> Option<Problem> {
    let (failure, position) = look(text, documents).err()?;
    if failure.is_some() && indented(text, base, documents).is_some_and(|text| look(&text, documents).is_ok()) {
        return None;
    }
    let (message, position) = match failure {
        Some((reason, place)) => (format!("Two YAML readers disagree, one refuses the file: {reason}."), Some(place)),
        None => ("Two YAML readers see different values here.".to_owned(), position),
    };
    let mut lines = Lines::new(text, base);
    let position = position.unwrap_or_else(|| lines.position(text.len()));
    Some(problem(position, message, "Write it in a plainer way: quote text, and indent by two spaces."))
}

/// What the second reader could not take, and where the first reader's tree differs.
type Objection = (Option<(String, Position)>, Difference);

fn look(text: &str, documents: &[Node]) -> Result<(), Objection> {
    let mut witness = Witness { parser: Parser::new_from_str(text), failure: None };
    witness.compare(documents).map_err(|position| (witness.failure, position))
}

/// The text with the further lines of quoted texts indented; `None` where there are none.
fn indented(text: &str, base: usize, documents: &[Node]) -> Option<String> {
    let mut breaks = Vec::new();
    documents.iter().for_each(|node| quoted_breaks(text, base, node, &mut breaks));
    let mut result = String::with_capacity(text.len() + breaks.len() * 16);
    let mut done = 0;
    for (at, blanks) in &breaks {
        result.push_str(text.get(done..*at)?);
        result.extend(std::iter::repeat_n(' ', *blanks));
        done = *at;
    }
    result.push_str(text.get(done..)?);
    (!breaks.is_empty()).then_some(result)
}

/// Where the further lines of quoted texts begin, in their order, and how far to the right their text stands.
fn quoted_breaks(text: &str, base: usize, node: &Node, breaks: &mut Vec<(usize, usize)>) {
    match &node.value {
        Value::Scalar { .. } => {
            let (start, end) = (node.start.offset.saturating_sub(base), node.end.offset.saturating_sub(base));
            let written = text.get(start..end).filter(|written| written.starts_with(['"', '\'']));
            let further = written.into_iter().flat_map(|written| written.match_indices('\n'));
            breaks.extend(further.map(|(at, _)| (start + at + 1, node.start.column as usize)));
        }
        Value::Sequence(items) => items.iter().for_each(|item| quoted_breaks(text, base, item, breaks)),
        Value::Mapping(entries) => {
            let parts = entries.iter().flat_map(|(key, value)| [key, value]);
            parts.for_each(|part| quoted_breaks(text, base, part, breaks));
        }
    }
}

struct Witness<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    failure: Option<(String, Position)>,
}

/// Where the first reader's tree differs; nothing where it has ended already.
type Difference = Option<Position>;

impl<'a> Witness<'a> {
    fn next(&mut self) -> Result<Event<'a>, Difference> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => {
                let marker = error.marker();
                let line = u32::try_from(marker.line()).unwrap_or(u32::MAX);
                let column = u32::try_from(marker.col()).unwrap_or(u32::MAX).saturating_add(1);
                self.failure = Some((error.info().to_owned(), Position { offset: 0, line, column }));
                Err(None)
            }
            None => Err(None),
        }
    }

    fn compare(&mut self, documents: &[Node]) -> Result<(), Difference> {
        let mut documents = documents.iter();
        loop {
            match self.next()? {
                Event::StreamEnd => return documents.next().map_or(Ok(()), |node| Err(Some(node.start))),
                Event::DocumentStart(_) => {
                    let first = self.next()?;
                    let nothing = matches!(&first, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty());
                    if !nothing {
                        self.node(documents.next().ok_or(None)?, &first)?;
                    }
                }
                _ => {}
            }
        }
    }

    /// The depth is bounded by that of the first reader's tree.
    fn node(&mut self, node: &Node, event: &Event<'a>) -> Result<(), Difference> {
        let same = match (&node.value, event) {
            (Value::Scalar { text, plain, .. }, Event::Scalar(seen, style, _, tag)) => {
                text == seen && *plain == (*style == ScalarStyle::Plain && tag.is_none())
            }
            (Value::Sequence(items), Event::SequenceStart(..)) => {
                for item in items {
                    let event = self.next()?;
                    self.node(item, &event)?;
                }
                self.next()? == Event::SequenceEnd
            }
            (Value::Mapping(entries), Event::MappingStart(..)) => {
                for part in entries.iter().flat_map(|(key, value)| [key, value]) {
                    let event = self.next()?;
                    self.node(part, &event)?;
                }
                self.next()? == Event::MappingEnd
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(Some(node.start)) }
    }
}
