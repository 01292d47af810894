//! A counter on cores whose widest atomics have 32 bits: two halves.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Counts up, wrapping. A carry reaches the high half just after the low half wraps; whoever
/// reads in between sees a count that is 2^32 too small, and the exact one once all who count are
/// done.
#[derive(Default, Debug)]
pub(super) struct Counter {
    low: AtomicU32,
    high: AtomicU32,
}

impl Counter {
    /// Adds while other threads may add too.
    pub(super) fn add_shared(&self, amount: u64) {
        let (low, high) = halves(amount);
        let carry = self.low.fetch_add(low, Relaxed).checked_add(low).is_none();
        if high != 0 || carry {
            self.high.fetch_add(high.wrapping_add(u32::from(carry)), Relaxed);
        }
    }

    /// Adds where no other thread adds.
    #[inline(always)]
    pub(super) fn add_owned(&self, amount: u64) {
        let (low, high) = halves(self.get().wrapping_add(amount));
        self.low.store(low, Relaxed);
        self.high.store(high, Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        u64::from(self.high.load(Relaxed)) << 32 | u64::from(self.low.load(Relaxed))
    }
}

const fn halves(value: u64) -> (u32, u32) {
    (value as u32, (value >> 32) as u32)
}
