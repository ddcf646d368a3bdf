//! The page for people: what is in the cluster and how far Flux is.

use std::fmt::Write as _;

use serde_json::Value;

use crate::sandbox::cluster::store::Store;
use crate::sandbox::cluster::store::json::{list, text};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%;margin-bottom:2rem}th,td{text-align:left;padding:.35rem .6rem;\
border-bottom:1px solid #ccc;vertical-align:top}td{overflow-wrap:anywhere}.True{color:#0a6b2d}.False{color:#b00020}\
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.True{color:#6fdc8c}.False{color:#ff8389}}";

pub(super) fn page(store: &Store) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Sandbox cluster</title><style>{STYLE}</style></head><body>\
         <h1>Sandbox cluster</h1>"
    );
    let namespaces = store.of_kind("Namespace").iter().map(|namespace| namespace_row(store, namespace)).collect();
    table(&mut html, "Namespaces", &["Name", "Phase", "Objects", "Made by"], namespaces);
    let sources = store.of_kind("GitRepository").iter().map(|source| source_row(source)).collect();
    table(&mut html, "Git repositories", &["Name", "URL", "Revision", "Ready", "Message"], sources);
    let syncs = store.of_kind("Kustomization").iter().map(|sync| sync_row(sync)).collect();
    table(&mut html, "Kustomizations", &["Name", "Path", "Applied", "Attempted", "Ready", "Message"], syncs);
    html.push_str("</body></html>\n");
    html
}

/// A cell: its text, and the class that colours it.
type Cell = (String, &'static str);

fn plain(text: impl Into<String>) -> Cell {
    (text.into(), "")
}

fn namespace_row(store: &Store, namespace: &Value) -> Vec<Cell> {
    let name = text(namespace, "/metadata/name");
    let counts = store.kinds.iter().filter(|kind| kind.namespaced).filter_map(|kind| {
        let count = store.all(kind, name).count();
        (count > 0)
            .then(|| format!("{count} {}", if count == 1 { kind.kind.to_lowercase() } else { kind.plural.clone() }))
    });
    let owner = text(namespace, "/metadata/labels/kustomize.toolkit.fluxcd.io~1name");
    let counts = counts.collect::<Vec<_>>().join(", ");
    vec![plain(name), plain(text(namespace, "/status/phase")), plain(counts), plain(owner)]
}

fn source_row(source: &Value) -> Vec<Cell> {
    let revision = short(text(source, "/status/artifact/revision"));
    let mut row = vec![plain(name(source)), plain(text(source, "/spec/url")), plain(revision)];
    row.extend(ready(source));
    row
}

fn sync_row(sync: &Value) -> Vec<Cell> {
    let revision = |field: &str| plain(short(text(sync, field)));
    let mut row = vec![
        plain(name(sync)),
        plain(text(sync, "/spec/path")),
        revision("/status/lastAppliedRevision"),
        revision("/status/lastAttemptedRevision"),
    ];
    row.extend(ready(sync));
    row
}

fn name(object: &Value) -> String {
    format!("{}/{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// The state in words and the message. Colour only repeats what the words say.
fn ready(object: &Value) -> [Cell; 2] {
    if object["spec"]["suspend"] == true {
        return [plain("suspended"), plain("")];
    }
    let conditions = list(object, "/status/conditions");
    let Some(ready) = conditions.iter().find(|condition| condition["type"] == "Ready") else {
        return [plain("not seen yet"), plain("")];
    };
    let state = match text(ready, "/status") {
        "True" => ("ready".to_owned(), "True"),
        "False" => (format!("failed: {}", text(ready, "/reason")), "False"),
        _ => ("in progress".to_owned(), ""),
    };
    [state, plain(text(ready, "/message").chars().take(500).collect::<String>())]
}

/// `main@sha1:0123456` instead of forty digits.
fn short(revision: &str) -> String {
    match revision.rsplit_once(':') {
        Some((start, hex)) => format!("{start}:{}", hex.get(..7).unwrap_or(hex)),
        None => revision.to_owned(),
    }
}

fn table(html: &mut String, title: &str, head: &[&str], rows: Vec<Vec<Cell>>) {
    let _ = write!(html, "<h2>{title}</h2><table><thead><tr>");
    for cell in head {
        let _ = write!(html, "<th scope=\"col\">{cell}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    if rows.is_empty() {
        let _ = write!(html, "<tr><td colspan=\"{}\">none</td></tr>", head.len());
    }
    for row in rows {
        html.push_str("<tr>");
        for (cell, class) in row {
            let _ = write!(html, "<td class=\"{class}\">{}</td>", escape(&cell));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::{escape, short};

    #[test]
    fn text_from_outside_stays_text() {
        assert_eq!(escape("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
        assert_eq!(short("main@sha1:1111111111111111111111111111111111111111"), "main@sha1:1111111");
    }
}
