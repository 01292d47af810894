//! Guarantees to compiled code that accesses a memory without its own bounds checks.

/// The guarantees of one memory to code that accesses it through its base. All sizes are bytes.
///
/// They belong to the memory and not to its backend, since a reservation may be smaller than
/// requested. They hold from creation to release, with one exception: where the host refuses an
/// operation and also its undoing, the memory becomes empty and `faults_exactly` does not hold
/// until a reset succeeds. That operation returns an error, so do not run unchecked code on a
/// memory after a host error.
///
/// Query them once after creation, before unchecked code runs on the memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AccessGuarantees {
    /// The base never changes, neither by growth nor by a reset: compiled code may embed it.
    pub stable_base: bool,
    /// Every access past the length faults, up to `reach` bytes from the base. This requires exact
    /// commit, a backend whose uncommitted bytes fault, and lengths of whole host pages. Memories
    /// with pages of one byte never have it.
    pub faults_exactly: bool,
    /// Bytes from the base that belong to this memory alone: its capacity and the guard behind it.
    /// Where the backend has no guards, only the bytes that are committed now.
    pub reach: u64,
    /// Bytes before the base that fault.
    pub guard_before: u64,
}

impl AccessGuarantees {
    /// Whether an access of `size` bytes at static offset `offset`, with any index of `index_bits`
    /// bits, needs no bounds check: it hits accessible bytes or faults. Indices of 64 bits always
    /// need one.
    ///
    /// ```
    /// use wrt_platform::{HeapAllocator, Region, ReserveRequest};
    ///
    /// let region = Region::new(HeapAllocator::new(), &ReserveRequest::new(65536, 1 << 20))?;
    /// assert!(!region.guarantees().elides(32, 0, 4), "the heap has no guards");
    /// # Ok::<(), wrt_platform::AllocError>(())
    /// ```
    #[must_use]
    pub const fn elides(&self, index_bits: u32, offset: u64, size: u64) -> bool {
        let Some(indices) = 1_u64.checked_shl(index_bits) else { return false };
        let Some(start) = (indices - 1).checked_add(offset) else { return false };
        let Some(end) = start.checked_add(size) else { return false };
        self.faults_exactly && end <= self.reach
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: AccessGuarantees = AccessGuarantees {
        stable_base: true,
        faults_exactly: true,
        reach: 2 * u32::MAX as u64 + 16,
        guard_before: 65536,
    };

    #[test]
    fn the_last_byte_of_the_reach_is_elided_and_the_next_is_not() {
        assert!(FULL.elides(32, u32::MAX as u64, 16));
        assert!(!FULL.elides(32, u32::MAX as u64, 17));
        assert!(!FULL.elides(32, 1 << 32, 16));
        assert!(FULL.elides(32, 0, 0) && FULL.elides(16, 1 << 32, 8));
    }

    #[test]
    fn sums_beyond_64_bits_are_never_elided() {
        assert!(!FULL.elides(32, u64::MAX, 1));
        assert!(!FULL.elides(32, 0, u64::MAX));
        assert!(!FULL.elides(63, u64::MAX, u64::MAX));
        let all = AccessGuarantees { reach: u64::MAX, ..FULL };
        assert!(!all.elides(64, 0, 0) && !all.elides(64, 0, 1) && !all.elides(u32::MAX, 0, 1));
    }

    #[test]
    fn without_exact_faults_nothing_is_elided() {
        assert!(!AccessGuarantees { faults_exactly: false, ..FULL }.elides(32, 0, 1));
        assert!(!AccessGuarantees { reach: 1 << 31, ..FULL }.elides(32, 0, 1));
    }
}
