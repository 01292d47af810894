//! A custom allocator: a buffer for one memory at a time. `PageAllocator` states C1 to C8.
#![allow(unsafe_code, reason = "shows how an allocator keeps the contract")]

use std::cell::{Cell, UnsafeCell};
use std::error::Error;
use std::ptr::NonNull;

use wrt_platform::{
    AllocError, AllocErrorKind, Capabilities, Committed, Discarded, HostBytes, HostPage, HostRange,
    Operation, PageAllocator, Reservation, ReserveRequest, ResetOutcome,
};
use wrt_runtime::{LinearMemory, MemoryType};

const BYTES: usize = 256 << 10;

#[repr(align(4096))]
struct OneBuffer {
    bytes: UnsafeCell<[u8; BYTES]>,
    taken: Cell<bool>,
}

/// Zeroes `len` bytes from `start`, which lie within a reservation that the caller owns.
unsafe fn zero(reservation: &Reservation, start: HostBytes, len: HostBytes) {
    // SAFETY: the caller keeps the range in the buffer.
    let first = unsafe { reservation.base().add(start.get()) };
    // SAFETY: as above.
    unsafe { first.write_bytes(0, len.get()) };
}

// SAFETY: C1 the buffer goes to one reservation at a time, is aligned and in bounds; C2 commit
// zeroes what it adds; C3 errors come first; C4 the trait is implemented for a reference, so the
// buffer stays where it is; C5 zeroing changes no rights; C6 and C7 are constants; C8 neither
// operation does anything.
#[rustfmt::skip]
unsafe impl PageAllocator for &OneBuffer {
    fn page(&self) -> HostPage { HostPage::SMALLEST }
    fn capabilities(&self) -> Capabilities { Capabilities::STABLE_BASE }
    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        request.refuse_guards("the buffer has no guards")?;
        request.refuse_tags("the buffer has no memory tags")?;
        let refuse = |kind| AllocError::new(Operation::Reserve, kind, request.initial());
        if request.initial() > BYTES as u64 {
            return Err(refuse(AllocErrorKind::Exhausted).possible(BYTES as u64));
        }
        if self.taken.replace(true) {
            return Err(refuse(AllocErrorKind::Slots { most: 1 }));
        }
        let base = NonNull::new(self.bytes.get()).unwrap_or(NonNull::dangling()).cast();
        Ok(Reservation::new(base, self.page().round_down(BYTES as u64))
            .with_fallback(request.without_guards()))
    }
    unsafe fn commit(&self, r: &Reservation, old: HostBytes, new: HostBytes) -> Result<Committed, AllocError> {
        // SAFETY: what is added ends within the capacity (C1).
        unsafe { zero(r, old, new.saturating_sub(old)) };
        Ok(Committed::InPlace)
    }
    unsafe fn discard(&self, r: &Reservation, range: HostRange) -> Result<Discarded, AllocError> {
        // SAFETY: the caller's range is committed.
        unsafe { zero(r, range.start, range.len) };
        Ok(Discarded::ZeroedOnly)
    }
    unsafe fn reset(&self, r: &Reservation, committed: HostBytes, keep: HostBytes) -> Result<ResetOutcome, AllocError> {
        // SAFETY: the bytes are the caller's.
        unsafe { zero(r, HostBytes::ZERO, committed) };
        Ok(ResetOutcome::in_place(keep))
    }
    unsafe fn release(&self, _: &Reservation, _: HostBytes) { self.taken.set(false); }
}

fn main() -> Result<(), Box<dyn Error>> {
    let buffer = OneBuffer { bytes: UnsafeCell::new([0; BYTES]), taken: Cell::new(false) };
    let mut memory = LinearMemory::new(&buffer, MemoryType::wasm32(1, None)?)?;
    println!("grew from page {} to {} pages", memory.grow(3)?, memory.size());
    assert!(memory.grow(1).is_err_and(|error| error.current == 4), "the buffer has four pages");
    let ty = MemoryType::wasm32(5, None)?;
    assert!(LinearMemory::new(&buffer, ty).is_err(), "the buffer is taken");
    drop(memory);
    assert!(LinearMemory::new(&buffer, ty).is_err(), "the buffer has four pages");
    Ok(())
}
