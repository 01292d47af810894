//! Segments laid out once, shared by all handles to the image.
//!
//! `extents.rs` merges segments into runs of bytes. `pieces.rs` decides which runs are mapped
//! together. `sealed_file.rs` is the file that holds them. `keepers.rs` lists the pools that keep
//! mappings of the image without a handle to it.

mod extents;
#[allow(dead_code, reason = "asked by pools")]
mod keepers;
mod pieces;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "layout/no_file.rs")]
mod sealed_file;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr;

use self::extents::Extents;
use self::keepers::Keepers;
#[allow(unused_imports, reason = "asked by pools")]
pub(crate) use self::keepers::{ImageKeeper, WeakImage};
use self::pieces::ImageFile;
#[allow(unused_imports, reason = "only some hosts map files as images")]
pub(crate) use self::pieces::Piece;
#[allow(unused_imports, reason = "only some hosts map files as images")]
pub(crate) use self::sealed_file::SealedFile;
use super::MemoryImage;
use crate::error::{AllocError, AllocErrorKind, Operation};

#[derive(Clone)]
pub(super) enum Layout {
    Static { start: u64, bytes: &'static [u8] },
    Shared(Arc<Place>),
}

/// State shared by all handles to an image.
pub(crate) struct Place {
    extents: Extents,
    store: Store,
    keepers: Keepers,
}

/// Storage for the bytes of extents, each at its offset.
enum Store {
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
        // A host may refuse files to some processes; copies serve as well, if not as fast.
        let store = match ImageFile::create(&mut extents, segments) {
            Some(file) => Store::File(file),
            None => Store::Heap(in_the_heap(&mut extents, segments)?),
        };
        Ok(Self { layout: Layout::Shared(Arc::new(Place::new(extents, store))) })
    }

    /// The shared state, unless the image is a static.
    #[allow(dead_code, reason = "asked by backends that map images")]
    pub(crate) const fn place(&self) -> Option<&Arc<Place>> {
        match &self.layout {
            Layout::Shared(place) => Some(place),
            Layout::Static { .. } => None,
        }
    }

    /// Another handle to the image of `place`.
    #[allow(dead_code, reason = "asked by backends that map images")]
    pub(crate) const fn of_place(place: Arc<Place>) -> Self {
        Self { layout: Layout::Shared(place) }
    }

    /// The file that holds the bytes, where the host has one.
    #[allow(dead_code, reason = "only some hosts map files as images")]
    pub(crate) fn file(&self) -> Option<&ImageFile> {
        match &self.place()?.store {
            Store::File(file) => Some(file),
            Store::Heap(_) => None,
        }
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
