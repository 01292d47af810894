//! A counter for cores whose widest atomics have 32 bits, made of two halves.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A wrapping counter. The carry reaches the high half just after the low half wraps. A read in
/// between returns a count that is 2^32 too small; once all additions are done, the count is exact.
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
