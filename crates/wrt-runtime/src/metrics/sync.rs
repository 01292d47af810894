//! Counts for several threads at once.

use core::array;

use super::counter::Counter;
use super::thread_slot::{self, THREADS};
use super::{AccessCounts, Counting};
use crate::bulk::BulkOperation;
use crate::growth::GrowEvent;
use crate::observer::Observer;
use crate::trap::{Access, Trap};

/// Counts for a memory that several threads read at once; the memory is `Sync`.
///
/// With `std`, up to 16 live threads each count in a separate stripe, with a plain load and store;
/// further threads share one stripe and pay for an atomic addition. Without `std`, all threads
/// share one stripe. No count is lost in either case. The value takes about 2 KiB.
#[derive(Debug)]
pub struct SyncMetrics {
    /// The stripes, in one array of counters. A thread's slot is the index of its first counter,
    /// which saves a multiplication for every count.
    counters: Counters,
}

/// The array of counters. It and every stripe start on a boundary of two cache lines, since
/// processors fetch adjacent lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Counters([Counter; SHARED + STRIPE]);

/// Counters in a stripe, of 8 bytes each; not all are used.
pub(super) const STRIPE: usize = 128 / size_of::<Counter>();

/// The stripe that all threads without a slot share.
const SHARED: usize = THREADS * STRIPE;

/// A counter's place in its stripe.
#[derive(Clone, Copy)]
enum Figure {
    Loads,
    Stores,
    BulkOperations,
    BulkBytes,
    Traps,
    Grows,
    RefusedGrows,
}

impl SyncMetrics {
    #[inline(always)]
    fn add(&self, figure: Figure, amount: u64) {
        // A slot is a byte, so the compiler sees that the index is in bounds.
        if let Some(slot) = thread_slot::known()
            && let Some(counter) = self.counters.0.get(usize::from(slot) + figure as usize)
        {
            counter.add_owned(amount);
        } else {
            self.add_slowly(figure, amount);
        }
    }

    /// Counts for a thread that has no slot yet, or cannot get one.
    #[cold]
    #[inline(never)]
    fn add_slowly(&self, figure: Figure, amount: u64) {
        let slot = thread_slot::ask();
        let stripe = slot.map_or(SHARED, usize::from);
        if let Some(counter) = self.counters.0.get(stripe + figure as usize) {
            match slot {
                Some(_) => counter.add_owned(amount),
                None => counter.add_shared(amount),
            }
        }
    }

    fn sum(&self, figure: Figure) -> u64 {
        let of_all_stripes = self.counters.0.iter().skip(figure as usize).step_by(STRIPE);
        of_all_stripes.fold(0, |sum, counter| sum.wrapping_add(counter.get()))
    }
}

impl Default for SyncMetrics {
    fn default() -> Self {
        Self { counters: Counters(array::from_fn(|_| Counter::default())) }
    }
}

impl Observer for SyncMetrics {
    #[inline(always)]
    fn load(&self, _access: Access) {
        self.add(Figure::Loads, 1);
    }

    #[inline(always)]
    fn store(&self, _access: Access) {
        self.add(Figure::Stores, 1);
    }

    #[inline(always)]
    fn bulk(&self, operation: BulkOperation) {
        if let Some(bytes) = operation.moved() {
            self.add(Figure::BulkOperations, 1);
            self.add(Figure::BulkBytes, bytes);
        }
    }

    fn trap(&self, _trap: Trap, _access: Access) {
        self.add(Figure::Traps, 1);
    }

    fn after_grow(&self, event: &GrowEvent) {
        if !event.at_creation {
            let succeeded = event.outcome.is_ok();
            self.add(if succeeded { Figure::Grows } else { Figure::RefusedGrows }, 1);
        }
    }

    fn grow_refused(&self, event: &GrowEvent) {
        self.after_grow(event);
    }
}

impl Counting for SyncMetrics {
    fn counts(&self) -> AccessCounts {
        AccessCounts {
            loads: self.sum(Figure::Loads),
            stores: self.sum(Figure::Stores),
            bulk_operations: self.sum(Figure::BulkOperations),
            bulk_bytes: self.sum(Figure::BulkBytes),
            traps: self.sum(Figure::Traps),
            grows: self.sum(Figure::Grows),
            refused_grows: self.sum(Figure::RefusedGrows),
        }
    }
}
