//! Images mapped over a slot's pages.

use core::num::NonZeroUsize;

use crate::image::MemoryImage;
use crate::image::weak::WeakImage;
use crate::units::{HostPage, HostRange};

/// An image that is mapped over pages of a slot: with a handle while a memory lives there, with a
/// weak reference while the slot is idle.
#[derive(Debug)]
pub(super) struct Mapped {
    image: WeakImage,
    /// The handle of the memory that lives in the slot.
    held: Option<MemoryImage>,
    /// All pages from the first to the last of the image.
    range: HostRange,
    /// Bytes of the image's file.
    file_len: usize,
}

impl Mapped {
    /// Records `image`, which was mapped for a memory over its pages in `range`; `weak` is a
    /// reference to it.
    pub(super) fn new(image: &MemoryImage, weak: WeakImage, range: HostRange) -> Self {
        let file_len = image.file().map_or(0, |file| file.bytes().len());
        Self { image: weak, held: Some(image.clone()), range, file_len }
    }

    /// The lookup key of the slot.
    pub(super) fn key(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.image.key())
    }

    /// Whether this is `image`.
    pub(super) fn is(&self, image: &MemoryImage) -> bool {
        self.image.is(image)
    }

    /// Stores a handle to `image`, which is this image, for a memory.
    pub(super) fn hold(&mut self, image: &MemoryImage) {
        self.held = Some(image.clone());
    }

    /// The image, while there is a handle.
    pub(super) const fn held(&self) -> Option<&MemoryImage> {
        self.held.as_ref()
    }

    /// Takes the handle out. The slot may keep the mapping.
    pub(super) const fn let_go(&mut self) -> Option<MemoryImage> {
        self.held.take()
    }

    /// The weak reference to the image.
    pub(super) const fn image(&self) -> &WeakImage {
        &self.image
    }

    pub(super) const fn range(&self) -> HostRange {
        self.range
    }

    /// The most pages of the file that this mapping alone may hold in physical memory.
    pub(super) fn pages(&self, page: HostPage) -> u32 {
        u32::try_from(self.file_len.div_ceil(page.bytes())).unwrap_or(u32::MAX)
    }
}
