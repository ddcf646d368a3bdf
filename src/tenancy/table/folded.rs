use std::sync::Arc;

use super::{Layers, Order, Table};

/// Layers that nobody looks at: packed, they take a fifth of the memory.
#[derive(Debug, Clone)]
pub(in crate::tenancy) struct FoldedLayers {
    tables: Vec<(Vec<u8>, Arc<Order>)>,
    count: usize,
}

impl Layers {
    /// The same, packed.
    pub(in crate::tenancy) fn fold(&self) -> FoldedLayers {
        let pack = |table: &Arc<Table>| {
            let mut packed = lz4_flex::compress_prepend_size(&table.bytes);
            packed.shrink_to_fit();
            (packed, Arc::clone(&table.order))
        };
        FoldedLayers { tables: self.tables.iter().map(pack).collect(), count: self.count }
    }
}

impl FoldedLayers {
    /// What was folded.
    ///
    /// # Panics
    /// Never for what [`Layers::fold`] made.
    pub(in crate::tenancy) fn unfold(&self) -> Layers {
        let unpack = |(packed, order): &(Vec<u8>, Arc<Order>)| {
            let bytes = lz4_flex::decompress_size_prepended(packed).expect("it was packed in this process");
            Arc::new(Table { bytes: bytes.into_boxed_slice(), order: Arc::clone(order) })
        };
        Layers { tables: self.tables.iter().map(unpack).collect(), count: self.count }
    }

    /// How much memory they take.
    pub(in crate::tenancy) fn bytes(&self) -> usize {
        self.tables.iter().map(|(packed, order)| packed.len() + order.bytes()).sum()
    }
}
