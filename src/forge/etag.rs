//! Answers that were seen before, kept with their `ETag`: a question with `If-None-Match` that is
//! answered with 304 costs nothing of the primary limit, and the forge still says each time whether
//! the answer is the same, so nothing here is ever believed without asking.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName};

use super::send::Answer;
use super::token::Scope;

/// How much is kept at most.
const MOST_ENTRIES: usize = 512;
const MOST_BYTES: usize = 8 << 20;
/// A larger answer would push out everything else.
const LARGEST: usize = 1 << 20;
/// What an entry takes besides its body, path and tag, roughly.
const OVERHEAD: usize = 256;
/// The headers of an answer that its readers look at.
const KEPT: [HeaderName; 2] = [header::LINK, header::CONTENT_TYPE];

/// What was asked, and by whom: what an answer shows depends on the installation, its repositories
/// and the rights of the token, so one scope never sees what another one asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// `None`: the App itself.
    pub(super) scope: Option<Scope>,
    pub(super) path: String,
    pub(super) accept: &'static str,
}

/// An answer with its tag.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) tag: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Kept {
    /// The answer again.
    pub(super) fn answer(&self) -> Answer {
        Answer { status: 200, headers: self.headers.clone(), body: self.body.clone() }
    }
}

/// The answers that were used last.
#[derive(Debug)]
pub(super) struct Tags {
    entries: HashMap<Key, (u64, Arc<Kept>)>,
    /// The keys by their last use.
    order: BTreeMap<u64, Key>,
    clock: u64,
    bytes: usize,
    limits: (usize, usize),
}

impl Default for Tags {
    fn default() -> Self {
        Self::within(MOST_ENTRIES, MOST_BYTES)
    }
}

impl Tags {
    fn within(entries: usize, bytes: usize) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), clock: 0, bytes: 0, limits: (entries, bytes) }
    }

    /// The answer that was given last time.
    pub(super) fn get(&mut self, key: &Key) -> Option<Arc<Kept>> {
        let (used, kept) = self.entries.get_mut(key)?;
        self.order.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.order.insert(self.clock, key.clone());
        Some(Arc::clone(kept))
    }

    /// Keeps an answer, or forgets the old one where the new one is none to keep.
    pub(super) fn put(&mut self, key: &Key, answer: &Answer) {
        self.remove(key);
        let Some(tag) = answer.header("etag").filter(|_| answer.status == 200) else { return };
        if answer.body.len() > LARGEST.min(self.limits.1) {
            return;
        }
        let mut headers = HeaderMap::new();
        for name in KEPT {
            if let Some(value) = answer.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let kept = Kept { tag: tag.to_owned(), headers, body: answer.body.clone() };
        self.bytes += size(key, &kept);
        self.clock += 1;
        self.order.insert(self.clock, key.clone());
        self.entries.insert(key.clone(), (self.clock, Arc::new(kept)));
        while self.entries.len() > self.limits.0 || self.bytes > self.limits.1 {
            let Some(oldest) = self.order.first_key_value().map(|(_, key)| key.clone()) else { return };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some((used, kept)) = self.entries.remove(key) {
            self.order.remove(&used);
            self.bytes -= size(key, &kept);
        }
    }
}

fn size(key: &Key, kept: &Kept) -> usize {
    // The key stands in both maps.
    OVERHEAD + 2 * key.path.len() + kept.tag.len() + kept.body.len()
}

#[cfg(test)]
mod tests {
    use super::super::access::Access;
    use super::*;
    use crate::names::{InstallationId, RepositoryId};

    fn key(installation: u64, path: &str) -> Key {
        let scope = Scope::new(InstallationId::new(installation), vec![RepositoryId::new(42)], Access::READ);
        Key { scope: Some(scope), path: path.to_owned(), accept: "application/json" }
    }

    fn answer(status: u16, tag: Option<&str>, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("link", "<?page=2>; rel=next".parse().expect("a value"));
        headers.insert("date", "today".parse().expect("a value"));
        if let Some(tag) = tag {
            headers.insert("etag", tag.parse().expect("a value"));
        }
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    fn kept(tags: &mut Tags, key: &Key) -> Option<String> {
        tags.get(key).map(|kept| String::from_utf8(kept.answer().body).expect("text"))
    }

    #[test]
    fn an_answer_comes_back_to_the_same_question_of_the_same_scope_only() {
        let mut tags = Tags::default();
        let mine = key(1, "/a");
        tags.put(&mine, &answer(200, Some("W/\"1\""), "body"));
        let found = tags.get(&mine).expect("kept");
        let again = found.answer();
        assert_eq!((found.tag.as_str(), again.status, again.body.as_slice()), ("W/\"1\"", 200, b"body".as_slice()));
        assert_eq!((again.header("link"), again.header("date")), (Some("<?page=2>; rel=next"), None));
        let rights = Scope::new(InstallationId::new(1), vec![RepositoryId::new(42)], Access::REVIEW);
        let repositories = Scope::new(InstallationId::new(1), vec![RepositoryId::new(43)], Access::READ);
        let others = [
            key(2, "/a"),
            key(1, "/a?page=2"),
            Key { accept: "raw", ..mine.clone() },
            Key { scope: Some(rights), ..mine.clone() },
            Key { scope: Some(repositories), ..mine.clone() },
            Key { scope: None, ..mine.clone() },
        ];
        for other in others {
            assert_eq!(kept(&mut tags, &other), None, "{other:?}");
        }
    }

    #[test]
    fn what_has_no_tag_or_is_no_answer_pushes_the_old_one_out() {
        for status_and_tag in [(200, None), (404, Some("\"2\"")), (301, Some("\"2\""))] {
            let mut tags = Tags::default();
            tags.put(&key(1, "/a"), &answer(200, Some("\"1\""), "old"));
            tags.put(&key(1, "/a"), &answer(status_and_tag.0, status_and_tag.1, "new"));
            assert_eq!(kept(&mut tags, &key(1, "/a")), None, "{status_and_tag:?}");
            assert_eq!(tags.bytes, 0);
        }
    }

    #[test]
    fn the_least_used_goes_first_by_number_and_by_size() {
        let mut tags = Tags::within(2, MOST_BYTES);
        for path in ["/a", "/b"] {
            tags.put(&key(1, path), &answer(200, Some("\"1\""), path));
        }
        assert!(kept(&mut tags, &key(1, "/a")).is_some());
        tags.put(&key(1, "/c"), &answer(200, Some("\"1\""), "/c"));
        assert_eq!(kept(&mut tags, &key(1, "/b")), None, "used longest ago");
        assert!(kept(&mut tags, &key(1, "/a")).is_some() && kept(&mut tags, &key(1, "/c")).is_some());

        let mut tags = Tags::within(100, 2_000);
        for path in ["/a", "/b", "/c"] {
            tags.put(&key(1, path), &answer(200, Some("\"1\""), &"x".repeat(600)));
            assert!(tags.bytes <= 2_000);
        }
        assert_eq!(kept(&mut tags, &key(1, "/a")), None);
        tags.put(&key(1, "/d"), &answer(200, Some("\"1\""), &"x".repeat(2_001)));
        assert_eq!(kept(&mut tags, &key(1, "/d")), None, "too large to keep");
        assert!(kept(&mut tags, &key(1, "/c")).is_some(), "and nobody had to go for it");
        assert_eq!(tags.entries.len(), tags.order.len());
    }
}
