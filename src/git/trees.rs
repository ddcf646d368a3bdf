use std::cmp::Ordering;
use std::iter::Peekable;
use std::ops::Range;

use git2::Oid;

use super::ids::{BlobId, TreeId};
use super::snapshot::{BlobKind, EntryKind};

/// Bytes of an object id in a tree.
const ID_BYTES: usize = 20;
/// The type of a directory in an entry's mode.
const DIRECTORY: u32 = 0o040_000;
/// How much of two trees is compared at a time while they are equal.
const STRIDE: usize = 4096;

/// A directory as Git has it. Its entries are decoded when they are looked at: of 10,000 teams a
/// pull request concerns one.
pub(super) struct Directory {
    raw: Box<[u8]>,
    /// Where each entry starts in `raw`.
    starts: Vec<u32>,
    /// Positions in `starts` by [`Entry::order`], where the tree is not in Git's own order. Git
    /// writes no such tree, but a push can bring one to a server that does not check.
    sorted: Option<Vec<u32>>,
}

/// Bytes that one directory took over from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied {
    /// Where they start in the other.
    pub(super) from: usize,
    /// Where they start in this one.
    pub(super) to: usize,
    /// How many there are.
    pub(super) length: usize,
}

/// One entry.
#[derive(Clone, Copy)]
pub(super) struct Entry<'d> {
    pub(super) name: &'d [u8],
    mode: u32,
    id: &'d [u8; ID_BYTES],
}

/// A mode has more spellings than meanings: 100644 and 100664 are one.
impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.id == other.id && (self.mode == other.mode || self.kind() == other.kind())
    }
}

impl Entry<'_> {
    /// What the mode and the id mean, as Git itself reads odd ones (`canon_mode` in its cache.h: a
    /// type that is neither file, link nor directory is a submodule).
    pub(super) fn kind(&self) -> EntryKind {
        let id = Oid::from_bytes(self.id).expect("an id has twenty bytes");
        let blob = |kind| EntryKind::Blob(kind, BlobId(id));
        match self.mode & 0o170_000 {
            DIRECTORY => EntryKind::Directory(TreeId(id)),
            0o100_000 if self.mode & 0o100 != 0 => blob(BlobKind::Executable),
            0o100_000 => blob(BlobKind::File),
            0o120_000 => blob(BlobKind::Symlink),
            _ => blob(BlobKind::Submodule),
        }
    }

    fn is_directory(&self) -> bool {
        self.mode & 0o170_000 == DIRECTORY
    }

    /// By name, files before directories.
    fn order(&self) -> (&[u8], bool) {
        (self.name, self.is_directory())
    }

    /// Git's order: a directory stands as if its name ended in `/`.
    fn git_order(&self, other: &Self) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let order = self.name[..common].cmp(&other.name[..common]);
        if order.is_ne() {
            return order;
        }
        let rest = |entry: &Self| entry.name.get(common).copied().or(entry.is_directory().then_some(b'/'));
        rest(self).cmp(&rest(other)).then(self.name.len().cmp(&other.name.len()))
    }
}

