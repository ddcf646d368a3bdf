//! Rows by their paths, in one piece of memory: 60,000 files as values of their own would take twenty
//! times as much. A row is known by its path and found again by its *keys*, byte strings that stand
//! in it: each list of a table has the places of one kind of keys in their order, and what is looked
//! for is compared with what stands there. Nothing is hashed, so no name can be mistaken for another.

use std::collections::BTreeSet;
use std::sync::Arc;

mod coding;
mod folded;
mod layers;
#[cfg(test)]
mod tests;

pub(super) use coding::{Reader, Writer};
pub(super) use folded::FoldedLayers;
pub(super) use layers::Layers;

/// Where a key stands, and in which row.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u32,
    row: u32,
}

/// A table of rows that never changes.
#[derive(Debug, Default)]
pub(super) struct Table {
    bytes: Box<[u8]>,
    order: Arc<Order>,
}

/// Where what stands in a table's bytes.
#[derive(Debug, Default)]
struct Order {
    /// Where each row starts, in the order of the paths.
    rows: Box<[u32]>,
    /// The places of the keys of each list, in the order of the keys, then of the paths.
    lists: Vec<Box<[Place]>>,
}

impl Order {
    fn bytes(&self) -> usize {
        let places = self.lists.iter().map(|places| size_of_val(&**places)).sum::<usize>();
        size_of_val(&*self.rows) + places
    }
}

/// One row: its path, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'t> {
    pub(super) path: &'t str,
    /// Empty where the row says that there is nothing of this path any more.
    content: &'t [u8],
}

impl<'t> Row<'t> {
    fn at(bytes: &'t [u8], start: u32) -> Self {
        let mut reader = Reader::new(&bytes[start as usize..]);
        Self { path: reader.text(), content: reader.bytes() }
    }

    /// Its content from the start.
    pub(super) fn read(&self) -> Reader<'t> {
        Reader::new(self.content)
    }

    fn is_gone(&self) -> bool {
        self.content.is_empty()
    }
}

/// The content of a row that is being written.
#[derive(Debug, Default)]
pub(super) struct Content {
    writer: Writer,
    keys: Vec<(usize, usize)>,
}

impl std::ops::Deref for Content {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl std::ops::DerefMut for Content {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }
}

impl Content {
    /// Writes a key, which is read as bytes; the row is found by it in this list.
    pub(super) fn key(&mut self, list: usize, key: &[u8]) {
        self.keys.push((list, self.writer.bytes.len()));
        self.writer.bytes(key);
    }

    /// A part that a reader can pass over: it is read as bytes.
    pub(super) fn part(&mut self, write: impl FnOnce(&mut Self)) {
        let mut part = Self::default();
        write(&mut part);
        self.writer.number(part.writer.bytes.len());
        let start = self.writer.bytes.len();
        self.writer.bytes.append(&mut part.writer.bytes);
        self.keys.extend(part.keys.into_iter().map(|(list, at)| (list, start + at)));
    }
}

/// Puts a table together. Of several rows of one path the last one counts.
#[derive(Debug, Default)]
pub(super) struct Builder {
    writer: Writer,
    rows: Vec<u32>,
    lists: Vec<Vec<Place>>,
}

impl Builder {
    /// Adds a row; without a content it says that there is nothing of this path any more.
    pub(super) fn add(&mut self, path: &str, content: Option<&Content>) {
        self.rows.push(offset(self.writer.bytes.len()));
        self.writer.text(path);
        let Some(content) = content else { return self.writer.number(0) };
        self.writer.number(content.writer.bytes.len());
        let start = self.writer.bytes.len();
        self.writer.bytes.extend_from_slice(&content.writer.bytes);
        let row = offset(self.rows.len() - 1);
        for (list, at) in &content.keys {
            self.place(*list, Place { at: offset(start + at), row });
        }
    }

    fn place(&mut self, list: usize, place: Place) {
        if self.lists.len() <= list {
            self.lists.resize_with(list + 1, Vec::new);
        }
        self.lists[list].push(place);
    }

