//! An image over the first pages of a reservation: a private mapping of its file, of which the
//! host copies a page when it is first written (`mmap(2)`, `MAP_PRIVATE`).
#![allow(unsafe_code, reason = "maps an image copy-on-write")]

use alloc::sync::Arc;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use rustix::io::Errno;
use rustix::mm::{MapFlags, MsyncFlags, ProtFlags};

use super::pages::{self, Extent, UNACCOUNTED};
use crate::capabilities::Capabilities;
use crate::image::MemoryImage;
use crate::image::layout::{Piece, Place, SealedFile};
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange};

pub(in crate::backend) const CAPABILITY: Capabilities = Capabilities::IMAGES;

/// Puts `image` over the pages of a new reservation that it covers, without access for now. Where
/// that cannot be done the reservation is as it was, and the region copies the image.
///
/// # Errors
///
/// The host's, when pages of the reservation are neither as they were nor the image's. It is
/// unmapped then.
pub(super) fn map(
    reservation: &Reservation,
    image: &MemoryImage,
    page: HostPage,
) -> Result<Reservation, Errno> {
    let Some(range) = range_of(image, page).filter(|range| range.end() <= reservation.capacity())
    else {
        return Ok(*reservation);
    };
    // SAFETY: the range lies within the reservation, which is new: nobody uses its bytes, and they
    // read zero.
    match unsafe { map_over(reservation.base(), image, page, ProtFlags::empty()) } {
        Ok(()) => Ok(keep(reservation.with_image(range), image)),
        Err((NotReplaced::Kept(_), _)) => Ok(*reservation),
        Err((NotReplaced::Lost(errno), _)) => {
            // SAFETY: this is the whole mapping, and nobody uses it.
            let _ = unsafe { pages::unmap(reservation.base(), Extent::of(reservation)) };
            Err(errno)
        }
        Err((NotReplaced::Gone(errno), gone)) => {
            // SAFETY: nobody uses the reservation, which is given up.
            unsafe { unmap_around(reservation, gone) };
            Err(errno)
        }
    }
}

/// The reservation with a handle to the image that was mapped for it.
///
/// - **M1** The cookie of a reservation with an image is the address of the image's place, and one of
///   the place's handles is the reservation's, until that is released.
fn keep(reservation: Reservation, image: &MemoryImage) -> Reservation {
    let place = image.place().map_or(ptr::null(), |place| Arc::into_raw(Arc::clone(place)));
    reservation.with_cookie(place.expose_provenance())
}

/// The image of a reservation, which keeps the handle.
///
/// # Safety
///
/// The reservation came from [`map`] and is not released as long as the result is used.
pub(super) unsafe fn kept(reservation: &Reservation) -> Option<ManuallyDrop<MemoryImage>> {
    let place = ptr::with_exposed_provenance::<Place>(reservation.cookie());
    if place.is_null() {
        return None;
    }
    // SAFETY: M1; the handle stays the reservation's, as this is not dropped.
    let place = unsafe { Arc::from_raw(place) };
    Some(ManuallyDrop::new(MemoryImage::of_place(place)))
}

/// Gives up the handle to the image, if there is one.
///
/// # Safety
///
/// As for [`kept`], for the last time.
pub(super) unsafe fn let_go(reservation: &Reservation) {
    // SAFETY: the caller keeps this very contract.
    if let Some(image) = unsafe { kept(reservation) } {
        drop(ManuallyDrop::into_inner(image));
    }
}

/// Unmaps a reservation but for a range whose addresses are no longer the reservation's.
///
/// # Safety
///
/// The range lies within the reservation, which nobody uses any more.
unsafe fn unmap_around(reservation: &Reservation, gone: HostRange) {
    let all = Extent::of(reservation);
    let below = Extent { capacity: gone.start, after: HostBytes::ZERO, ..all };
    // SAFETY: the bytes below the range are the reservation's (C1).
    let _ = unsafe { pages::unmap(reservation.base(), below) };
    let rest = all.capacity.saturating_sub(gone.end());
    let above = Extent { before: HostBytes::ZERO, capacity: rest, ..all };
    // SAFETY: the caller keeps the range within the reservation.
    let end = unsafe { reservation.base().add(gone.end().get()) };
    // SAFETY: the bytes above the range are the reservation's (C1).
    let _ = unsafe { pages::unmap(end, above) };
}

