//! Initial contents of memories: data segments, laid out once for all memories that start from
//! them.

#[cfg(feature = "alloc")]
#[cfg_attr(not(all(unix, feature = "pool")), path = "keepers_none.rs")]
pub(crate) mod keepers;
#[cfg_attr(not(feature = "alloc"), path = "layout_none.rs")]
pub(crate) mod layout;
#[cfg(all(feature = "alloc", any(unix, windows)))]
pub(crate) mod mapping;
#[cfg(any(unix, windows))]
mod overwrite;
#[cfg(all(unix, feature = "pool"))]
pub(crate) mod weak;

use core::fmt;

use self::layout::Layout;

/// Initial contents of memories: runs of bytes at their addresses, with zeroes around them.
///
/// Where the host has sealed memory files (`memfd_create(2)`), the bytes lie in one, and backends
/// with [`Capabilities::IMAGES`](crate::Capabilities::IMAGES) map it copy-on-write: a memory takes
/// physical pages only for what it writes. Elsewhere the bytes are copied. Gaps between the runs
/// are neither stored nor copied. Cloning is cheap. Memories keep their own handle, so an image may
/// be dropped while memories use it. Dropping the last handle closes the file and unmaps the image
/// from the idle slots of pools, with one `mmap(2)` for each slot.
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
    layout: Layout,
}

impl MemoryImage {
    /// An image of `bytes` at address `start`. The bytes are copied into each memory.
    #[must_use]
    pub const fn from_static(start: u64, bytes: &'static [u8]) -> Self {
        Self { layout: Layout::from_static(start, bytes) }
    }

    /// The runs of bytes `(address, bytes)`, in order of address. No run is empty, and no two touch
    /// or overlap; all other bytes are zero.
    ///
    /// ```
    /// let image = wrt_platform::MemoryImage::from_static(1 << 30, b"far away");
    /// assert!(image.extents().eq([(1 << 30, b"far away".as_slice())]));
    /// ```
    pub fn extents(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.extents_from(0)
    }

    /// The runs that end past `address`.
    fn extents_from(&self, address: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let first = self.layout.count_up_to(address);
        (first..).map_while(|index| self.layout.extent(index))
    }

    /// The address past the last byte, which is the least length of a memory that starts from the
    /// image. 0 without bytes.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.layout.end()
    }

    /// Whether both handles are of one image; images with equal bytes are not.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.layout.is_same(&other.layout)
    }
}

impl fmt::Debug for MemoryImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.extents().map(|(_, bytes)| bytes.len()).sum();
        let extents = self.extents().count();
        f.debug_struct("MemoryImage")
            .field("extents", &extents)
            .field("bytes", &bytes)
            .field("end", &self.end())
            .finish()
    }
}
