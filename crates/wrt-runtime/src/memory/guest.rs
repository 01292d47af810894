//! The guest's access: checked once by the region, told to the observer, trapped if out of
//! bounds.

use wrt_platform::{AccessFault, Inaccessible, PageAllocator};

use super::LinearMemory;
use crate::bulk::BulkOperation;
use crate::error::GrowError;
use crate::guest::GuestMemory;
use crate::memory_type::IndexType;
use crate::observer::Observer;
use crate::planted::planted;
use crate::trap::{Access, Trap};

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Tells the observer of a trap.
    fn trapped(&self, trap: Trap, address: u64, size: u64) -> Trap {
        self.observer.trap(trap, Access { address, size });
        trap
    }

    /// The range that stopped a copy: out of bounds the higher one is if any is, and a protected
    /// source is named before a protected target.
    #[cold]
    pub(super) fn copy_culprit(&self, target: u64, source: u64, len: u64) -> u64 {
        let higher = target.max(source);
        match self.region.why_inaccessible(higher, len) {
            AccessFault::Protected if self.region.slice(source, len).is_ok() => target,
            AccessFault::Protected => source,
            AccessFault::OutOfBounds => higher,
        }
    }

    /// Tells the observer of a bulk operation, or of the access that stopped it.
    #[inline(always)]
    fn bulk(
        &self,
        operation: BulkOperation,
        access: Access,
        outcome: Result<(), Inaccessible>,
    ) -> Result<(), Trap> {
        match outcome {
            Ok(()) => {
                self.observer.bulk(operation);
                Ok(())
            }
            Err(Inaccessible) => Err(self.refused(access.address, access.size)),
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
    fn load<const N: usize>(&self, ea: u64) -> Result<[u8; N], Inaccessible> {
        let bytes = self.region.array::<N>(ea)?;
        self.observer.load(Access { address: ea, size: N as u64 });
        Ok(*bytes)
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Inaccessible> {
        self.region.store(ea, bytes)?;
        self.observer.store(Access { address: ea, size: N as u64 });
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refused(&self, ea: u64, size: u64) -> Trap {
        self.trapped(self.region.why_inaccessible(ea, size).into(), ea, size)
    }

    fn load_bytes(&self, address: u64, target: &mut [u8]) -> Result<(), Trap> {
        let access = Access { address, size: target.len() as u64 };
        let outcome = self.region.slice(address, access.size);
        let outcome = outcome.map(|bytes| target.copy_from_slice(bytes));
        self.bulk(BulkOperation::Read { source: access }, access, outcome)
    }

    fn copy_out(&self, address: u64, target: &mut [u8]) -> Result<(), Trap> {
        let access = Access { address, size: target.len() as u64 };
        let outcome = self.region.slice(address, access.size);
        let outcome = outcome.map(|bytes| target.copy_from_slice(bytes));
        self.bulk(BulkOperation::CopyOut { source: access }, access, outcome)
    }

    fn store_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trap> {
        let access = Access { address, size: bytes.len() as u64 };
        let outcome = self.region.slice_mut(address, access.size);
        let outcome = outcome.map(|target| target.copy_from_slice(bytes));
        self.bulk(BulkOperation::Write { target: access }, access, outcome)
    }

    #[inline]
    fn check(&self, address: u64, len: u64) -> Result<(), Trap> {
        match self.region.slice(address, len) {
            Ok(_) => Ok(()),
            Err(Inaccessible) => Err(self.refused(address, len)),
        }
    }

    #[inline]
    fn memory_fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), Trap> {
        if planted("F12-observer") && self.region.fill(address, byte, len / 2).is_ok() {
            let target = Access { address, size: len / 2 };
            self.observer.bulk(BulkOperation::Fill { target });
        }
        let target = Access { address, size: len };
        let outcome = self.region.fill(address, byte, len);
        self.bulk(BulkOperation::Fill { target }, target, outcome)
    }

    #[inline]
    fn memory_copy(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap> {
        let outcome = self.region.copy_within(target, source, len);
        let address =
            if outcome.is_err() { self.copy_culprit(target, source, len) } else { target };
        let copy = BulkOperation::Copy {
            target: Access { address: target, size: len },
            source: Access { address: source, size: len },
        };
        self.bulk(copy, Access { address, size: len }, outcome)
    }

    #[inline]
    fn memory_copy_from<S: GuestMemory>(
        &mut self,
        target: u64,
        other: &S,
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        other.check(source, len)?;
        let Ok(bytes) = self.region.slice_mut(target, len) else {
            return Err(self.refused(target, len));
        };
        other.copy_out(source, bytes)?;
        self.observer.bulk(BulkOperation::CopyIn {
            target: Access { address: target, size: len },
            source: Access { address: source, size: len },
        });
        Ok(())
    }

    #[inline]
    fn memory_init(
        &mut self,
        target: u64,
        segment: &[u8],
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let bytes = (segment.len() as u64).checked_sub(len).and_then(|last| {
            // Both are at most the segment's length, a `usize`.
            if source <= last { segment.get(source as usize..)?.get(..len as usize) } else { None }
        });
        let Some(bytes) = bytes else { return Err(self.trapped(Trap::OutOfBounds, target, len)) };
        let outcome = self.region.slice_mut(target, len);
        let outcome = outcome.map(|target| target.copy_from_slice(bytes));
        let target = Access { address: target, size: len };
        let source = Access { address: source, size: len };
        self.bulk(BulkOperation::Init { target, source }, target, outcome)
    }
}
