//! The paths of printer columns, read as `kubectl` and the API server read JSONPath: is it one at all?
//!
//! Facts: kubernetes/client-go `util/jsonpath/parser.go`. A template is text with actions in braces; the API
//! server puts the braces around a column's path.

/// Whether the API server can read a column's path.
pub(super) fn is_readable(path: &str) -> bool {
    Reader::of(&format!("{{{path}}}")).template().is_some()
}

/// Filters and unions hold actions of their own; real ones do not go deeper than two.
const DEEPEST: usize = 16;

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn of(text: &str) -> Self {
        Self { text: text.chars().collect(), at: 0, depth: 0 }
    }

    /// Reads a template that is inside this one.
    fn inner(&self, text: &str) -> Option<()> {
        let depth = self.depth + 1;
        if depth > DEEPEST {
            return None;
        }
        Self { depth, ..Self::of(&format!("{{{text}}}")) }.template()
    }

    fn starts_with(&self, start: &str) -> bool {
        start.chars().enumerate().all(|(index, wanted)| self.text.get(self.at + index) == Some(&wanted))
    }

    fn next(&mut self) -> Option<char> {
        let next = self.text.get(self.at).copied();
        self.at += usize::from(next.is_some());
        next
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn since(&self, start: usize) -> String {
        self.text.get(start..self.at).unwrap_or_default().iter().collect()
    }

    /// Text and actions to the end; `None` where an action cannot be read.
    fn template(&mut self) -> Option<()> {
        loop {
            match self.next() {
                None => return Some(()),
                Some('{') => self.action()?,
                Some(_) => {}
            }
        }
    }

    fn action(&mut self) -> Option<()> {
        let mut after_descent = false;
        loop {
            let descends = self.starts_with("..");
            if self.starts_with("[?(") {
                self.at += 3;
                self.filter()?;
            } else if descends {
                self.at += 2;
                if after_descent {
                    return None;
                }
                if self.peek().is_some_and(is_word) {
                    self.word(true);
                    after_descent = false;
                    continue;
                }
            } else {
                match self.next()? {
                    '}' => return Some(()),
                    ' ' | '@' | '$' => continue,
                    '[' => self.array()?,
                    quote @ ('"' | '\'') => self.quoted(quote)?,
                    '.' => self.word(true),
                    first if first == '+' || first == '-' || first.is_numeric() => self.number()?,
                    first if is_word(first) => self.word(false),
                    _ => return None,
                }
            }
            after_descent = descends;
        }
    }

    /// A word, which ends where something else begins; in the name of a field a backslash takes the next sign
    /// with it.
    fn word(&mut self, is_field: bool) {
        while let Some(next) = self.peek() {
            if is_end(next) {
                return;
            }
            self.at += 1;
            if is_field && next == '\\' {
                self.next();
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at - 1;
        while self.peek().is_some_and(|next| next == '.' || next.is_numeric()) {
            self.at += 1;
        }
        let number: f64 = self.since(start).parse().ok()?;
        number.is_finite().then_some(())
    }

    fn array(&mut self) -> Option<()> {
        let start = self.at;
        loop {
            match self.next()? {
                '\n' => return None,
                ']' => break,
                _ => {}
            }
        }
        let inside = self.since(start);
        let inside = inside.strip_suffix(']')?;
        if inside.contains(',') {
            return inside.split(',').try_for_each(|part| self.inner(&format!("[{}]", part.trim_matches(' '))));
        }
        let key = inside.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            return self.inner(&format!(".{key}"));
        }
        (inside == "*" || is_slice(inside)).then_some(())
    }

    fn filter(&mut self) -> Option<()> {
        let start = self.at;
        let (mut open, mut closed) = (None, false);
        loop {
            match self.next()? {
                '\n' => return None,
                quote @ ('"' | '\'') => match open {
                    None => open = Some(quote),
                    Some(opened) => closed |= opened == quote && self.text.get(self.at.wrapping_sub(2)) != Some(&'\\'),
                },
                ')' if open.is_some() == closed => break,
                _ => {}
            }
        }
        let inside = self.since(start);
        let inside = inside.strip_suffix(')')?;
        if self.next()? != ']' {
            return None;
        }
        match comparison(inside) {
            Some((left, right)) => self.inner(left).and_then(|()| self.inner(right)),
            None => self.inner(inside),
        }
    }

    fn quoted(&mut self, quote: char) -> Option<()> {
        let start = self.at;
        loop {
            match self.next()? {
                '\n' => return None,
                next if next == quote && self.text.get(self.at.wrapping_sub(2)) != Some(&'\\') => break,
                _ => {}
            }
        }
        let inside = self.since(start);
        escapes_are_sound(inside.strip_suffix(quote)?, quote)
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphabetic() || character.is_ascii_digit()
}

fn is_end(character: char) -> bool {
    " \t\r\n.,[]$@{}".contains(character)
}

/// `from:to:step`, each of which may be missing.
fn is_slice(text: &str) -> bool {
    let whole = |part: &str| part.is_empty() || !part.starts_with('+') && part.parse::<i64>().is_ok();
    text.split(':').count() <= 3 && text.split(':').all(whole)
}

/// The two sides of a comparison: what is before the first signs of it, and what is behind them.
fn comparison(text: &str) -> Option<(&str, &str)> {
    let is_sign = |character: char| "!<>=".contains(character);
    let (left, rest) = text.split_at(text.find(is_sign).filter(|start| *start > 0)?);
    let right = rest.trim_start_matches(is_sign);
    match (right.is_empty(), rest.len()) {
        (false, _) => Some((left, right)),
        (true, 1) => None,
        (true, length) => Some((left, rest.get(length - 1..)?)),
    }
}

/// The escapes of Go's texts.
fn escapes_are_sound(text: &str, quote: char) -> Option<()> {
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            continue;
        }
        let (digits, radix) = match rest.next()? {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => continue,
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='7' => (2, 8),
            other if other == quote => continue,
            _ => return None,
        };
        let found: String = rest.by_ref().take(digits).collect();
        if found.len() != digits || !found.chars().all(|digit| digit.is_digit(radix)) {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::is_readable;

    #[test]
    fn what_kubernetes_can_read_is_readable() {
        for path in [
            ".spec.replicas",
            ".",
            "..",
            "..name",
            ".spec.*",
            ".spec.containers[*].name",
            ".spec.containers[0:2].name",
            ".spec.containers[-1:]",
            ".items[]",
            ".status.conditions[?(@.type==\"Ready\")].status",
            ".status.conditions[?(@.type=='Ready')].reason",
            ".status.conditions[?(@.ready)]",
            ".metadata.annotations.example\\.org/name",
            ".metadata.labels['app.kubernetes.io/name']",
            ".a[0,1]",
            ".a['b','c']",
            ".a b",
            ".a}text{.b",
            ".a[?(@.b=)]",
        ] {
            assert!(is_readable(path), "{path}");
        }
    }

    #[test]
    fn what_kubernetes_cannot_read_is_not() {
        for path in [
            ".a[",
            ".a[x]",
            ".a[\"x\"]",
            ".a[-]",
            ".a[1:2:3:4]",
            ".a[?(@.b]",
            ".a[?(@.b)",
            ".a[?(@.b==)]",
            ".a[?(@.type==Ready\")]",
            ".a{b",
            ".a|b|.c,d",
            ".a,.b",
            "....",
            ".a\n",
            ".a[0,x]",
            ".a \"b",
            ".a '\\q'",
            ".a -",
            ".a 1.2.3",
            ".a (b)",
            "..½",
        ] {
            assert!(!is_readable(path), "{path}");
        }
    }

    #[test]
    fn filters_in_filters_end() {
        let deep = format!(".a{}x{}", "[?(@".repeat(10_000), ")]".repeat(10_000));
        assert!(!is_readable(&deep));
    }
}
