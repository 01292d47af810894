//! The image under a slot's pages.

use core::num::NonZeroUsize;

use crate::image::MemoryImage;
use crate::image::weak::WeakImage;
use crate::units::{HostPage, HostRange};

/// An image that is mapped over pages of a slot: held while a memory lives there, and only known
/// while the slot is idle.
#[derive(Debug)]
pub(super) struct Mapped {
    image: WeakImage,
    /// The handle of the memory that lives in the slot.
    held: Option<MemoryImage>,
    /// From the first page of the image to the last.
    range: HostRange,
    /// Bytes of the image's file.
    file_len: usize,
}

impl Mapped {
    /// `image`, which was mapped for a memory over its pages in `range`; `weak` is of the same.
    pub(super) fn new(image: &MemoryImage, weak: WeakImage, range: HostRange) -> Self {
        let file_len = image.file().map_or(0, |file| file.bytes().len());
        Self { image: weak, held: Some(image.clone()), range, file_len }
    }

    /// What the slot is found by.
    pub(super) fn key(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.image.key())
    }

    /// Whether this is `image`.
    pub(super) fn is(&self, image: &MemoryImage) -> bool {
        self.image.is(image)
    }

    /// Holds `image`, which this is, for a memory.
    pub(super) fn hold(&mut self, image: &MemoryImage) {
        self.held = Some(image.clone());
    }

    /// The image's bytes, while they are held.
    pub(super) const fn held(&self) -> Option<&MemoryImage> {
        self.held.as_ref()
    }

    /// Gives up the handle. What the slot may keep is the mapping.
    pub(super) const fn let_go(&mut self) -> Option<MemoryImage> {
        self.held.take()
    }

    /// Which image this is.
    pub(super) const fn image(&self) -> &WeakImage {
        &self.image
    }

    pub(super) const fn range(&self) -> HostRange {
        self.range
    }

    /// Pages of the file that the mapping may hold in physical memory when nobody else does.
    pub(super) fn pages(&self, page: HostPage) -> u32 {
        u32::try_from(self.file_len.div_ceil(page.bytes())).unwrap_or(u32::MAX)
    }
}
