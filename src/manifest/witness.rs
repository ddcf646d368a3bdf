//! The second reader: an independent parser must see the same tree, or the file is not judged. A
//! file that two programs read differently can say one thing to a reviewer and another to Flux.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::gate::problem;
use super::lines::Lines;
use super::{Node, Position, Problem, Value};

/// Compares the documents with what the second reader sees in the same text.
pub(super) fn disagreement(text: &str, base: usize, documents: &[Node]) -> Option<Problem> {
    let mut witness = Witness { parser: Parser::new_from_str(text), failure: None };
    let position = witness.compare(documents).err()?;
    let (message, position) = match witness.failure {
        Some((reason, place)) => (format!("Two YAML readers disagree, one refuses the file: {reason}."), Some(place)),
        None => ("Two YAML readers see different values here.".to_owned(), position),
    };
    let mut lines = Lines::new(text, base);
    let position = position.unwrap_or_else(|| lines.position(text.len()));
    Some(problem(position, message, "Write it in a plainer way: quote text, and indent by two spaces."))
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
