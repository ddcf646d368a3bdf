//! The directory that every team is in has an entry per team, and each pull request brings a new
//! version of it. Such a version arrives as a *delta*: a few instructions that make it from the
//! version before (git-scm.com, gitformat-pack, "Deltified representation"). Unpacking the version
//! before takes milliseconds at 10,000 teams, and it is in memory already: so the deltas of a
//! fetch are kept for a while, and followed when the directory is read.
//!
//! This is a short cut and no more: whatever is odd here is left to libgit2. What comes out is a
//! directory only if it has the hash that it is named by: a judge that reads something else than
//! Flux could be fooled.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use flate2::{Decompress, FlushDecompress, Status};
use git2::Oid;

use super::trees::{Copied, Directory};

/// Larger packs are first fetches, which hold directories and not their deltas.
const PACK_LIMIT: u64 = 8 << 20;
/// A larger delta saves little.
const DELTA_LIMIT: usize = 16 << 10;
/// A smaller directory is unpacked as fast as it is put together.
const RESULT_FROM: usize = 2048;
/// How many deltas are remembered: of the pull requests that are being judged now.
const REMEMBERED: usize = 256;
/// How many deltas are followed one after the other.
const CHAIN_LIMIT: usize = 8;
/// Bytes of an object id.
const ID: usize = 20;
/// Types of a pack's entries: a base named by its place in the pack, or by its id.
const BY_PLACE: u8 = 6;
const BY_ID: u8 = 7;

/// How to make one object from another.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    base: Oid,
    instructions: Box<[u8]>,
}

/// The deltas that came last.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    known: HashMap<Oid, Delta>,
    order: VecDeque<Oid>,
}

impl Deltas {
    pub(super) fn remember(&mut self, deltas: Vec<(Oid, Delta)>) {
        for (id, delta) in deltas {
            if self.known.insert(id, delta).is_none() {
                self.order.push_back(id);
            }
        }
        while self.order.len() > REMEMBERED {
            self.order.pop_front().map(|oldest| self.known.remove(&oldest));
        }
    }

    /// Makes the directory from one that `kept` gives.
    pub(super) fn make<D: AsRef<Directory>>(&self, id: Oid, kept: impl Fn(Oid) -> Option<D>) -> Option<Directory> {
        let mut chain = vec![self.known.get(&id)?];
        let base = loop {
            let last = chain.last()?;
            if let Some(base) = kept(last.base) {
                break base;
            }
            chain.push(self.known.get(&last.base).filter(|_| chain.len() < CHAIN_LIMIT)?);
        };
        let mut made = chain.pop()?.follow(base.as_ref())?;
        while let Some(delta) = chain.pop() {
            made = delta.follow(&made)?;
        }
        is_tree(id, made.raw()).then_some(made)
    }
}

/// Whether `raw` is the tree of this id (gitformat-pack: the SHA-1 of a header and the content).
fn is_tree(id: Oid, raw: &[u8]) -> bool {
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(format!("tree {}\0", raw.len()).as_bytes());
    hash.update(raw);
    hash.finish().as_ref() == id.as_bytes()
}

impl Delta {
    /// The directory that the instructions make from the base; `None` where they do not fit it.
    fn follow(&self, base: &Directory) -> Option<Directory> {
        let mut rest = &*self.instructions;
        if number(&mut rest)? != base.raw().len() {
            return None;
        }
        let size = number(&mut rest)?;
        let mut raw = Vec::with_capacity(size.min(base.raw().len() + self.instructions.len()));
        let mut copied = Vec::new();
        while let Some(code) = take(&mut rest) {
            if code & 0x80 == 0 {
                // Zero is reserved.
                let new = rest.split_off(..usize::from(code)).filter(|new| !new.is_empty())?;
                raw.extend_from_slice(new);
                continue;
            }
            let from = sparse(&mut rest, code & 0x0f)?;
            let length = match sparse(&mut rest, code >> 4 & 0x07)? {
                0 => 0x1_0000,
                length => length,
            };
            copied.push(Copied { from, to: raw.len(), length });
            raw.extend_from_slice(base.raw().get(from..from.checked_add(length)?)?);
            if raw.len() > size {
                return None;
            }
        }
        if raw.len() == size { Directory::derived(base, raw, &copied) } else { None }
    }
}

/// The deltas of a pack that large directories may be made from.
pub(super) fn deltas(pack: &Path) -> Vec<(Oid, Delta)> {
    let small = std::fs::metadata(pack).is_ok_and(|data| data.len() <= PACK_LIMIT);
    let read = || Some((std::fs::read(pack.with_extension("idx")).ok()?, std::fs::read(pack).ok()?));
    let Some((index, pack)) = small.then(read).flatten() else { return Vec::new() };
    let places = places(&index).unwrap_or_default();
    let found = places.iter().filter_map(|(place, id)| Some((*id, delta_at(&pack, *place, &places)?)));
    found.collect()
}

