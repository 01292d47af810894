//! State of one slot of a pool: contents and rights of its pages.
#![allow(unsafe_code, reason = "changes what is mapped under a slot")]

use alloc::sync::Weak;
use core::num::NonZeroUsize;
use core::ptr::NonNull;

use super::erase::{Contents, Erased};
use super::free_slots::{ImageKey, PLAIN};
use super::mapped::Mapped;
use super::residue::Residue;
use crate::error::OsError;
use crate::image::keepers::ImageKeeper;
use crate::image::weak::WeakImage;
use crate::image::{MemoryImage, mapping};
use crate::protection::Protection;
use crate::sys::discard::drop_pages;
use crate::sys::pagemap::Pagemap;
use crate::sys::pages::{self, PageKind};
use crate::sys::{NotReplaced, replace};
use crate::units::{HostBytes, HostPage, HostRange};

/// A failure to change a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Trouble {
    /// The host's answer.
    pub(super) error: OsError,
    /// Whether the slot must not be used again. If not, it is unchanged.
    pub(super) lost: bool,
}

impl Trouble {
    pub(super) const fn lost(error: OsError) -> Self {
        Self { error, lost: true }
    }
}

/// The state of a slot, owned by the code that has taken the slot or by the holder of its
/// reservation.
#[derive(Debug)]
pub(super) struct Slot {
    /// - **L1** `base` is the first byte of the slot, whose `accessible` first bytes are readable
    ///   and writable unless `restricted`; of these, bytes that no memory has had since the last
    ///   erasure are zero, or the image's where `image` is mapped.
    pub(super) accessible: HostBytes,
    /// End of the pages that may be accessible because the host refused to close them.
    stray: HostBytes,
    /// End of the pages that may hold physical memory, erased or not yet written.
    touched: HostBytes,
    /// The image that is mapped over its pages.
    image: Option<Mapped>,
    /// Pages of physical memory of an image that only this slot holds, because the host refused to
    /// unmap the image.
    pub(super) pinned: u32,
    /// Pages whose addresses the host has unmapped. Such a slot is lost.
    pub(super) gone: Option<HostRange>,
    /// Whether rights on some pages were taken away.
    pub(super) restricted: bool,
    /// Whether uncommitted pages of the memory must fault.
    pub(super) exact: bool,
    pub(super) residue: Residue,
}

impl Slot {
    /// An unused slot with `accessible` bytes.
    pub(super) const fn new(accessible: HostBytes) -> Self {
        Self {
            accessible,
            stray: HostBytes::ZERO,
            touched: HostBytes::ZERO,
            image: None,
            pinned: 0,
            gone: None,
            restricted: false,
            exact: false,
            residue: Residue::UNKNOWN,
        }
    }

    /// The lookup key of the slot.
    pub(super) fn key(&self) -> ImageKey {
        self.image.as_ref().and_then(Mapped::key).map_or(PLAIN, NonZeroUsize::get)
    }

    /// The image mapped in the slot, whether or not a memory lives there.
    pub(super) fn idle_image(&self) -> Option<&WeakImage> {
        self.image.as_ref().map(Mapped::image)
    }

    /// The image of the live memory in the slot, if it is mapped.
    pub(super) fn held_image(&self) -> Option<&MemoryImage> {
        self.image.as_ref().and_then(Mapped::held)
    }

    /// The pages of the slot where an image is mapped.
    pub(super) fn image_range(&self) -> HostRange {
        self.image.as_ref().map_or(HostRange::EMPTY, Mapped::range)
    }

    /// The most pages of physical memory that an image without a handle has in the slot.
    pub(super) fn image_pages(&self, page: HostPage) -> u32 {
        self.image.as_ref().map_or(0, |image| image.pages(page))
    }

    /// Takes out the handle to the image, when its memory is dropped.
    pub(super) fn let_go(&mut self) -> Option<MemoryImage> {
        self.image.as_mut().and_then(Mapped::let_go)
    }

