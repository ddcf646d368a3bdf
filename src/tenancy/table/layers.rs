use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Reader, Row, Table};

/// Tables one above the other: what a later one says of a path counts. A copy costs nothing, and a
/// change costs itself: it becomes a table of its own, and small tables are put together, so that there
/// are few of them.
#[derive(Debug, Clone, Default)]
pub(in crate::tenancy) struct Layers {
    /// Each more than twice as large as the next.
    pub(super) tables: Vec<Arc<Table>>,
    pub(super) count: usize,
}

impl Layers {
    /// Puts a table above the others.
    pub(in crate::tenancy) fn push(&mut self, mut table: Table) {
        if table.len() == 0 {
            return;
        }
        for row in table.rows() {
            let (was, is) = (self.get(row.path).is_some(), !row.is_gone());
            self.count = self.count + usize::from(is) - usize::from(was);
        }
        while let Some(below) = self.tables.pop_if(|below| below.len() <= 2 * table.len()) {
            table = below.merge(&table, self.tables.is_empty());
        }
        self.tables.push(Arc::new(table));
    }

    /// How many paths there are.
    pub(in crate::tenancy) fn len(&self) -> usize {
        self.count
    }

    /// How much memory they take.
    pub(in crate::tenancy) fn bytes(&self) -> usize {
        self.tables.iter().map(|table| table.bytes()).sum()
    }

    /// What is known of a path.
    pub(in crate::tenancy) fn get(&self, path: &str) -> Option<Row<'_>> {
        let found = self.tables.iter().rev().find_map(|table| table.get(path));
        found.filter(|row| !row.is_gone())
    }

    /// The rows with a key, in the order of their paths, each with what stands behind the key there. A
    /// row that has the key twice is there twice.
    pub(in crate::tenancy) fn find<'l>(
        &'l self,
        list: usize,
        key: &[u8],
    ) -> impl Iterator<Item = (Row<'l>, Reader<'l>)> + use<'l> {
        let mut found: Vec<_> = self.tables.iter().map(|table| table.find(list, key).peekable()).collect();
        let next = move || {
            let heads = found.iter_mut().enumerate().filter_map(|(table, found)| Some((found.peek()?.0.path, table)));
            let (path, table) = heads.min()?;
            let counts = self.tables[table + 1..].iter().all(|above| above.get(path).is_none());
            Some(found[table].next().filter(|_| counts))
        };
        std::iter::from_fn(next).flatten()
    }

    /// The rows with any key in a list, in the order of their paths. Costs what they are, not what there is.
    pub(in crate::tenancy) fn listed(&self, list: usize) -> impl Iterator<Item = Row<'_>> {
        let mut found = BTreeMap::new();
        for (number, table) in self.tables.iter().enumerate() {
            let counts = |row: &Row<'_>| self.tables[number + 1..].iter().all(|above| above.get(row.path).is_none());
            found.extend(table.listed(list).filter(counts).map(|row| (row.path, row)));
        }
        found.into_values()
    }

    /// Whether a row has any key in a list, or once had. Costs nothing.
    pub(in crate::tenancy) fn may_list(&self, list: usize) -> bool {
        self.tables.iter().any(|table| table.has_keys(list))
    }

    /// The rows whose paths start so, in their order.
    pub(in crate::tenancy) fn starting(&self, prefix: String) -> impl Iterator<Item = Row<'_>> {
        let mut next: Vec<usize> = self.tables.iter().map(|table| table.position(&prefix)).collect();
        let all = std::iter::from_fn(move || {
            let heads = self.tables.iter().zip(&next).filter(|(table, at)| **at < table.len());
            let rows: Vec<Row<'_>> = heads.map(|(table, at)| table.row(*at)).collect();
            let path = rows.iter().map(|row| row.path).min().filter(|path| path.starts_with(&prefix))?;
            for (table, at) in self.tables.iter().zip(&mut next) {
                *at += usize::from(*at < table.len() && table.row(*at).path == path);
            }
            rows.into_iter().rev().find(|row| row.path == path)
        });
        all.filter(|row| !row.is_gone())
    }

    /// The paths that `before` has and these have not. Costs the difference, where one was made from
    /// the other.
    pub(in crate::tenancy) fn removed_since<'l>(&'l self, before: &'l Self) -> impl Iterator<Item = &'l str> {
        let shared = self.tables.iter().zip(&before.tables).take_while(|(one, other)| Arc::ptr_eq(one, other)).count();
        let different = self.tables[shared..].iter().chain(&before.tables[shared..]);
        let paths: BTreeSet<&str> = different.flat_map(|table| table.rows()).map(|row| row.path).collect();
        paths.into_iter().filter(|path| before.get(path).is_some() && self.get(path).is_none())
    }
}
