//! The entry of a memory in the registry of faults, for requests that asked for one.

use core::ops::Range;
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::fault::{FaultRegistration, MemoryExtent};
use crate::request::ReserveRequest;
use crate::reservation::Reservation;

/// An entry in the registry of faults, or none.
#[derive(Debug)]
pub(crate) struct FaultRecord(Option<FaultRegistration>);

impl FaultRecord {
    /// No entry.
    pub(super) const NONE: Self = Self(None);

    /// Makes the entry, if the request asks for one.
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

    /// Records where the memory is and how long.
    pub(super) fn show(&mut self, reservation: &Reservation, len: usize) {
        if let Some(entry) = &mut self.0 {
            entry.set_extent(extent(reservation, len));
        }
    }

    /// Records no place, until the result is dropped: also by a backend that unwinds.
    pub(super) fn hide(&mut self, reservation: &Reservation, len: usize) -> Hidden<'_> {
        let extent = extent(reservation, len);
        if let Some(entry) = &mut self.0 {
            entry.set_extent(MemoryExtent::default());
        }
        Hidden { record: self, extent }
    }

    /// Records which bytes have lost rights, as offsets from the base.
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

/// A memory that may move: its addresses may be another's before its owner hears of it.
pub(super) struct Hidden<'a> {
    record: &'a mut FaultRecord,
    extent: MemoryExtent,
}

impl Hidden<'_> {
    /// The memory is at `base` now.
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
