//! From the events of a parser of the libyaml family, the ancestor that Go's parser shares, to our
//! tree. What programs read differently, or what has no place in a manifest, is a [`Problem`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Encoding, Error, Event, EventData, MappingStyle, Mark, Parser, ScalarStyle, SequenceStyle};

use super::gate::{MAXIMUM_PROBLEMS, problem};
use super::lines::Lines;
use super::resolve::resolve;
use super::timestamp::{self, Time};
use super::{Node, Position, Problem, Scalar, Value};

/// How deep a tree may be. Manifests stay below 30; the parser's cost grows with the square.
const MAXIMUM_DEPTH: usize = 64;

const STRING_TAG: &str = "tag:yaml.org,2002:str";

/// A megabyte of real manifests has some ten thousand values; one of `[1,1,1,…]` has half a million, and
/// each costs a hundred times its two bytes.
const MAXIMUM_NODES: usize = 150_000;

/// The documents of a text that are not empty, or what is wrong with it.
pub(super) fn build(text: &str, base: usize) -> Result<Vec<Node>, Vec<Problem>> {
    let mut builder = Builder {
        lines: Lines::new(text, base),
        stack: Vec::new(),
        flow: None,
        documents: Vec::new(),
        problems: Vec::new(),
    };
    // A parser that panics on some input must not take the process with it.
    if catch_unwind(AssertUnwindSafe(|| builder.run(text))).is_err() {
        builder.say(start_of_file(), "The YAML parser cannot cope with this file.", "Write it in a plainer way.");
    }
    if builder.problems.is_empty() { Ok(builder.documents) } else { Err(builder.problems) }
}

struct Builder<'a> {
    lines: Lines<'a>,
    stack: Vec<Frame>,
    /// How many levels there were where the outermost `[…]` or `{…}` began that is not closed.
    flow: Option<usize>,
    documents: Vec<Node>,
    problems: Vec<Problem>,
}

/// A list or mapping whose end has not come yet.
enum Frame {
    Sequence { start: Position, items: Vec<Node> },
    Mapping { start: Position, entries: Vec<(Node, Node)>, key: Option<Node> },
}

