//! Counts in plain cells.

use core::cell::Cell;

use super::{AccessCounts, Counting};
use crate::bulk::BulkOperation;
use crate::growth::GrowEvent;
use crate::observer::Observer;
use crate::trap::{Access, Trap};

/// Counts for a memory that one thread at a time uses: the memory stays `Send` and is not `Sync`.
#[derive(Clone, Default, Debug)]
pub struct Metrics {
    loads: Cell<u64>,
    stores: Cell<u64>,
    bulk_operations: Cell<u64>,
    bulk_bytes: Cell<u64>,
    traps: Cell<u64>,
    grows: Cell<u64>,
    refused_grows: Cell<u64>,
}

#[inline(always)]
fn add(cell: &Cell<u64>, amount: u64) {
    cell.set(cell.get().wrapping_add(amount));
}

impl Observer for Metrics {
    #[inline(always)]
    fn load(&self, _access: Access) {
        add(&self.loads, 1);
    }

    #[inline(always)]
    fn store(&self, _access: Access) {
        add(&self.stores, 1);
    }

    #[inline(always)]
    fn bulk(&self, operation: BulkOperation) {
        if let Some(bytes) = operation.moved() {
            add(&self.bulk_operations, 1);
            add(&self.bulk_bytes, bytes);
        }
    }

    fn trap(&self, _trap: Trap, _access: Access) {
        add(&self.traps, 1);
    }

    fn after_grow(&self, event: &GrowEvent) {
        if !event.at_creation {
            add(if event.outcome.is_ok() { &self.grows } else { &self.refused_grows }, 1);
        }
    }

    fn grow_refused(&self, event: &GrowEvent) {
        self.after_grow(event);
    }
}

impl Counting for Metrics {
    fn counts(&self) -> AccessCounts {
        AccessCounts {
            loads: self.loads.get(),
            stores: self.stores.get(),
            bulk_operations: self.bulk_operations.get(),
            bulk_bytes: self.bulk_bytes.get(),
            traps: self.traps.get(),
            grows: self.grows.get(),
            refused_grows: self.refused_grows.get(),
        }
    }
}