/// The whole pages from the first that an image covers to the last, if it can be mapped.
pub(in crate::backend) fn range_of(image: &MemoryImage, page: HostPage) -> Option<HostRange> {
    let pieces = image.file()?.pieces();
    let end = page.round_up(image.end())?;
    let start = pages_of(pieces.first()?, page).start;
    let aligned = page.bytes() as u64 <= Piece::ALIGNMENT;
    aligned.then_some(HostRange { start, len: end.saturating_sub(start) })
}

/// The whole pages of a piece, whose end the host can address.
fn pages_of(piece: &Piece, page: HostPage) -> HostRange {
    let start = page.round_down(piece.start);
    HostRange { start, len: page.round_up(piece.end).unwrap_or_default().saturating_sub(start) }
}

/// Why a mapping could not take another one's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::backend) enum NotReplaced {
    /// The host refused and left what was there.
    Kept(Errno),
    /// The host has taken away what was there.
    Lost(Errno),
    /// The host has taken the addresses away as well: others may map something there, or have.
    /// Nothing may be accessed, changed or unmapped at them any more.
    Gone(Errno),
}

/// Maps the image over its pages of the memory at `base`, piece by piece. What lies between the
/// pieces stays.
///
/// # Errors
///
/// The host's, with what is in the range now. Kept pages, all of [`range_of`] the image, have these
/// rights and read zero.
///
/// # Safety
///
/// [`range_of`] the image lies within the memory; nobody uses these bytes, which read zero.
pub(in crate::backend) unsafe fn map_over(
    base: NonNull<u8>,
    image: &MemoryImage,
    page: HostPage,
    rights: ProtFlags,
) -> Result<(), (NotReplaced, HostRange)> {
    let (Some(file), Some(all)) = (image.file(), range_of(image, page)) else {
        return Err((NotReplaced::Kept(Errno::BADF), HostRange::EMPTY));
    };
    let mut untouched = true;
    for piece in file.pieces() {
        let range = pages_of(piece, page);
        // SAFETY: the caller keeps all pieces within the memory.
        let mapped = unsafe { map_piece(base, range, file.sealed(), piece.offset, rights) };
        match mapped {
            Ok(()) => untouched = false,
            Err(error @ NotReplaced::Gone(_)) => return Err((error, range)),
            Err(error @ NotReplaced::Kept(_)) if untouched => return Err((error, range)),
            Err(NotReplaced::Kept(errno) | NotReplaced::Lost(errno)) => {
                // SAFETY: as above.
                return Err((unsafe { undo(base, all, rights, errno) }, all));
            }
        }
    }
    Ok(())
}

/// Takes back the pieces of an image that were mapped before one failed with `errno`.
///
/// # Safety
///
/// As [`map_zeroes_over`].
unsafe fn undo(
    base: NonNull<u8>,
    range: HostRange,
    rights: ProtFlags,
    errno: Errno,
) -> NotReplaced {
    // SAFETY: the caller keeps this very contract.
    match unsafe { map_zeroes_over(base, range, rights) } {
        Ok(()) => NotReplaced::Kept(errno),
        Err(NotReplaced::Kept(_) | NotReplaced::Lost(_)) => NotReplaced::Lost(errno),
        Err(NotReplaced::Gone(_)) => NotReplaced::Gone(errno),
    }
}

/// Maps the bytes of `file` from `offset` over `range` of the memory at `base`.
///
/// # Errors
///
/// The host's.
///
/// # Safety
///
/// The range lies within the memory, of which nobody uses these bytes.
unsafe fn map_piece(
    base: NonNull<u8>,
    range: HostRange,
    file: &SealedFile,
    offset: u64,
    rights: ProtFlags,
) -> Result<(), NotReplaced> {
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    let flags = MapFlags::PRIVATE | MapFlags::FIXED | UNACCOUNTED;
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    let file = file.descriptor();
    // SAFETY: the pages are the caller's (C1), nobody uses them, and the file has as many bytes
    // from the offset on: a piece is padded to the largest host page.
    let mapped = unsafe { rustix::mm::mmap(start, len, rights, flags, file, offset) };
    // SAFETY: these are the addresses of the mapping that failed.
    mapped.map(|_| ()).map_err(|errno| unsafe { close_gap(first, len, errno) })
}

