//! Base and length of a region, for compiled code.

use core::ptr::NonNull;

use super::Region;
use crate::allocator::PageAllocator;

/// Base and length of a region at one moment, for a JIT or AOT compiler.
///
/// # Validity
///
/// - The length may grow whenever the region is borrowed mutably. A stale length is smaller than
///   the real one, so a check against it refuses too much, never too little.
/// - The base holds while [`Region::view`] gives the same `epoch`: a backend without a stable
///   base moves it on growth, one with hardware tags gives it another tag at a reset, and a reset
///   may shrink the length. Compare the epoch after every
///   call that can grow or reset the memory, and take a new view when it differs.
/// - Nothing holds once the region is dropped.
///
/// Reading or writing through `base` is unsafe. Code that does so has exclusive access to the
/// region for that time, stays below the length, and accesses no byte while a safe reference to it
/// exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionView {
    /// The first byte.
    pub base: NonNull<u8>,
    /// Accessible bytes.
    pub len: usize,
    /// Changes whenever an older base or a longer length has become wrong.
    pub epoch: u64,
}

impl<P: PageAllocator> Region<P> {
    /// Current base and length.
    #[must_use]
    pub const fn view(&mut self) -> RegionView {
        RegionView { base: self.base, len: self.len, epoch: self.epoch }
    }
}