    /// Makes the slot start from `wanted`, or from zeroes, and stores a handle to the image.
    /// Returns whether a change was needed. `keeper` is notified when the image's last handle is
    /// dropped.
    ///
    /// # Errors
    ///
    /// When the old image could not be unmapped. If the new one cannot be mapped, that is no error,
    /// and the slot has none.
    ///
    /// # Safety
    ///
    /// `base` is that of the slot (L1), which the caller owns and no other code uses.
    pub(super) unsafe fn take_image(
        &mut self,
        base: NonNull<u8>,
        wanted: Option<(&MemoryImage, HostRange)>,
        page: HostPage,
        keeper: impl FnOnce() -> Weak<dyn ImageKeeper>,
    ) -> Result<bool, Trouble> {
        match (&mut self.image, wanted) {
            (None, None) => return Ok(false),
            (Some(mapped), Some((wanted, _))) if mapped.is(wanted) => {
                mapped.hold(wanted);
                return Ok(false);
            }
            _ => {}
        }
        // SAFETY: the caller owns the slot.
        unsafe { self.drop_image(base) }?;
        if let Some((wanted, range)) = wanted.filter(|(_, range)| range.end() <= self.accessible)
            && let Some(weak) = wanted.keep(keeper())
        {
            // SAFETY: as above; the range is the image's, and what is there is erased (L1).
            match unsafe { mapping::map_over(base, wanted, page, Protection::READ_WRITE) } {
                Ok(()) => self.image = Some(Mapped::new(wanted, weak, range)),
                // The zeroes are unchanged, and the region copies the image over them.
                Err((NotReplaced::Kept(_), _)) => {}
                Err((error, range)) => return Err(self.not_replaced(range, error)),
            }
        }
        self.residue.forget();
        Ok(true)
    }

    /// Makes the slot start from zeroes.
    ///
    /// # Errors
    ///
    /// When the image could not be unmapped.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image).
    pub(super) unsafe fn drop_image(&mut self, base: NonNull<u8>) -> Result<(), Trouble> {
        if let Some(image) = &self.image {
            let range = image.range();
            // An emptied memory has left its pages closed. The mapped zeroes are accessible, so all
            // pages up to them must be accessible and counted.
            // SAFETY: the caller owns the slot, which has these bytes (P1).
            unsafe { self.open(base, range.end()) }
                .map_err(|error| Trouble { error, lost: false })?;
            // SAFETY: the caller owns the slot, in whose accessible bytes the image lies (L1).
            unsafe { replace::map_zeroes_over(base, range, Protection::READ_WRITE) }
                .map_err(|error| self.not_replaced(range, error))?;
            self.image = None;
            self.pinned = 0;
            self.residue.forget();
        }
        Ok(())
    }

    /// Records a failed mapping over `range`.
    fn not_replaced(&mut self, range: HostRange, error: NotReplaced) -> Trouble {
        match error {
            NotReplaced::Kept(error) => Trouble { error, lost: false },
            NotReplaced::Lost(error) => Trouble::lost(error),
            NotReplaced::Gone(error) => {
                self.gone = Some(range);
                Trouble::lost(error)
            }
        }
    }

    /// The accessible pages that still belong to the slot: those below and above the ones that are
    /// gone.
    pub(super) fn own_pages(&self) -> [HostRange; 2] {
        let gone = self.gone.unwrap_or(HostRange { start: self.accessible, ..HostRange::EMPTY });
        let above = self.accessible.saturating_sub(gone.end());
        let below = HostRange { start: HostBytes::ZERO, len: gone.start };
        [below, HostRange { start: gone.end(), len: above }]
    }

    /// Makes the first `bytes` bytes accessible.
    ///
    /// # Errors
    ///
    /// Those of the host; accessible bytes are unchanged.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image); the slot has at least `bytes` bytes.
    pub(super) unsafe fn open(
        &mut self,
        base: NonNull<u8>,
        bytes: HostBytes,
    ) -> Result<(), OsError> {
        let start = self.accessible;
        let added = HostRange { start, len: bytes.saturating_sub(start) };
        if added.len == HostBytes::ZERO {
            return Ok(());
        }
        // SAFETY: the pages are the slot's, and nobody uses them yet.
        if let Err(error) = unsafe { pages::commit(base, added, PageKind::PLAIN) } {
            // The host proceeds mapping by mapping, and may have succeeded in part.
            // SAFETY: as above.
            if unsafe { pages::decommit(base, added, PageKind::PLAIN) }.is_err() {
                self.stray = self.stray.max(bytes);
            }
            return Err(error);
        }
        self.accessible = bytes;
        Ok(())
    }

