//! Segments laid out once, shared by all handles to the image.
//!
//! `extents.rs` merges segments into runs of bytes. `pieces.rs` decides which runs are mapped
//! together.

mod extents;
#[cfg_attr(not(any(unix, windows)), path = "layout/no_pieces.rs")]
pub(super) mod pieces;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr;

use self::extents::Extents;
use self::pieces::ImageFile;
use super::MemoryImage;
use super::keepers::Keepers;
use crate::error::{AllocError, AllocErrorKind, Operation};

#[derive(Clone)]
pub(super) enum Layout {
    Static { start: u64, bytes: &'static [u8] },
    Shared(Arc<Place>),
}

/// State shared by all handles to an image.
pub(crate) struct Place {
    extents: Extents,
    pub(super) store: Store,
    pub(super) keepers: Keepers,
}

/// Storage for the bytes of extents, each at its offset.
pub(super) enum Store {
    File(ImageFile),
    Heap(Box<[u8]>),
}

impl MemoryImage {
    /// An image of the data segments `(address, bytes)`. Where segments overlap, the later one
    /// wins, as if they had been copied in that order.
    ///
    /// ```
    /// let image = wrt_platform::MemoryImage::new(&[(1024, b"one"), (1030, b"two")])?;
    /// assert_eq!(image.end(), 1033);
    /// assert_eq!(image.extents().count(), 2);
    /// # Ok::<(), wrt_platform::AllocError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the segments reach beyond 64-bit addresses, or there is no memory for them.
    pub fn new(segments: &[(u64, &[u8])]) -> Result<Self, AllocError> {
        let mut extents = Extents::of(segments)?;
        // A host may refuse files to some processes; copies work too, but more slowly.
        let store = match ImageFile::create(&mut extents, segments) {
            Some(file) => Store::File(file),
            None => Store::Heap(in_the_heap(&mut extents, segments)?),
        };
        Ok(Self { layout: Layout::Shared(Arc::new(Place::new(extents, store))) })
    }
}

impl Layout {
    pub(super) const fn from_static(start: u64, bytes: &'static [u8]) -> Self {
        Self::Static { start, bytes }
    }

    /// The address past the last byte.
    pub(super) fn end(&self) -> u64 {
        match self {
            Self::Static { bytes: [], .. } => 0,
            Self::Static { start, bytes } => start.saturating_add(bytes.len() as u64),
            Self::Shared(place) => place.extents.end(),
        }
    }

    /// The extent with this index, if there is one.
    pub(super) fn extent(&self, index: usize) -> Option<(u64, &[u8])> {
        match self {
            Self::Static { start, bytes } => {
                (index == 0 && !bytes.is_empty()).then_some((*start, *bytes))
            }
            Self::Shared(place) => {
                let extent = place.extents.get(index)?;
                Some((extent.start, place.bytes().get(extent.offsets())?))
            }
        }
    }

    /// Number of extents that end at `address` or below.
    pub(super) fn count_up_to(&self, address: u64) -> usize {
        match self {
            Self::Static { .. } => usize::from(self.end() <= address),
            Self::Shared(place) => place.extents.count_up_to(address),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Static { start, bytes }, Self::Static { start: other_start, bytes: others }) => {
                start == other_start && ptr::eq(*bytes, *others)
            }
            (Self::Shared(place), Self::Shared(other)) => Arc::ptr_eq(place, other),
            _ => false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let key = ptr::from_ref(self).addr();
        self.keepers.tell(key);
    }
}

impl Place {
    const fn new(extents: Extents, store: Store) -> Self {
        Self { extents, store, keepers: Keepers::none() }
    }

    fn bytes(&self) -> &[u8] {
        match &self.store {
            Store::File(file) => file.bytes(),
            Store::Heap(bytes) => bytes,
        }
    }
}

/// Lays the extents out on the heap, one behind the other.
fn in_the_heap(extents: &mut Extents, segments: &[(u64, &[u8])]) -> Result<Box<[u8]>, AllocError> {
    let len = extents.pack();
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(len)
        .map_err(|_| AllocError::new(Operation::Image, AllocErrorKind::Exhausted, len as u64))?;
    bytes.resize(len, 0);
    for (offset, part) in extents.parts(segments) {
        if let Some(target) = bytes.get_mut(offset..).and_then(|rest| rest.get_mut(..part.len())) {
            target.copy_from_slice(part);
        }
    }
    Ok(bytes.into_boxed_slice())
}
