//! Differences, with the annotations of check runs under the lines that they are about.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::answer::Answer;
use super::super::git::diff::FileDiff;
use super::html::{Page, e};
use super::{Paged, View};

/// Annotations that a difference shows, each with the name of its check run.
pub(super) type Notes = Vec<(String, Value)>;

/// `/{owner}/{repo}/commit/{sha}`.
pub(super) async fn commit(view: &View<'_>, sha: &str) -> Paged {
    let git = &view.shared.git;
    let commit = git.commit(view.id, sha).await?.ok_or_else(Answer::not_found)?;
    let files = match commit.parents.first() {
        Some(parent) => git.diff(view.id, parent, sha).await?,
        None => Vec::new(),
    };
    let mut body = view.crumbs("");
    let _ = write!(
        body,
        "<h1>{}</h1><p class=\"small\">{} · {}</p>",
        e(commit.message.lines().next().unwrap_or_default()),
        e(&commit.author.name),
        e(sha)
    );
    body.push_str(&files_html(&files, &mut Vec::new()));
    Ok(Page::new(&format!("{sha:.10}"), body))
}

/// All files; annotations that were placed are taken out of `notes`.
pub(super) fn files_html(files: &[FileDiff], notes: &mut Notes) -> String {
    let mut body = String::new();
    for file in files {
        let from = file.previous.as_ref().map(|previous| format!("{} → ", e(previous))).unwrap_or_default();
        let _ = write!(
            body,
            "<div class=\"card\"><div class=\"head\">{from}<b>{}</b> <span class=\"small\">{} +{} −{}</span></div>\
             <div class=\"body\">",
            e(&file.path),
            file.status,
            file.additions,
            file.deletions
        );
        match &file.patch {
            Some(patch) => body.push_str(&patch_html(&file.path, patch, notes)),
            None => body.push_str("<p class=\"small\">No text difference.</p>"),
        }
        body.push_str("</div></div>");
    }
    body
}

fn patch_html(path: &str, patch: &str, notes: &mut Notes) -> String {
    let mut rows = String::from("<table class=\"code\">");
    let (mut old, mut new) = (0_u64, 0_u64);
    for line in patch.split('\n') {
        let (class, old_number, new_number) = match line.chars().next() {
            Some('@') => {
                (old, new) = hunk_start(line);
                let _ = write!(rows, "<tr class=\"hunk\"><td></td><td></td><td>{}</td></tr>", e(line));
                continue;
            }
            Some('+') => ("add", 0, new),
            Some('-') => ("del", old, 0),
            Some('\\') => ("", 0, 0),
            _ => ("", old, new),
        };
        let number = |number: u64| if number == 0 { String::new() } else { number.to_string() };
        let _ = write!(
            rows,
            "<tr class=\"{class}\"><td class=\"no\">{}</td><td class=\"no\">{}</td><td>{}</td></tr>",
            number(old_number),
            number(new_number),
            e(line)
        );
        old += u64::from(old_number > 0);
        new += u64::from(new_number > 0);
        if new_number > 0 {
            place(&mut rows, path, new_number, notes);
        }
    }
    rows.push_str("</table>");
    rows
}

/// Puts the annotations that end at a line under it.
fn place(rows: &mut String, path: &str, line: u64, notes: &mut Notes) {
    notes.retain(|(check, note)| {
        let here = note["path"] == path && note["end_line"].as_u64() == Some(line);
        if here {
            let level = note["annotation_level"].as_str().unwrap_or_default();
            let class = if matches!(level, "failure" | "notice") { level } else { "" };
            let _ = write!(
                rows,
                "<tr class=\"note {class}\"><td></td><td></td><td><b>{}</b> {}<br>{}</td></tr>",
                e(note["title"].as_str().unwrap_or(level)),
                e(&format!("({check})")),
                e(note["message"].as_str().unwrap_or_default())
            );
        }
        !here
    });
}

/// The first line numbers of `@@ -a,b +c,d @@`.
fn hunk_start(line: &str) -> (u64, u64) {
    let number = |sign: char| {
        let word = line.split(' ').find(|word| word.starts_with(sign))?;
        word[1..].split(',').next()?.parse().ok()
    };
    (number('-').unwrap_or_default(), number('+').unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::patch_html;

    #[test]
    fn an_annotation_stands_under_its_line() {
        let note = |line| {
            ("c".to_owned(), json!({"path": "a", "end_line": line, "annotation_level": "failure", "message": "<bad>"}))
        };
        let mut notes = vec![note(3), note(9)];
        let shown = patch_html("a", "@@ -1,2 +2,3 @@\n one\n-two\n+<three>\n four", &mut notes);
        assert_eq!(notes.len(), 1, "line 9 is not shown and stays");
        let (line, message) = (shown.find("&lt;three&gt;"), shown.find("&lt;bad&gt;"));
        assert!(line.is_some() && message > line && message < shown.find("four"), "{shown}");
    }
}
