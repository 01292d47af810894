//! The guest's access: checked once by the region, told to the observer, trapped if out of
//! bounds.

use wrt_platform::{OutOfBounds, PageAllocator};

use super::LinearMemory;
use crate::error::GrowError;
use crate::guest::GuestMemory;
use crate::memory_type::IndexType;
use crate::observer::{BulkOperation, Observer};
use crate::trap::{Access, Trap};

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    #[cold]
    fn out_of_bounds(&self, address: u64, size: u64) -> Trap {
        self.observer.trap(Trap::OutOfBounds, Access { address, size });
        Trap::OutOfBounds
    }

    /// Tells the observer of a bulk operation, or of the access that stopped it.
    #[inline(always)]
    fn bulk(
        &self,
        operation: BulkOperation,
        access: Access,
        outcome: Result<(), OutOfBounds>,
    ) -> Result<(), Trap> {
        match outcome {
            Ok(()) => {
                self.observer.bulk(operation, access.size);
                Ok(())
            }
            Err(OutOfBounds) => Err(self.out_of_bounds(access.address, access.size)),
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
    fn load<const N: usize>(&self, ea: u64) -> Result<[u8; N], Trap> {
        let Ok(bytes) = self.region.array::<N>(ea) else {
            return Err(self.out_of_bounds(ea, N as u64));
        };
        self.observer.load(N);
        Ok(*bytes)
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Trap> {
        match self.region.store(ea, bytes) {
            Ok(()) => {
                self.observer.store(N);
                Ok(())
            }
            Err(OutOfBounds) => Err(self.out_of_bounds(ea, N as u64)),
        }
    }

    fn load_bytes(&self, address: u64, target: &mut [u8]) -> Result<(), Trap> {
        let access = Access { address, size: target.len() as u64 };
        let outcome = self.region.slice(address, access.size);
        let outcome = outcome.map(|bytes| target.copy_from_slice(bytes));
        self.bulk(BulkOperation::Read, access, outcome)
    }

    fn store_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trap> {
        let access = Access { address, size: bytes.len() as u64 };
        let outcome = self.region.slice_mut(address, access.size);
        let outcome = outcome.map(|target| target.copy_from_slice(bytes));
        self.bulk(BulkOperation::Write, access, outcome)
    }

    #[inline]
    fn check(&self, address: u64, len: u64) -> Result<(), Trap> {
        match self.region.slice(address, len) {
            Ok(_) => Ok(()),
            Err(OutOfBounds) => Err(self.out_of_bounds(address, len)),
        }
    }

    #[inline]
    fn memory_fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), Trap> {
        let outcome = self.region.fill(address, byte, len);
        self.bulk(BulkOperation::Fill, Access { address, size: len }, outcome)
    }

    #[inline]
    fn memory_copy(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap> {
        let outcome = self.region.copy_within(target, source, len);
        // At most one of the two ranges can be named; the higher one is out of bounds if any is.
        let access = Access { address: target.max(source), size: len };
        self.bulk(BulkOperation::Copy, access, outcome)
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
            return Err(self.out_of_bounds(target, len));
        };
        other.load_bytes(source, bytes)?;
        self.observer.bulk(BulkOperation::Copy, len);
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
        let Some(bytes) = bytes else { return Err(self.out_of_bounds(target, len)) };
        let outcome = self.region.slice_mut(target, len);
        let outcome = outcome.map(|target| target.copy_from_slice(bytes));
        self.bulk(BulkOperation::Init, Access { address: target, size: len }, outcome)
    }
}
