//! A counter for cores with 64-bit atomics.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A wrapping counter.
#[derive(Default, Debug)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Adds while other threads may add too.
    #[inline(always)]
    pub(super) fn add_shared(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }

    /// Adds where no other thread adds: a load and a store instead of a locked instruction.
    #[inline(always)]
    pub(super) fn add_owned(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
