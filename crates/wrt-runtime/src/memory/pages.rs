//! Protection and discard of ranges (the memory-control proposal's `memory.protect` and
//! `memory.discard`).

use core::ops::Range;

use wrt_platform::{Discarded, PageAllocator, Protection};

use super::LinearMemory;
use crate::bulk::BulkOperation;
use crate::error::MemoryError;
use crate::observer::Observer;
use crate::trap::{Access, Trap};

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Sets the rights on the bytes at `range` to `protection`; [`Protection::READ_WRITE`] or a
    /// reset restores the usual ones. Accesses that the rights forbid trap with
    /// [`Trap::Protected`].
    ///
    /// Ranges are exact to the byte for every access through this memory. Where the platform can,
    /// the host protects whole pages as well, so that compiled code is stopped too. A memory holds
    /// at most eight restricted ranges.
    ///
    /// ```
    /// use wrt_platform::{HeapAllocator, Protection};
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let mut memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
    /// memory.protect(1024..2048, Protection::READ)?;
    /// assert!(memory.write(2047, &[1]).is_err());
    /// assert!(memory.get_safe_slice(1024, 1024).is_ok());
    /// memory.protect(1024..2048, Protection::READ_WRITE)?;
    /// memory.write(2047, &[1])?;
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the range is not within the memory, there are too many ranges, the platform has no
    /// executable pages, or the host refuses. The rights are unchanged.
    pub fn protect(
        &mut self,
        range: Range<u64>,
        protection: Protection,
    ) -> Result<(), MemoryError> {
        let len = self.len_within(&range)?;
        let outcome = self.region.protect(range.start, len, protection);
        outcome.map_err(|cause| self.refused_by_platform(cause))
    }

    /// Makes the bytes at `range` read zero. Whole host pages return to the host where possible;
    /// the result tells whether they did.
    ///
    /// ```
    /// use wrt_platform::{Discarded, HeapAllocator};
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let mut memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
    /// memory.write(5000, b"gone")?;
    /// assert_eq!(memory.discard(4096..8192)?, Discarded::ZeroedOnly);
    /// assert_eq!(&*memory.get_safe_slice(5000, 4)?, [0; 4]);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the range is not within the memory, is protected, or the platform refuses. No byte
    /// changes.
    pub fn discard(&mut self, range: Range<u64>) -> Result<Discarded, MemoryError> {
        let len = self.len_within(&range)?;
        let outcome = self.region.discard(range.start, len);
        let discarded = outcome.map_err(|cause| self.refused_by_platform(cause))?;
        let target = Access { address: range.start, size: len };
        self.observer.bulk(BulkOperation::Discard { target });
        Ok(discarded)
    }

    /// The length of a range, which must lie within the memory.
    fn len_within(&self, range: &Range<u64>) -> Result<u64, MemoryError> {
        let len = self.checked_len(range)?;
        if range.end > self.byte_len() {
            return Err(self.refuse(Trap::OutOfBounds, range.start, len));
        }
        Ok(len)
    }

    /// The length of a range, which must not be reversed.
    pub(super) fn checked_len(&self, range: &Range<u64>) -> Result<u64, MemoryError> {
        let (&Range { start, end }, name) = (range, self.given_name());
        end.checked_sub(start).ok_or(MemoryError::ReversedRange { start, end, name })
    }
}
