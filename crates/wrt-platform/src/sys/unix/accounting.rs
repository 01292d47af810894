//! Address space that does not count as memory.

use rustix::mm::MapFlags;

/// The flag of a mapping that takes no memory before its pages are touched.
pub(super) const UNACCOUNTED: MapFlags = MapFlags::NORESERVE;
