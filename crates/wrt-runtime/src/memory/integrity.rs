//! Integrity checks and seals.

use core::ops::Range;

use wrt_platform::{Inaccessible, InaccessibleCause, PageAllocator};

use super::LinearMemory;
use crate::error::{IntegrityError, IntegrityErrorCause, MemoryError};
use crate::observer::Observer;
use crate::seal::{Seal, Seals, checksum};
use crate::trap::Access;

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Seals the bytes at `range` with a checksum. The memory keeps it, and
    /// [`verify_integrity`](Self::verify_integrity) compares it, until [`unseal`](Self::unseal) or
    /// a reset.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let ty = MemoryType::wasm32(1, None)?;
    /// let mut memory = LinearMemory::new(HeapAllocator::new(), ty)?;
    /// let seal = memory.seal(0..4096)?;
    /// memory.write(5000, b"elsewhere")?;
    /// assert!(memory.verify(&seal).is_ok());
    /// memory.write(4095, b"!")?;
    /// assert!(memory.verify(&seal).is_err());
    /// assert!(memory.verify_integrity().is_err());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is not readable, or the memory already has eight
    /// seals.
    pub fn seal(&mut self, range: Range<u64>) -> Result<Seal, MemoryError> {
        let access = Access { address: range.start, size: self.checked_len(&range)? };
        let checksum = checksum(&self.get_safe_slice(access.address, access.size)?);
        let seals = self.seals.get_or_insert_with(Seals::new).map_err(MemoryError::NoRoom)?;
        let kept = seals.keep(access, checksum);
        kept.ok_or_else(|| MemoryError::TooManySeals { most: Seals::MOST, name: self.given_name() })
    }

    /// Checks that the sealed bytes are unchanged.
    ///
    /// # Errors
    ///
    /// [`SealBroken`](IntegrityErrorCause::SealBroken) if they changed,
    /// [`SealUnreadable`](IntegrityErrorCause::SealUnreadable) if some of them are not readable,
    /// [`UnknownSeal`](IntegrityErrorCause::UnknownSeal) if this memory does not have the seal.
    pub fn verify(&self, seal: &Seal) -> Result<(), IntegrityError> {
        if !self.seals.get().is_some_and(|seals| seals.knows(seal)) {
            return Err(self.integrity_error(IntegrityErrorCause::UnknownSeal));
        }
        self.compare(seal).map_err(|cause| self.integrity_error(cause))
    }

    /// Removes a seal, so that its bytes may change again. Returns whether the memory had it.
    pub fn unseal(&mut self, seal: &Seal) -> bool {
        self.seals.get_mut().is_some_and(|seals| seals.forget(seal))
    }

    /// Checks all invariants: sizes agree with each other and with the type, guards fault, canaries
    /// are intact, sealed bytes are unchanged. On hosts that list a process's mappings, this walks
    /// the list.
    ///
    /// # Errors
    ///
    /// The first violation found. A seal that cannot be compared, because some of its bytes are not
    /// readable, is reported only if there is no other violation.
    pub fn verify_integrity(&self) -> Result<(), IntegrityError> {
        self.find_violation().map_err(|cause| self.integrity_error(cause))
    }

    fn find_violation(&self) -> Result<(), IntegrityErrorCause> {
        self.region.verify().map_err(IntegrityErrorCause::Platform)?;
        let bytes = self.byte_len();
        let whole_pages = bytes.is_multiple_of(self.ty.page_size().bytes());
        if !whole_pages || self.size() > self.limit || bytes > self.peak {
            return Err(IntegrityErrorCause::Length { bytes });
        }
        let seals = self.seals.get().into_iter().flat_map(Seals::iter);
        let mut found = Ok(());
        for seal in seals {
            match self.compare(seal) {
                Err(cause @ IntegrityErrorCause::SealUnreadable(_)) => {
                    found = found.and(Err(cause))
                }
                other => other?,
            }
        }
        found
    }

    fn compare(&self, seal: &Seal) -> Result<(), IntegrityErrorCause> {
        let Access { address, size } = seal.range;
        match self.region.slice(address, size) {
            Ok(bytes) if checksum(bytes) == seal.checksum => Ok(()),
            // Bytes may be writable but not readable: their contents are unknown.
            Err(Inaccessible)
                if self.region.why_inaccessible(address, size) == InaccessibleCause::Protected =>
            {
                Err(IntegrityErrorCause::SealUnreadable(seal.range))
            }
            _ => Err(IntegrityErrorCause::SealBroken(seal.range)),
        }
    }

    #[cold]
    fn integrity_error(&self, cause: IntegrityErrorCause) -> IntegrityError {
        IntegrityError { cause, name: self.given_name() }
    }
}

#[cfg(test)]
mod tests {
    use wrt_platform::{StaticAllocator, StaticArena};

    use super::*;
    use crate::memory_type::{MemoryType, PageSize};

    const PAGE: u64 = 65536;

    fn memory<const N: usize>(arena: StaticAllocator<N>) -> LinearMemory<StaticAllocator<N>> {
        LinearMemory::new(arena, MemoryType::wasm32(1, Some(1)).unwrap()).unwrap()
    }

    #[test]
    fn a_length_must_agree_with_limit_peak_and_page_size() {
        static ARENA: StaticArena<{ 1 << 16 }> = StaticArena::new();
        let mut memory = memory(&ARENA);
        let (limit, peak) = (memory.limit, memory.peak);
        let wrong = Err(IntegrityErrorCause::Length { bytes: PAGE });
        assert_eq!((limit, peak, memory.find_violation()), (1, PAGE, Ok(())));
        memory.limit = 0;
        assert_eq!(memory.find_violation(), wrong);
        memory.limit = limit;
        memory.peak = PAGE - 1;
        assert_eq!(memory.find_violation(), wrong);
        memory.peak = PAGE + 1;
        assert_eq!(memory.find_violation(), Ok(()), "it was larger once");
        memory.limit = 2;
        assert_eq!(memory.find_violation(), Ok(()), "it may grow");
    }

    #[test]
    fn a_length_is_a_number_of_pages() {
        static ARENA: StaticArena<4096> = StaticArena::new();
        let ty = MemoryType::new(crate::IndexType::I32, PageSize::One, 100, None).unwrap();
        let mut memory = LinearMemory::new(&ARENA, ty).unwrap();
        assert_eq!(memory.find_violation(), Ok(()));
        memory.ty = MemoryType::wasm32(0, None).unwrap();
        assert_eq!(memory.find_violation(), Err(IntegrityErrorCause::Length { bytes: 100 }));
    }

    #[test]
    fn a_seal_over_bytes_that_are_gone_is_broken() {
        static ARENA: StaticArena<{ 1 << 16 }> = StaticArena::new();
        let mut memory = memory(&ARENA);
        let gone = Access { address: PAGE - 1, size: 2 };
        let seals = memory.seals.get_or_insert_with(Seals::new).unwrap();
        let seal = seals.keep(gone, checksum(&[0; 2])).unwrap();
        assert_eq!(memory.verify(&seal).unwrap_err().cause, IntegrityErrorCause::SealBroken(gone));
        assert_eq!(memory.find_violation(), Err(IntegrityErrorCause::SealBroken(gone)));
    }
}