    /// Closes the pages beyond the first `bytes` bytes and returns them to the host.
    ///
    /// # Errors
    ///
    /// Those of the host; the pages are still accessible, unless the slot is lost.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image).
    pub(super) unsafe fn close(
        &mut self,
        base: NonNull<u8>,
        bytes: HostBytes,
    ) -> Result<(), Trouble> {
        let end = self.accessible.max(self.stray);
        let tail = HostRange { start: bytes, len: end.saturating_sub(bytes) };
        if tail.len == HostBytes::ZERO {
            return Ok(());
        }
        // SAFETY: the pages are the slot's, and nobody uses them.
        if let Err(error) = unsafe { pages::decommit(base, tail, PageKind::PLAIN) } {
            // A part of it may be closed: all of it must be opened before the next access.
            self.restricted = true;
            // SAFETY: as above.
            return Err(match unsafe { self.unrestrict(base) } {
                Ok(()) => Trouble { error, lost: false },
                Err(_) => Trouble::lost(error),
            });
        }
        // SAFETY: as above; what was kept there would be counted no more.
        unsafe { self.forget_touched(base, bytes) };
        self.accessible = self.accessible.min(bytes);
        self.stray = self.stray.min(bytes);
        Ok(())
    }

    /// Returns physical memory beyond the first `bytes` bytes to the host: bytes that a smaller
    /// memory does not reach need neither erasure nor accounting.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image).
    pub(super) unsafe fn forget_touched(&mut self, base: NonNull<u8>, bytes: HostBytes) {
        let len = self.touched.saturating_sub(bytes);
        if len > HostBytes::ZERO {
            // SAFETY: the pages are the slot's.
            let tail = unsafe { base.add(bytes.get()) };
            // SAFETY: as above; they read zero or the image again, as they did.
            if unsafe { drop_pages(tail, len) }.is_ok() {
                self.touched = bytes;
            }
        }
    }

    /// Whether pages beyond `accessible` may be accessible on the host.
    pub(super) fn has_stray(&self) -> bool {
        self.stray > self.accessible
    }

    /// Closes pages that a failed [`open`](Self::open) left accessible.
    ///
    /// # Errors
    ///
    /// Those of the host; the slot must not be given to another memory.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image).
    pub(super) unsafe fn close_stray(&mut self, base: NonNull<u8>) -> Result<(), OsError> {
        if self.has_stray() {
            let len = self.stray.saturating_sub(self.accessible);
            let stray = HostRange { start: self.accessible, len };
            // SAFETY: the pages are the slot's, and no memory was given them.
            unsafe { pages::decommit(base, stray, PageKind::PLAIN) }?;
            // SAFETY: as above.
            let first = unsafe { base.add(stray.start.get()) };
            // SAFETY: as above.
            unsafe { drop_pages(first, stray.len) }?;
        }
        self.stray = HostBytes::ZERO;
        Ok(())
    }

    /// Restores all rights that were taken away.
    ///
    /// # Errors
    ///
    /// Those of the host; the slot's bytes must not be touched.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image).
    pub(super) unsafe fn unrestrict(&mut self, base: NonNull<u8>) -> Result<(), OsError> {
        if self.restricted {
            let all = HostRange { start: HostBytes::ZERO, len: self.accessible };
            // SAFETY: the pages are the slot's, and this takes no right away.
            unsafe { pages::commit(base, all, PageKind::PLAIN) }?;
            self.restricted = false;
        }
        Ok(())
    }

    /// Erases the first `bytes` bytes, which include all that may have been written.
    ///
    /// # Safety
    ///
    /// As for [`take_image`](Self::take_image); `bytes` are accessible and nothing is restricted.
    pub(super) unsafe fn erase(
        &mut self,
        base: NonNull<u8>,
        bytes: HostBytes,
        keep: u64,
        pagemap: &Pagemap,
        page: HostPage,
    ) -> Erased {
        // SAFETY: the caller owns the slot.
        unsafe { self.forget_touched(base, bytes) };
        self.touched = bytes;
        let image = self.image.as_ref().and_then(Mapped::held);
        // SAFETY: E1 is L1 for bytes that are accessible, and the caller owns the slot.
        let mut contents = unsafe { Contents::new(base, bytes, image, page) };
        contents.erase(pagemap, keep, &mut self.residue)
    }
}
