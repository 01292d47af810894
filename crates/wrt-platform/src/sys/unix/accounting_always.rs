//! This host never counts address space as memory, and has no flag for it.

use rustix::mm::MapFlags;

/// No flag.
pub(super) const UNACCOUNTED: MapFlags = MapFlags::empty();
