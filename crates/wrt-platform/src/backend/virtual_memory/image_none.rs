//! Twin for builds without an allocator, where images are statics and the region copies them.
#![allow(unsafe_code, reason = "the same contract, never called")]

use core::mem::ManuallyDrop;

use crate::capabilities::Capabilities;
use crate::error::OsError;
use crate::image::MemoryImage;
use crate::reservation::Reservation;
use crate::units::HostPage;

pub(super) const CAPABILITY: Capabilities = Capabilities::empty();

/// The reservation, unchanged.
///
/// # Errors
///
/// None.
pub(super) const fn map(
    reservation: &Reservation,
    _: &MemoryImage,
    _: HostPage,
) -> Result<Reservation, OsError> {
    Ok(*reservation)
}

/// Always `None`, since no image is mapped.
///
/// # Safety
///
/// None.
pub(super) const unsafe fn kept(_: &Reservation) -> Option<ManuallyDrop<MemoryImage>> {
    None
}

/// Does nothing: there is no handle.
///
/// # Safety
///
/// None.
pub(super) const unsafe fn let_go(_: &Reservation) {}
