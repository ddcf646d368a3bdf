//! Which HTML elements are open. A comment's HTML is cut up by Markdown: a blank line ends an HTML
//! block although its element goes on, so `<details>` and `<blockquote>` hold Markdown paragraphs.

/// Elements that GitHub keeps in comments and that hold text. A word in angle brackets that is none
/// of these, such as `<team>`, is thrown away by GitHub and opens nothing here.
const HOLDERS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "ruby",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "tt",
    "ul",
    "var",
    "video",
    "xmp",
];

/// The elements that are open, outermost first, and whether a comment is.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    names: Vec<&'static str>,
    in_comment: bool,
}

impl OpenElements {
    /// Whether nothing is open.
    pub(super) const fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.in_comment
    }

    /// Reads a piece of HTML and remembers what it opens and closes.
    pub(super) fn read(&mut self, html: &str) {
        let mut rest = html;
        loop {
            if self.in_comment {
                let Some((_, after)) = rest.split_once("-->") else { return };
                self.in_comment = false;
                rest = after;
            }
            let Some(at) = rest.find('<') else { return };
            rest = &rest[at + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                self.in_comment = true;
                rest = comment;
            } else {
                self.tag(rest);
            }
        }
    }

    fn tag(&mut self, text: &str) {
        let (closing, text) = text.strip_prefix('/').map_or((false, text), |rest| (true, rest));
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let Some(name) = HOLDERS.iter().find(|name| name.eq_ignore_ascii_case(&text[..end])) else { return };
        if !closing {
            // A page that nests deeper than this has no command worth finding: it stays open.
            if self.names.len() < 256 {
                self.names.push(name);
            }
        } else if let Some(index) = self.names.iter().rposition(|open| open == name) {
            self.names.truncate(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OpenElements;

    fn open_after(pieces: &[&str]) -> bool {
        let mut open = OpenElements::default();
        pieces.iter().for_each(|piece| open.read(piece));
        !open.is_empty()
    }

    #[test]
    fn elements_close_what_they_opened() {
        assert!(open_after(&["<details>"]));
        assert!(!open_after(&["<details><summary>x</summary>", "</DETAILS>"]));
        assert!(!open_after(&["<br>", "<img src=x>", "<team>"]));
        assert!(open_after(&["<div><!-- <p> </div> -->"]));
        assert!(open_after(&["<!-- a", "b"]));
        assert!(!open_after(&["<!-- a", "b -->"]));
        assert!(!open_after(&["</div>", "<"]));
    }
}