/// Finds out what a failed mapping over `len` bytes from `first` has left there, and closes the gap
/// if it left one.
///
/// Most failures come before anything is unmapped: the limits on mappings and address space, and the
/// memory to split mappings with. Kernels before 6.13 unmap next, and only then account for the new
/// mapping and allocate it (`mmap_region` in the kernel's `mm/mmap.c`); if that fails the addresses
/// are free. Mapping the pages elsewhere first would not help: `mremap` unmaps its target before it
/// accounts and allocates, too.
///
/// What remains is a race. If another thread maps something over all of the gap before `msync` looks
/// for it, the two cannot be told apart, and its mapping is taken for the one that was there. That
/// takes such a kernel, out of memory, and a thread that maps as much within a few instructions.
///
/// # Safety
///
/// The addresses are those of the mapping that failed, and were the caller's before.
unsafe fn close_gap(first: NonNull<u8>, len: usize, errno: Errno) -> NotReplaced {
    let start = first.as_ptr().cast();
    // SAFETY: with this flag the call changes nothing: it fails where a page is not mapped.
    if unsafe { rustix::mm::msync(start, len, MsyncFlags::ASYNC) }.is_ok() {
        return NotReplaced::Kept(errno);
    }
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE | UNACCOUNTED;
    // SAFETY: a mapping that replaces none disturbs nobody.
    match unsafe { rustix::mm::mmap_anonymous(start, len, ProtFlags::empty(), flags) } {
        Ok(mapped) if mapped == start => NotReplaced::Lost(errno),
        Ok(elsewhere) => {
            // Kernels before 4.17 do not know the flag, and map where there is room.
            // SAFETY: the mapping was just made, and nobody knows of it.
            let _ = unsafe { rustix::mm::munmap(elsewhere, len) };
            NotReplaced::Gone(errno)
        }
        Err(_) => NotReplaced::Gone(errno),
    }
}

/// Maps fresh zeroes over `range` of the memory at `base`, where an image was.
///
/// # Errors
///
/// The host's; lost pages have no rights and read zero.
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
    // SAFETY: these are the addresses of the mapping that failed.
    mapped.map(|_| ()).map_err(|errno| unsafe { close_gap(first, len, errno) })
}

/// An emulator keeps all addresses of a 32-bit program mapped, so that it shows no gap there.
#[cfg(all(test, target_pointer_width = "64"))]
#[expect(clippy::unwrap_used, reason = "a test says no by panicking")]
mod tests {
    use super::*;

    const PAGE: usize = 1 << 16;
    const RIGHTS: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

    /// Maps pages for a test, anywhere or where there must be room.
    fn mapped(address: *mut u8, pages: usize) -> NonNull<u8> {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        let flags = if address.is_null() { MapFlags::PRIVATE } else { flags };
        // SAFETY: this replaces no mapping.
        let start =
            unsafe { rustix::mm::mmap_anonymous(address.cast(), pages * PAGE, RIGHTS, flags) };
        NonNull::new(start.unwrap().cast()).unwrap()
    }

    fn unmap(first: NonNull<u8>, pages: usize) {
        // SAFETY: the pages are the test's.
        unsafe { rustix::mm::munmap(first.as_ptr().cast(), pages * PAGE) }.unwrap();
    }

    fn close(first: NonNull<u8>, pages: usize) -> NotReplaced {
        // SAFETY: the addresses are the test's.
        unsafe { close_gap(first, pages * PAGE, Errno::NOMEM) }
    }

    /// The test maps so much at once that no other thread's mapping fits what it frees, and frees it
    /// in the middle.
    #[test]
    fn what_a_failed_mapping_has_left_is_told() {
        let all = mapped(ptr::null_mut(), 12);
        // SAFETY: the page lies within the mapping.
        let [range, inside] = [4, 5].map(|page| unsafe { all.add(page * PAGE) });
        // SAFETY: the page is the test's.
        unsafe { range.write(7) };
        assert_eq!(close(range, 4), NotReplaced::Kept(Errno::NOMEM));
        // SAFETY: as above.
        assert_eq!(unsafe { range.read() }, 7);
        unmap(range, 4);
        assert_eq!(close(range, 4), NotReplaced::Lost(Errno::NOMEM));
        assert_eq!(close(range, 4), NotReplaced::Kept(Errno::NOMEM), "the gap is closed");
        unmap(range, 4);
        let foreign = mapped(inside.as_ptr(), 1);
        assert_eq!(close(range, 4), NotReplaced::Gone(Errno::NOMEM));
        // SAFETY: the page was mapped above.
        unsafe { foreign.write(9) };
        unmap(all, 12);
    }
}
