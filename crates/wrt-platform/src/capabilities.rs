//! Optional guarantees of backends.

bitflags::bitflags! {
    /// Guarantees of a backend beyond plain committed bytes.
    ///
    /// A flag is set only when the guarantee holds for every reservation of the backend. The
    /// guarantees to compiled code belong to each memory instead: see
    /// [`AccessGuarantees`](crate::AccessGuarantees). Without `PROTECT`, `protect` returns
    /// [`AllocErrorKind::Unsupported`](crate::AllocErrorKind::Unsupported); without `DISCARD`,
    /// `discard` overwrites the bytes.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Capabilities: u32 {
        /// Growth never moves the base.
        const STABLE_BASE = 1;
        /// Memories can have guards: accesses within them fault. A reservation's [guard
        /// level](crate::Reservation::guard_level) tells which guards it has.
        const GUARDS = 1 << 1;
        /// [`PageAllocator::protect`](crate::PageAllocator::protect) changes the host's rights.
        const PROTECT = 1 << 2;
        /// [`PageAllocator::discard`](crate::PageAllocator::discard) returns pages to the host.
        const DISCARD = 1 << 3;
        /// Memory carries hardware tags (Arm MTE).
        const TAGGED = 1 << 4;
        /// A memory can start from a copy-on-write image.
        const IMAGES = 1 << 5;
        /// Several threads may use one memory at once.
        const SHARED = 1 << 6;
    }
}
