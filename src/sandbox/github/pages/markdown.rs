//! Markdown of people and of the App as HTML. Raw HTML is shown as text, but for a few tags
//! without attributes that GitHub lets through too (folded sections, line breaks); comments,
//! which bots hide their marks in, are not shown.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html::e;

/// The tags that pass, exactly so.
const ALLOWED: [&str; 17] = [
    "<details>",
    "<details open>",
    "</details>",
    "<summary>",
    "</summary>",
    "<br>",
    "<br/>",
    "<sub>",
    "</sub>",
    "<sup>",
    "</sup>",
    "<kbd>",
    "</kbd>",
    "<b>",
    "</b>",
    "<code>",
    "</code>",
];

/// Renders Markdown.
pub(super) fn render(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut output = Output::default();
    for event in Parser::new_ext(text, options) {
        output.event(event);
    }
    output.html
}

#[derive(Default)]
struct Output {
    html: String,
    /// The raw HTML block that is being read.
    block: Option<String>,
    header: bool,
    /// Whether the open links are shown as links.
    links: Vec<bool>,
}

impl Output {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.html.push_str(&e(&text)),
            Event::Code(text) => self.html.push_str(&format!("<code>{}</code>", e(&text))),
            Event::Html(text) => match &mut self.block {
                Some(block) => block.push_str(&text),
                None => self.html.push_str(&harmless(&text)),
            },
            Event::InlineHtml(text) => self.html.push_str(&harmless(&text)),
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::TaskListMarker(done) => self.html.push_str(if done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.html.push_str(&e(&text));
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let open = match tag {
            Tag::Paragraph => "<p>".to_owned(),
            Tag::Heading { level, .. } => format!("<h{}>", heading(level)),
            Tag::BlockQuote(_) => "<blockquote>".to_owned(),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => "<pre><code>".to_owned(),
            Tag::List(Some(first)) => format!("<ol start=\"{first}\">"),
            Tag::List(None) => "<ul>".to_owned(),
            Tag::Item => "<li>".to_owned(),
            Tag::Table(_) => "<table>".to_owned(),
            Tag::TableHead => {
                self.header = true;
                "<tr>".to_owned()
            }
            Tag::TableRow => "<tr>".to_owned(),
            Tag::TableCell => if self.header { "<th>" } else { "<td>" }.to_owned(),
            Tag::Emphasis => "<em>".to_owned(),
            Tag::Strong => "<strong>".to_owned(),
            Tag::Strikethrough => "<del>".to_owned(),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let fine = ["http://", "https://", "/", "#"].iter().any(|start| dest_url.starts_with(start));
                self.links.push(fine);
                if fine { format!("<a rel=\"noreferrer\" href=\"{}\">", e(&dest_url)) } else { String::new() }
            }
            Tag::HtmlBlock => {
                self.block = Some(String::new());
                String::new()
            }
            _ => String::new(),
        };
        self.html.push_str(&open);
    }

    fn end(&mut self, tag: TagEnd) {
        let close = match tag {
            TagEnd::Paragraph => "</p>\n".to_owned(),
            TagEnd::Heading(level) => format!("</h{}>\n", heading(level)),
            TagEnd::BlockQuote(_) => "</blockquote>\n".to_owned(),
            TagEnd::CodeBlock => "</code></pre>\n".to_owned(),
            TagEnd::List(true) => "</ol>\n".to_owned(),
            TagEnd::List(false) => "</ul>\n".to_owned(),
            TagEnd::Item => "</li>\n".to_owned(),
            TagEnd::Table => "</table>\n".to_owned(),
            TagEnd::TableHead => {
                self.header = false;
                "</tr>\n".to_owned()
            }
            TagEnd::TableRow => "</tr>\n".to_owned(),
            TagEnd::TableCell => if self.header { "</th>" } else { "</td>" }.to_owned(),
            TagEnd::Emphasis => "</em>".to_owned(),
            TagEnd::Strong => "</strong>".to_owned(),
            TagEnd::Strikethrough => "</del>".to_owned(),
            TagEnd::Link | TagEnd::Image => {
                if self.links.pop() == Some(true) {
                    "</a>".to_owned()
                } else {
                    String::new()
                }
            }
            TagEnd::HtmlBlock => harmless(&self.block.take().unwrap_or_default()),
            _ => String::new(),
        };
        self.html.push_str(&close);
    }
}

/// Headings on these pages start below the page's own.
fn heading(level: HeadingLevel) -> u8 {
    (level as u8 + 2).min(6)
}

/// Raw HTML: comments are dropped, allowed tags pass, all else becomes text.
fn harmless(html: &str) -> String {
    let mut output = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        output.push_str(&e(&rest[..at]));
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
        } else if let Some(tag) = ALLOWED.iter().find(|tag| rest.starts_with(**tag)) {
            output.push_str(tag);
            rest = &rest[tag.len()..];
        } else {
            output.push_str("&lt;");
            rest = &rest[1..];
        }
    }
    output.push_str(&e(rest));
    output
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn html_is_text_but_for_folded_sections() {
        let shown = render(
            "<!-- mark -->\n<details><summary>More</summary>\n\n**bold** <img src=x onerror=alert(1)>\n\n</details>\n\n<script>\nalert(1)\n</script>",
        );
        assert!(
            shown.contains("<details><summary>More</summary>") && shown.contains("<strong>bold</strong>"),
            "{shown}"
        );
        assert!(!shown.contains("mark") && !shown.contains("<img") && !shown.contains("<script"), "{shown}");
        assert!(shown.contains("&lt;script&gt;"), "{shown}");
    }

    #[test]
    fn links_lead_to_the_web_only() {
        let shown = render("[a](javascript:alert(1)) [b](https://x.example/?a=\"b) ![c](data:x)");
        assert!(!shown.contains("javascript") && !shown.contains("data:"), "{shown}");
        assert!(shown.contains("href=\"https://x.example/?a=&quot;b\""), "{shown}");
    }

    #[test]
    fn tables_lists_and_code_are_drawn() {
        let shown = render("|a|b|\n|-|-|\n|1|`<x>`|\n\n1. one\n2. two\n\n```yaml\na: <b>\n```\n");
        assert!(shown.contains("<th>a</th>") && shown.contains("<td><code>&lt;x&gt;</code></td>"), "{shown}");
        assert!(shown.contains("<ol start=\"1\">") && shown.contains("<pre><code>a: &lt;b&gt;"), "{shown}");
    }
}
