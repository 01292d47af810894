//! Address space outside of memory accounting.

use rustix::mm::MapFlags;

/// The flag of a mapping that is not accounted before its pages are touched.
pub(super) const UNACCOUNTED: MapFlags = MapFlags::NORESERVE;
