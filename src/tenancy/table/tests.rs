use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// A path's keys, by list.
type Keys = BTreeSet<(usize, Vec<u8>)>;
/// Rows that are written or taken away, one after another.
type Change = Vec<(String, Option<Keys>)>;

/// Rows with their keys.
type Rows = Vec<(String, Vec<Vec<u8>>)>;
/// What each key finds.
type Found = Vec<(usize, Vec<u8>, String)>;

fn table(change: &Change) -> Table {
    let mut builder = Builder::default();
    for (path, keys) in change {
        let content = keys.as_ref().map(|keys| {
            let mut content = Content::default();
            content.number(keys.len());
            content.part(|part| {
                for (list, key) in keys {
                    part.key(*list, key);
                    part.text(path);
                }
            });
            content
        });
        builder.add(path, content.as_ref());
    }
    builder.build()
}

/// All that layers hold, looked at from both sides: the rows, and the lists.
fn seen(layers: &Layers, keys: &Keys) -> (Rows, Found) {
    let rows = layers.starting(String::new()).map(|row| {
        let mut reader = row.read();
        let count = reader.number();
        let mut part = Reader::new(reader.bytes());
        let keys = (0..count).map(|_| {
            let key = part.bytes().to_vec();
            assert_eq!(part.text(), row.path);
            key
        });
        let keys = keys.collect();
        assert!(part.is_empty() && reader.is_empty());
        assert_eq!(layers.get(row.path).expect("a row that is listed").read().len(), row.content.len());
        (row.path.to_owned(), keys)
    });
    let found = keys.iter().flat_map(|(list, key)| {
        layers.find(*list, key).map(|(row, mut behind)| {
            assert_eq!(behind.text(), row.path, "what stands behind the key is of the same row");
            (*list, key.clone(), row.path.to_owned())
        })
    });
    (rows.collect(), found.collect())
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let key = prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(b'a'), Just(0xff)], 0..3);
    let keys = prop::option::weighted(0.7, prop::collection::btree_set((0..3_usize, key), 0..4));
    let change = prop::collection::vec(("[ab/.]{1,3}", keys), 0..8);
    prop::collection::vec(change, 1..12)
}

proptest! {
    #[test]
    fn layers_hold_what_plain_maps_hold(changes in changes()) {
        let mut layers = Layers::default();
        let mut plain: BTreeMap<String, Keys> = BTreeMap::new();
        let mut versions = vec![(layers.clone(), plain.clone())];
        let all: Keys = changes.iter().flatten().flat_map(|(_, keys)| keys.iter().flatten().cloned()).collect();
        for change in &changes {
            layers.push(table(change));
            for (path, keys) in change {
                match keys {
                    Some(keys) => drop(plain.insert(path.clone(), keys.clone())),
                    None => drop(plain.remove(path)),
                }
            }
            versions.push((layers.clone(), plain.clone()));
        }
        for (layers, plain) in &versions {
            let rows = plain.iter().map(|(path, keys)| (path.clone(), keys.iter().map(|(_, key)| key.clone()).collect()));
            let found = all.iter().flat_map(|(list, key)| {
                let with = plain.iter().filter(|(_, keys)| keys.contains(&(*list, key.clone())));
                with.map(|(path, _)| (*list, key.clone(), path.clone()))
            });
            prop_assert_eq!(seen(layers, &all), (rows.collect(), found.collect()));
            prop_assert_eq!(seen(layers, &all), seen(&layers.fold().unfold(), &all));
            prop_assert_eq!((layers.len(), layers.fold().unfold().len()), (plain.len(), plain.len()));
            for prefix in ["a", "a/", "b.", "/"] {
                let starting: Vec<_> = layers.starting(prefix.to_owned()).map(|row| row.path).collect();
                let expected: Vec<_> = plain.keys().filter(|path| path.starts_with(prefix)).collect();
                prop_assert_eq!(starting, expected);
            }
            for list in 0..4 {
                let listed: Vec<_> = layers.listed(list).map(|row| row.path).collect();
                let with = plain.iter().filter(|(_, keys)| keys.iter().any(|(of, _)| *of == list));
                prop_assert_eq!(listed, with.map(|(path, _)| path.as_str()).collect::<Vec<_>>());
            }
            for (other, others) in &versions {
                let removed: Vec<_> = layers.removed_since(other).collect();
                let expected: Vec<_> = others.keys().filter(|path| !plain.contains_key(*path)).collect();
                prop_assert_eq!(removed, expected);
            }
        }
    }

    #[test]
    fn what_is_written_is_read(
        (number, flag, bytes) in (any::<usize>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)),
        texts in prop::collection::vec(prop_oneof![".{0,5}", Just("resources".to_owned()), Just(String::new())], 0..5),
    ) {
        let mut writer = Writer::default();
        writer.number(number);
        writer.flag(flag);
        writer.bytes(&bytes);
        writer.list(texts.iter(), |writer, text| writer.word(text));
        writer.list(texts.iter(), |writer, text| writer.optional(Some(text)));
        writer.optional(None);
        let written = writer.into_bytes();
        let mut reader = Reader::new(&written);
        prop_assert_eq!((reader.number(), reader.flag(), reader.bytes()), (number, flag, &*bytes));
        prop_assert_eq!(reader.list(|reader| reader.word().into_owned()), texts.clone());
        prop_assert_eq!(reader.list(Reader::optional), texts.into_iter().map(Some).collect::<Vec<_>>());
        prop_assert_eq!((reader.optional(), reader.is_empty()), (None, true));
    }
}

#[test]
fn many_small_changes_make_few_tables() {
    let mut layers = Layers::default();
    layers.push(table(&(0..1000).map(|number| (format!("{number:04}"), Some(Keys::new()))).collect()));
    for number in 0..400 {
        layers.push(table(&vec![(format!("{number:04}"), None)]));
        assert!(layers.tables.len() < 12, "{}", layers.tables.len());
    }
    assert_eq!(layers.len(), 600);
    assert_eq!(layers.tables[0].len(), 1000, "the large one is left alone");
    layers.push(table(&(400..900).map(|number| (format!("{number:04}"), None)).collect()));
    let rows: usize = layers.tables.iter().map(|table| table.len()).sum();
    assert_eq!((layers.len(), rows), (100, 100), "what is gone is forgotten");
}
