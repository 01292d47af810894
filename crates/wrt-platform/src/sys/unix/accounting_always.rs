//! Twin for hosts that never count address space as memory and have no flag.

use rustix::mm::MapFlags;

/// No flag.
pub(super) const UNACCOUNTED: MapFlags = MapFlags::empty();
