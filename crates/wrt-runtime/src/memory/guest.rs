//! Access by the guest: the region checks each access once, and the observer receives the access or
//! its trap.

use wrt_platform::{Inaccessible, InaccessibleCause, LentBytes, PageAllocator};

use super::LinearMemory;
use crate::borrower::Borrower;
use crate::bulk_source::BulkSource;
use crate::error::GrowError;
use crate::guest::{GuestMemory, lend_segment};
use crate::memory_type::IndexType;
use crate::observer::Observer;
use crate::trap::{Access, Trap};

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Reports a trap to the observer.
    fn trapped(&self, trap: Trap, address: u64, size: u64) -> Trap {
        self.observer.trap(trap, Access { address, size });
        trap
    }

    /// The trap of an access that the region has refused.
    #[cold]
    #[inline(never)]
    fn refused(&self, address: u64, size: u64) -> Trap {
        self.trapped(self.region.why_inaccessible(address, size).into(), address, size)
    }

    /// The trap of a copy of which the region has refused a range.
    #[cold]
    #[inline(never)]
    fn copy_refused(&self, target: u64, source: u64, len: u64) -> Trap {
        self.refused(self.copy_culprit(target, source, len), len)
    }

    /// The address of the range that stopped a copy. If a range is out of bounds, the higher one
    /// is. Otherwise a protected source comes before a protected target.
    #[cold]
    pub(super) fn copy_culprit(&self, target: u64, source: u64, len: u64) -> u64 {
        let higher = target.max(source);
        match self.region.why_inaccessible(higher, len) {
            InaccessibleCause::Protected if self.region.lend(source, len).is_ok() => target,
            InaccessibleCause::Protected => source,
            InaccessibleCause::OutOfBounds => higher,
        }
    }
}

impl<P: PageAllocator, O: Observer> GuestMemory for LinearMemory<P, O> {
    #[inline]
    fn index_type(&self) -> IndexType {
        self.memory_type().index_type()
    }

    #[inline]
    fn memory_size(&self) -> u64 {
        self.size()
    }

    fn memory_grow(&mut self, delta: u64) -> Result<u64, GrowError> {
        self.grow(delta)
    }

    #[inline(always)]
    fn load<const N: usize, T>(&self, ea: u64, from: impl FnOnce([u8; N]) -> T) -> Result<T, Trap> {
        match self.region.array::<N>(ea) {
            Ok(bytes) => {
                self.observer.load(Access { address: ea, size: N as u64 });
                Ok(from(*bytes))
            }
            Err(Inaccessible) => Err(self.refused(ea, N as u64)),
        }
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Trap> {
        match self.region.store(ea, bytes) {
            Ok(()) => {
                self.observer.store(Access { address: ea, size: N as u64 });
                Ok(())
            }
            Err(Inaccessible) => Err(self.refused(ea, N as u64)),
        }
    }

    #[inline]
    fn lend<R>(
        &self,
        address: u64,
        len: u64,
        borrower: Borrower,
        borrow: impl FnOnce(LentBytes<'_>) -> Result<R, Trap>,
    ) -> Result<R, Trap> {
        let Ok(bytes) = self.region.lend(address, len) else {
            return Err(self.refused(address, len));
        };
        let result = borrow(bytes)?;
        if let Some(operation) = borrower.operation(Access { address, size: len }) {
            self.observer.bulk(operation);
        }
        Ok(result)
    }

    // Callers know the kind of the source, so only one arm is left of each match.
    #[inline(always)]
    fn bulk_store(&mut self, target: u64, source: BulkSource<'_>) -> Result<(), Trap> {
        let outcome = match source {
            BulkSource::Byte { value, len } => self.region.fill(target, value, len),
            BulkSource::Within { address, len } => self.region.copy_within(target, address, len),
            BulkSource::Memory { bytes, .. }
            | BulkSource::Segment { bytes, .. }
            | BulkSource::Host(bytes) => self.region.copy_in(target, bytes),
        };
        match (outcome, source) {
            (Ok(()), _) => {
                self.observer.bulk(source.operation(target));
                Ok(())
            }
            (Err(Inaccessible), BulkSource::Within { address, len }) => {
                Err(self.copy_refused(target, address, len))
            }
            (Err(Inaccessible), _) => Err(self.refused(target, source.len())),
        }
    }

    /// Also reports a range outside the segment to the observer.
    #[inline]
    fn memory_init(
        &mut self,
        target: u64,
        segment: &[u8],
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let Some(bytes) = lend_segment(segment, source, len) else {
            return Err(self.trapped(Trap::OutOfBounds, target, len));
        };
        self.bulk_store(target, BulkSource::Segment { address: source, bytes })
    }
}
