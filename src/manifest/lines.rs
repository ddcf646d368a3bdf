//! From byte offsets to lines and columns.

use super::Position;

/// The byte order mark, which is allowed at a file's very start and is no part of the text.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Finds lines and columns. Lines are counted in `\n` as GitHub does: libyaml's own count also
/// breaks at characters that GitHub does not, and would shift annotations. Offsets that come in
/// rising order cost nothing: the last place is remembered.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    /// What stands before `text` in the file: the byte order mark, or nothing.
    base: usize,
    starts: Vec<usize>,
    last: Position,
}

impl<'a> Lines<'a> {
    /// The lines of `text`, which starts `base` bytes after the file's start.
    pub(super) fn new(text: &'a str, base: usize) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { text, base, starts, last: Position { offset: 0, line: 1, column: 1 } }
    }

    /// How many bytes of the file stand before the text.
    pub(super) fn base(&self) -> usize {
        self.base
    }

    /// The place of a byte of `text`; the text's end where the offset lies beyond.
    pub(super) fn position(&mut self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let (from, column) = if self.last.line == line && self.last.offset <= offset {
            (self.last.offset, self.last.column)
        } else {
            (start, 1)
        };
        let characters = self.text[from..offset].chars().count();
        let column = column.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX));
        self.last = Position { offset, line, column };
        Position { offset: offset + self.base, line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn columns_are_characters_and_lines_are_line_feeds() {
        let mut lines = Lines::new("aé b\r\nç: d", 3);
        let place = |position: super::Position| (position.offset, position.line, position.column);
        assert_eq!(place(lines.position(0)), (3, 1, 1));
        assert_eq!(place(lines.position(4)), (7, 1, 4));
        assert_eq!(place(lines.position(7)), (10, 2, 1));
        assert_eq!(place(lines.position(9)), (12, 2, 2));
        assert_eq!(place(lines.position(3)), (6, 1, 3));
        assert_eq!(place(lines.position(99)), (15, 2, 5));
    }
}