/// Where each object starts in the pack, from the pack's index (gitformat-pack, version 2).
fn places(index: &[u8]) -> Option<HashMap<usize, Oid>> {
    let rest = index.strip_prefix(b"\xfftOc\0\0\0\x02")?;
    let (fanout, rest) = rest.split_at_checked(256 * 4)?;
    let count = usize::try_from(big_endian(&fanout[255 * 4..])).ok()?;
    let (ids, rest) = rest.split_at_checked(count.checked_mul(ID)?)?;
    let (_checksums, rest) = rest.split_at_checked(count * 4)?;
    let (places, _) = rest.split_at_checked(count * 4)?;
    let place = |bytes: &[u8]| usize::try_from(big_endian(bytes)).ok();
    let pairs = places.chunks_exact(4).zip(ids.chunks_exact(ID));
    pairs.map(|(at, id)| Some((place(at)?, Oid::from_bytes(id).ok()?))).collect()
}

/// The entry at `place`, if it is a delta worth keeping.
fn delta_at(pack: &[u8], place: usize, places: &HashMap<usize, Oid>) -> Option<Delta> {
    let mut rest = pack.get(place..)?;
    let first = take(&mut rest)?;
    let mut size = usize::from(first & 0x0f);
    if first & 0x80 != 0 {
        size |= number(&mut rest)?.checked_mul(16)?;
    }
    let base = match first >> 4 & 0x07 {
        BY_ID => Oid::from_bytes(rest.split_off(..ID)?).ok()?,
        BY_PLACE => *places.get(&place.checked_sub(distance(&mut rest)?)?)?,
        _ => return None,
    };
    if size > DELTA_LIMIT {
        return None;
    }
    let mut instructions = Vec::with_capacity(size);
    let unpacked = Decompress::new(true).decompress_vec(rest, &mut instructions, FlushDecompress::Finish);
    if !matches!(unpacked, Ok(Status::StreamEnd)) || instructions.len() != size {
        return None;
    }
    let mut header = &*instructions;
    let (_base, result) = (number(&mut header)?, number(&mut header)?);
    (result >= RESULT_FROM).then(|| Delta { base, instructions: instructions.into() })
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    bytes.split_off_first().copied()
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let byte = take(bytes)?;
        number |= usize::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 56)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

/// How far before its entry a base starts: groups of seven bits, the highest first, each one more
/// than it says.
fn distance(bytes: &mut &[u8]) -> Option<usize> {
    let mut byte = take(bytes)?;
    let mut distance = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = take(bytes)?;
        distance = distance.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
    }
    Some(distance)
}