    /// Takes over the rows of another table that `wanted` chooses.
    fn take(&mut self, table: &Table, wanted: impl Fn(&Row<'_>) -> bool) {
        let mut moved = Vec::with_capacity(table.len());
        for start in &table.order.rows {
            let row = Row::at(&table.bytes, *start);
            moved.push(wanted(&row).then(|| {
                self.rows.push(offset(self.writer.bytes.len()));
                self.writer.text(row.path);
                self.writer.bytes(row.content);
                self.rows.len() - 1
            }));
        }
        for (list, places) in table.order.lists.iter().enumerate() {
            for place in places {
                let Some(row) = moved[place.row as usize] else { continue };
                let at = place.at - table.order.rows[place.row as usize] + self.rows[row];
                self.place(list, Place { at, row: offset(row) });
            }
        }
    }

    /// The table.
    pub(super) fn build(self) -> Table {
        let bytes = self.writer.bytes.into_boxed_slice();
        let path = |row: u32| Reader::new(&bytes[self.rows[row as usize] as usize..]).text();
        let mut order: Vec<u32> = (0..offset(self.rows.len())).collect();
        // Stable, so that the last one of a path stands last.
        order.sort_by(|one, other| path(*one).cmp(path(*other)));
        order.dedup_by(|later, earlier| {
            let same = path(*later) == path(*earlier);
            if same {
                *earlier = *later;
            }
            same
        });
        let mut moved = vec![None; self.rows.len()];
        for (new, old) in order.iter().enumerate() {
            moved[*old as usize] = Some(offset(new));
        }
        let sorted = |places: Vec<Place>| {
            let mut places: Vec<Place> = places
                .into_iter()
                .filter_map(|place| Some(Place { row: moved[place.row as usize]?, ..place }))
                .collect();
            places.sort_by(|one, other| {
                (key(&bytes, *one), one.row, one.at).cmp(&(key(&bytes, *other), other.row, other.at))
            });
            places.into_boxed_slice()
        };
        let lists = self.lists.into_iter().map(sorted).collect();
        let rows = order.iter().map(|row| self.rows[*row as usize]).collect();
        Table { bytes, order: Arc::new(Order { rows, lists }) }
    }
}

/// # Panics
/// At 4 GiB, hundreds of times what the largest repository that is read takes.
fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a table is smaller than 4 GiB")
}

fn key(bytes: &[u8], place: Place) -> &[u8] {
    Reader::new(&bytes[place.at as usize..]).bytes()
}

impl Table {
    /// How many rows there are.
    fn len(&self) -> usize {
        self.order.rows.len()
    }

    /// How much memory it takes.
    fn bytes(&self) -> usize {
        self.bytes.len() + self.order.bytes()
    }

    fn row(&self, number: usize) -> Row<'_> {
        Row::at(&self.bytes, self.order.rows[number])
    }

    /// The number of the first row whose path is not before this one.
    fn position(&self, path: &str) -> usize {
        self.order.rows.partition_point(|start| Row::at(&self.bytes, *start).path < path)
    }

    fn get(&self, path: &str) -> Option<Row<'_>> {
        let position = self.position(path);
        (position < self.len()).then(|| self.row(position)).filter(|row| row.path == path)
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.order.rows.iter().map(|start| Row::at(&self.bytes, *start))
    }

    /// The rows with this key, in the order of their paths, each with what stands behind the key.
    fn find<'t>(&'t self, list: usize, wanted: &[u8]) -> impl Iterator<Item = (Row<'t>, Reader<'t>)> + use<'t> {
        let places = self.order.lists.get(list).map_or(&[][..], |places| places);
        let first = places.partition_point(|place| key(&self.bytes, *place) < wanted);
        let behind = places[first..].partition_point(|place| key(&self.bytes, *place) == wanted);
        places[first..first + behind].iter().map(|place| {
            let mut behind = Reader::new(&self.bytes[place.at as usize..]);
            behind.bytes();
            (self.row(place.row as usize), behind)
        })
    }

    fn has_keys(&self, list: usize) -> bool {
        self.order.lists.get(list).is_some_and(|places| !places.is_empty())
    }

    /// The rows with any key in this list, in the order of their paths.
    fn listed(&self, list: usize) -> impl Iterator<Item = Row<'_>> {
        let places = self.order.lists.get(list).map_or(&[][..], |places| places);
        let rows: BTreeSet<u32> = places.iter().map(|place| place.row).collect();
        rows.into_iter().map(|row| self.row(row as usize))
    }

    /// This table and a later one as one; `whole` where there is none before it, so that nothing need
    /// be said of what is gone.
    fn merge(&self, later: &Self, whole: bool) -> Self {
        let mut both = Builder::default();
        both.take(self, |row| !(whole && row.is_gone()) && later.get(row.path).is_none());
        both.take(later, |row| !(whole && row.is_gone()));
        both.build()
    }
}
