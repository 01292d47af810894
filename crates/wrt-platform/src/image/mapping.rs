//! Mapping of an image over pages: a private mapping of its file, of which the host copies a page
//! on its first write.
#![allow(unsafe_code, reason = "maps an image over pages")]

use alloc::sync::Arc;
use core::ptr::NonNull;

use super::MemoryImage;
use super::layout::pieces::{ImageFile, Piece};
use super::layout::{Layout, Place, Store};
use crate::error::OsError;
use crate::protection::Protection;
use crate::sys::{NotReplaced, errors, replace};
use crate::units::{HostPage, HostRange};

impl MemoryImage {
    /// The shared state, unless the image is a static.
    pub(crate) const fn place(&self) -> Option<&Arc<Place>> {
        match &self.layout {
            Layout::Shared(place) => Some(place),
            Layout::Static { .. } => None,
        }
    }

    /// Another handle to the image of `place`.
    pub(crate) const fn of_place(place: Arc<Place>) -> Self {
        Self { layout: Layout::Shared(place) }
    }

    /// The file that holds the bytes, where the host has one.
    pub(crate) fn file(&self) -> Option<&ImageFile> {
        match &self.place()?.store {
            Store::File(file) => Some(file),
            Store::Heap(_) => None,
        }
    }
}

/// The whole pages from the first to the last that an image covers, if it can be mapped.
pub(crate) fn range_of(image: &MemoryImage, page: HostPage) -> Option<HostRange> {
    let pieces = image.file()?.pieces();
    let end = page.round_up(image.end())?;
    let start = pages_of(pieces.first()?, page).start;
    let aligned = page.bytes() as u64 <= Piece::ALIGNMENT;
    aligned.then_some(HostRange { start, len: end.saturating_sub(start) })
}

/// The whole pages of a piece.
fn pages_of(piece: &Piece, page: HostPage) -> HostRange {
    let start = page.round_down(piece.start);
    HostRange { start, len: page.round_up(piece.end).unwrap_or_default().saturating_sub(start) }
}

/// Maps the image over its pages of the memory at `base`, piece by piece. Pages between the pieces
/// are unchanged.
///
/// # Errors
///
/// The host's error, with the state of the range. Kept pages, all in [`range_of`] the image, have
/// these rights and read zero.
///
/// # Safety
///
/// [`range_of`] the image lies within the memory; no other code uses these bytes, which read zero.
pub(crate) unsafe fn map_over(
    base: NonNull<u8>,
    image: &MemoryImage,
    page: HostPage,
    protection: Protection,
) -> Result<(), (NotReplaced, HostRange)> {
    let (Some(file), Some(all)) = (image.file(), range_of(image, page)) else {
        return Err((NotReplaced::Kept(errors::NO_MEMORY), HostRange::EMPTY));
    };
    let mut untouched = true;
    for piece in file.pieces() {
        let range = pages_of(piece, page);
        // SAFETY: the caller keeps all pieces within the memory.
        let mapped =
            unsafe { replace::map_file_over(base, range, file.sealed(), piece.offset, protection) };
        match mapped {
            Ok(()) => untouched = false,
            Err(error @ NotReplaced::Gone(_)) => return Err((error, range)),
            Err(error @ NotReplaced::Kept(_)) if untouched => return Err((error, range)),
            Err(NotReplaced::Kept(error) | NotReplaced::Lost(error)) => {
                // SAFETY: the caller keeps the whole range within the memory.
                return Err((unsafe { undo(base, all, protection, error) }, all));
            }
        }
    }
    Ok(())
}

/// Unmaps the pieces of an image that were mapped before one failed with `error`.
///
/// # Safety
///
/// As [`replace::map_zeroes_over`].
unsafe fn undo(
    base: NonNull<u8>,
    range: HostRange,
    protection: Protection,
    error: OsError,
) -> NotReplaced {
    // SAFETY: the caller keeps this very contract.
    let Err(left) = (unsafe { replace::map_zeroes_over(base, range, protection) }) else {
        return NotReplaced::Kept(error);
    };
    let gone = matches!(left, NotReplaced::Gone(_));
    if gone { NotReplaced::Gone(error) } else { NotReplaced::Lost(error) }
}
