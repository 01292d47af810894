//! Segments laid out in one place, shared by everyone who uses the image.

#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "layout/no_file.rs")]
mod sealed_file;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use self::sealed_file::SealedFile;
use super::MemoryImage;
use crate::error::{AllocError, AllocErrorKind, Operation};

#[derive(Clone)]
pub(super) enum Layout {
    Static(&'static [u8]),
    Shared(Arc<Place>),
}

pub(super) enum Place {
    File(SealedFile),
    Heap(Box<[u8]>),
}

/// Images start on such a boundary, which is one of every host's pages.
const ALIGNMENT: u64 = 64 << 10;

impl MemoryImage {
    /// Memories that hold the data segments `(address, bytes)`. Where segments overlap, the later
    /// one is seen, as if they had been copied in that order.
    ///
    /// ```
    /// let image = wrt_platform::MemoryImage::new(&[(1024, b"one"), (1030, b"two")])?;
    /// assert_eq!(image.end(), 1033);
    /// # Ok::<(), wrt_platform::AllocError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the segments reach further than the host can address, or there is no memory for them.
    pub fn new(segments: &[(u64, &[u8])]) -> Result<Self, AllocError> {
        let filled = || segments.iter().filter(|(_, bytes)| !bytes.is_empty());
        let first = filled().map(|(address, _)| *address).min().unwrap_or(0);
        let start = first & !(ALIGNMENT - 1);
        let end = filled().try_fold(start, |end, (address, bytes)| {
            Some(address.checked_add(bytes.len() as u64)?.max(end))
        });
        let len = end.and_then(|end| usize::try_from(end - start).ok());
        let Some(len) = len.filter(|len| *len <= isize::MAX as usize) else {
            let farthest = filled().map(|(address, _)| *address).max().unwrap_or(0);
            return Err(AllocError::new(Operation::Image, AllocErrorKind::AddressSpace, farthest));
        };
        let parts = || filled().map(|(address, bytes)| ((address - start) as usize, *bytes));
        Ok(Self { start, layout: Layout::new(len, parts)? })
    }

    /// The file that holds the bytes, where the host has one. Its first byte is that of
    /// [`start`](Self::start), its length a whole number of pages of 64 KiB.
    #[allow(dead_code, reason = "only some hosts map files as images")]
    pub(crate) fn file(&self) -> Option<&SealedFile> {
        match &self.layout {
            Layout::Shared(place) => match &**place {
                Place::File(file) => Some(file),
                Place::Heap(_) => None,
            },
            Layout::Static(_) => None,
        }
    }
}

impl Layout {
    pub(super) const fn from_static(bytes: &'static [u8]) -> Self {
        Self::Static(bytes)
    }

    /// Lays out `len` bytes: zeroes, and the parts `(offset, bytes)` that `parts` yields, all of
    /// them within `len`.
    fn new<'a, I>(len: usize, parts: impl Fn() -> I) -> Result<Self, AllocError>
    where
        I: Iterator<Item = (usize, &'a [u8])>,
    {
        // A host may refuse files to some processes; copies serve as well, if not as fast.
        let place = match SealedFile::create(len, parts()) {
            Some(file) => Place::File(file),
            None => Place::Heap(in_the_heap(len, parts())?),
        };
        Ok(Self::Shared(Arc::new(place)))
    }

    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::Static(_) => false,
            Self::Shared(place) => Arc::strong_count(place) == 1,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Shared(place) => match &**place {
                Place::File(file) => file.bytes(),
                Place::Heap(bytes) => bytes,
            },
        }
    }
}

fn in_the_heap<'a>(
    len: usize,
    parts: impl Iterator<Item = (usize, &'a [u8])>,
) -> Result<Box<[u8]>, AllocError> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(len)
        .map_err(|_| AllocError::new(Operation::Image, AllocErrorKind::Exhausted, len as u64))?;
    bytes.resize(len, 0);
    for (offset, part) in parts {
        if let Some(target) = bytes.get_mut(offset..).and_then(|rest| rest.get_mut(..part.len())) {
            target.copy_from_slice(part);
        }
    }
    Ok(bytes.into_boxed_slice())
}
