//! A rule's documentation, which is the head of its own source file.

use super::Meta;

/// What a rule says of itself to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documentation {
    /// One sentence.
    pub title: String,
    /// What is found.
    pub what: String,
    /// Why it is bad.
    pub why: String,
    /// An example that is found, Markdown.
    pub bad: String,
    /// The same, mended, Markdown.
    pub good: String,
}

impl Documentation {
    /// Reads the leading `//!` lines of the rule's source: a title, then the headings What, Why,
    /// Bad and Good. What is missing is empty.
    pub fn of(meta: &Meta) -> Self {
        let lines = meta.source.lines().map_while(|line| line.strip_prefix("//!"));
        let mut documentation = Self {
            title: String::new(),
            what: String::new(),
            why: String::new(),
            bad: String::new(),
            good: String::new(),
        };
        let mut section = &mut documentation.title;
        for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
            section = match line {
                "# What" => &mut documentation.what,
                "# Why" => &mut documentation.why,
                "# Bad" => &mut documentation.bad,
                "# Good" => &mut documentation.good,
                _ => {
                    section.push_str(line);
                    section.push('\n');
                    section
                }
            };
        }
        let Self { title, what, why, bad, good } = &mut documentation;
        for text in [title, what, why, bad, good] {
            *text = text.trim().to_owned();
        }
        documentation
    }
}

#[cfg(test)]
mod tests {
    use super::Documentation;
    use crate::finding::{RuleId, Severity};
    use crate::rules::Meta;

    #[test]
    fn headings_part_the_text() {
        let source = "//! A title.\n//!\n//! # What\n//! w1\n//! w2\n//!\n//! # Why\n//! y\n//! # Bad\n//! ```yaml\n\
            //! a:\n//!   b: 1\n//! ```\n//! # Good\n//! g\n\nuse x;\n//! not this\n";
        let read = Documentation::of(&Meta { id: RuleId::new("a/b"), severity: Severity::Error, source });
        assert_eq!((read.title.as_str(), read.what.as_str(), read.why.as_str()), ("A title.", "w1\nw2", "y"));
        assert_eq!((read.bad.as_str(), read.good.as_str()), ("```yaml\na:\n  b: 1\n```", "g"));
    }
}
