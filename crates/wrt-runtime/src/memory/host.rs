//! Access by the host: the same checks as for the guest, with errors that carry sizes and names.

use wrt_platform::{Inaccessible, PageAllocator};

use super::LinearMemory;
use crate::borrower::Borrower;
use crate::bulk::BulkOperation;
use crate::bulk_source::BulkSource;
use crate::error::MemoryError;
use crate::guest::GuestMemory;
use crate::observer::Observer;
use crate::safe_slice::{SafeSlice, SafeSliceMut};
use crate::segment::DataSegment;
use crate::trap::{Access, Trap, TrapReport};

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Copies bytes out, from `address` until `target` is full.
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is protected; `target` is unchanged.
    pub fn read(&self, address: u64, target: &mut [u8]) -> Result<(), MemoryError> {
        let size = target.len() as u64;
        self.load_bytes(address, target).map_err(|trap| self.refuse(trap, address, size))
    }

    /// Copies all of `bytes` in at `address`.
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is protected; no byte is written.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        let size = bytes.len() as u64;
        self.store_bytes(address, bytes).map_err(|trap| self.refuse(trap, address, size))
    }

    /// Sets `len` bytes from `address` to `byte`.
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is protected; no byte is written.
    pub fn fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), MemoryError> {
        self.memory_fill(address, byte, len).map_err(|trap| self.refuse(trap, address, len))
    }

    /// Copies `len` bytes from `source` to `target`, which may overlap.
    ///
    /// # Errors
    ///
    /// When a range is not within the memory or is protected; no byte is written.
    pub fn copy_within(&mut self, target: u64, source: u64, len: u64) -> Result<(), MemoryError> {
        self.memory_copy(target, source, len).map_err(|trap| {
            let culprit = self.copy_culprit(target, source, len);
            self.refuse(trap, culprit, len)
        })
    }

    /// Copies `len` bytes from another memory, whose type may differ.
    ///
    /// # Errors
    ///
    /// When a range is not within its memory or is protected; no byte is written.
    pub fn copy_from<Q: PageAllocator, B: Observer>(
        &mut self,
        target: u64,
        other: &LinearMemory<Q, B>,
        source: u64,
        len: u64,
    ) -> Result<(), MemoryError> {
        let mut lent = false;
        let outcome = other.lend(source, len, Borrower::Memory { address: target }, |bytes| {
            lent = true;
            self.bulk_store(target, BulkSource::Memory { address: source, bytes })
        });
        outcome.map_err(|trap| match lent {
            false => other.refuse(trap, source, len),
            true => self.refuse(trap, target, len),
        })
    }

    /// Copies `len` bytes of a data segment from `source` on.
    ///
    /// # Errors
    ///
    /// When the target is not within the memory or is protected, or the source is not within the
    /// segment; no byte is written.
    pub fn init_from<B: AsRef<[u8]>>(
        &mut self,
        target: u64,
        segment: &DataSegment<B>,
        source: u64,
        len: u64,
    ) -> Result<(), MemoryError> {
        let segment_len = segment.bytes().len() as u64;
        self.memory_init(target, segment.bytes(), source, len).map_err(|trap| {
            if segment_len.checked_sub(len).is_some_and(|last| source <= last) {
                self.refuse(trap, target, len)
            } else {
                let name = self.given_name();
                MemoryError::SegmentOutOfBounds { source, len, segment_len, name }
            }
        })
    }

    /// A view of `len` bytes from `address`. It borrows the memory.
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is protected.
    pub fn get_safe_slice(&self, address: u64, len: u64) -> Result<SafeSlice<'_>, MemoryError> {
        match self.region.slice(address, len) {
            Ok(bytes) => Ok(SafeSlice::new(address, bytes)),
            Err(Inaccessible) => Err(self.refuse_inaccessible(address, len)),
        }
    }

    /// A mutable view of `len` bytes from `address`. The observer receives the range when it is
    /// lent, and not the writes to it.
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is protected.
    pub fn get_safe_slice_mut(
        &mut self,
        address: u64,
        len: u64,
    ) -> Result<SafeSliceMut<'_>, MemoryError> {
        let (memory_len, name) = (self.byte_len(), self.given_name());
        // Computed first: the lent slice keeps the memory borrowed.
        let cause = self.region.why_inaccessible(address, len);
        let access = Access { address, size: len };
        match self.region.slice_mut(address, len) {
            Ok(bytes) => {
                self.observer.bulk(BulkOperation::Lend { target: access });
                Ok(SafeSliceMut::new(address, bytes))
            }
            Err(Inaccessible) => {
                let trap = Trap::from(cause);
                Err(MemoryError::Refused(TrapReport { trap, access, memory_len, name }))
            }
        }
    }

    /// All bytes. Reading them is not observed.
    ///
    /// # Errors
    ///
    /// While some bytes are not readable; [`get_safe_slice`](Self::get_safe_slice) lends the
    /// others.
    pub fn data(&self) -> Result<&[u8], MemoryError> {
        let len = self.byte_len();
        self.region.slice(0, len).map_err(|Inaccessible| self.refuse_inaccessible(0, len))
    }

    /// All bytes, for writing. The observer receives the whole range as lent.
    ///
    /// # Errors
    ///
    /// While some bytes are protected; [`get_safe_slice_mut`](Self::get_safe_slice_mut) lends the
    /// others.
    pub fn data_mut(&mut self) -> Result<&mut [u8], MemoryError> {
        let len = self.byte_len();
        Ok(self.get_safe_slice_mut(0, len)?.into_bytes())
    }

    /// The error of an access that the region has refused.
    #[cold]
    pub(super) fn refuse_inaccessible(&self, address: u64, size: u64) -> MemoryError {
        self.refuse(Trap::from(self.region.why_inaccessible(address, size)), address, size)
    }

    #[cold]
    pub(super) fn refuse(&self, trap: Trap, address: u64, size: u64) -> MemoryError {
        MemoryError::Refused(self.explain(trap, Access { address, size }))
    }
}