impl Directory {
    /// The directory that a tree object's content (gitformat-tree: mode, space, name, NUL, id) is;
    /// `None` where it is none.
    pub(super) fn new(raw: &[u8]) -> Option<Self> {
        let mut directory = Self { raw: raw.into(), starts: Vec::new(), sorted: None };
        let mut tidy = true;
        let mut at = 0;
        let mut before = None;
        while at < raw.len() {
            let (entry, end) = decode(raw, at)?;
            // A name with a slash is no name, and would be taken for a directory's in Git's order.
            tidy &= !entry.name.contains(&b'/');
            tidy &= before.is_none_or(|before: Entry<'_>| before.git_order(&entry).is_lt());
            directory.starts.push(u32::try_from(at).ok()?);
            before = Some(entry);
            at = end;
        }
        if !tidy {
            let mut sorted: Vec<u32> = (0..u32::try_from(directory.starts.len()).ok()?).collect();
            sorted.sort_by(|one, two| {
                directory.entry(*one as usize).order().cmp(&directory.entry(*two as usize).order())
            });
            directory.sorted = Some(sorted);
        }
        Some(directory)
    }

    /// The same for a content whose `copied` parts come from `base`: where entries start is known
    /// there, so that only the others are looked at.
    pub(super) fn derived(base: &Self, raw: Vec<u8>, copied: &[Copied]) -> Option<Self> {
        let mut starts = Vec::with_capacity(base.starts.len() + copied.len());
        let mut tidy = base.sorted.is_none();
        let mut at = 0;
        let mut before: Option<Entry<'_>> = None;
        while tidy && at < raw.len() {
            let (first, first_end) = decode(&raw, at)?;
            tidy &= !first.name.contains(&b'/') && before.is_none_or(|before| before.git_order(&first).is_lt());
            starts.push(u32::try_from(at).ok()?);
            (before, at) = (Some(first), first_end);
            if let Some((known, shift)) = base.whole_entries(copied, starts[starts.len() - 1] as usize) {
                // The base is tidy, and so are neighbours of it.
                starts.extend(known.iter().skip(1).map(|start| start.wrapping_add(shift)));
                let (last, end) = decode(&raw, starts[starts.len() - 1] as usize)?;
                (before, at) = (Some(last), end);
            }
        }
        if tidy { Some(Self { raw: raw.into(), starts, sorted: None }) } else { Self::new(&raw) }
    }

    /// Where this one's entries start that were copied whole to `at` and behind it, and what has to
    /// be added for where they are now.
    fn whole_entries(&self, copied: &[Copied], at: usize) -> Option<(&[u32], u32)> {
        let copy = copied.get(copied.partition_point(|copy| copy.to <= at).checked_sub(1)?)?;
        let end = copy.from + copy.length;
        let from = u32::try_from(copy.from + (at - copy.to)).ok()?;
        let first = self.starts.binary_search(&from).ok()?;
        // An entry ends where the next one starts.
        let behind = self.starts.partition_point(|start| (*start as usize) <= end);
        let last = if end == self.raw.len() { behind } else { behind.checked_sub(1)? };
        let known = self.starts.get(first..last).filter(|known| !known.is_empty())?;
        Some((known, u32::try_from(at).ok()?.wrapping_sub(from)))
    }

    /// The tree object's content.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// No entries.
    pub(super) fn empty() -> Self {
        Self { raw: Box::default(), starts: Vec::new(), sorted: None }
    }

    fn entry(&self, number: usize) -> Entry<'_> {
        decode(&self.raw, self.starts[number] as usize).expect("every entry was decoded when this was made").0
    }

    /// In the order in which Git has them.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.starts.len()).map(|number| self.entry(number))
    }

    /// What is there of this name.
    pub(super) fn find(&self, name: &[u8]) -> Option<EntryKind> {
        if let Some(sorted) = &self.sorted {
            let at = sorted.partition_point(|at| self.entry(*at as usize).name < name);
            let entry = self.entry(*sorted.get(at)? as usize);
            return (entry.name == name).then(|| entry.kind());
        }
        // As a file, else as a directory: the two stand in different places.
        [0, DIRECTORY].into_iter().find_map(|mode| {
            let wanted = Entry { name, mode, id: &[0; ID_BYTES] };
            let at = partition_point(self.starts.len(), |at| self.entry(at).git_order(&wanted).is_lt());
            let entry = (at < self.starts.len()).then(|| self.entry(at))?;
            (entry.git_order(&wanted).is_eq()).then(|| entry.kind())
        })
    }

    /// What differs between two directories, by name. A file and a directory of one name are two
    /// differences. Of what is equal only the bytes are compared.
    pub(super) fn differences<'a>(&'a self, other: &'a Self, found: impl FnMut(Option<Entry<'a>>, Option<Entry<'a>>)) {
        if self.sorted.is_some() || other.sorted.is_some() {
            let sorted = |directory: &'a Self| {
                let mut entries: Vec<Entry<'a>> = directory.entries().collect();
                entries.sort_by(|one, two| one.order().cmp(&two.order()));
                entries.into_iter()
            };
            return merge(sorted(self), sorted(other), |one, two| one.order().cmp(&two.order()), found);
        }
        let (ours, theirs) = self.unequal(other);
        let (ours, theirs) = (ours.map(|at| self.entry(at)), theirs.map(|at| other.entry(at)));
        merge(ours, theirs, |one, two| one.git_order(two), found);
    }

    /// The entries of both that are left when those are taken off that are equal at the start and
    /// at the end.
    fn unequal(&self, other: &Self) -> (Range<usize>, Range<usize>) {
        let prefix = common(self.raw.chunks(STRIDE), other.raw.chunks(STRIDE), |one, two| {
            one.iter().zip(two).take_while(|(one, two)| one == two).count()
        });
        // Of the entry that holds the first difference both have the start.
        let first = self.starts.partition_point(|start| (*start as usize) < prefix + 1).saturating_sub(1);
        let first = if prefix == self.raw.len() && prefix == other.raw.len() { self.starts.len() } else { first };
        let from = self.starts.get(first).map_or(self.raw.len(), |start| *start as usize);
        let (our_rest, their_rest) = (&self.raw[from..], &other.raw[from.min(other.raw.len())..]);
        let suffix = common(our_rest.rchunks(STRIDE), their_rest.rchunks(STRIDE), |one, two| {
            one.iter().rev().zip(two.iter().rev()).take_while(|(one, two)| one == two).count()
        });
        // From an entry that starts in both at the same distance from the end, all are equal.
        let at_end = self.starts.partition_point(|start| (*start as usize) < self.raw.len() - suffix);
        let same_start = |at: &usize| {
            let from_end = self.raw.len() - self.starts[*at] as usize;
            other.starts.binary_search(&u32::try_from(other.raw.len() - from_end).unwrap_or(u32::MAX)).ok()
        };
        let ends = (at_end..self.starts.len()).find_map(|at| Some((at, same_start(&at)?)));
        let (ours, theirs) = ends.unwrap_or((self.starts.len(), other.starts.len()));
        (first..ours.max(first), first..theirs.max(first))
    }
}

