//! An image over the first pages of a reservation: a private mapping of its file, of which the
//! host copies a page when it is first written (`mmap(2)`, `MAP_PRIVATE`).
#![allow(unsafe_code)]

use core::ptr::NonNull;

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use super::pages::UNACCOUNTED;
use crate::capabilities::Capabilities;
use crate::image::MemoryImage;
use crate::reservation::Reservation;
use crate::units::{HostPage, HostRange};

pub(in crate::backend) const CAPABILITY: Capabilities = Capabilities::IMAGES;

/// Puts `image` over the pages of a new reservation that it covers, without access for now. Where
/// that cannot be done the reservation is as it was, and the region copies the image.
pub(super) fn map(reservation: &Reservation, image: &MemoryImage, page: HostPage) -> Reservation {
    let Some(range) = range_of(image, page).filter(|range| range.end() <= reservation.capacity())
    else {
        return *reservation;
    };
    // SAFETY: the range lies within the reservation, which is new: nobody uses its bytes.
    match unsafe { map_over(reservation.base(), range, image, ProtFlags::empty()) } {
        Ok(()) => reservation.with_image(range),
        // Either way the pages are inaccessible and zero, as the reservation's are at first.
        Err(NotReplaced::Kept(_) | NotReplaced::Lost(_)) => *reservation,
    }
}

/// The whole pages that an image covers, if it can be mapped.
pub(in crate::backend) fn range_of(image: &MemoryImage, page: HostPage) -> Option<HostRange> {
    let file = image.file()?;
    let start = page.round_up(image.start())?;
    let len = page.round_up(image.end())?.saturating_sub(start);
    (len.get() > 0 && len.get() <= file.file_len()).then_some(HostRange { start, len })
}

/// Why a mapping could not take another one's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::backend) enum NotReplaced {
    /// The host refused and left what was there.
    Kept(Errno),
    /// The host has taken away what was there: the pages have no rights and read zero now.
    Lost(Errno),
}

/// Maps the image over `range` of the memory at `base`, in one step for everyone who looks.
///
/// # Errors
///
/// The host's. The addresses are the memory's as before.
///
/// # Safety
///
/// `range` is [`range_of`] the image and lies within the memory, of which nobody uses these bytes.
pub(in crate::backend) unsafe fn map_over(
    base: NonNull<u8>,
    range: HostRange,
    image: &MemoryImage,
    rights: ProtFlags,
) -> Result<(), NotReplaced> {
    let file = image.file().ok_or(NotReplaced::Kept(Errno::BADF))?;
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    let flags = MapFlags::PRIVATE | MapFlags::FIXED | UNACCOUNTED;
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    // SAFETY: the pages are the caller's (C1), nobody uses them, and the file is as long.
    let mapped = unsafe { rustix::mm::mmap(start, len, rights, flags, file.descriptor(), 0) };
    // SAFETY: the addresses are the caller's memory's.
    mapped.map(|_| ()).map_err(|errno| unsafe { close_gap(first, len, errno) })
}

/// Takes back the addresses that a failed mapping has left to anyone: kernels before 6.13 unmap
/// what is there before they find that they cannot go on. Where they did not, this changes nothing.
/// Should another thread of the process have mapped something there in between, it would be taken
/// for what was there; that takes a kernel out of memory and a race of a few instructions.
///
/// # Safety
///
/// The addresses are the caller's reservation's.
unsafe fn close_gap(first: NonNull<u8>, len: usize, errno: Errno) -> NotReplaced {
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE | UNACCOUNTED;
    let start = first.as_ptr().cast();
    // SAFETY: a mapping that replaces none disturbs nobody.
    match unsafe { rustix::mm::mmap_anonymous(start, len, ProtFlags::empty(), flags) } {
        Err(Errno::EXIST) => NotReplaced::Kept(errno),
        Ok(_) | Err(_) => NotReplaced::Lost(errno),
    }
}

/// Maps fresh zeroes over `range` of the memory at `base`, where an image was.
///
/// # Errors
///
/// As [`map_over`].
///
/// # Safety
///
/// The range lies within the memory, of which nobody uses these bytes.
pub(in crate::backend) unsafe fn map_zeroes_over(
    base: NonNull<u8>,
    range: HostRange,
    rights: ProtFlags,
) -> Result<(), NotReplaced> {
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    let flags = MapFlags::PRIVATE | MapFlags::FIXED | UNACCOUNTED;
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    // SAFETY: the pages are the caller's (C1), and nobody uses them.
    let mapped = unsafe { rustix::mm::mmap_anonymous(start, len, rights, flags) };
    // SAFETY: the addresses are the caller's memory's.
    mapped.map(|_| ()).map_err(|errno| unsafe { close_gap(first, len, errno) })
}
