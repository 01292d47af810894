//! Counts that several threads make at once.

use core::array;

use super::counter::Counter;
use super::thread_slot::{SLOTS, current};
use super::{AccessCounts, Counting};
use crate::observer::{BulkOperation, GrowEvent, Observer};
use crate::trap::{Access, Trap};

/// Counts for a memory that several threads read at once; the memory is `Sync`.
///
/// With `std`, up to 16 live threads count each in a stripe of their own, by a plain load and
/// store; further threads share a stripe and pay for an atomic addition. Without `std` all share
/// one. Either way no count is lost. It takes about 2 KiB.
#[derive(Debug)]
pub struct SyncMetrics {
    /// Owned by one live thread each.
    owned: [Stripe; SLOTS],
    shared: Stripe,
}

/// The counts of one thread, on cache lines that no other thread writes: two, because adjacent
/// lines are fetched in pairs.
#[derive(Default, Debug)]
#[repr(align(128))]
struct Stripe {
    loads: Counter,
    stores: Counter,
    bulk_operations: Counter,
    bulk_bytes: Counter,
    traps: Counter,
    grows: Counter,
    refused_grows: Counter,
}

impl SyncMetrics {
    #[inline(always)]
    fn add(&self, counter: impl Fn(&Stripe) -> &Counter, amount: u64) {
        match current().and_then(|slot| self.owned.get(slot)) {
            Some(stripe) => counter(stripe).add_owned(amount),
            None => counter(&self.shared).add_shared(amount),
        }
    }
}

impl Default for SyncMetrics {
    fn default() -> Self {
        Self { owned: array::from_fn(|_| Stripe::default()), shared: Stripe::default() }
    }
}

impl Observer for SyncMetrics {
    #[inline(always)]
    fn load(&self, _bytes: usize) {
        self.add(|stripe| &stripe.loads, 1);
    }

    #[inline(always)]
    fn store(&self, _bytes: usize) {
        self.add(|stripe| &stripe.stores, 1);
    }

    #[inline(always)]
    fn bulk(&self, _operation: BulkOperation, bytes: u64) {
        self.add(|stripe| &stripe.bulk_operations, 1);
        self.add(|stripe| &stripe.bulk_bytes, bytes);
    }

    fn trap(&self, _trap: Trap, _access: Access) {
        self.add(|stripe| &stripe.traps, 1);
    }

    fn after_grow(&self, event: &GrowEvent) {
        let succeeded = event.outcome.is_ok();
        self.add(|stripe| if succeeded { &stripe.grows } else { &stripe.refused_grows }, 1);
    }
}

impl Counting for SyncMetrics {
    fn counts(&self) -> AccessCounts {
        let sum = |counter: fn(&Stripe) -> &Counter| {
            let stripes = self.owned.iter().chain([&self.shared]);
            stripes.fold(0, |sum: u64, stripe| sum.wrapping_add(counter(stripe).get()))
        };
        AccessCounts {
            loads: sum(|stripe| &stripe.loads),
            stores: sum(|stripe| &stripe.stores),
            bulk_operations: sum(|stripe| &stripe.bulk_operations),
            bulk_bytes: sum(|stripe| &stripe.bulk_bytes),
            traps: sum(|stripe| &stripe.traps),
            grows: sum(|stripe| &stripe.grows),
            refused_grows: sum(|stripe| &stripe.refused_grows),
        }
    }
}
