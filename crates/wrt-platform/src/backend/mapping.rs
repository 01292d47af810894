//! Mappings of an extent of address space, shared by the backends of virtual memory.
#![allow(unsafe_code, reason = "address arithmetic, and the host's pages")]

use core::num::NonZeroUsize;
use core::ptr::NonNull;

use super::ladder::Extent;
use crate::allocator::Discarded;
use crate::error::{AllocError, AllocErrorKind, Operation, OsError};
use crate::image::MemoryImage;
use crate::reservation::Reservation;
use crate::sys::discard::drop_pages;
use crate::sys::errors;
use crate::sys::pages::{self, PageKind};
use crate::units::{HostBytes, HostRange};

/// Reserves an extent without access and returns the address past the first guard. The base of an
/// empty extent is dangling and aligned.
///
/// # Errors
///
/// Those of the host.
pub(super) fn reserve(
    extent: Extent,
    name: Option<&str>,
    kind: PageKind,
) -> Result<NonNull<u8>, OsError> {
    let total = extent.total().ok_or(errors::NO_MEMORY)?;
    if total == HostBytes::ZERO {
        return Ok(NonNull::without_provenance(HOST_ALIGNED));
    }
    let start = pages::reserve(total, name, kind)?;
    // SAFETY: the front guard is a part of the mapping.
    Ok(unsafe { start.add(extent.before.get()) })
}

/// Releases an extent reserved by [`reserve`].
///
/// # Errors
///
/// Those of the host.
///
/// # Safety
///
/// `base` and `extent` are those of a mapping that is no longer used.
pub(super) unsafe fn release(base: NonNull<u8>, extent: Extent) -> Result<(), OsError> {
    let total = extent.total().unwrap_or_default();
    if total == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the mapping starts with the front guard.
    let start = unsafe { base.sub(extent.before.get()) };
    // SAFETY: the caller gives a whole mapping that nobody uses.
    unsafe { pages::release(start, total) }
}

/// An address aligned to pages of up to 64 KiB, for a mapping of no bytes.
const HOST_ALIGNED: NonZeroUsize = match NonZeroUsize::new(1 << 16) {
    Some(address) => address,
    None => NonZeroUsize::MIN,
};

/// The address `offset` bytes into the reservation.
///
/// # Safety
///
/// `offset` is at most the reservation's capacity.
pub(super) unsafe fn address_of(reservation: &Reservation, offset: HostBytes) -> NonNull<u8> {
    // SAFETY: the caller keeps `offset` within the mapping (C1).
    unsafe { reservation.base().add(offset.get()) }
}

/// Makes committed pages read zero. They return to the host where possible. Dropped pages read as
/// the image where the reservation has `image`, so its bytes are overwritten.
///
/// # Safety
///
/// The range lies within the reservation's committed bytes, is writable, and no other code uses it.
pub(super) unsafe fn zero(
    reservation: &Reservation,
    range: HostRange,
    image: Option<&MemoryImage>,
) -> Discarded {
    // SAFETY: the caller keeps the range within the reservation.
    let first = unsafe { address_of(reservation, range.start) };
    // SAFETY: the pages are the caller's (C1) and stay mapped with their rights.
    if unsafe { drop_pages(first, range.len) }.is_err() {
        // The host may have succeeded in part; the result is the same for all bytes.
        // SAFETY: the caller's range is writable.
        unsafe { first.write_bytes(0, range.len.get()) };
        return Discarded::ZeroedOnly;
    }
    let mut discarded = Discarded::Released;
    if let Some(image) = image {
        for (offset, bytes) in image.extents_within(range.start.as_u64(), range.len.get()) {
            discarded = Discarded::ZeroedOnly;
            // SAFETY: these bytes of the image lie within the range.
            let shown = unsafe { first.add(offset) };
            // SAFETY: the caller's range is writable.
            unsafe { shown.write_bytes(0, bytes.len()) };
        }
    }
    discarded
}

/// The error of a refused commit of `requested` bytes, which was `undone` or could not be undone.
pub(super) fn refused_commit(requested: HostBytes, error: OsError, undone: bool) -> AllocError {
    let kind = if undone { AllocErrorKind::Os(error) } else { AllocErrorKind::Unrestored(error) };
    AllocError::new(Operation::Commit, kind, requested.as_u64())
}

/// The error of an operation that the host refused.
pub(super) fn refused(operation: Operation, requested: u64, error: OsError) -> AllocError {
    AllocError::new(operation, AllocErrorKind::Os(error), requested)
}
