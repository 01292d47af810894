//! What a memory holds at first: its data segments, laid out once for all memories that start
//! from them.

#[cfg_attr(not(feature = "alloc"), path = "layout_none.rs")]
mod layout;

use core::fmt;
use core::ptr;

use self::layout::Layout;

/// The initial contents of memories: bytes at a place, zeroes around them.
///
/// Where the host has sealed memory files (`memfd_create(2)`), the bytes lie in one, and backends
/// with [`Capabilities::IMAGES`](crate::Capabilities::IMAGES) map it copy-on-write: a memory takes
/// physical pages only for what it writes. Elsewhere the bytes are copied. Cloning is cheap, and
/// whoever needs the image keeps a clone, so it may be dropped while memories use it.
///
/// ```
/// use wrt_platform::{MemoryImage, Region, ReserveRequest};
///
/// let image = MemoryImage::from_static(4, b"segment");
/// let request = ReserveRequest::new(65536, 65536).image(&image);
/// # #[cfg(feature = "alloc")]
/// let mut region = Region::new(wrt_platform::HeapAllocator::new(), &request)?;
/// # #[cfg(feature = "alloc")]
/// assert_eq!(region.slice(2, 6).unwrap(), b"\0\0segm");
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
#[derive(Clone)]
pub struct MemoryImage {
    start: u64,
    layout: Layout,
}

impl MemoryImage {
    /// Memories that hold `bytes` at address `start`. The bytes are copied into each.
    #[must_use]
    pub const fn from_static(start: u64, bytes: &'static [u8]) -> Self {
        Self { start, layout: Layout::from_static(bytes) }
    }

    /// The address of the first byte that [`bytes`](Self::bytes) gives.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The contents from [`start`](Self::start) on; all else is zero.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.layout.bytes()
    }

    /// The address past the last byte: a memory must be at least so long.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes().len() as u64)
    }

    /// Whether this is the last handle to the image. Another thread may be about to clone it only
    /// if that is not so.
    #[allow(dead_code, reason = "asked by pools")]
    pub(crate) fn is_last(&self) -> bool {
        self.layout.is_last()
    }

    /// Whether both are the same image, not only the same bytes.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.start == other.start && ptr::eq(self.bytes(), other.bytes())
    }
}

impl fmt::Debug for MemoryImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes().len();
        f.debug_struct("MemoryImage").field("start", &self.start).field("bytes", &bytes).finish()
    }
}
