//! Mapping of an image over the first pages of a reservation.
#![allow(unsafe_code, reason = "maps an image copy-on-write")]

use alloc::sync::Arc;
use core::mem::ManuallyDrop;
use core::ptr;

use crate::backend::ladder::Extent;
use crate::backend::mapping;
use crate::capabilities::Capabilities;
use crate::error::OsError;
use crate::image::MemoryImage;
use crate::image::layout::Place;
use crate::image::mapping::{map_over, range_of};
use crate::protection::Protection;
use crate::reservation::Reservation;
use crate::sys::{self, NotReplaced};
use crate::units::{HostBytes, HostPage, HostRange};

pub(super) const CAPABILITY: Capabilities = sys::sealed_file::CAPABILITY;

/// Maps `image`, inaccessible, over the pages that it covers of a new reservation. Where this is
/// not possible, the reservation is unchanged, and the region copies the image.
///
/// # Errors
///
/// The host's error, when pages of the reservation are neither unchanged nor the image's. In that
/// case the reservation is unmapped.
pub(super) fn map(
    reservation: &Reservation,
    image: &MemoryImage,
    page: HostPage,
) -> Result<Reservation, OsError> {
    let Some(range) = range_of(image, page).filter(|range| range.end() <= reservation.capacity())
    else {
        return Ok(*reservation);
    };
    // SAFETY: the range lies within the reservation, which is new: nobody uses its bytes, and they
    // read zero.
    match unsafe { map_over(reservation.base(), image, page, Protection::empty()) } {
        Ok(()) => Ok(keep(reservation.with_image(range), image)),
        Err((NotReplaced::Kept(_), _)) => Ok(*reservation),
        Err((NotReplaced::Lost(error), _)) => {
            // SAFETY: this is the whole mapping, and nobody uses it.
            let _ = unsafe { mapping::release(reservation.base(), Extent::of(reservation)) };
            Err(error)
        }
        Err((NotReplaced::Gone(error), gone)) => {
            // SAFETY: nobody uses the reservation, which is given up.
            unsafe { unmap_around(reservation, gone) };
            Err(error)
        }
    }
}

/// Stores a handle to the mapped image in the reservation.
///
/// - **M1** The cookie of a reservation with an image is the address of the image's place, and one
///   of the place's handles belongs to the reservation until its release.
fn keep(reservation: Reservation, image: &MemoryImage) -> Reservation {
    let place = image.place().map_or(ptr::null(), |place| Arc::into_raw(Arc::clone(place)));
    reservation.with_cookie(place.expose_provenance())
}

/// The image of a reservation, which keeps its handle.
///
/// # Safety
///
/// The reservation came from [`map`] and is not released while the result is used.
pub(super) unsafe fn kept(reservation: &Reservation) -> Option<ManuallyDrop<MemoryImage>> {
    let place = ptr::with_exposed_provenance::<Place>(reservation.cookie());
    if place.is_null() {
        return None;
    }
    // SAFETY: M1; the handle stays the reservation's, as this is not dropped.
    let place = unsafe { Arc::from_raw(place) };
    Some(ManuallyDrop::new(MemoryImage::of_place(place)))
}

/// Drops the handle to the image, if there is one.
///
/// # Safety
///
/// As for [`kept`]; this is the last call for the reservation.
pub(super) unsafe fn let_go(reservation: &Reservation) {
    // SAFETY: the caller keeps this very contract.
    if let Some(image) = unsafe { kept(reservation) } {
        drop(ManuallyDrop::into_inner(image));
    }
}

/// Unmaps a reservation except for a range whose addresses no longer belong to it.
///
/// # Safety
///
/// The range lies within the reservation, which is no longer used.
unsafe fn unmap_around(reservation: &Reservation, gone: HostRange) {
    let all = Extent::of(reservation);
    let below = Extent { capacity: gone.start, after: HostBytes::ZERO, ..all };
    // SAFETY: the bytes below the range are the reservation's (C1).
    let _ = unsafe { mapping::release(reservation.base(), below) };
    let rest = all.capacity.saturating_sub(gone.end());
    let above = Extent { before: HostBytes::ZERO, capacity: rest, ..all };
    // SAFETY: the caller keeps the range within the reservation.
    let end = unsafe { reservation.base().add(gone.end().get()) };
    // SAFETY: the bytes above the range are the reservation's (C1).
    let _ = unsafe { mapping::release(end, above) };
}
