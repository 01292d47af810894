//! An image over the first pages of a reservation: a private mapping of its file, of which the
//! host copies a page when it is first written (`mmap(2)`, `MAP_PRIVATE`).
#![allow(unsafe_code)]

use core::ptr::NonNull;

use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use super::pages::{UNACCOUNTED, address_of};
use crate::capabilities::Capabilities;
use crate::image::MemoryImage;
use crate::reservation::Reservation;
use crate::units::{HostPage, HostRange};

pub(super) const CAPABILITY: Capabilities = Capabilities::IMAGES;

/// Puts `image` over the pages of a new reservation that it covers, without access for now. Where
/// that cannot be done the reservation is as it was, and the region copies the image.
pub(super) fn map(reservation: &Reservation, image: &MemoryImage, page: HostPage) -> Reservation {
    let (Some(file), Some(range)) = (image.file(), pages_of(image, page)) else {
        return *reservation;
    };
    if range.end() > reservation.capacity() || range.len.get() > file.file_len() {
        return *reservation;
    }
    // SAFETY: the range lies within the reservation, which is new: nobody uses its bytes.
    match unsafe { map_over(reservation, range, file.descriptor(), ProtFlags::empty()) } {
        Ok(()) => reservation.with_image(range),
        Err(_) => *reservation,
    }
}

/// The whole pages that an image covers.
pub(in crate::backend) fn pages_of(image: &MemoryImage, page: HostPage) -> Option<HostRange> {
    let start = page.round_up(image.start())?;
    let end = page.round_up(image.end())?;
    Some(HostRange { start, len: end.saturating_sub(start) })
}

/// Maps the file over a range of the reservation, in one step for everyone who looks.
///
/// # Errors
///
/// The host's. The range is the reservation's then as before; what it holds may be lost, and it
/// has no rights if it is.
///
/// # Safety
///
/// The range lies within the reservation, is not longer than the file, and nobody uses its bytes.
pub(in crate::backend) unsafe fn map_over(
    reservation: &Reservation,
    range: HostRange,
    file: BorrowedFd<'_>,
    rights: ProtFlags,
) -> Result<(), Errno> {
    // SAFETY: the caller keeps the range within the reservation.
    let first = unsafe { address_of(reservation, range.start) };
    let flags = MapFlags::PRIVATE | MapFlags::FIXED | UNACCOUNTED;
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    // SAFETY: the pages are the reservation's (C1) and nobody uses them.
    let mapped = unsafe { rustix::mm::mmap(start, len, rights, flags, file, 0) };
    if let Err(errno) = mapped {
        // SAFETY: as above.
        unsafe { close_gap(first, len) };
        return Err(errno);
    }
    Ok(())
}

/// Takes back the addresses that a failed mapping has left to anyone: older kernels unmap what is
/// there before they find that they cannot go on. Where they did not, this changes nothing.
///
/// # Safety
///
/// The addresses are the caller's reservation's.
unsafe fn close_gap(first: NonNull<u8>, len: usize) {
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE | UNACCOUNTED;
    let start = first.as_ptr().cast();
    // SAFETY: a mapping that replaces none disturbs nobody.
    let _ = unsafe { rustix::mm::mmap_anonymous(start, len, ProtFlags::empty(), flags) };
}
