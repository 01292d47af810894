//! What can be done to ranges of a memory beside access: rights taken and given, pages given back
//! (the memory-control proposal's `memory.protect` and `memory.discard`).

use core::ops::Range;

use wrt_platform::{Discarded, PageAllocator, Protection};

use super::LinearMemory;
use crate::bulk::BulkOperation;
use crate::error::MemoryError;
use crate::observer::Observer;
use crate::trap::{Access, Trap};

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Leaves `protection` of the rights on the bytes at `range`; [`Protection::READ_WRITE`] gives
    /// them back, as does a reset. Accesses that it forbids trap with [`Trap::Protected`].
    ///
    /// Ranges are exact to the byte for every access by way of this memory. Where the platform can,
    /// the host guards whole pages besides, so that compiled code is stopped too. A memory keeps
    /// eight ranges with other than the usual rights.
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
    /// When the range is not within the memory, there are too many ranges, the platform cannot
    /// execute pages, or the host refuses. The rights are as they were.
    pub fn protect(
        &mut self,
        range: Range<u64>,
        protection: Protection,
    ) -> Result<(), MemoryError> {
        let len = self.len_within(&range)?;
        let outcome = self.region.protect(range.start, len, protection);
        outcome.map_err(|cause| self.refused_by_platform(cause))
    }

    /// Makes the bytes at `range` read zero and gives whole host pages back to the host where it
    /// takes them. Says whether it did.
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

    /// The length of a range that lies within the memory.
    fn len_within(&self, range: &Range<u64>) -> Result<u64, MemoryError> {
        let len = self.checked_len(range)?;
        if range.end > self.byte_len() {
            return Err(self.refuse(Trap::OutOfBounds, range.start, len));
        }
        Ok(len)
    }

    /// Bytes in a range, which must not be reversed.
    pub(super) fn checked_len(&self, range: &Range<u64>) -> Result<u64, MemoryError> {
        let (&Range { start, end }, name) = (range, self.given_name());
        end.checked_sub(start).ok_or(MemoryError::ReversedRange { start, end, name })
    }
}
