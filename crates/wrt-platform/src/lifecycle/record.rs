//! Entry of a memory in the fault registry, for requests that ask for one.

use core::ops::Range;
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::fault::{FaultRegistration, MemoryExtent};
use crate::request::ReserveRequest;
use crate::reservation::Reservation;

/// An optional entry in the fault registry.
#[derive(Debug)]
pub(crate) struct FaultRecord(Option<FaultRegistration>);

impl FaultRecord {
    /// No entry.
    pub(super) const NONE: Self = Self(None);

    /// Creates the entry, if the request asks for one.
    pub(super) fn register(&mut self, request: &ReserveRequest<'_>) -> Result<(), AllocError> {
        if request.classifies_faults() {
            let name = request.display_name();
            self.0 = Some(FaultRegistration::new(name, MemoryExtent::default())?);
        }
        Ok(())
    }

    /// Whether there is an entry.
    #[inline]
    pub(super) const fn is_registered(&self) -> bool {
        self.0.is_some()
    }

    /// Records base and length of the memory.
    pub(super) fn show(&mut self, reservation: &Reservation, len: usize) {
        if let Some(entry) = &mut self.0 {
            entry.set_extent(extent(reservation, len));
        }
    }

    /// Records an empty extent until the result is dropped, also when a backend unwinds.
    pub(super) fn hide(&mut self, reservation: &Reservation, len: usize) -> Hidden<'_> {
        let extent = extent(reservation, len);
        if let Some(entry) = &mut self.0 {
            entry.set_extent(MemoryExtent::default());
        }
        Hidden { record: self, extent }
    }

    /// Records the protected ranges, as offsets from the base.
    pub(crate) fn set_protected(&mut self, ranges: impl IntoIterator<Item = Range<usize>>) {
        if let Some(entry) = &mut self.0 {
            entry.set_protected(ranges);
        }
    }

    /// Removes the entry.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// A memory that may move. While it does, its old addresses may already belong to another memory.
pub(super) struct Hidden<'a> {
    record: &'a mut FaultRecord,
    extent: MemoryExtent,
}

impl Hidden<'_> {
    /// Records the new base.
    pub(super) fn moved_to(mut self, base: NonNull<u8>) {
        self.extent.base = base.as_ptr().addr();
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        if let Some(entry) = &mut self.record.0 {
            entry.set_extent(self.extent);
        }
    }
}

fn extent(reservation: &Reservation, len: usize) -> MemoryExtent {
    MemoryExtent {
        base: reservation.base().as_ptr().addr(),
        len,
        capacity: reservation.capacity().get(),
        guard_before: reservation.guard_before().get(),
        guard_after: reservation.guard_after().get(),
    }
}

#[cfg(all(test, not(feature = "alloc")))]
mod full;
#[cfg(test)]
mod tests;