/// How many bytes two sequences of chunks have in common, counted by `within` where chunks differ.
fn common<'a>(
    ours: impl Iterator<Item = &'a [u8]>,
    theirs: impl Iterator<Item = &'a [u8]>,
    within: impl Fn(&[u8], &[u8]) -> usize,
) -> usize {
    let mut common = 0;
    for (one, two) in ours.zip(theirs) {
        if one != two {
            return common + within(one, two);
        }
        common += one.len();
    }
    common
}

fn partition_point(length: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low.midpoint(high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

fn merge<'a>(
    ours: impl Iterator<Item = Entry<'a>>,
    theirs: impl Iterator<Item = Entry<'a>>,
    compare: impl Fn(&Entry<'a>, &Entry<'a>) -> Ordering,
    mut found: impl FnMut(Option<Entry<'a>>, Option<Entry<'a>>),
) {
    let (mut ours, mut theirs) = (ours.peekable(), theirs.peekable());
    while let Some(order) = next_order(&mut ours, &mut theirs, &compare) {
        let one = if order.is_le() { ours.next() } else { None };
        let two = if order.is_ge() { theirs.next() } else { None };
        if one != two {
            found(one, two);
        }
    }
}

fn next_order<T>(
    ours: &mut Peekable<impl Iterator<Item = T>>,
    theirs: &mut Peekable<impl Iterator<Item = T>>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Option<Ordering> {
    match (ours.peek(), theirs.peek()) {
        (Some(one), Some(two)) => Some(compare(one, two)),
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (None, None) => None,
    }
}

/// The entry that starts at `at`, and where the next one does.
fn decode(raw: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let rest = raw.get(at..)?;
    let mut mode = 0;
    let mut digits = 0;
    // The longest mode has six digits.
    while let Some(digit @ b'0'..=b'7') = rest.get(digits).filter(|_| digits < 7) {
        mode = mode << 3 | u32::from(digit - b'0');
        digits += 1;
    }
    if digits == 0 || rest.get(digits) != Some(&b' ') {
        return None;
    }
    let name = &rest[digits + 1..];
    let end = name.iter().position(|byte| *byte == 0).filter(|end| *end > 0)?;
    let (name, after) = (&name[..end], &name[end + 1..]);
    let entry = Entry { name, mode, id: after.first_chunk()? };
    Some((entry, at + digits + 1 + end + 1 + ID_BYTES))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    type Entries = BTreeMap<(String, bool), u8>;

    fn raw(entries: &[((String, bool), u8)]) -> Vec<u8> {
        let one = |((name, directory), id): &((String, bool), u8)| {
            let mode = if *directory { "40000" } else { "100644" };
            [format!("{mode} {name}\0").as_bytes(), &[*id; ID_BYTES]].concat()
        };
        entries.iter().flat_map(one).collect()
    }

    fn in_git_order(entries: &Entries) -> Vec<((String, bool), u8)> {
        let mut entries: Vec<_> = entries.clone().into_iter().collect();
        entries.sort_by_key(|((name, directory), _)| if *directory { format!("{name}/") } else { name.clone() });
        entries
    }

    fn directory(entries: &[((String, bool), u8)]) -> Directory {
        Directory::new(&raw(entries)).expect("a tree")
    }

    /// Every key whose value differs, as `differences` says it and as plain maps do.
    fn compare(one: &Directory, two: &Directory, maps: (&Entries, &Entries)) {
        let mut found = BTreeMap::new();
        one.differences(two, |one, two| {
            let entry = one.or(two).expect("one of them");
            let ids = (one.map(|entry| entry.id[0]), two.map(|entry| entry.id[0]));
            let key = (String::from_utf8_lossy(entry.name).into_owned(), entry.is_directory());
            assert!(found.insert(key, ids).is_none(), "each difference is told once");
        });
        let keys: BTreeSet<_> = maps.0.keys().chain(maps.1.keys()).cloned().collect();
        let of = |key: &(String, bool)| (maps.0.get(key).copied(), maps.1.get(key).copied());
        let expected = keys.into_iter().map(|key| (key.clone(), of(&key))).filter(|(_, (one, two))| one != two);
        assert_eq!(found, expected.collect());
    }

    fn entries() -> impl Strategy<Value = Entries> {
        prop::collection::btree_map(("[a-b0.-]{1,3}", any::<bool>()), 0..3_u8, 0..30)
    }

    proptest! {
        #[test]
        fn differences_are_those_of_plain_maps(before in entries(), edits in entries(), removed in 0..8_usize) {
            let mut after = before.clone();
            after.extend(edits);
            after = after.into_iter().skip(removed).collect();
            let (one, two) = (directory(&in_git_order(&before)), directory(&in_git_order(&after)));
            prop_assert!(one.sorted.is_none() && two.sorted.is_none());
            compare(&one, &two, (&before, &after));
            // A tree in another order is read as what it is.
            let mut backwards = in_git_order(&after);
            backwards.reverse();
            compare(&one, &directory(&backwards), (&before, &after));
            for (name, is_directory) in before.keys() {
                let file = before.get(&(name.clone(), false));
                let expected = file.or_else(|| before.get(&(name.clone(), true)));
                let found = one.find(name.as_bytes()).expect("it is there");
                let id = match found {
                    EntryKind::Blob(_, id) => id.0,
                    EntryKind::Directory(id) => id.0,
                };
                prop_assert_eq!(Some(&id.as_bytes()[0]), expected, "{} {}", name, is_directory);
            }
            prop_assert!(one.find(b"c").is_none() && one.find(b"").is_none());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(directory) = Directory::new(&bytes) {
                directory.differences(&Directory::empty(), |_, _| {});
                directory.find(b"a");
            }
        }
    }

    #[test]
    fn one_change_among_many_is_found_wherever_it_is() {
        let many: Entries = (0..3000_u32).map(|number| ((format!("team{number:05}"), true), 1)).collect();
        let before = directory(&in_git_order(&many));
        for changed in ["team00000", "team01500", "team02999"] {
            let mut other = many.clone();
            other.insert((changed.to_owned(), true), 2);
            compare(&before, &directory(&in_git_order(&other)), (&many, &other));
            other.remove(&(changed.to_owned(), true));
            compare(&before, &directory(&in_git_order(&other)), (&many, &other));
            other.insert((format!("{changed}-a"), true), 1);
            compare(&before, &directory(&in_git_order(&other)), (&many, &other));
            compare(&directory(&in_git_order(&other)), &before, (&other, &many));
        }
    }

    #[test]
    fn modes_that_mean_the_same_are_the_same() {
        let tree = |mode: &str| Directory::new(&[mode.as_bytes(), b" a\0", &[1; ID_BYTES]].concat()).expect("a tree");
        let differ = |one: &str, two: &str| {
            let mut count = 0;
            tree(one).differences(&tree(two), |_, _| count += 1);
            count
        };
        assert_eq!((differ("100644", "100664"), differ("100644", "100755")), (0, 1));
        assert!(Directory::new(b"100644 a").is_none() && Directory::new(b"abc a\0").is_none());
    }
}
