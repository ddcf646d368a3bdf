//! Differences between commits, as GitHub lists them.

use super::{Git, GitError};

/// One changed file.
#[derive(Debug, Clone)]
pub(crate) struct FileDiff {
    pub(crate) path: String,
    pub(crate) previous: Option<String>,
    /// `added`, `removed`, `modified`, `renamed`.
    pub(crate) status: &'static str,
    pub(crate) sha: String,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    /// The hunks, without the file header; none for binary files.
    pub(crate) patch: Option<String>,
}

impl Git {
    /// The unified difference between two commits.
    pub(crate) async fn patch(&self, repository: u64, from: &str, to: &str) -> Result<String, GitError> {
        self.text(repository, &["diff", "-M", "--no-color", "--no-ext-diff", from, to]).await
    }

    /// The changed files between two commits, with renames found.
    pub(crate) async fn diff(&self, repository: u64, from: &str, to: &str) -> Result<Vec<FileDiff>, GitError> {
        let args = ["diff", "-M", "-z", "--raw", "--numstat", "--abbrev=40", "--no-ext-diff", from, to];
        let summary = self.text(repository, &args).await?;
        let mut files = parse_summary(&summary);
        if files.is_empty() {
            return Ok(files);
        }
        let text = self.patch(repository, from, to).await?;
        for (file, patch) in files.iter_mut().zip(split_patches(&text)) {
            file.patch = patch;
        }
        Ok(files)
    }

    /// How many lines and files differ.
    pub(crate) async fn size(&self, repository: u64, from: &str, to: &str) -> Result<(u64, u64, u64), GitError> {
        let text = self.text(repository, &["diff", "-M", "--shortstat", from, to]).await?;
        let number = |word: &str| {
            let part = text.split(',').find(|part| part.contains(word))?;
            part.split_whitespace().next()?.parse().ok()
        };
        Ok((
            number("insertion").unwrap_or_default(),
            number("deletion").unwrap_or_default(),
            number("file").unwrap_or_default(),
        ))
    }
}

/// Reads `--raw --numstat -z`: first all raw records, then all counts, in the same order.
fn parse_summary(text: &str) -> Vec<FileDiff> {
    let mut fields = text.split('\0').peekable();
    let mut files = Vec::new();
    while let Some(record) = fields.next_if(|field| field.starts_with(':')) {
        let words: Vec<_> = record.split_whitespace().collect();
        let letter = words.get(4).and_then(|word| word.chars().next()).unwrap_or('M');
        let path = fields.next().unwrap_or_default().to_owned();
        let renamed = matches!(letter, 'R' | 'C');
        let (path, previous) =
            if renamed { (fields.next().unwrap_or_default().to_owned(), Some(path)) } else { (path, None) };
        let (status, sha) = match letter {
            'A' => ("added", words.get(3)),
            'D' => ("removed", words.get(2)),
            'R' => ("renamed", words.get(3)),
            'C' => ("copied", words.get(3)),
            _ => ("modified", words.get(3)),
        };
        let sha = sha.copied().unwrap_or_default().to_owned();
        files.push(FileDiff { path, previous, status, sha, additions: 0, deletions: 0, patch: None });
    }
    for file in &mut files {
        let Some(counts) = fields.next() else { break };
        let mut parts = counts.split('\t');
        // Binary files have `-` here.
        file.additions = parts.next().and_then(|number| number.parse().ok()).unwrap_or_default();
        file.deletions = parts.next().and_then(|number| number.parse().ok()).unwrap_or_default();
        if parts.next() == Some("") {
            fields.next();
            fields.next();
        }
    }
    files
}

/// Cuts a unified difference into one part per file and drops the headers.
fn split_patches(text: &str) -> Vec<Option<String>> {
    let mut patches: Vec<Option<String>> = Vec::new();
    for line in text.split('\n') {
        if line.starts_with("diff --git ") {
            patches.push(None);
        } else if let Some(last) = patches.last_mut() {
            match last {
                Some(patch) => {
                    patch.push('\n');
                    patch.push_str(line);
                }
                None if line.starts_with("@@ ") => *last = Some(line.to_owned()),
                None => {}
            }
        }
    }
    if let Some(Some(patch)) = patches.last_mut() {
        // The text ends with a line break, which is no line of its own.
        if patch.ends_with('\n') {
            patch.pop();
        }
    }
    patches
}

#[cfg(test)]
mod tests {
    use super::{parse_summary, split_patches};

    #[test]
    fn raw_and_counts_are_matched_with_renames_between() {
        let zero = "0".repeat(40);
        let sha = "a".repeat(40);
        let text = format!(
            ":000000 100644 {zero} {sha} A\0new\0:100644 100644 {sha} {sha} R090\0old\0moved\0:100644 000000 {sha} {zero} D\0gone\0\
             3\t0\tnew\01\t2\t\0old\0moved\0-\t-\tgone\0"
        );
        let files = parse_summary(&text);
        let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.status, file.additions)).collect();
        assert_eq!(seen, [("new", "added", 3), ("moved", "renamed", 1), ("gone", "removed", 0)]);
        assert_eq!(files[1].previous.as_deref(), Some("old"));
        assert_eq!(files[2].sha, sha);
    }

    #[test]
    fn patches_lose_their_headers() {
        let text = "diff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\
                    diff --git a/y b/y\nBinary files differ\ndiff --git a/z b/z\n--- a/z\n+++ b/z\n@@ -1 +1 @@\n-diff --git\n+q\n";
        let patches = split_patches(text);
        assert_eq!(patches.len(), 3);
        assert_eq!(patches[0].as_deref(), Some("@@ -1 +1 @@\n-a\n+b"));
        assert_eq!(patches[1], None);
        assert_eq!(patches[2].as_deref(), Some("@@ -1 +1 @@\n-diff --git\n+q"));
    }
}