/// A number of whose bytes only those are there that `present` has a bit for, the lowest first.
fn sparse(bytes: &mut &[u8], present: u8) -> Option<usize> {
    let mut number = 0;
    for position in (0..4).filter(|position| present & 1 << position != 0) {
        number |= usize::from(take(bytes)?) << (8 * position);
    }
    Some(number)
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn low_first(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).expect("seven bits"));
        bytes
    }

    fn copy(from: usize, length: usize) -> Vec<u8> {
        let mut bytes = vec![0xff];
        bytes.extend_from_slice(&u32::try_from(from).expect("small").to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(length).expect("small").to_le_bytes()[..3]);
        bytes
    }

    /// A delta from what both have at their start and at their end, in pieces of `size` bytes.
    fn delta(base: &[u8], result: &[u8], size: usize) -> Delta {
        let most = base.len().min(result.len());
        let start = (0..most).take_while(|at| base[*at] == result[*at]).count();
        let end = (0..most - start).take_while(|at| base[base.len() - 1 - at] == result[result.len() - 1 - at]).count();
        let mut bytes = [low_first(base.len()), low_first(result.len())].concat();
        let pieces = |from: usize, to: usize| (from..to).step_by(size).map(move |at| (at, size.min(to - at)));
        pieces(0, start).for_each(|(at, length)| bytes.extend(copy(at, length)));
        for new in result[start..result.len() - end].chunks(size.min(127)) {
            bytes.push(u8::try_from(new.len()).expect("at most 127"));
            bytes.extend_from_slice(new);
        }
        pieces(base.len() - end, base.len()).for_each(|(at, length)| bytes.extend(copy(at, length)));
        Delta { base: id(0), instructions: bytes.into() }
    }

    fn id(number: u8) -> Oid {
        Oid::from_bytes(&[number; ID]).expect("twenty bytes")
    }

    fn tree(names: &[String], value: u8) -> Vec<u8> {
        let mut names: Vec<&String> = names.iter().collect();
        names.sort();
        names.dedup();
        names.iter().flat_map(|name| [b"100644 ", name.as_bytes(), &[0], &[value; ID]].concat()).collect()
    }

    fn starts(directory: &Directory) -> Vec<(Vec<u8>, crate::git::EntryKind)> {
        directory.entries().map(|entry| (entry.name.to_vec(), entry.kind())).collect()
    }

    /// The base, the base as a directory, and the other as one.
    fn made(base: &[u8], delta: &Delta) -> Option<Directory> {
        delta.follow(&Directory::new(base).expect("a tree"))
    }

    proptest! {
        #[test]
        fn a_directory_made_is_the_one_that_is_read(
            before in prop::collection::vec("[a-c./-]{1,6}", 0..40),
            after in prop::collection::vec("[a-c.-]{1,6}", 0..40),
            (kept, size, value) in (0..40_usize, 1..200_usize, 0..2_u8),
        ) {
            // Some of the same names, and some with a slash, which no tidy tree has.
            let after: Vec<String> = before.iter().take(kept).cloned().chain(after).collect();
            let (base, result) = (tree(&before, 0), tree(&after, value));
            let (made, read) = (made(&base, &delta(&base, &result, size)).expect("made"), Directory::new(&result));
            let read = read.expect("a tree");
            prop_assert_eq!(made.raw(), &*result);
            prop_assert_eq!(starts(&made), starts(&read));
            for name in before.iter().chain(&after) {
                prop_assert_eq!(made.find(name.as_bytes()), read.find(name.as_bytes()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), names in 0..9_u8) {
            let base = tree(&(0..names).map(|name| format!("name{name}")).collect::<Vec<_>>(), 1);
            let _ = made(&base, &Delta { base: id(0), instructions: bytes.clone().into() });
            let fitting = [low_first(base.len()), bytes.clone()].concat();
            let _ = made(&base, &Delta { base: id(0), instructions: fitting.into() });
            let index = [b"\xfftOc\0\0\0\x02".as_slice(), &[0; 255 * 4], &[0, 0, 0, 1], &bytes].concat();
            let _ = (places(&index), places(&bytes), delta_at(&bytes, 0, &HashMap::new()));
        }
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        let base = tree(&["a".to_owned(), "b".to_owned()], 1);
        let made = |instructions: Vec<u8>| made(&base, &Delta { base: id(0), instructions: instructions.into() });
        let sizes = |from: usize, to: usize| [low_first(from), low_first(to)].concat();
        let whole = base.len();
        assert!(made([sizes(whole, whole), copy(0, whole)].concat()).is_some());
        assert!(made([sizes(whole + 1, whole), copy(0, whole)].concat()).is_none(), "another base");
        assert!(made([sizes(whole, whole + 1), copy(0, whole)].concat()).is_none(), "too little");
        assert!(made([sizes(whole, whole), copy(0, whole), copy(0, whole)].concat()).is_none(), "too much");
        assert!(made([sizes(whole, whole), copy(1, whole)].concat()).is_none(), "behind the end");
        assert!(made([sizes(whole, whole), copy(0, whole), vec![0]].concat()).is_none(), "a reserved instruction");
        assert!(made([sizes(whole, whole / 2 + 3), copy(0, whole / 2 + 3)].concat()).is_none(), "half an entry");
    }

    #[test]
    fn chains_are_followed_and_the_oldest_forgotten() {
        let versions: Vec<Vec<u8>> = (0..4_u8).map(|value| tree(&["a".to_owned(), "b".to_owned()], value)).collect();
        let name = |place: usize| Oid::hash_object(git2::ObjectType::Tree, &versions[place]).expect("an id");
        let link = |from: usize, to: usize| Delta { base: name(from), ..delta(&versions[from], &versions[to], 9) };
        let first = Directory::new(&versions[0]).expect("a tree");
        let kept = |wanted: Oid| (wanted == name(0)).then_some(Wrapped(&first));
        let mut deltas = Deltas::default();
        deltas.remember(vec![(name(3), link(2, 3)), (name(1), link(0, 1))]);
        assert!(deltas.make(name(3), kept).is_none(), "a link is missing");
        deltas.remember(vec![(name(2), link(1, 2))]);
        assert_eq!(deltas.make(name(3), kept).expect("a chain").raw(), versions[3]);
        deltas.remember(vec![(name(1), link(2, 1))]);
        assert!(deltas.make(name(3), kept).is_none(), "a circle");
        let number = |number: u32| Oid::hash_object(git2::ObjectType::Blob, &number.to_be_bytes()).expect("an id");
        deltas.remember((0..300).map(|many| (number(many), link(0, 1))).collect());
        assert_eq!((deltas.known.len(), deltas.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!deltas.known.contains_key(&number(0)) && deltas.known.contains_key(&number(299)));
        assert!(deltas.make(number(299), kept).is_none(), "it has not the hash that it is named by");
    }

    struct Wrapped<'d>(&'d Directory);

    impl AsRef<Directory> for Wrapped<'_> {
        fn as_ref(&self) -> &Directory {
            self.0
        }
    }
}
