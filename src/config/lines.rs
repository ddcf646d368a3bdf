//! Where each key of the file stands, and which keys stand twice: serde tells neither.

use std::collections::BTreeMap;

use libyaml_safer::{EventData, Parser};

use super::Problem;
use crate::names::show;

/// Containers deeper than this are not followed; the configuration has six.
const DEEPEST: usize = 32;

/// The lines of a file's keys, by path.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_path: BTreeMap<String, u32>,
    duplicates: Vec<(String, u32)>,
    too_deep: Option<u32>,
}

/// What the next node is.
enum Place {
    /// A key of the mapping at this path.
    Key(String),
    /// The value of the key at the second path, in the mapping at the first.
    Value(String, String),
    /// An item of the list at this path.
    Item(String, usize),
}

impl Lines {
    /// Reads what can be read; a file that serde took is read whole. The text holds no tags.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        // libyaml-safer 0.3.0 panics where a block of text ends without a line end.
        let ended = format!("{text}\n");
        let mut input = ended.as_bytes();
        let mut parser = Parser::new();
        parser.set_input_string(&mut input);
        let mut places: Vec<Place> = Vec::new();
        while let Ok(event) = parser.parse() {
            let line = u32::try_from(event.start_mark.line + 1).unwrap_or(u32::MAX);
            match event.data {
                EventData::StreamEnd => break,
                EventData::Scalar { value, .. } => lines.node(&mut places, Some(&value), line, None),
                EventData::Alias { .. } => lines.node(&mut places, None, line, None),
                EventData::MappingStart { .. } => lines.node(&mut places, None, line, Some(Place::Key)),
                EventData::SequenceStart { .. } => {
                    lines.node(&mut places, None, line, Some(|path| Place::Item(path, 0)));
                }
                EventData::MappingEnd | EventData::SequenceEnd => drop(places.pop()),
                _ => {}
            }
            if places.len() > DEEPEST {
                lines.too_deep = Some(line);
                break;
            }
        }
        lines
    }

    /// Notes a node and moves on to the next; `open` is how its children are placed.
    fn node(&mut self, places: &mut Vec<Place>, text: Option<&str>, line: u32, open: Option<fn(String) -> Place>) {
        let mut path = String::new();
        if let Some(place) = places.last_mut() {
            match place {
                Place::Key(parent) => {
                    let key = text.unwrap_or("?");
                    path = if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") };
                    if self.by_path.insert(path.clone(), line).is_some() {
                        self.duplicates.push((path.clone(), line));
                    }
                    *place = Place::Value(std::mem::take(parent), path.clone());
                }
                Place::Value(parent, own) => {
                    path = std::mem::take(own);
                    *place = Place::Key(std::mem::take(parent));
                }
                Place::Item(parent, index) => {
                    path = format!("{parent}[{index}]");
                    *index += 1;
                    self.by_path.insert(path.clone(), line);
                }
            }
        }
        places.extend(open.map(|open| open(path)));
    }

    /// The line of `key`, or of the nearest container of it that has one.
    pub(super) fn line(&self, key: &str) -> Option<u32> {
        let mut key = key;
        while !key.is_empty() {
            if let Some(line) = self.by_path.get(key) {
                return Some(*line);
            }
            key = key.rfind(['.', '[']).map_or("", |at| &key[..at]);
        }
        None
    }

    /// The problem of containers in containers without end.
    pub(super) fn too_deep(&self) -> Option<Problem> {
        let message = format!("there are more than {DEEPEST} levels of nesting");
        self.too_deep
            .map(|line| Problem::new("", message, "remove some; bot-config/bailiwick.yaml shows how").at(Some(line)))
    }

    /// A problem for every key that stands twice.
    pub(super) fn duplicates(&self) -> impl Iterator<Item = Problem> {
        self.duplicates.iter().map(|(path, line)| {
            let message = format!("the key {} is there twice", show(path));
            Problem::new("", message, "remove one of the two").at(Some(*line))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn keys_and_items_have_lines() {
        let lines = Lines::of("a: 1\nb:\n  - c: {d: 1}\n    e: [f,\n     g]\n  - h\na: 2\n");
        for (key, line) in
            [("a", 7), ("b", 2), ("b[0]", 3), ("b[0].c.d", 3), ("b[0].e", 4), ("b[0].e[1]", 5), ("b[1]", 6)]
        {
            assert_eq!(lines.line(key), Some(line), "{key}");
        }
        assert_eq!(lines.line("b[0].nothing"), Some(3));
        assert_eq!(lines.line("nothing"), None);
        assert_eq!(lines.duplicates().count(), 1);
    }
}