impl Builder<'_> {
    fn run(&mut self, text: &str) {
        let mut bytes = text.as_bytes();
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input_string(&mut bytes);
        let mut nodes = 0;
        while self.problems.len() < MAXIMUM_PROBLEMS {
            nodes += 1;
            if nodes > MAXIMUM_NODES {
                let message = format!("A file with more than {MAXIMUM_NODES} values is not judged.");
                return self.say(start_of_file(), &message, "Split it into several files.");
            }
            match parser.parse() {
                Ok(Event { data: EventData::StreamEnd, .. }) => return,
                Ok(event) => self.take(event),
                Err(error) => return self.not_yaml(&error),
            }
            if self.stack.len() > MAXIMUM_DEPTH {
                let start = self.stack.last().map_or_else(start_of_file, Frame::start);
                let message = format!("More than {MAXIMUM_DEPTH} levels of nesting are not judged.");
                return self.say(start, &message, "Nest less deeply.");
            }
        }
    }

    fn say(&mut self, position: Position, message: &str, help: &str) {
        self.problems.push(problem(position, message, help));
    }

    fn not_yaml(&mut self, error: &Error) {
        let position = self.lines.position(error.problem_mark().map_or(0, offset));
        let context = error.context().map_or(String::new(), |context| format!(" {context}"));
        let message = format!("This is not YAML: {}{context}.", error.problem());
        self.say(position, &message, "Mend the syntax; `kubectl kustomize` stumbles over it too.");
    }

    fn take(&mut self, event: Event) {
        let start = self.lines.position(offset(event.start_mark));
        let end = self.lines.position(offset(event.end_mark));
        match event.data {
            EventData::DocumentStart { version_directive, tag_directives, .. } => {
                if version_directive.is_some() || !tag_directives.is_empty() {
                    self.say(start, "A `%` directive changes how the file is read.", "Remove the directive.");
                }
            }
            EventData::Alias { .. } => {
                self.say(start, "An alias (`*name`) stands for text that is elsewhere.", "Write the value out.");
                self.add(start, end, null());
            }
            EventData::Scalar { anchor, tag, value, style, .. } => {
                self.check_properties(start, anchor.as_ref(), tag.as_deref().filter(|tag| *tag != STRING_TAG));
                let value = self.scalar(start, value, tag.is_none() && style == ScalarStyle::Plain);
                self.add(start, end, value);
            }
            EventData::SequenceStart { anchor, tag, style, .. } => {
                self.open(style == SequenceStyle::Flow);
                self.check_properties(start, anchor.as_ref(), tag.as_deref());
                self.stack.push(Frame::Sequence { start, items: Vec::new() });
            }
            EventData::MappingStart { anchor, tag, style, .. } => {
                self.open(style == MappingStyle::Flow);
                self.check_properties(start, anchor.as_ref(), tag.as_deref());
                self.stack.push(Frame::Mapping { start, entries: Vec::new(), key: None });
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.close(end),
            EventData::StreamStart { .. } | EventData::StreamEnd | EventData::DocumentEnd { .. } => {}
        }
    }

    fn check_properties(&mut self, start: Position, anchor: Option<&String>, tag: Option<&str>) {
        if anchor.is_some() {
            self.say(
                start,
                "An anchor (`&name`) lets text stand for something elsewhere.",
                "Remove it, and write the value out where it is used.",
            );
        }
        if tag.is_some() {
            self.say(start, "A tag (`!name`) changes what the value means.", "Remove the tag; quote text.");
        }
    }

    fn open(&mut self, flow: bool) {
        let level = self.stack.len();
        self.flow = self.flow.or_else(|| flow.then_some(level));
    }

    fn scalar(&mut self, start: Position, text: String, plain: bool) -> Value {
        // kustomize prints what it has read, and nothing between braces as empty text.
        let nothing = text.is_empty() && self.flow.is_some();
        let value = if plain && !nothing { resolve(&text) } else { Scalar::String(text.clone()) };
        if matches!(value, Scalar::Float(number) if !number.is_finite()) {
            self.say(start, "Infinity and not-a-number cannot be sent to Kubernetes.", "Quote the text.");
        }
        if plain && timestamp::read(&text) == Some(Time::Unwritable) {
            self.say(start, "kustomize cannot write a time that is a day or more from UTC.", "Quote the text.");
        }
        Value::Scalar { value, text, plain }
    }

    fn close(&mut self, end: Position) {
        let frame = self.stack.pop();
        self.flow = self.flow.filter(|level| *level < self.stack.len());
        match frame {
            Some(Frame::Sequence { start, items }) => self.add(start, end, Value::Sequence(items)),
            Some(Frame::Mapping { start, entries, .. }) => {
                self.check_duplicates(&entries);
                self.add(start, end, Value::Mapping(entries));
            }
            None => {}
        }
    }

    /// Go refuses a key that stands twice, comparing the text; others take the last.
    fn check_duplicates(&mut self, entries: &[(Node, Node)]) {
        let mut keys: Vec<(&str, Position)> =
            entries.iter().filter_map(|(key, _)| Some((key.text()?, key.start))).collect();
        keys.sort_unstable();
        let twice = keys.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        for pair in twice.take(MAXIMUM_PROBLEMS) {
            let message = format!("The key {} stands twice in one mapping.", shown(pair[1].0));
            self.say(pair[1].1, &message, "Remove one of the two.");
        }
    }

    fn add(&mut self, start: Position, end: Position, value: Value) {
        let node = Node { start, end, value };
        match self.stack.last_mut() {
            None if is_nothing(&node) => {}
            None => self.documents.push(node),
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let reason = bad_key(&node);
                    *key = Some(node);
                    if let Some((message, help)) = reason {
                        self.say(start, &message, help);
                    }
                }
            },
        }
    }
}

impl Frame {
    fn start(&self) -> Position {
        match self {
            Self::Sequence { start, .. } | Self::Mapping { start, .. } => *start,
        }
    }
}

/// A document without content.
pub(super) fn is_nothing(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar { text, plain: true, .. } if text.is_empty())
}

fn bad_key(key: &Node) -> Option<(String, &'static str)> {
    match &key.value {
        Value::Scalar { text, .. } if text == "<<" => {
            Some(("A merge key (`<<`) is read differently by different programs.".to_owned(), "Write the values out."))
        }
        Value::Scalar { text, plain: true, .. } if timestamp::read(text).is_some() => {
            Some((format!("The key {} is a time, not text: kustomize refuses it.", shown(text)), "Quote the key."))
        }
        Value::Scalar { value: Scalar::String(_), text, plain } if !plain || !text.is_empty() => None,
        Value::Scalar { text, .. } => Some((format!("The key {} is not text.", shown(text)), "Quote the key.")),
        _ => {
            Some(("A list or mapping stands where a key belongs.".to_owned(), "Quote `{{ … }}`, or write a plain key."))
        }
    }
}

fn shown(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    format!("`{}`", cut.replace('\n', " "))
}

fn start_of_file() -> Position {
    Position { offset: 0, line: 1, column: 1 }
}

fn null() -> Value {
    Value::Scalar { value: Scalar::Null, text: String::new(), plain: true }
}

fn offset(mark: Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}
