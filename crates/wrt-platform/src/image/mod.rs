//! What a memory holds at first: its data segments, laid out once for all memories that start
//! from them.

#[cfg_attr(not(feature = "alloc"), path = "layout_none.rs")]
pub(crate) mod layout;

use core::fmt;

use self::layout::Layout;

/// The initial contents of memories: runs of bytes at their addresses, zeroes around them.
///
/// Where the host has sealed memory files (`memfd_create(2)`), the bytes lie in one, and backends
/// with [`Capabilities::IMAGES`](crate::Capabilities::IMAGES) map it copy-on-write: a memory takes
/// physical pages only for what it writes. Elsewhere the bytes are copied. Gaps between the runs
/// are neither stored nor copied. Cloning is cheap, and whoever needs the image keeps a clone, so
/// it may be dropped while memories use it. Dropping the last handle closes the file, and takes
/// the image away from the idle slots of pools: one `mmap(2)` for each.
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
    /// Memories that hold `bytes` at address `start`. The bytes are copied into each.
    #[must_use]
    pub const fn from_static(start: u64, bytes: &'static [u8]) -> Self {
        Self { layout: Layout::from_static(start, bytes) }
    }

    /// The runs of bytes `(address, bytes)`, in order of address. None is empty, and no two touch
    /// or overlap; all else is zero.
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

    /// What the image says of `len` bytes from address `start`: runs `(offset, bytes)`, counted
    /// from `start`, in order and within `len`.
    #[allow(dead_code, reason = "asked by backends that overwrite")]
    pub(crate) fn extents_within(
        &self,
        start: u64,
        len: usize,
    ) -> impl Iterator<Item = (usize, &[u8])> {
        self.extents_from(start).map_while(move |(address, bytes)| {
            // A host counts the bytes of a run, and of what lies before it within `len`.
            let skipped = start.saturating_sub(address) as usize;
            let offset = address.saturating_sub(start);
            let room = (len as u64).checked_sub(offset).filter(|room| *room > 0)?;
            let bytes = bytes.get(skipped..)?;
            let visible = bytes.len().min(room as usize);
            Some((offset as usize, bytes.get(..visible)?))
        })
    }

    /// Makes `bytes`, which are a memory's from address `start`, what the image says: its own bytes,
    /// and zeroes around them.
    #[allow(dead_code, reason = "asked by backends that overwrite")]
    pub(crate) fn write_over(&self, start: u64, bytes: &mut [u8]) {
        bytes.fill(0);
        for (offset, held) in self.extents_within(start, bytes.len()) {
            if let Some(target) = bytes.get_mut(offset..offset + held.len()) {
                target.copy_from_slice(held);
            }
        }
    }

    /// The address past the last byte: a memory must be at least so long. 0 without bytes.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.layout.end()
    }

    /// Whether both are the same image, not only the same bytes.
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
