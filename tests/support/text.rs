//! Texts without what differs from run to run.

/// Commits become `[commit]`, the sandbox's address `https://github.example`, comment markers go.
pub fn tidy(text: &str) -> String {
    let kept = text.lines().filter(|line| !line.starts_with("<!-- bailiwick:answer/"));
    let text = kept.collect::<Vec<_>>().join("\n");
    let mut tidied = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word);
        tidied.push_str(if is_commit(word) { "[commit]" } else { word });
        let between = tail.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        tidied.push_str(&tail[..between]);
        rest = &tail[between..];
    }
    without_ports(&tidied)
}

fn is_commit(word: &str) -> bool {
    matches!(word.len(), 7 | 40) && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `127.0.0.1:12345` becomes `127.0.0.1:[port]`.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut tidied = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        tidied.push_str("127.0.0.1:[port]");
        tidied.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    tidied
}
